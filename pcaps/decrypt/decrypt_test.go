package decrypt_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"errors"
	"io"
	"math/big"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/pcaps/decrypt"
	"rehearse/proxy/wire/tlshello"
)

func TestDecrypt(t *testing.T) { RegisterFailHandler(Fail); RunSpecs(t, "pcaps/decrypt") }

// spy keeps what is written to a connection.
type spy struct {
	net.Conn
	said *bytes.Buffer
}

func (s spy) Write(b []byte) (int, error) {
	s.said.Write(b)
	return s.Conn.Write(b)
}

// talk lets crypto/tls speak: a handshake, "ping", "pong". It gives what each side
// said and the key log.
func talk(version, suite uint16) (said [2]*bytes.Buffer, log *bytes.Buffer) {
	var key any
	var err error
	if key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); strings.Contains(tls.CipherSuiteName(suite), "RSA") {
		key, err = rsa.GenerateKey(rand.Reader, 2048)
	}
	Expect(err).NotTo(HaveOccurred())
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Unix(1<<32, 0)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, publicKey(key), key)
	Expect(err).NotTo(HaveOccurred())
	said, log = [2]*bytes.Buffer{{}, {}}, new(bytes.Buffer)
	here, there := net.Pipe()
	server := tls.Server(spy{there, said[1]}, &tls.Config{
		MinVersion: version, MaxVersion: version, CipherSuites: []uint16{suite}, SessionTicketsDisabled: true,
		Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}},
	})
	done := make(chan error)
	go func() {
		_, err := io.ReadFull(server, make([]byte, 4))
		if err == nil {
			_, err = server.Write([]byte("pong"))
		}
		done <- err
	}()
	client := tls.Client(spy{here, said[0]}, &tls.Config{
		MinVersion: version, MaxVersion: version, CipherSuites: []uint16{suite}, InsecureSkipVerify: true, KeyLogWriter: log,
	})
	_, err = client.Write([]byte("ping"))
	Expect(err).NotTo(HaveOccurred())
	_, err = io.ReadFull(client, make([]byte, 4))
	Expect(err).NotTo(HaveOccurred())
	Expect(<-done).To(Succeed())
	return said, log
}

func publicKey(key any) any {
	switch k := key.(type) {
	case *ecdsa.PrivateKey:
		return k.Public()
	case *rsa.PrivateKey:
		return k.Public()
	}
	return nil
}

// records splits a stream.
func records(b []byte) [][]byte {
	var out [][]byte
	for len(b) >= 5 {
		n := 5 + int(binary.BigEndian.Uint16(b[3:]))
		out = append(out, b[:n])
		b = b[n:]
	}
	return out
}

// open gives the application data of a side.
func open(h *decrypt.Half, stream []byte, version uint16) (string, error) {
	var plain bytes.Buffer
	sealed := false
	for _, r := range records(stream) {
		if r[0] == 20 {
			sealed = true
			continue
		}
		if !sealed && r[0] != 23 {
			continue
		}
		kind, b, err := h.Open(r[:5], r[5:])
		if err != nil {
			return plain.String(), err
		}
		switch kind {
		case 22:
			if last := b[0]; version == tls.VersionTLS13 && (last == 20 || bytes.Contains(b, []byte{20, 0, 0})) {
				h.Advance()
			}
		case 23:
			plain.Write(b)
		}
	}
	return plain.String(), nil
}

func hellos(said [2]*bytes.Buffer) decrypt.Hello {
	c, err := tlshello.ParseClientHello(said[0].Bytes())
	Expect(err).NotTo(HaveOccurred())
	s, err := tlshello.ParseServerHello(said[1].Bytes())
	Expect(err).NotTo(HaveOccurred())
	return decrypt.Hello{Version: s.Version, Suite: s.CipherSuite, Client: c.Random, Server: s.Random}
}

