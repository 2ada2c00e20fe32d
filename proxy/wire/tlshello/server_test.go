package tlshello_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"math/big"
	"net"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/proxy/wire"
	"rehearse/proxy/wire/tlshello"
	"rehearse/proxy/wiretest"
)

// certificate is a chain of three times the same one, with a staple.
func certificate() tls.Certificate {
	GinkgoHelper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	Expect(err).NotTo(HaveOccurred())
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{"a.example"}, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	Expect(err).NotTo(HaveOccurred())
	return tls.Certificate{Certificate: [][]byte{der, der, der}, PrivateKey: key, OCSPStaple: []byte("an OCSP answer")}
}

// tee keeps what is written to a connection.
type tee struct {
	net.Conn
	written bytes.Buffer
}

func (t *tee) Write(b []byte) (int, error) {
	t.written.Write(b)
	return t.Conn.Write(b)
}

// flight is all that a server of crypto/tls says in a handshake with this client.
func flight(conf, clientConf *tls.Config) []byte {
	GinkgoHelper()
	near, far := loopback()
	defer near.Close()
	server := &tee{Conn: far}
	done := make(chan struct{})
	go func() {
		defer close(done)
		tls.Server(server, conf).Handshake()
		far.Close()
	}()
	clientConf.InsecureSkipVerify = true
	client := tls.Client(near, clientConf)
	client.Handshake()
	client.Read(make([]byte, 1))
	<-done
	return server.written.Bytes()
}

// loopback is a connection with room for both sides to write at once.
func loopback() (near, far net.Conn) {
	GinkgoHelper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	Expect(err).NotTo(HaveOccurred())
	defer l.Close()
	near, err = net.Dial("tcp", l.Addr().String())
	Expect(err).NotTo(HaveOccurred())
	far, err = l.Accept()
	Expect(err).NotTo(HaveOccurred())
	return near, far
}

var _ = Describe("what a server of crypto/tls says", func() {
	It("in TLS 1.2 is read up to where encryption begins", func() {
		cert := certificate()
		stream := flight(&tls.Config{Certificates: []tls.Certificate{cert}, NextProtos: []string{"h2"}},
			&tls.Config{MaxVersion: tls.VersionTLS12, NextProtos: []string{"h2"}, CipherSuites: []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256}})
		h, err := tlshello.ParseServerHello(stream)
		Expect(err).NotTo(HaveOccurred())
		Expect(h.Version).To(Equal(uint16(tls.VersionTLS12)))
		Expect(h.CipherSuite).To(Equal(tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256))
		Expect(h.ALPN).To(Equal("h2"))
		Expect(h.StatusRequest).To(BeTrue())

		messages, err := tlshello.Messages(stream)
		Expect(err).NotTo(HaveOccurred())
		var kinds []tlshello.HandshakeType
		for _, m := range messages {
			kinds = append(kinds, m.Type)
		}
		Expect(kinds).To(Equal([]tlshello.HandshakeType{tlshello.TypeServerHello, tlshello.TypeCertificate,
			tlshello.TypeCertificateStatus, tlshello.TypeServerKeyExchange, tlshello.TypeServerHelloDone,
			0}))
		Expect(messages[len(messages)-1].Content).To(Equal(tlshello.ChangeCipherSpec))
		Expect(messages[0].ServerHello()).To(Equal(h))
		Expect(messages[1].Certificates()).To(Equal(cert.Certificate))
		Expect(messages[2].Staple()).To(Equal(cert.OCSPStaple))
		_, err = messages[0].Staple()
		Expect(err).To(MatchError("CertificateStatus: type at byte 0: got 2 in a record of type 22, want 22 in a record of type 22"))
	})

	It("in TLS 1.3 is a hello, and nothing more in clear", func() {
		stream := flight(&tls.Config{Certificates: []tls.Certificate{certificate()}}, &tls.Config{})
		messages, err := tlshello.Messages(stream)
		Expect(err).NotTo(HaveOccurred())
		Expect(messages).To(HaveLen(2))
		h, err := messages[0].ServerHello()
		Expect(err).NotTo(HaveOccurred())
		Expect(h.Version).To(Equal(uint16(tls.VersionTLS13)))
		Expect(h.Retry).To(BeFalse())
	})

	It("when it wants another group is a HelloRetryRequest", func() {
		stream := flight(&tls.Config{Certificates: []tls.Certificate{certificate()}, CurvePreferences: []tls.CurveID{tls.CurveP384}},
			&tls.Config{CurvePreferences: []tls.CurveID{tls.X25519, tls.CurveP384}})
		h, err := tlshello.ParseServerHello(stream)
		Expect(err).NotTo(HaveOccurred())
		Expect(h.Retry).To(BeTrue())
	})

	It("when no suite is common is seven bytes", func() {
		stream := flight(&tls.Config{Certificates: []tls.Certificate{certificate()}},
			&tls.Config{MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{tls.TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA}})
		Expect(stream).To(HaveLen(7))
		Expect(tlshello.ParseAlert(stream)).To(Equal(tlshello.Alert{Fatal: true, Code: 40}))
	})
})

