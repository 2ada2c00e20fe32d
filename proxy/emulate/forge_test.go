package emulate_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"golang.org/x/crypto/ocsp"

	"rehearse/proxy/emulate"
)

// workshop is a forge with its issuer and clock.
type workshop struct {
	*emulate.Forge
	clock   *clock
	issuing *emulate.Authority
}

func newWorkshop(change func(*emulate.ForgeConfig)) workshop {
	c := newClock()
	_, issuing := pair(c.Now)
	cfg := emulate.ForgeConfig{Authority: issuing, Now: c.Now, Pointers: emulate.Pointers{CRL: true, OCSP: true, Base: "http://status.test"}}
	if change != nil {
		change(&cfg)
	}
	f, err := emulate.NewForge(cfg)
	Expect(err).NotTo(HaveOccurred())
	return workshop{f, c, issuing}
}

func originFor(names ...string) *x509.Certificate {
	return selfSigned(&x509.Certificate{Subject: pkix.Name{CommonName: names[0]}, DNSNames: names})
}

func (w workshop) emulate(r emulate.Request) *tls.Certificate {
	cert, _, err := w.Emulate(r)
	Expect(err).NotTo(HaveOccurred())
	return cert
}

// wasCached emulates and says whether the certificate came from the cache.
func (w workshop) wasCached(r emulate.Request) bool {
	_, cached, err := w.Emulate(r)
	Expect(err).NotTo(HaveOccurred())
	return cached
}