var _ = Describe("What crypto/tls says", func() {
	DescribeTable("opens with its key log", func(version, suite uint16) {
		said, log := talk(version, suite)
		var keys decrypt.Keys
		keys.Add(log.Bytes())
		h := hellos(said)
		halves, err := decrypt.New(h, keys.Find(h.Client))
		Expect(err).NotTo(HaveOccurred())
		for side, want := range []string{"ping", "pong"} {
			Expect(open(&halves[side], said[side].Bytes(), version)).To(Equal(want), "side %d", side)
		}
	},
		Entry("TLS 1.0, CBC", uint16(tls.VersionTLS10), tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA),
		Entry("TLS 1.1, CBC", uint16(tls.VersionTLS11), tls.TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA),
		Entry("TLS 1.2, CBC SHA-1", uint16(tls.VersionTLS12), tls.TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA),
		Entry("TLS 1.2, CBC SHA-256", uint16(tls.VersionTLS12), tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256),
		Entry("TLS 1.2, GCM", uint16(tls.VersionTLS12), tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256),
		Entry("TLS 1.2, GCM SHA-384", uint16(tls.VersionTLS12), tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384),
		Entry("TLS 1.2, ChaCha20", uint16(tls.VersionTLS12), tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256),
		Entry("TLS 1.3", uint16(tls.VersionTLS13), tls.TLS_AES_128_GCM_SHA256),
	)

	It("does not open behind a record that was changed, or not seen", func() {
		said, log := talk(tls.VersionTLS12, tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256)
		var keys decrypt.Keys
		keys.Add(log.Bytes())
		h := hellos(said)
		halves, err := decrypt.New(h, keys.Find(h.Client))
		Expect(err).NotTo(HaveOccurred())
		stream := said[0].Bytes()
		stream[len(stream)-1] ^= 1
		_, err = open(&halves[0], stream, h.Version)
		Expect(err).To(MatchError("record 1: it does not open"))
		halves[1].Lose()
		_, err = open(&halves[1], said[1].Bytes(), h.Version)
		Expect(err).To(MatchError("record 0 was not captured"))
	})
})

var _ = Describe("A key log", func() {
	It("is read past lines that are none", func() {
		random := strings.Repeat("ab", 32)
		var keys decrypt.Keys
		keys.Add([]byte("# comment\nCLIENT_RANDOM " + random + " " + strings.Repeat("01", 48) + "\r\nCLIENT_RANDOM zz 01\n" +
			"CLIENT_TRAFFIC_SECRET_0 " + random + " 0203\nUNKNOWN " + strings.Repeat("cd", 32) + " 01\n\n"))
		Expect(keys.Len()).To(Equal(1))
		s := keys.Find([32]byte(bytes.Repeat([]byte{0xab}, 32)))
		Expect(s.Master).To(HaveLen(48))
		Expect(s.Traffic[0]).To(Equal([]byte{2, 3}))
	})
	It("that lacks a secret says so", func() {
		_, err := decrypt.New(decrypt.Hello{Version: 0x0303, Suite: 0xc02f}, nil)
		Expect(errors.Is(err, decrypt.ErrNoSecret)).To(BeTrue())
		_, err = decrypt.New(decrypt.Hello{Version: 0x0303, Suite: 0x0005}, &decrypt.Secrets{Master: make([]byte, 48)})
		Expect(err).To(MatchError("cipher suite 0x0005: cannot be opened"))
	})
})

func FuzzOpen(f *testing.F) {
	f.Add(uint16(0x0303), uint16(0xc02f), slices.Repeat([]byte{7}, 64))
	f.Add(uint16(0x0301), uint16(0x002f), slices.Repeat([]byte{7}, 64))
	f.Add(uint16(0x0303), uint16(0xc027), slices.Repeat([]byte{7}, 64))
	f.Add(uint16(0x0304), uint16(0x1303), slices.Repeat([]byte{7}, 64))
	f.Fuzz(func(t *testing.T, version, suite uint16, body []byte) {
		secret := bytes.Repeat([]byte{1}, 48)
		for _, late := range []bool{false, true} {
			halves, err := decrypt.New(decrypt.Hello{Version: version, Suite: suite, EncryptThenMAC: late},
				&decrypt.Secrets{Master: secret, Handshake: [2][]byte{secret, secret}})
			if err != nil {
				continue
			}
			halves[0].Open([]byte{23, 3, 3, 0, 0}, body)
		}
	})
}
