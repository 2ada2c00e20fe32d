package revocation_test

import (
	"crypto/x509"
	"math/big"
	"testing"
	"time"

	"rehearse/proxy/revocation"
)

// BenchmarkCRL judges a certificate by a list of 100,000 others, read anew.
func BenchmarkCRL(b *testing.B) {
	pki := newBench(time.Now())
	leaf := pki.leaf("a.test", "int-good", "-", "good")
	list := pki.crl("good", "int-good", func(l *x509.RevocationList) {
		for i := range 100_000 {
			serial := new(big.Int).Lsh(big.NewInt(int64(i)+1), 100)
			l.RevokedCertificateEntries = append(l.RevokedCertificateEntries, x509.RevocationListEntry{SerialNumber: serial, RevocationTime: pki.now, ReasonCode: 4})
		}
	})
	q := revocation.Question{Certificate: leaf, Issuer: pki.issuers["int-good"].cert, Now: pki.now}
	b.SetBytes(int64(len(list)))
	b.ReportAllocs()
	for b.Loop() {
		if j := q.CRL(list); j.Verdict != revocation.Good {
			b.Fatal(j)
		}
	}
}

// BenchmarkCheck is a whole chain: asked anew, and from the cache.
func BenchmarkCheck(b *testing.B) {
	for _, c := range []struct {
		name  string
		cache *revocation.Cache
	}{{"asked", nil}, {"cached", new(revocation.Cache)}} {
		b.Run(c.name, func(b *testing.B) {
			pki := newBench(time.Now())
			checker := checkerFor(pki)
			checker.Cache = c.cache
			chain := pki.chain(pki.leaf("a.test", "int-good", "good", "good"))
			b.ReportAllocs()
			for b.Loop() {
				if r := checker.Check(b.Context(), chain, nil); !r.Accept {
					b.Fatal(r)
				}
			}
		})
	}
}
