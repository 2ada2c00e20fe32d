package emulate_test

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"net/netip"
	"slices"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/proxy/emulate"
)

var _ = Describe("an authority", func() {
	for _, kind := range keyKinds() {
		It("issues chains that verify, with a key "+kind.name, func() {
			c := newClock()
			root := authority(emulate.AuthorityConfig{Name: "Root", Key: kind.make(), Now: c.Now})
			issuing := authority(emulate.AuthorityConfig{Name: "Issuing", Key: kind.make(), Parent: root, Now: c.Now})
			leaf := leafOf(issuing, "sip.contoso.test")
			Expect(verify(leaf, issuing, "sip.contoso.test", c.Now())).To(Succeed())
			Expect(issuing.Chain()).To(Equal([]*x509.Certificate{issuing.Certificate()}))
			Expect(issuing.Root()).To(Equal(root.Certificate()))
			Expect(root.Chain()).To(BeEmpty())
		})
	}

	It("has the extensions of a root and of an intermediate", func() {
		root, issuing := pair(newClock().Now)
		r, i := root.Certificate(), issuing.Certificate()
		for _, cert := range []*x509.Certificate{r, i} {
			Expect(cert.IsCA).To(BeTrue())
			Expect(cert.KeyUsage).To(Equal(x509.KeyUsageCertSign | x509.KeyUsageCRLSign | x509.KeyUsageDigitalSignature))
			Expect(cert.SubjectKeyId).To(HaveLen(20))
		}
		Expect(r.OCSPServer).To(BeEmpty())
		Expect(r.CRLDistributionPoints).To(BeEmpty())
		Expect(i.MaxPathLenZero).To(BeTrue())
		Expect(i.ExtKeyUsage).To(Equal([]x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}))
		Expect(i.AuthorityKeyId).To(Equal(r.SubjectKeyId))
		Expect(i.OCSPServer).To(Equal([]string{"http://status.test/ocsp/root"}))
		Expect(i.CRLDistributionPoints).To(Equal([]string{"http://status.test/crl/root.crl"}))
		Expect(i.NotAfter).To(BeTemporally("<=", r.NotAfter))
	})

	It("takes its word in URLs from its name, or as given", func() {
		now := newClock().Now
		Expect(authority(emulate.AuthorityConfig{Name: "Contoso Proxy CA (2026)", Now: now}).ID()).To(Equal("contoso-proxy-ca--2026-"))
		Expect(authority(emulate.AuthorityConfig{Name: "Contoso", ID: "ssl.1", Now: now}).ID()).To(Equal("ssl.1"))
		_, err := emulate.NewAuthority(emulate.AuthorityConfig{Name: "Contoso", ID: "a/b", Now: now})
		Expect(err).To(MatchError(ContainSubstring(`ID "a/b", want letters, digits, dots and hyphens`)))
	})

	It("goes on with a certificate made earlier", func() {
		c, key := newClock(), ecKey()
		before := authority(emulate.AuthorityConfig{Name: "Root", Key: key, Now: c.Now})
		after := authority(emulate.AuthorityConfig{Key: key, Certificate: before.Certificate(), Now: c.Now})
		Expect(after.ID()).To(Equal("root"))
		Expect(verify(leafOf(after, "a.test"), before, "a.test", c.Now())).To(Succeed())
	})

	DescribeTable("says what is wrong with its configuration",
		func(cfg func(*emulate.AuthorityConfig), want string) {
			c := emulate.AuthorityConfig{Name: "Root", Now: newClock().Now}
			cfg(&c)
			_, err := emulate.NewAuthority(c)
			Expect(err).To(MatchError(ContainSubstring(want)))
		},
		Entry("no clock", func(c *emulate.AuthorityConfig) { c.Now = nil }, "no clock, want a Now function"),
		Entry("no name", func(c *emulate.AuthorityConfig) { c.Name = "" }, "no name given, want a common name"),
		Entry("Ed25519", func(c *emulate.AuthorityConfig) {
			_, c.Key, _ = ed25519.GenerateKey(rand.Reader)
		}, "key of type ed25519.PublicKey, want RSA or ECDSA"),
		Entry("P-224", func(c *emulate.AuthorityConfig) {
			c.Key, _ = ecdsa.GenerateKey(elliptic.P224(), rand.Reader)
		}, "ECDSA key on P-224, want P-256, P-384 or P-521"),
		Entry("a short RSA key", func(c *emulate.AuthorityConfig) {
			c.Key, _ = rsa.GenerateKey(rand.Reader, 1024)
		}, "RSA key of 1024 bits, want at least 2048"),
		Entry("a certificate of another key", func(c *emulate.AuthorityConfig) {
			c.Certificate = authority(emulate.AuthorityConfig{Name: "Other", Now: c.Now}).Certificate()
		}, `certificate "Other" is for another key than the one given`),
		Entry("a server's certificate", func(c *emulate.AuthorityConfig) {
			key := ecKey()
			root := authority(emulate.AuthorityConfig{Name: "Root", Now: c.Now})
			c.Key, c.Certificate = key, issue(root, emulate.Template{Names: []string{"a.test"}, Key: key.Public()})
		}, `certificate "a.test" may not sign certificates and CRLs`),
	)
})

