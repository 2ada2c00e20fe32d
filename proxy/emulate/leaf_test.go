package emulate_test

import (
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"net/netip"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/proxy/emulate"
)

var _ = Describe("a leaf", func() {
	DescribeTable("has the bytes of x509.CreateCertificate",
		func(signer func() crypto.Signer, change func(*emulate.Template)) {
			key := signer()
			a, err := emulate.NewAuthority(emulate.AuthorityConfig{Name: "Issuer", Key: key, Now: newClock().Now})
			Expect(err).NotTo(HaveOccurred())
			t := emulate.Template{Names: []string{"www.example.com", "192.0.2.1"}, Key: ecKey().Public()}
			change(&t)
			leaf, err := a.Issue(t)
			Expect(err).NotTo(HaveOccurred())
			Expect(leaf.CheckSignatureFrom(a.Certificate())).To(Succeed())
			again := &x509.Certificate{
				SerialNumber: leaf.SerialNumber, NotBefore: leaf.NotBefore, NotAfter: leaf.NotAfter, RawSubject: leaf.RawSubject,
				KeyUsage: leaf.KeyUsage, ExtKeyUsage: leaf.ExtKeyUsage, BasicConstraintsValid: true,
				OCSPServer: leaf.OCSPServer, CRLDistributionPoints: leaf.CRLDistributionPoints, DNSNames: leaf.DNSNames, IPAddresses: leaf.IPAddresses,
			}
			if t.MustStaple || t.Like != nil { // stands last
				again.ExtraExtensions = []pkix.Extension{leaf.Extensions[len(leaf.Extensions)-1]}
			}
			der, err := x509.CreateCertificate(rand.Reader, again, a.Certificate(), t.Key, key)
			Expect(err).NotTo(HaveOccurred())
			want, err := x509.ParseCertificate(der)
			Expect(err).NotTo(HaveOccurred())
			Expect(leaf.RawTBSCertificate).To(Equal(want.RawTBSCertificate))
		},
		Entry("with names and addresses", func() crypto.Signer { return ecKey() }, func(*emulate.Template) {}),
		Entry("with an IPv6 address alone, and thus no subject", func() crypto.Signer { return ecKey() }, func(t *emulate.Template) {
			t.Names, t.IPs = nil, []netip.Addr{netip.MustParseAddr("2001:db8::1")}
		}),
		Entry("with revocation pointers", func() crypto.Signer { return ecKey() }, func(t *emulate.Template) {
			t.OCSP, t.CRL = []string{"http://ocsp.test/ocsp/a"}, []string{"http://crl.test/a.crl", "http://crl.test/b.crl"}
		}),
		Entry("that must be stapled", func() crypto.Signer { return ecKey() }, func(t *emulate.Template) { t.MustStaple = true }),
		Entry("with dates far away", func() crypto.Signer { return ecKey() }, func(t *emulate.Template) {
			t.NotBefore, t.NotAfter = time.Date(1949, 1, 2, 3, 4, 5, 0, time.UTC), time.Date(2051, 1, 2, 3, 4, 5, 0, time.UTC)
		}),
		Entry("with an RSA key, of an RSA issuer", func() crypto.Signer { return rsaKey() }, func(t *emulate.Template) { t.Key = rsaKey().Public() }),
		Entry("like another", func() crypto.Signer { return ecKey() }, func(t *emulate.Template) {
			a, err := emulate.NewAuthority(emulate.AuthorityConfig{Name: "Other", Now: newClock().Now})
			Expect(err).NotTo(HaveOccurred())
			t.Like, err = a.Issue(emulate.Template{Names: []string{"a.test", "b.test"}, Key: ecKey().Public()})
			Expect(err).NotTo(HaveOccurred())
		}),
	)

	It("is not made for names beyond ASCII", func() {
		a, err := emulate.NewAuthority(emulate.AuthorityConfig{Name: "Issuer", Now: newClock().Now})
		Expect(err).NotTo(HaveOccurred())
		_, err = a.Issue(emulate.Template{Names: []string{"münchen.test"}, Key: ecKey().Public()})
		Expect(err).To(MatchError(ContainSubstring(`"münchen.test" is no DNS name`)))
	})
})
