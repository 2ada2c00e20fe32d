package pki_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"sync"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"golang.org/x/crypto/ocsp"

	"rehearse/proxy/emulate"
	"rehearse/proxy/revocation"
	"rehearse/simulator/pki"
	"rehearse/simulator/world/worldtest"
)

var _ = Describe("a PKI", func() {
	for _, kind := range []string{pki.ECDSA, pki.RSA} {
		Context("with keys of kind "+kind, func() {
			sample := map[string]any{pki.ECDSA: &ecdsa.PublicKey{}, pki.RSA: &rsa.PublicKey{}}[kind]

			It("issues server certificates that clients accept", func() {
				worldtest.Bubble(GinkgoTB(), func() {
					p := newPKI(pki.Config{Key: kind})
					cert := leafOf(p, "sipdir.online.lync.com", "10.0.0.1")
					Expect(cert.Leaf.PublicKey).To(BeAssignableToTypeOf(sample))
					Expect(cert.PrivateKey).NotTo(BeNil())
					Expect(cert.Certificate).To(HaveLen(2))
					between := x509.NewCertPool()
					between.AddCert(p.Issuing().Certificate())
					for _, name := range []string{"sipdir.online.lync.com", "10.0.0.1"} {
						_, err := cert.Leaf.Verify(x509.VerifyOptions{Roots: p.Roots(), Intermediates: between, DNSName: name, CurrentTime: time.Now()})
						Expect(err).NotTo(HaveOccurred())
					}
				})
			})

			It("puts pointers into leaf and intermediate that are served and right", func() {
				served(pki.Config{Key: kind}, func(s site) {
					cert := leafOf(s.PKI, "a.test")
					Expect(cert.Leaf.OCSPServer).To(Equal([]string{"http://pki.test/ocsp/issuing"}))
					Expect(cert.Leaf.CRLDistributionPoints).To(Equal([]string{"http://pki.test/crl/issuing.crl"}))
					Expect(s.Issuing().Certificate().OCSPServer).To(Equal([]string{"http://pki.test/ocsp/root"}))
					Expect(s.Issuing().Certificate().CRLDistributionPoints).To(Equal([]string{"http://pki.test/crl/root.crl"}))
					Expect(s.judge(cert).Verdict).To(Equal(revocation.Good))
				})
			})

			It("has different keys where they must differ", func() {
				p := newPKI(pki.Config{Key: kind})
				leaf := leafOf(p, "a.test").Leaf
				keys := []any{p.Root().Certificate().PublicKey, p.Issuing().Certificate().PublicKey, leaf.PublicKey}
				der, err := p.Staple(leafOf(p, "b.test"), emulate.Answer{Delegated: true})
				Expect(err).NotTo(HaveOccurred())
				answer, err := ocsp.ParseResponse(der, p.Issuing().Certificate())
				Expect(err).NotTo(HaveOccurred())
				keys = append(keys, answer.Certificate.PublicKey)
				for i := range keys {
					for j := range i {
						Expect(keys[i]).NotTo(Equal(keys[j]))
					}
				}
			})
		})
	}

	It("takes the name in its pointers from the configuration", func() {
		p := newPKI(pki.Config{Host: "127.0.0.1:8081"})
		Expect(leafOf(p, "a.test").Leaf.OCSPServer).To(Equal([]string{"http://127.0.0.1:8081/ocsp/issuing"}))
	})

	It("takes its dates from its clock", func() {
		worldtest.Bubble(GinkgoTB(), func() {
			leaf := leafOf(newPKI(pki.Config{}), "a.test").Leaf
			Expect(leaf.NotBefore).To(BeTemporally("==", time.Date(1999, 12, 31, 23, 0, 0, 0, time.UTC)))
		})
	})

	It("gives its root as a file has it", func() {
		p := newPKI(pki.Config{})
		block, rest := pem.Decode(p.RootPEM())
		Expect(rest).To(BeEmpty())
		Expect(block.Bytes).To(Equal(p.Root().Certificate().Raw))
	})

	It("issues odd certificates", func() {
		p := newPKI(pki.Config{})
		bare, err := p.Issue(emulate.Template{Names: []string{"a.test"}, OCSP: []string{}, CRL: []string{}})
		Expect(err).NotTo(HaveOccurred())
		Expect(bare.Leaf.OCSPServer).To(BeEmpty())
		Expect(bare.Leaf.CRLDistributionPoints).To(BeEmpty())
		ldap, err := p.Issue(emulate.Template{Names: []string{"a.test"}, CRL: []string{"ldap://pki.test/cn=crl"}})
		Expect(err).NotTo(HaveOccurred())
		Expect(ldap.Leaf.CRLDistributionPoints).To(Equal([]string{"ldap://pki.test/cn=crl"}))
		foreign, err := p.Issue(emulate.Template{Names: []string{"a.test"}, Key: bare.Leaf.PublicKey})
		Expect(err).NotTo(HaveOccurred())
		Expect(foreign.PrivateKey).To(BeNil())
	})

	It("says what is wrong with its configuration and with its use", func() {
		_, err := pki.New(pki.Config{})
		Expect(err).To(MatchError("pki: no clock, want a Now function"))
		_, err = pki.New(pki.Config{Now: time.Now, Key: "dsa"})
		Expect(err).To(MatchError(`pki: key "dsa", want "ecdsa" or "rsa"`))
		p := newPKI(pki.Config{})
		_, err = p.Leaf()
		Expect(err).To(MatchError(ContainSubstring("want at least one DNS name or IP address")))
		_, err = p.Revoke("a.test")
		Expect(err).To(MatchError(`pki: no certificate for "a.test" was issued`))
	})

	It("revokes by name, and takes it back", func() {
		served(pki.Config{}, func(s site) {
			wild, other := leafOf(s.PKI, "*.contoso.test"), leafOf(s.PKI, "other.test")
			lift, err := s.Revoke("sip.contoso.test")
			Expect(err).NotTo(HaveOccurred())
			Expect(s.judge(wild).Code).To(Equal("CRYPT_E_REVOKED"))
			Expect(s.judge(other).Verdict).To(Equal(revocation.Good))
			lift()
			Expect(s.judge(wild).Verdict).To(Equal(revocation.Good))
		})
	})

	It("staples", func() {
		served(pki.Config{}, func(s site) {
			cert := leafOf(s.PKI, "a.test")
			staple, err := s.Staple(cert, emulate.Answer{})
			Expect(err).NotTo(HaveOccurred())
			behaviour, _ := revocation.BehaviourNamed("curl-staple")
			checker := revocation.Checker{Now: time.Now, Behaviour: behaviour}
			Expect(checker.Check(context.Background(), chain(s.PKI, cert), staple).Verdict).To(Equal(revocation.Good))
		})
	})

	It("shares RSA keys, and no certificate, between bubbles that run at once", func() {
		const n = 4
		certs := make([]*tls.Certificate, n)
		roots := make([]*x509.Certificate, n)
		var wg sync.WaitGroup
		for i := range n {
			wg.Go(func() {
				defer GinkgoRecover()
				worldtest.Bubble(GinkgoTB(), func() {
					p := newPKI(pki.Config{Key: pki.RSA})
					certs[i], roots[i] = leafOf(p, "a.test"), p.Root().Certificate()
					_, err := pki.ApplianceRSAKey()
					Expect(err).NotTo(HaveOccurred())
				})
			})
		}
		wg.Wait()
		for i := 1; i < n; i++ {
			Expect(certs[i].PrivateKey).To(BeIdenticalTo(certs[0].PrivateKey))
			Expect(roots[i].PublicKey).To(Equal(roots[0].PublicKey))
			Expect(roots[i].Raw).NotTo(Equal(roots[0].Raw))
		}
	})
})