var _ = Describe("an issued certificate", func() {
	It("has names, dates, usages and pointers", func() {
		c := newClock()
		_, issuing := pair(c.Now)
		cert := issue(issuing, emulate.Template{
			Names: []string{"a.test", "10.0.0.1", "*.b.test"}, IPs: []netip.Addr{netip.MustParseAddr("2001:db8::1")},
			OCSP: []string{"http://s.test/ocsp/x"}, CRL: []string{"http://s.test/crl/x.crl"},
		})
		Expect(cert.Subject.CommonName).To(Equal("a.test"))
		Expect(cert.DNSNames).To(Equal([]string{"a.test", "*.b.test"}))
		Expect(cert.IPAddresses).To(HaveLen(2))
		Expect(cert.VerifyHostname("10.0.0.1")).To(Succeed())
		Expect(cert.VerifyHostname("2001:db8::1")).To(Succeed())
		Expect(cert.NotBefore).To(Equal(c.Now().Add(-time.Hour)))
		Expect(cert.NotAfter).To(Equal(c.Now().Add(90 * 24 * time.Hour)))
		Expect(cert.ExtKeyUsage).To(Equal([]x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}))
		Expect(cert.KeyUsage).To(Equal(x509.KeyUsageDigitalSignature))
		Expect(cert.IsCA).To(BeFalse())
		Expect(cert.AuthorityKeyId).To(Equal(issuing.Certificate().SubjectKeyId))
		Expect(cert.OCSPServer).To(Equal([]string{"http://s.test/ocsp/x"}))
		Expect(cert.CRLDistributionPoints).To(Equal([]string{"http://s.test/crl/x.crl"}))
	})

	It("lets an RSA key encipher", func() {
		_, issuing := pair(newClock().Now)
		cert := issue(issuing, emulate.Template{Names: []string{"a.test"}, Key: rsaKey().Public()})
		Expect(cert.KeyUsage).To(Equal(x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment))
	})

	It("has a serial number of its own, positive, of at most 20 octets", func() {
		_, issuing := pair(newClock().Now)
		seen := map[string]bool{}
		for range 50 {
			serial := leafOf(issuing, "a.test").SerialNumber
			Expect(serial.Sign()).To(Equal(1))
			der, err := asn1.Marshal(serial)
			Expect(err).NotTo(HaveOccurred())
			Expect(len(der) - 2).To(And(BeNumerically(">=", 9), BeNumerically("<=", 20)))
			Expect(seen).NotTo(HaveKey(serial.String()))
			seen[serial.String()] = true
		}
	})

	It("carries the TLS feature extension when it must be stapled", func() {
		_, issuing := pair(newClock().Now)
		cert := issue(issuing, emulate.Template{Names: []string{"a.test"}, MustStaple: true})
		Expect(extension(cert, 1, 3, 6, 1, 5, 5, 7, 1, 24)).To(Equal([]byte{0x30, 3, 2, 1, 5}))
	})

	It("leaves a name that is too long out of the subject", func() {
		_, issuing := pair(newClock().Now)
		long := "a-host-name-that-is-much-longer-than-the-common-name-may-be.contoso.test"
		cert := leafOf(issuing, long)
		Expect(cert.Subject.CommonName).To(BeEmpty())
		Expect(cert.VerifyHostname(long)).To(Succeed())
	})

	It("copies subject and alternative names byte by byte, and nothing else", func() {
		_, issuing := pair(newClock().Now)
		origin := oddOrigin()
		cert := issue(issuing, emulate.Template{Like: origin, Names: []string{"asked-for.test"}})
		Expect(cert.RawSubject).To(Equal(origin.RawSubject))
		Expect(extension(cert, 2, 5, 29, 17)).To(Equal(extension(origin, 2, 5, 29, 17)))
		Expect(cert.VerifyHostname("asked-for.test")).NotTo(Succeed())
		Expect(cert.SerialNumber).NotTo(Equal(origin.SerialNumber))
		Expect(cert.OCSPServer).To(BeEmpty())
		Expect(cert.CRLDistributionPoints).To(BeEmpty())
		Expect(cert.PolicyIdentifiers).To(BeEmpty())
	})

	It("has no alternative names when the origin has none", func() {
		_, issuing := pair(newClock().Now)
		origin := selfSigned(&x509.Certificate{Subject: pkix.Name{CommonName: "old.test"}})
		cert := issue(issuing, emulate.Template{Like: origin})
		Expect(cert.Subject.CommonName).To(Equal("old.test"))
		Expect(extension(cert, 2, 5, 29, 17)).To(BeNil())
	})

	DescribeTable("is refused", func(t emulate.Template, want string) {
		_, issuing := pair(newClock().Now)
		_, err := issuing.Issue(t)
		Expect(err).To(MatchError(ContainSubstring(want)))
	},
		Entry("without a key", emulate.Template{Names: []string{"a.test"}}, "no public key given"),
		Entry("without a name", emulate.Template{Key: ecKey().Public()}, "want at least one DNS name or IP address"),
		Entry("for a name in no ASCII", emulate.Template{Key: ecKey().Public(), Names: []string{"ü.test"}}, `"ü.test"`),
	)
})

