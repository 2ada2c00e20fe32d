package emulate_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"testing"
	"time"

	"golang.org/x/crypto/ocsp"

	"rehearse/proxy/emulate"
)

// benchForge is a forge whose issuer has a key of a kind, and an origin.
func benchForge(b *testing.B, kind string) (*emulate.Forge, *emulate.Authority, *x509.Certificate) {
	b.Helper()
	a, err := emulate.NewAuthority(emulate.AuthorityConfig{Name: "Root", Key: benchKey(b, kind), Now: time.Now})
	if err != nil {
		b.Fatal(err)
	}
	f, err := emulate.NewForge(emulate.ForgeConfig{Authority: a, Pointers: emulate.Pointers{CRL: true, OCSP: true, Base: "http://s.test"}, Now: time.Now})
	if err != nil {
		b.Fatal(err)
	}
	origin, err := a.Issue(emulate.Template{Names: []string{"www.contoso.test", "*.contoso.test"}, Key: benchKey(b, "ECDSA").Public()})
	if err != nil {
		b.Fatal(err)
	}
	return f, a, origin
}

// BenchmarkMint makes a new emulated certificate each time. Beside it stands the floor:
// one x509.CreateCertificate with the same keys and fields.
func BenchmarkMint(b *testing.B) {
	for _, kind := range []string{"ECDSA", "RSA"} {
		b.Run(kind, func(b *testing.B) {
			f, _, _ := benchForge(b, kind)
			i := 0
			for b.Loop() {
				i++
				if _, cached, err := f.Certificate(nil, fmt.Sprintf("h%d.contoso.test", i)); err != nil || cached {
					b.Fatal(cached, err)
				}
			}
		})
		b.Run(kind+"/floor", func(b *testing.B) {
			_, a, origin := benchForge(b, kind)
			key := benchKey(b, kind)
			for b.Loop() {
				template := &x509.Certificate{
					SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "h.contoso.test"}, DNSNames: []string{"h.contoso.test"},
					NotBefore: origin.NotBefore, NotAfter: origin.NotAfter, KeyUsage: x509.KeyUsageDigitalSignature,
					ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}, BasicConstraintsValid: true,
					OCSPServer: []string{"http://s.test/ocsp/root"}, CRLDistributionPoints: []string{"http://s.test/crl/root.crl"},
				}
				parent := *a.Certificate()
				parent.PublicKey = key.Public()
				if _, err := x509.CreateCertificate(rand.Reader, template, &parent, origin.PublicKey, key); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func benchKey(b *testing.B, kind string) crypto.Signer {
	b.Helper()
	var key crypto.Signer
	var err error
	if kind == "RSA" {
		key, err = rsa.GenerateKey(rand.Reader, 2048)
	} else {
		key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	}
	if err != nil {
		b.Fatal(err)
	}
	return key
}

// BenchmarkCached takes the same emulated certificate from the cache, from all cores.
func BenchmarkCached(b *testing.B) {
	f, _, origin := benchForge(b, "ECDSA")
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, _, err := f.Certificate(origin, "www.contoso.test"); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkOCSP signs an answer about one certificate.
func BenchmarkOCSP(b *testing.B) {
	for _, kind := range []string{"ECDSA", "RSA"} {
		b.Run(kind, func(b *testing.B) {
			_, a, origin := benchForge(b, kind)
			request, err := ocsp.CreateRequest(origin, a.Certificate(), nil)
			if err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				if _, err := a.OCSP(request, emulate.Answer{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkHugeCRL signs a list of over 5 MiB.
func BenchmarkHugeCRL(b *testing.B) {
	for b.Loop() {
		b.StopTimer()
		_, a, _ := benchForge(b, "ECDSA")
		b.StartTimer()
		if _, err := a.CRL(emulate.Answer{Huge: true}); err != nil {
			b.Fatal(err)
		}
	}
}
