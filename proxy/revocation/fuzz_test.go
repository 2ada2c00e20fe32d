package revocation_test

import (
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"rehearse/proxy/revocation"
)

// fuzzed is a question about the vectors' leaf, for plain tests.
func fuzzed(f *testing.F) revocation.Question {
	cert := func(name string) *x509.Certificate {
		text, err := os.ReadFile(filepath.Join("testdata", "openssl", name))
		if err != nil {
			f.Fatal(err)
		}
		block, _ := pem.Decode(text)
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			f.Fatal(err)
		}
		return c
	}
	now := time.Date(2026, 3, 1, 13, 0, 0, 0, time.UTC)
	return revocation.Question{Certificate: cert("leaf.pem"), Issuer: cert("issuer.pem"), Now: now, Skew: revocation.DefaultSkew}
}

// seed adds the vectors whose names match.
func seed(f *testing.F, pattern string) {
	files, err := filepath.Glob(filepath.Join("testdata", "openssl", pattern))
	if err != nil || len(files) == 0 {
		f.Fatalf("no seeds for %s: %v", pattern, err)
	}
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
}

// known says whether v is a row of Verdicts.
func known(v revocation.Verdict) bool {
	return slices.ContainsFunc(revocation.Verdicts, func(m revocation.Meaning) bool { return m.Verdict == v })
}

func FuzzOCSP(f *testing.F) {
	q := fuzzed(f)
	seed(f, "ocsp-*.der")
	f.Fuzz(func(t *testing.T, answer []byte) {
		j := q.OCSP(answer)
		if !known(j.Verdict) {
			t.Errorf("verdict %q is not in the table", j.Verdict)
		}
		if j.Verdict == revocation.Good && len(answer) < 200 {
			t.Errorf("good by %d bytes, too few to hold a signature", len(answer))
		}
	})
}

func FuzzCRL(f *testing.F) {
	q := fuzzed(f)
	seed(f, "crl*")
	f.Fuzz(func(t *testing.T, content []byte) {
		j := q.CRL(content)
		if !known(j.Verdict) {
			t.Errorf("verdict %q is not in the table", j.Verdict)
		}
		// Entries and scope are read only behind a right signature: read the same
		// list as if the issuer had signed it, to reach that code too.
		if list, err := x509.ParseRevocationList(content); err == nil {
			own := q
			own.Issuer = &x509.Certificate{RawSubject: list.RawIssuer, PublicKey: q.Issuer.PublicKey}
			own.CRL(content)
		}
	})
}
