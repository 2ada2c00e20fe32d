package tlshello_test

import (
	"bytes"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/netip"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/proxy/wire"
	"rehearse/proxy/wire/tlshello"
	"rehearse/proxy/wiretest"
)

// helloOf is what a client of crypto/tls says first.
func helloOf(conf *tls.Config) []byte {
	client, server := net.Pipe()
	defer server.Close()
	conf.InsecureSkipVerify = true
	go tls.Client(client, conf).Handshake()
	b := make([]byte, 16<<10)
	n, _ := server.Read(b)
	return b[:n]
}

// asServer is what a server of crypto/tls understands of a hello, nil if nothing.
func asServer(hello []byte) (info *tls.ClientHelloInfo) {
	tls.Server(&deaf{bytes.NewReader(hello)}, &tls.Config{
		GetConfigForClient: func(i *tls.ClientHelloInfo) (*tls.Config, error) {
			info = i
			return nil, errors.New("seen enough")
		},
	}).Handshake()
	return info
}

// deaf is a connection that is only read.
type deaf struct{ io.Reader }

func (*deaf) Write(b []byte) (int, error)      { return len(b), nil }
func (*deaf) Close() error                     { return nil }
func (*deaf) LocalAddr() net.Addr              { return &net.TCPAddr{} }
func (*deaf) RemoteAddr() net.Addr             { return &net.TCPAddr{} }
func (*deaf) SetDeadline(time.Time) error      { return nil }
func (*deaf) SetReadDeadline(time.Time) error  { return nil }
func (*deaf) SetWriteDeadline(time.Time) error { return nil }

// agree says whether we understood a hello as crypto/tls did.
func agree(h *tlshello.ClientHello, i *tls.ClientHelloInfo) bool {
	return h.ServerName == i.ServerName && equal(h.ALPN, i.SupportedProtos) && equal(h.CipherSuites, i.CipherSuites) &&
		equal(h.Groups, i.SupportedCurves) && equal(h.SignatureSchemes, i.SignatureSchemes) && equal(h.Extensions, i.Extensions)
}

func equal[T comparable](a, b []T) bool {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return false
		}
	}
	return len(a) == len(b)
}

// recut puts the handshake of a hello into records of size bytes.
func recut(hello []byte, size int) []byte {
	var out []byte
	for body := hello[5:]; len(body) > 0; {
		n := min(size, len(body))
		out = append(out, 22, 3, 1, byte(n>>8), byte(n))
		out = append(out, body[:n]...)
		body = body[n:]
	}
	return out
}

// minimal is a hello with these extensions.
func minimal(extensions ...byte) []byte {
	body := append([]byte{3, 3}, make([]byte, 32)...)
	body = append(body, 0, 0, 2, 0x13, 0x01, 1, 0)
	body = binary.BigEndian.AppendUint16(body, uint16(len(extensions)))
	body = append(body, extensions...)
	hello := append([]byte{22, 3, 1, 0, byte(len(body) + 4), 1, 0, 0, byte(len(body))}, body...)
	return hello
}

// sni is the extension with a server name.
func sni(name string) []byte {
	n := len(name)
	return append([]byte{0, 0, 0, byte(n + 5), 0, byte(n + 3), 0, 0, byte(n)}, name...)
}

var _ = Describe("a ClientHello of crypto/tls", func() {
	DescribeTable("is understood as its server understands it", func(conf *tls.Config) {
		hello := helloOf(conf)
		h, err := tlshello.ParseClientHello(hello)
		Expect(err).NotTo(HaveOccurred())
		Expect(agree(h, asServer(hello))).To(BeTrue(), "%+v", h)
		Expect(h.ServerName).To(Equal(conf.ServerName))
		Expect(h.StatusRequest).To(BeTrue())
		Expect(h.Offers(conf.MaxVersion) || conf.MaxVersion == 0).To(BeTrue())
	},
		Entry("as it comes", &tls.Config{ServerName: "sipdir.online.lync.com"}),
		Entry("with ALPN", &tls.Config{ServerName: "www.example.com", NextProtos: []string{"h2", "http/1.1"}}),
		Entry("without SNI", &tls.Config{}),
		Entry("of TLS 1.0", &tls.Config{ServerName: "old.example", MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS10}),
		Entry("of TLS 1.2", &tls.Config{ServerName: "x.example", MaxVersion: tls.VersionTLS12}),
	)

	It("with a post-quantum key share is over 1,024 bytes, and is read from records of any size", func() {
		hello := helloOf(&tls.Config{ServerName: "pq.example"})
		Expect(len(hello)).To(BeNumerically(">", 1024))
		want, err := tlshello.ParseClientHello(hello)
		Expect(err).NotTo(HaveOccurred())
		Expect(want.KeyShares).To(ContainElement(tls.X25519MLKEM768))
		for _, size := range []int{1, 3, 4, 5, 100, 1023} {
			Expect(tlshello.ParseClientHello(recut(hello, size))).To(Equal(want), "%d", size)
		}
	})

	It("needs more bytes until it is whole, and none after", func() {
		hello := helloOf(&tls.Config{ServerName: "a.example"})
		for _, stream := range [][]byte{hello, recut(hello, 100)} {
			wiretest.Prefixes(stream[:len(stream)-1], func(prefix []byte) {
				_, err := tlshello.ParseClientHello(prefix)
				Expect(errors.Is(err, tlshello.ErrShort)).To(BeTrue(), "%d bytes: %v", len(prefix), err)
			})
			_, err := tlshello.ParseClientHello(append(stream, 0xff))
			Expect(err).NotTo(HaveOccurred())
		}
	})
})