var _ = Describe("an emulated certificate", func() {
	It("verifies for the origin's names, with the chain that is sent", func() {
		w := newWorkshop(nil)
		cert, cached, err := w.Certificate(originFor("www.contoso.test", "*.contoso.test"), "www.contoso.test")
		Expect(err).NotTo(HaveOccurred())
		Expect(cached).To(BeFalse())
		Expect(cert.Certificate).To(HaveLen(2))
		Expect(cert.Certificate[1]).To(Equal(w.issuing.Certificate().Raw))
		Expect(verify(cert.Leaf, w.issuing, "lyncdiscover.contoso.test", w.clock.Now())).To(Succeed())
		Expect(handshake(cert, w, "www.contoso.test")).To(Succeed())
	})

	It("keeps a wrong name wrong", func() {
		w := newWorkshop(nil)
		cert := w.emulate(emulate.Request{Origin: originFor("other.test"), Name: "www.contoso.test"})
		Expect(verify(cert.Leaf, w.issuing, "www.contoso.test", w.clock.Now())).To(BeAssignableToTypeOf(x509.HostnameError{}))
		Expect(handshake(cert, w, "www.contoso.test")).NotTo(Succeed())
	})

	It("is dated back an hour and ends with the origin's", func() {
		w := newWorkshop(nil)
		origin := originFor("a.test")
		leaf := w.emulate(emulate.Request{Origin: origin}).Leaf
		Expect(leaf.NotBefore).To(Equal(w.clock.Now().Add(-time.Hour)))
		Expect(leaf.NotAfter).To(Equal(origin.NotAfter))
	})

	It("does not begin before the origin's", func() {
		w := newWorkshop(nil)
		origin := selfSigned(&x509.Certificate{DNSNames: []string{"a.test"}, NotBefore: w.clock.Now().Add(-time.Minute)})
		Expect(w.emulate(emulate.Request{Origin: origin}).Leaf.NotBefore).To(Equal(origin.NotBefore))
	})

	It("does not outlive its issuer", func() {
		w := newWorkshop(nil)
		origin := selfSigned(&x509.Certificate{DNSNames: []string{"a.test"}, NotAfter: w.clock.Now().Add(50 * 365 * 24 * time.Hour)})
		Expect(w.emulate(emulate.Request{Origin: origin}).Leaf.NotAfter).To(Equal(w.issuing.Certificate().NotAfter))
	})

	It("has expired where the origin's has, and begins where the origin's does", func() {
		w := newWorkshop(nil)
		for _, origin := range []*x509.Certificate{
			selfSigned(&x509.Certificate{DNSNames: []string{"a.test"}, NotAfter: w.clock.Now().Add(-day)}),
			selfSigned(&x509.Certificate{DNSNames: []string{"a.test"}, NotBefore: w.clock.Now().Add(day)}),
		} {
			r := emulate.Request{Origin: origin}
			leaf := w.emulate(r).Leaf
			Expect(leaf.NotBefore).To(Equal(origin.NotBefore))
			Expect(leaf.NotAfter).To(Equal(origin.NotAfter))
			Expect(w.wasCached(r)).To(BeTrue())
		}
	})

	DescribeTable("carries the pointers that were configured, never the origin's",
		func(crl, ocsp bool) {
			w := newWorkshop(func(cfg *emulate.ForgeConfig) {
				cfg.Pointers = emulate.Pointers{CRL: crl, OCSP: ocsp, Base: "http://status.test"}
			})
			leaf := w.emulate(emulate.Request{Origin: oddOrigin()}).Leaf
			Expect(leaf.IssuingCertificateURL).To(BeEmpty())
			Expect(leaf.CRLDistributionPoints).To(HaveLen(map[bool]int{true: 1}[crl]))
			Expect(leaf.OCSPServer).To(HaveLen(map[bool]int{true: 1}[ocsp]))
			for _, url := range append(leaf.CRLDistributionPoints, leaf.OCSPServer...) {
				Expect(url).To(HavePrefix("http://status.test/"))
				Expect(url).To(ContainSubstring("/issuing"))
			}
		},
		Entry("none", false, false), Entry("crl", true, false), Entry("ocsp", false, true), Entry("both", true, true),
	)

	It("is named after what was asked for where there is no origin", func() {
		w := newWorkshop(nil)
		for _, name := range []string{"never-reached.test", "10.0.0.1", "2001:db8::1"} {
			leaf := w.emulate(emulate.Request{Name: name}).Leaf
			Expect(verify(leaf, w.issuing, name, w.clock.Now())).To(Succeed())
			Expect(leaf.NotBefore).To(Equal(w.clock.Now().Add(-time.Hour)))
		}
		Expect(w.wasCached(emulate.Request{Name: "NEVER-reached.test."})).To(BeTrue())
	})

	It("cannot be made without any name", func() {
		w := newWorkshop(nil)
		_, _, err := w.Emulate(emulate.Request{})
		Expect(err).To(MatchError(ContainSubstring(`emulate certificate for ""`)))
	})

	It("has a key of the kind asked for, always the same", func() {
		asked := 0
		key := rsaKey()
		w := newWorkshop(func(cfg *emulate.ForgeConfig) {
			cfg.RSAKey = func() (crypto.Signer, error) { asked++; return key, nil }
		})
		a, b := w.emulate(emulate.Request{Name: "a.test"}), w.emulate(emulate.Request{Name: "b.test"})
		Expect(a.Leaf.PublicKey).To(BeAssignableToTypeOf(&ecdsa.PublicKey{}))
		Expect(a.PrivateKey).To(BeIdenticalTo(b.PrivateKey))
		Expect(asked).To(Equal(0))
		a, b = w.emulate(emulate.Request{Name: "a.test", RSA: true}), w.emulate(emulate.Request{Name: "b.test", RSA: true})
		Expect(a.Leaf.PublicKey).To(BeAssignableToTypeOf(&rsa.PublicKey{}))
		Expect(a.Leaf.KeyUsage).To(Equal(x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment))
		Expect(a.PrivateKey).To(BeIdenticalTo(b.PrivateKey))
		Expect(asked).To(Equal(1))
	})

	It("says when there is no RSA key", func() {
		w := newWorkshop(func(cfg *emulate.ForgeConfig) {
			cfg.RSAKey = func() (crypto.Signer, error) { return nil, errors.New("drawer is empty") }
		})
		_, _, err := w.Emulate(emulate.Request{Name: "a.test", RSA: true})
		Expect(err).To(MatchError(`emulate certificate for "a.test": drawer is empty`))
	})

	It("is issued by the untrusted authority when asked for, where there is one", func() {
		c := newClock()
		distrusted := authority(emulate.AuthorityConfig{Name: "Untrusted", Now: c.Now})
		w := newWorkshop(func(cfg *emulate.ForgeConfig) { cfg.Untrusted = distrusted })
		origin := originFor("a.test")
		cert := w.emulate(emulate.Request{Origin: origin, Untrusted: true})
		Expect(cert.Leaf.CheckSignatureFrom(distrusted.Certificate())).To(Succeed())
		Expect(cert.Leaf.OCSPServer).To(Equal([]string{"http://status.test/ocsp/untrusted"}))
		Expect(cert.Certificate).To(HaveLen(1))
		Expect(w.wasCached(emulate.Request{Origin: origin})).To(BeFalse())
		plain := newWorkshop(nil)
		Expect(plain.emulate(emulate.Request{Origin: origin, Untrusted: true}).Leaf.CheckSignatureFrom(plain.issuing.Certificate())).To(Succeed())
	})
})

