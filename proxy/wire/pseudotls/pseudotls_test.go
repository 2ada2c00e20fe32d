package pseudotls_test

import (
	"bytes"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/proxy/wire"
	"rehearse/proxy/wire/pseudotls"
)

// What libnice sends and, but for its randoms, takes for an answer
// (socket/pseudossl.c, the two MSOC handshakes).
const (
	libniceHello = `16030100 2d010000 290301c1 fcd5a36d 93dd7e0b 45673fec 7985fbbc
		3fd660c2 ce848508 1b8121bc aa10fb00 00020018 0100`
	libniceAnswer = `160301004e020000 4603010000000000 0000000000000000 0000000000000000 0000000000000000 0000002000000000
		0000000000000000 0000000000000000 0000000000000000 000000000018000e 000000`
	// googleHello is the pseudo-TLS of Google's relays in libnice: the form of SSL 2.0.
	googleHello = `8046010301002d00 0000100100800300 800700c006004002 0080040080000004
		00feff00000a00fe fe00000900006400 0062000003000006 1f170ca62f0078fc 46552eb18339f1ea`
)

func fromHex(text string) []byte {
	b, _ := hex.DecodeString(strings.Join(strings.Fields(text), ""))
	return b
}

// verdicts feeds every prefix of b, from none to all, to match.
func verdicts(match func([]byte) wire.Verdict, b []byte) []wire.Verdict {
	var out []wire.Verdict
	for n := range len(b) + 1 {
		out = append(out, match(b[:n]))
	}
	return out
}

// decides is n times Maybe, then v up to a prefix of size bytes.
func decides(n int, v wire.Verdict, size int) []wire.Verdict {
	out := make([]wire.Verdict, size+1)
	for i := range out {
		out[i] = v
		if i < n {
			out[i] = wire.Maybe
		}
	}
	return out
}

// changed is b with other bytes from offset on.
func changed(b []byte, offset int, with ...byte) []byte {
	b = bytes.Clone(b)
	copy(b[offset:], with)
	return b
}

var _ = Describe("the client's hello", func() {
	It("is what libnice sends", func() {
		random, err := pseudotls.ParseClientHello(fromHex(libniceHello))
		Expect(err).NotTo(HaveOccurred())
		Expect(random[:]).To(Equal(fromHex("c1fcd5a3 6d93dd7e 0b45673f ec7985fb bc3fd660 c2ce8485 081b8121 bcaa10fb")))
		Expect(pseudotls.ClientHello(random)).To(Equal(fromHex(libniceHello)))
	})

	It("carries a time stamp before its random", func() {
		at := time.Date(2010, 11, 17, 9, 0, 0, 0, time.UTC)
		random := pseudotls.Random(at, [28]byte{0xaa, 27: 0xbb})
		got, err := pseudotls.ParseClientHello(pseudotls.ClientHello(random))
		Expect(err).NotTo(HaveOccurred())
		Expect(got).To(Equal(random))
		Expect(pseudotls.Time(got)).To(Equal(at))
		Expect(got[4:]).To(Equal(append(append([]byte{0xaa}, make([]byte, 26)...), 0xbb)))
	})

	It("is known at byte 50 and not before", func() {
		for _, hello := range [][]byte{fromHex(libniceHello), pseudotls.ClientHello([32]byte{}), pseudotls.ClientHello([32]byte(bytes.Repeat([]byte{0xff}, 32)))} {
			Expect(verdicts(pseudotls.MatchClientHello, hello)).To(Equal(decides(50, wire.Yes, 50)))
		}
	})

	It("stays known when a client breaks the protocol and says more at once", func() {
		hello := append(fromHex(libniceHello), 2, 0, 0)
		Expect(verdicts(pseudotls.MatchClientHello, hello)).To(Equal(decides(50, wire.Yes, 53)))
		_, err := pseudotls.ParseClientHello(hello)
		Expect(err).To(MatchError("pseudo-TLS ClientHello: length at byte 50: got 53 bytes, want 50 bytes"))
		Expect(errors.Is(err, wire.ErrShort)).To(BeFalse())
	})

	It("is undecided in a client that stops at 49 bytes", func() {
		_, err := pseudotls.ParseClientHello(fromHex(libniceHello)[:49])
		Expect(err).To(MatchError("pseudo-TLS ClientHello: length at byte 49: got 49 bytes, want 50 bytes"))
		Expect(errors.Is(err, wire.ErrShort)).To(BeTrue())
	})

	DescribeTable("is not, and at the first wrong byte,", func(hello []byte, at int) {
		Expect(verdicts(pseudotls.MatchClientHello, hello)).To(Equal(decides(at+1, wire.No, len(hello))))
		_, err := pseudotls.ParseClientHello(hello)
		var we *wire.Error
		Expect(errors.As(err, &we)).To(BeTrue())
		Expect(we.Short).To(BeFalse())
	},
		Entry("Google's, in the form of SSL 2.0", fromHex(googleHello), 0),
		Entry("a real hello with the same one suite and extensions", changed(append(fromHex(libniceHello), 0, 4, 0, 23, 0, 0), 3, 0, 0x33, 1, 0, 0, 0x2f), 4),
		Entry("one with a record version of SSL 3.0", changed(fromHex(libniceHello), 2, 0), 2),
		Entry("one that says TLS 1.2", changed(fromHex(libniceHello), 9, 3, 3), 10),
		Entry("one with a session id", changed(fromHex(libniceHello), 43, 32), 43),
		Entry("one with two suites", changed(fromHex(libniceHello), 44, 0, 4), 45),
		Entry("one with another suite", changed(fromHex(libniceHello), 46, 0, 4), 47),
		Entry("one with two compression methods", changed(fromHex(libniceHello), 48, 2), 48),
		Entry("one with compression", changed(fromHex(libniceHello), 49, 1), 49),
		Entry("a handshake of another type", changed(fromHex(libniceHello), 5, 2), 5),
		Entry("an HTTP request", []byte("GET / HTTP/1.1\r\nHost: avedge.online.lync.com.test\r\n\r\n"), 0),
	)

	It("is not what crypto/tls says", func() {
		Expect(pseudotls.MatchClientHello(realHello())).To(Equal(wire.No))
	})
})