// oddOrigin is an origin's certificate with what an emulated one must copy (names of
// every form, odd string types) and must not (pointers, policies).
func oddOrigin() *x509.Certificate {
	return selfSigned(&x509.Certificate{
		RawSubject: mustMarshal(pkix.RDNSequence{
			{{Type: asn1.ObjectIdentifier{2, 5, 4, 10}, Value: asn1.RawValue{Tag: asn1.TagUTF8String, Bytes: []byte("Contoso Straße")}}},
			{{Type: asn1.ObjectIdentifier{2, 5, 4, 3}, Value: asn1.RawValue{Tag: asn1.TagT61String, Bytes: []byte("www.contoso.test")}}},
		}),
		DNSNames:              []string{"www.contoso.test", "*.contoso.test"},
		EmailAddresses:        []string{"postmaster@contoso.test"},
		OCSPServer:            []string{"http://origin.test/ocsp"},
		CRLDistributionPoints: []string{"http://origin.test/crl"},
		IssuingCertificateURL: []string{"http://origin.test/ca"},
		PolicyIdentifiers:     []asn1.ObjectIdentifier{{2, 23, 140, 1, 2, 1}},
	})
}

func mustMarshal(v any) []byte {
	der, err := asn1.Marshal(v)
	Expect(err).NotTo(HaveOccurred())
	return der
}

// selfSigned makes an origin's certificate, valid in 2026.
func selfSigned(t *x509.Certificate) *x509.Certificate {
	key := ecKey()
	t.SerialNumber = big.NewInt(77)
	if t.NotBefore.IsZero() {
		t.NotBefore = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	if t.NotAfter.IsZero() {
		t.NotAfter = time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	der, err := x509.CreateCertificate(rand.Reader, t, t, key.Public(), key)
	Expect(err).NotTo(HaveOccurred())
	cert, err := x509.ParseCertificate(der)
	Expect(err).NotTo(HaveOccurred())
	return cert
}

// extension gives the value of an extension, nil where there is none.
func extension(c *x509.Certificate, oid ...int) []byte {
	i := slices.IndexFunc(c.Extensions, func(e pkix.Extension) bool { return e.Id.Equal(oid) })
	if i < 0 {
		return nil
	}
	return c.Extensions[i].Value
}

var _ = Describe("an authority made elsewhere", func() {
	It("may lack the key usage, and signs CRLs all the same", func() {
		key, clock := ecKey(), newClock()
		template := &x509.Certificate{
			SerialNumber: big.NewInt(7), Subject: pkix.Name{CommonName: "Elsewhere"}, IsCA: true, BasicConstraintsValid: true,
			NotBefore: clock.Now().Add(-day), NotAfter: clock.Now().Add(90 * day),
		}
		der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
		Expect(err).NotTo(HaveOccurred())
		cert, err := x509.ParseCertificate(der)
		Expect(err).NotTo(HaveOccurred())
		a := authority(emulate.AuthorityConfig{Key: key, Certificate: cert, Now: clock.Now})
		list, err := a.CRL(emulate.Answer{})
		Expect(err).NotTo(HaveOccurred())
		parsed, err := x509.ParseRevocationList(list)
		Expect(err).NotTo(HaveOccurred())
		Expect(parsed.Number.Int64()).To(BeNumerically(">", clock.Now().Unix()))
	})

	It("hands out the chain up to a foreign root", func() {
		clock, key := newClock(), ecKey()
		root := authority(emulate.AuthorityConfig{Name: "Root", Now: clock.Now})
		issuing := authority(emulate.AuthorityConfig{Name: "Issuing", Parent: root, Key: key, Now: clock.Now})
		again := authority(emulate.AuthorityConfig{Key: key, Certificate: issuing.Certificate(), Above: []*x509.Certificate{root.Certificate()}, Now: clock.Now})
		Expect(again.Chain()).To(Equal([]*x509.Certificate{issuing.Certificate()}))
		Expect(again.Root()).To(Equal(root.Certificate()))
		Expect(verify(leafOf(again, "site.test"), again, "site.test", clock.Now())).To(Succeed())
	})
})
