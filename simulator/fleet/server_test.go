package fleet_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"net"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/simulator/fleet"
)

// certificate is a self-signed one for 127.0.0.1, and a pool that trusts it.
func certificate() (tls.Certificate, *x509.CertPool) {
	GinkgoHelper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	Expect(err).NotTo(HaveOccurred())
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "coordinator"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	Expect(err).NotTo(HaveOccurred())
	parsed, err := x509.ParseCertificate(der)
	Expect(err).NotTo(HaveOccurred())
	pool := x509.NewCertPool()
	pool.AddCert(parsed)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool
}

var _ = Describe("a server", func() {
	dial := func(l fleet.Link) error {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		c, err := l.Dial(ctx)
		if err == nil {
			c.Close()
		}
		return err
	}

	It("takes those that have its token and trust its certificate", func() {
		cert, pool := certificate()
		s := server(fleet.ServerConfig{Token: "s3cret", TLS: &tls.Config{Certificates: []tls.Certificate{cert}}})
		url := "nats://" + s.Addr()
		trust := &tls.Config{RootCAs: pool}
		Expect(dial(fleet.Link{URL: url, Token: "s3cret", TLS: trust})).To(Succeed())
		Expect(dial(fleet.Link{URL: url, Token: "guess", TLS: trust})).To(MatchError(ContainSubstring("Authorization Violation")))
		Expect(dial(fleet.Link{URL: url, TLS: trust})).To(MatchError(ContainSubstring("Authorization Violation")))
		inside(s) // the coordinator's own connection needs no TLS
	})
	It("asks for clients' certificates where it has what to hold them against", func() {
		cert, pool := certificate()
		s := server(fleet.ServerConfig{TLS: &tls.Config{Certificates: []tls.Certificate{cert}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: pool}})
		Expect(dial(fleet.Link{URL: "nats://" + s.Addr(), TLS: &tls.Config{RootCAs: pool, Certificates: []tls.Certificate{cert}}})).To(Succeed())
	})
	It("is not open to a network without a token", func() {
		_, err := fleet.Serve(fleet.ServerConfig{Listen: "0.0.0.0:0"})
		Expect(err).To(MatchError(fleet.ErrOpen))
	})
	DescribeTable("listens at an address and a port",
		func(listen, why string) {
			_, err := fleet.Serve(fleet.ServerConfig{Listen: listen})
			Expect(err).To(MatchError(ContainSubstring(why)))
		},
		Entry("no port", "127.0.0.1", "want ADDR:PORT"),
		Entry("too high a port", "127.0.0.1:65536", `port "65536", want 0 to 65535`),
		Entry("a service's name", "127.0.0.1:nats", `port "nats"`),
	)
	It("is waited for by workers that are there first, as long as they like", func() {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		Expect(err).NotTo(HaveOccurred())
		nobody := l.Addr().String()
		Expect(l.Close()).To(Succeed())
		ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
		defer cancel()
		_, err = fleet.Link{URL: "nats://" + nobody}.Dial(ctx)
		Expect(err).To(MatchError(context.DeadlineExceeded))
	})
	It("has a URL of NATS", func() {
		Expect(dial(fleet.Link{URL: "nats://[::1"})).To(MatchError(ContainSubstring("nats://[::1")))
	})
})