var _ = Describe("the cache of a forge", func() {
	It("has each certificate of an origin once, under whatever name it is asked for", func() {
		w := newWorkshop(nil)
		origin := originFor("*.contoso.test")
		Expect(w.wasCached(emulate.Request{Origin: origin, Name: "a.contoso.test"})).To(BeFalse())
		Expect(w.wasCached(emulate.Request{Origin: origin, Name: "b.contoso.test"})).To(BeTrue())
		Expect(w.wasCached(emulate.Request{Origin: originFor("*.contoso.test"), Name: "a.contoso.test"})).To(BeFalse())
		Expect(w.wasCached(emulate.Request{Origin: origin, Name: "a.contoso.test", RSA: true})).To(BeFalse())
	})

	It("mints once under a burst", func() {
		w := newWorkshop(nil)
		origin := originFor("a.test")
		certs := make([]*tls.Certificate, 64)
		minted := make([]bool, len(certs))
		var wg sync.WaitGroup
		for i := range certs {
			wg.Go(func() {
				defer GinkgoRecover()
				cert, cached, err := w.Certificate(origin, "a.test")
				Expect(err).NotTo(HaveOccurred())
				certs[i], minted[i] = cert, !cached
			})
		}
		wg.Wait()
		count := 0
		for i := range certs {
			Expect(certs[i]).To(BeIdenticalTo(certs[0]))
			if minted[i] {
				count++
			}
		}
		Expect(count).To(Equal(1))
	})

	It("forgets the one used longest ago", func() {
		w := newWorkshop(func(cfg *emulate.ForgeConfig) { cfg.CacheSize = 2 })
		ask := func(name string) bool { return w.wasCached(emulate.Request{Name: name}) }
		Expect([]bool{ask("a.test"), ask("b.test"), ask("a.test"), ask("c.test")}).To(Equal([]bool{false, false, true, false}))
		Expect([]bool{ask("a.test"), ask("b.test")}).To(Equal([]bool{true, false}))
	})

	It("is empty after a flush", func() {
		w := newWorkshop(nil)
		before := w.emulate(emulate.Request{Name: "a.test"})
		w.Flush()
		Expect(w.wasCached(emulate.Request{Name: "a.test"})).To(BeFalse())
		Expect(w.emulate(emulate.Request{Name: "a.test"}).Leaf.SerialNumber).NotTo(Equal(before.Leaf.SerialNumber))
	})

	It("is not used for other pointers", func() {
		w := newWorkshop(func(cfg *emulate.ForgeConfig) { cfg.Pointers = emulate.Pointers{} })
		origin := originFor("a.test")
		Expect(w.emulate(emulate.Request{Origin: origin}).Leaf.OCSPServer).To(BeEmpty())
		w.SetPointers(emulate.Pointers{OCSP: true, Base: "http://status.test"})
		cert, cached, err := w.Certificate(origin, "a.test")
		Expect(err).NotTo(HaveOccurred())
		Expect(cached).To(BeFalse())
		Expect(cert.Leaf.OCSPServer).To(HaveLen(1))
		w.SetPointers(emulate.Pointers{})
		Expect(w.wasCached(emulate.Request{Origin: origin})).To(BeTrue())
	})

	It("does not keep a certificate that has expired, or that has come into force", func() {
		w := newWorkshop(nil)
		now := w.clock.Now()
		short := selfSigned(&x509.Certificate{DNSNames: []string{"a.test"}, NotAfter: now.Add(time.Hour)})
		future := selfSigned(&x509.Certificate{DNSNames: []string{"a.test"}, NotBefore: now.Add(time.Hour)})
		for _, origin := range []*x509.Certificate{short, future} {
			Expect(w.wasCached(emulate.Request{Origin: origin})).To(BeFalse())
			Expect(w.wasCached(emulate.Request{Origin: origin})).To(BeTrue())
		}
		w.clock.Pass(2 * time.Hour)
		for _, origin := range []*x509.Certificate{short, future} {
			Expect(w.wasCached(emulate.Request{Origin: origin})).To(BeFalse())
			Expect(w.wasCached(emulate.Request{Origin: origin})).To(BeTrue())
		}
	})

	It("does not take a failure for a certificate", func() {
		w := newWorkshop(nil)
		for range 2 {
			cert, cached, err := w.Certificate(nil, "ü.test")
			Expect(err).To(MatchError(ContainSubstring("ü.test")))
			Expect(cert).To(BeNil())
			Expect(cached).To(BeFalse())
		}
	})
})

