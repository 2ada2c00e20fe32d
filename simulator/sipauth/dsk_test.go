package sipauth_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"math/big"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"go.uber.org/goleak"

	"rehearse/simulator/sipauth"
)

// selfSigned is a certificate of RSA or ECDSA for a name.
func selfSigned(name string, useRSA bool) *tls.Certificate {
	GinkgoHelper()
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	if useRSA {
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		Expect(err).NotTo(HaveOccurred())
		der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
		Expect(err).NotTo(HaveOccurred())
		return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	Expect(err).NotTo(HaveOccurred())
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	Expect(err).NotTo(HaveOccurred())
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

var _ = Describe("TLS-DSK", Serial, func() {
	// A test vector of that function that is in circulation; RFC 2246 has none.
	It("expands secrets as TLS 1.0 does", func() {
		want := unhex("d3d4d1e349b5d515044666d51de32bab258cb521b6b053463e354832fd976754443bcf9a296519bc289abcbc1187e4eb" +
			"d31e602353776c408aafb74cbc85eff69255f9788faa184cbb957a9819d84a5d7eb006eb459d3ae8de9810454b8b2d8f1afbc655a8c9a013")
		Expect(sipauth.PRF(bytes.Repeat([]byte{0xab}, 48), "PRF Testvector", bytes.Repeat([]byte{0xcd}, 64), 104)).To(Equal(want))
	})

	both := func(user func(*x509.Certificate) (string, error)) (*sipauth.Server, *sipauth.Client) {
		GinkgoHelper()
		cert := selfSigned("sip.contoso.test", true)
		s := sipauth.NewServer(sipauth.ServerConfig{Target: "sip.contoso.test", Domain: "CONTOSO", DNSDomain: "contoso.test",
			Password: func(string, string) (string, bool) { return "", false },
			DSK: &sipauth.DSKConfig{STS: "https://web.contoso.test/CertProv/CertProvisioningService.svc",
				Certificate: func() (*tls.Certificate, error) { return cert, nil }, User: user}})
		c := sipauth.NewClient(sipauth.ClientConfig{User: "alice@contoso.test", Certificate: selfSigned("alice@contoso.test", false)})
		return s, c
	}
	fields := sipauth.Fields{CallID: "1", CSeq: 1, Method: "REGISTER", FromURI: "sip:alice@contoso.test", FromTag: "a", ToURI: "sip:alice@contoso.test"}
	anybody := func(c *x509.Certificate) (string, error) { return c.Subject.CommonName, nil }

	It("signs with the keys of a handshake that goes in headers", func() {
		s, c := both(anybody)
		offered := s.Challenges()
		Expect(offered).To(HaveLen(2))
		Expect(offered[0]).To(HavePrefix("NTLM "))
		Expect(offered[1]).To(Equal(`TLS-DSK realm="SIP Communications Service", targetname="sip.contoso.test", version=4, sts-uri="https://web.contoso.test/CertProv/CertProvisioningService.svc"`))
		Expect(c.Challenge(offered[1])).To(Succeed())
		for range 2 { // two flights each
			value, err := c.Authorize(fields)
			Expect(err).NotTo(HaveOccurred())
			Expect(value).To(ContainSubstring("gssapi-data="))
			verdict, err := s.Authorize(value, fields)
			Expect(err).NotTo(HaveOccurred())
			Expect(verdict).To(Equal(sipauth.Challenged))
			Expect(s.Challenges()).To(HaveLen(1))
			Expect(c.Challenge(s.Challenges()[0])).To(Succeed())
		}
		Expect(c.Ready()).To(BeTrue())
		value, err := c.Authorize(fields)
		Expect(err).NotTo(HaveOccurred())
		Expect(value).NotTo(ContainSubstring("gssapi-data="))
		verdict, err := s.Authorize(value, fields)
		Expect(err).NotTo(HaveOccurred())
		Expect(verdict).To(Equal(sipauth.Accepted))
		user, _ := s.Account()
		Expect(user).To(Equal("alice@contoso.test"))

		answered := fields
		answered.Status = 200
		signed := s.Sign(answered)
		Expect(signed).To(HavePrefix(`TLS-DSK qop="auth"`))
		Expect(c.Verify(signed, answered)).To(Succeed())
		answered.Status = 403
		Expect(c.Verify(signed, answered)).To(MatchError(sipauth.ErrSignature))
		other := fields
		other.Method = "INVITE"
		value, _ = c.Authorize(fields)
		_, err = s.Authorize(value, other)
		Expect(err).To(MatchError(sipauth.ErrSignature))
	})

	It("refuses a certificate that was not given to anybody", func() {
		s, c := both(func(*x509.Certificate) (string, error) { return "", errors.New("whose is this?") })
		Expect(c.Challenge(s.Challenges()[1])).To(Succeed())
		value, _ := c.Authorize(fields)
		_, err := s.Authorize(value, fields)
		Expect(err).NotTo(HaveOccurred())
		Expect(c.Challenge(s.Challenges()[0])).To(Succeed())
		value, _ = c.Authorize(fields)
		verdict, err := s.Authorize(value, fields)
		Expect(err).To(MatchError(ContainSubstring("whose is this?")))
		Expect(verdict).To(Equal(sipauth.Refused))
		Expect(s.Ready()).To(BeFalse())
		c.Close()
	})

	It("leaves nothing behind when it is broken off, nor takes what is no TLS", func() {
		before := goleak.IgnoreCurrent()
		s, c := both(anybody)
		Expect(c.Challenge(s.Challenges()[1])).To(Succeed())
		value, _ := c.Authorize(fields)
		_, err := s.Authorize(value, fields)
		Expect(err).NotTo(HaveOccurred())
		s.Close()
		c.Close()
		verdict, err := s.Authorize(`TLS-DSK qop="auth", realm="SIP Communications Service", targetname="x", gssapi-data="aGVsbG8gd29ybGQ=", version=4`, fields)
		Expect(err).To(HaveOccurred())
		Expect(verdict).To(Equal(sipauth.Refused))
		Eventually(func() error { return goleak.Find(before) }).Should(Succeed())
	})
})