// realHello is the first record of a TLS 1.0 client of crypto/tls.
func realHello() []byte {
	client, server := net.Pipe()
	defer server.Close()
	go tls.Client(client, &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS10}).Handshake()
	b := make([]byte, 4096)
	n, _ := server.Read(b)
	return b[:n]
}

var _ = Describe("the server's answer", func() {
	It("is what libnice waits for", func() {
		answer := fromHex(libniceAnswer)
		Expect(answer).To(HaveLen(pseudotls.ServerHelloSize))
		Expect(pseudotls.ServerHello([32]byte{}, [32]byte{})).To(Equal(answer))
		Expect(pseudotls.ParseServerHello(answer)).To(Succeed())
	})

	It("has a random and a session id of any value", func() {
		random, session := [32]byte(bytes.Repeat([]byte{0xff}, 32)), [32]byte(bytes.Repeat([]byte{0xee}, 32))
		answer := pseudotls.ServerHello(random, session)
		Expect(answer[11:43]).To(Equal(random[:]))
		Expect(answer[44:76]).To(Equal(session[:]))
		Expect(verdicts(pseudotls.MatchServerHello, answer)).To(Equal(decides(83, wire.Yes, 83)))
	})

	It("is short, and not wrong, until it is whole", func() {
		answer := fromHex(libniceAnswer)
		for n := range answer {
			err := pseudotls.ParseServerHello(answer[:n])
			Expect(errors.Is(err, wire.ErrShort)).To(BeTrue(), "%d bytes: %v", n, err)
		}
	})

	DescribeTable("is not", func(answer []byte, because string) {
		Expect(pseudotls.ParseServerHello(answer)).To(MatchError(because))
		Expect(pseudotls.MatchServerHello(answer)).NotTo(Equal(wire.Yes))
	},
		Entry("the seven bytes of a TLS server that finds no suite", fromHex("15030100020228"),
			"pseudo-TLS ServerHello: record type at byte 0: got 15, want 16"),
		Entry("one without ServerHelloDone in the record", changed(fromHex(libniceAnswer), 3, 0, 0x4a),
			"pseudo-TLS ServerHello: record length at byte 3: got 00 4a, want 00 4e"),
		Entry("one with another suite", changed(fromHex(libniceAnswer), 76, 0, 4),
			"pseudo-TLS ServerHello: cipher suite at byte 76: got 00 04, want 00 18"),
		Entry("one with a certificate behind ServerHello", changed(fromHex(libniceAnswer), 79, 0x0b),
			"pseudo-TLS ServerHello: ServerHelloDone at byte 79: got 0b 00 00 00, want 0e 00 00 00"),
	)
})

// FuzzMatchClientHello: a verdict never changes but from Maybe, and only what
// parses is a Yes.
func FuzzMatchClientHello(f *testing.F) {
	f.Add(fromHex(libniceHello))
	f.Add(fromHex(googleHello))
	f.Add(fromHex(libniceAnswer))
	f.Fuzz(func(t *testing.T, b []byte) {
		before := wire.Maybe
		for n := range len(b) + 1 {
			v := pseudotls.MatchClientHello(b[:n])
			if before != wire.Maybe && v != before {
				t.Fatalf("%v, then %v at byte %d", before, v, n)
			}
			before = v
		}
		if _, err := pseudotls.ParseClientHello(b); (err == nil) != (before == wire.Yes && len(b) == pseudotls.ClientHelloSize) {
			t.Fatalf("verdict %v, error %v", before, err)
		}
	})
}