var _ = Describe("messages", func() {
	It("cut short are given up to the cut", func() {
		stream := flight(&tls.Config{Certificates: []tls.Certificate{certificate()}}, &tls.Config{MaxVersion: tls.VersionTLS12})
		whole, err := tlshello.Messages(stream)
		Expect(err).NotTo(HaveOccurred())
		seen := 0
		wiretest.Prefixes(stream, func(prefix []byte) {
			got, err := tlshello.Messages(prefix)
			Expect(err == nil || errors.Is(err, tlshello.ErrShort)).To(BeTrue(), "%v", err)
			Expect(got).To(Or(BeEmpty(), Equal(whole[:len(got)])))
			Expect(len(got)).To(BeNumerically(">=", seen))
			seen = len(got)
		})
		Expect(seen).To(Equal(len(whole)))
	})

	It("behind application data are not looked for", func() {
		Expect(tlshello.Messages(wiretest.Hex("1703030001ff 00"))).To(
			Equal([]tlshello.Message{{Content: tlshello.ApplicationData, Body: []byte{0xff}}}))
	})

	It("of another kind are refused where they are read", func() {
		_, err := tlshello.Message{Content: tlshello.HandshakeRecord, Type: tlshello.TypeCertificate, Body: wiretest.Hex("000005 000004 61")}.Certificates()
		Expect(err).To(MatchError("Certificate: certificates at byte 7: got 4 bytes, want 5 bytes"))
		_, err = tlshello.Message{Content: tlshello.HandshakeRecord, Type: tlshello.TypeCertificateStatus, Body: wiretest.Hex("02000000")}.Staple()
		Expect(err).To(MatchError("CertificateStatus: status type at byte 5: got 2, want 1, OCSP"))
		_, err = tlshello.ParseServerHello(wiretest.Hex("15030100020228"))
		Expect(err).To(MatchError("ServerHello: record type at byte 0: got 21, want 22"))
	})
})

// FuzzMessages: nothing panics, errors are of one type, and what has been read
// stays when more comes.
func FuzzMessages(f *testing.F) {
	f.Add(wiretest.Hex("15030100020228"))
	f.Add(wiretest.Hex("160301000c 0b000003 000000 0e000000 00 1403010001 01"))
	f.Fuzz(func(t *testing.T, b []byte) {
		all, err := tlshello.Messages(b)
		var we *wire.Error
		if err != nil && !errors.As(err, &we) {
			t.Fatalf("error of type %T", err)
		}
		some, _ := tlshello.Messages(b[:len(b)/2])
		if len(some) > len(all) {
			t.Fatalf("%d messages in half of it, %d in all", len(some), len(all))
		}
		for _, m := range all {
			m.ServerHello()
			m.Certificates()
			m.Staple()
			m.Alert()
		}
	})
}