var _ = Describe("a ClientHello", func() {
	It("may have an IP literal for its server name", func() {
		h, err := tlshello.ParseClientHello(minimal(sni("52.114.250.123")...))
		Expect(err).NotTo(HaveOccurred())
		Expect(h.ServerName).To(Equal("52.114.250.123"))
		ip, ok := h.ServerIP()
		Expect(ok).To(BeTrue())
		Expect(ip).To(Equal(netip.MustParseAddr("52.114.250.123")))
	})

	It("without extensions offers its own version and no name", func() {
		hello := wiretest.Hex("160301002d0100002903014f" + "00000000000000000000000000000000000000000000000000000000000000" + "00 0002 0018 01 00")
		h, err := tlshello.ParseClientHello(hello)
		Expect(err).NotTo(HaveOccurred())
		Expect(h.CipherSuites).To(Equal([]uint16{0x18}))
		Expect(h.Versions).To(Equal([]uint16{tls.VersionTLS10}))
		Expect(h.Extensions).To(BeEmpty())
		_, ok := h.ServerIP()
		Expect(ok).To(BeFalse())
	})

	It("keeps GREASE values, which can be told", func() {
		h, err := tlshello.ParseClientHello(minimal(0x1a, 0x1a, 0, 0, 0, 43, 0, 5, 4, 0x5a, 0x5a, 3, 4))
		Expect(err).NotTo(HaveOccurred())
		Expect(h.Extensions).To(Equal([]uint16{0x1a1a, 43}))
		Expect(h.Versions).To(Equal([]uint16{0x5a5a, tls.VersionTLS13}))
		Expect(tlshello.IsGREASE(0x1a1a)).To(BeTrue())
		Expect(tlshello.IsGREASE(0x1a2a)).To(BeFalse())
		Expect(tlshello.IsGREASE(0x1301)).To(BeFalse())
	})

	DescribeTable("is refused where it is wrong", func(stream []byte, because string) {
		_, err := tlshello.ParseClientHello(stream)
		Expect(err).To(MatchError(because))
		Expect(errors.Is(err, tlshello.ErrShort)).To(BeFalse())
	},
		Entry("HTTP", []byte("GET / HTTP/1.1"), "ClientHello: record type at byte 0: got 71, want 22"),
		Entry("another major version", wiretest.Hex("1604"), "TLS record: major version at byte 1: got 4, want 3"),
		Entry("too long a record", wiretest.Hex("160301ffff"), "TLS record: length at byte 3: got 65535, want at most 18432"),
		Entry("a ServerHello", wiretest.Hex("160301000402"), "ClientHello: handshake type at byte 0: got 2, want 1"),
		Entry("an empty record", wiretest.Hex("1603010000"), "TLS record: length at byte 3: got 0, want at least 1 in a handshake record"),
		Entry("an alert in the middle", append(wiretest.Hex("1603010003 010000"), wiretest.Hex("15030100020228")...),
			"TLS record: type at byte 0: got 21, want 22, the rest of a handshake message"),
		Entry("a length beyond reason", wiretest.Hex("1603010010 01ffffff"), "TLS handshake: length at byte 1: got 16777215, want at most 262144"),
		Entry("extensions that end early", minimal(0, 0, 0), "ClientHello: extension 0 length at byte 49: got 1 byte, want 2 bytes"),
		Entry("an extension longer than the list", minimal(0, 16, 0, 9, 1), "ClientHello: extension 16 at byte 51: got 1 byte, want 9 bytes"),
		Entry("an extension that comes twice", minimal(append(sni("a.example"), sni("b.example")...)...),
			"ClientHello: extension type at byte 67: got 0 twice, want each extension once"),
		Entry("a server name that is no name", minimal(sni("a\x00b")...), `ClientHello: server name at byte 59: got "a\x00b", want printable ASCII`),
		Entry("an odd list of groups", minimal(0, 10, 0, 3, 0, 1, 5), "ClientHello: supported groups at byte 53: got 1 byte, want 2 bytes"),
	)
})