var _ = Describe("the status of emulated certificates", func() {
	status := func(w workshop, cert *tls.Certificate) int {
		return mustAsk(w.issuing, cert.Leaf, emulate.Answer{}).Status
	}

	It("is good", func() {
		w := newWorkshop(nil)
		Expect(status(w, w.emulate(emulate.Request{Name: "a.test"}))).To(Equal(ocsp.Good))
	})

	It("is revoked for a name, now and later, until that is lifted", func() {
		w := newWorkshop(nil)
		wild := w.emulate(emulate.Request{Origin: originFor("*.contoso.test"), Name: "x.contoso.test"})
		other := w.emulate(emulate.Request{Origin: originFor("other.test")})
		lift := w.Revoke("SIP.contoso.test")
		fresh := w.emulate(emulate.Request{Origin: originFor("sip.contoso.test")})
		Expect([]int{status(w, wild), status(w, other), status(w, fresh)}).To(Equal([]int{ocsp.Revoked, ocsp.Good, ocsp.Revoked}))
		Expect(serialsOf(listOf(w.issuing, emulate.Answer{}))).To(HaveLen(2))
		lift()
		lift()
		Expect([]int{status(w, wild), status(w, fresh)}).To(Equal([]int{ocsp.Good, ocsp.Good}))
		Expect(status(w, w.emulate(emulate.Request{Origin: originFor("sip.contoso.test")}))).To(Equal(ocsp.Good))
	})

	It("stays revoked while another revocation names it", func() {
		w := newWorkshop(nil)
		cert := w.emulate(emulate.Request{Origin: originFor("a.test", "b.test")})
		liftA, liftB := w.Revoke("a.test"), w.Revoke("b.test")
		liftA()
		Expect(status(w, cert)).To(Equal(ocsp.Revoked))
		liftB()
		Expect(status(w, cert)).To(Equal(ocsp.Good))
	})

	It("is stapled when configured, and stapled anew when it changed or half its time is over", func() {
		w := newWorkshop(func(cfg *emulate.ForgeConfig) { cfg.Staple = true })
		stapled := func() (*tls.Certificate, *ocsp.Response) {
			cert := w.emulate(emulate.Request{Name: "a.test"})
			r, err := ocsp.ParseResponseForCert(cert.OCSPStaple, cert.Leaf, w.issuing.Certificate())
			Expect(err).NotTo(HaveOccurred())
			return cert, r
		}
		first, answer := stapled()
		Expect(answer.Status).To(Equal(ocsp.Good))
		w.clock.Pass(3 * day)
		same, _ := stapled()
		Expect(same).To(BeIdenticalTo(first))
		w.clock.Pass(day)
		later, answer := stapled()
		Expect(later).NotTo(BeIdenticalTo(first))
		Expect(later.Leaf).To(BeIdenticalTo(first.Leaf))
		Expect(answer.ThisUpdate).To(Equal(w.clock.Now().Add(-5 * time.Minute)))
		w.Revoke("a.test")
		_, answer = stapled()
		Expect(answer.Status).To(Equal(ocsp.Revoked))
	})
})

var _ = Describe("a client that needs RSA", func() {
	const ecdsa12, rsa12 = tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256
	both := []tls.SignatureScheme{tls.PSSWithSHA256, tls.ECDSAWithP256AndSHA256}
	for i, row := range []struct {
		hello tls.ClientHelloInfo
		needs bool
	}{
		{tls.ClientHelloInfo{SignatureSchemes: both, SupportedVersions: []uint16{tls.VersionTLS13}, CipherSuites: []uint16{tls.TLS_AES_128_GCM_SHA256}}, false},
		{tls.ClientHelloInfo{SignatureSchemes: both, SupportedVersions: []uint16{tls.VersionTLS12}, CipherSuites: []uint16{rsa12, ecdsa12}}, false},
		{tls.ClientHelloInfo{SignatureSchemes: both, SupportedVersions: []uint16{tls.VersionTLS12}, CipherSuites: []uint16{rsa12}}, true},
		{tls.ClientHelloInfo{SignatureSchemes: both[:1], SupportedVersions: []uint16{tls.VersionTLS13}}, true},
		{tls.ClientHelloInfo{SupportedVersions: []uint16{tls.VersionTLS10}, CipherSuites: []uint16{tls.TLS_RSA_WITH_AES_128_CBC_SHA}}, true},
	} {
		It(fmt.Sprintf("is known by its hello, case %d", i), func() {
			Expect(emulate.NeedsRSA(&row.hello)).To(Equal(row.needs))
		})
	}
})

// handshake lets a TLS client that trusts the root meet the certificate.
func handshake(cert *tls.Certificate, w workshop, name string) error {
	client, server := net.Pipe()
	defer client.Close()
	defer server.Close()
	go tls.Server(server, &tls.Config{Certificates: []tls.Certificate{*cert}, Time: w.clock.Now}).Handshake()
	roots := x509.NewCertPool()
	roots.AddCert(w.issuing.Root())
	return tls.Client(client, &tls.Config{ServerName: name, RootCAs: roots, Time: w.clock.Now}).Handshake()
}