var _ = Describe("a ClientHello in the form of SSL 2.0", func() {
	// What Google's relay clients in libnice send to look like SSL.
	const google = `8046010301002d00 0000100100800300 800700c006004002 0080040080000004
		00feff00000a00fe fe00000900006400 0062000003000006 1f170ca62f0078fc 46552eb18339f1ea`

	It("is recognised and read", func() {
		h, err := tlshello.ParseClientHello(wiretest.Hex(google))
		Expect(err).NotTo(HaveOccurred())
		Expect(h.SSLv2).To(BeTrue())
		Expect(h.Version).To(Equal(uint16(tls.VersionTLS10)))
		Expect(h.CipherSuites).To(Equal([]uint16{0x0004, 0xfeff, 0x000a, 0xfefe, 0x0009, 0x0064, 0x0062, 0x0003, 0x0006}))
		Expect(h.Random[16:]).To(Equal(wiretest.Hex("1f170ca62f0078fc46552eb18339f1ea")))
		Expect(h.Random[:16]).To(Equal(make([]byte, 16)))
	})

	It("needs more bytes until it is whole", func() {
		hello := wiretest.Hex(google)
		wiretest.Prefixes(hello[:len(hello)-1], func(prefix []byte) {
			_, err := tlshello.ParseClientHello(prefix)
			Expect(errors.Is(err, tlshello.ErrShort)).To(BeTrue(), "%d bytes: %v", len(prefix), err)
		})
	})

	DescribeTable("is refused where it is wrong", func(text, because string) {
		_, err := tlshello.ParseClientHello(wiretest.Hex(text))
		Expect(err).To(MatchError("ClientHello in SSL 2.0 form: " + because))
	},
		Entry("another message", "800902", "message type at byte 2: got 2, want 1"),
		Entry("a short challenge", "800c 01 0301 0003 0000 0000 000004", "challenge length at byte 11: got 0, want 16 to 32"),
		Entry("half a cipher spec", "801a 01 0301 0001 0000 0010 00 000102030405060708090a0b0c0d0e0f", "cipher specs length at byte 12: got 1, want a multiple of 3"),
		Entry("bytes left over", "801d 01 0301 0003 0000 0010 000004 000102030405060708090a0b0c0d0e0f ff", "record at byte 30: got 1 byte more, want the end"),
	)
})

var _ = Describe("a version", func() {
	It("has a name", func() {
		for version, name := range map[uint16]string{
			0x0002: "SSLv2", 0x0300: "SSLv3", 0x0301: "TLS 1.0", 0x0304: "TLS 1.3", 0x7f1c: "TLS 1.3 draft 28", 0x0305: "0x0305",
		} {
			Expect(tlshello.VersionName(version)).To(Equal(name))
		}
	})
})

// FuzzParseClientHello: what crypto/tls can read we read alike; errors are of one
// type; more bytes never turn a wrong hello into a right one.
func FuzzParseClientHello(f *testing.F) {
	hello := helloOf(&tls.Config{ServerName: "a.example", NextProtos: []string{"h2"}})
	f.Add(hello)
	f.Add(recut(hello, 64))
	f.Add(minimal(sni("10.0.0.1")...))
	f.Add(wiretest.Hex("801c 01 0301 0003 0000 0010 000004 000102030405060708090a0b0c0d0e0f"))
	f.Fuzz(func(t *testing.T, b []byte) {
		h, err := tlshello.ParseClientHello(b)
		var we *wire.Error
		if err != nil && !errors.As(err, &we) {
			t.Fatalf("error of type %T", err)
		}
		if len(b) < 4096 && (err == nil || errors.Is(err, tlshello.ErrShort)) {
			for n := range len(b) {
				if _, err := tlshello.ParseClientHello(b[:n]); err != nil && !errors.Is(err, tlshello.ErrShort) {
					t.Fatalf("%d bytes: %v", n, err)
				}
			}
		}
		if info := asServer(b); info != nil && err == nil && !agree(h, info) {
			t.Fatalf("we read %+v, crypto/tls %+v", h, info)
		}
	})
}
