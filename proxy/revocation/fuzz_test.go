package revocation_test

import (
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

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
		if j := q.CRL(content); !known(j.Verdict) {
			t.Errorf("verdict %q is not in the table", j.Verdict)
		}
	})
}

// FuzzScope reads an issuing distribution point and distribution points that
// the issuer signed, for a judge must not trust an issuer to be well made.
func FuzzScope(f *testing.F) {
	b := newBench(time.Date(2026, 3, 1, 13, 0, 0, 0, time.UTC))
	good := b.leaf("fuzzed.test", "int-good", "-", "good")
	for _, e := range good.Extensions {
		if e.Id.Equal(asn1.ObjectIdentifier{2, 5, 29, 31}) {
			f.Add(e.Value)
		}
	}
	f.Add([]byte{0x30, 0})
	f.Add([]byte{0x30, 3, 0x81, 1, 0xff})
	f.Add([]byte{0x30, 3, 0x84, 1, 0xff})
	f.Add([]byte("\x30\x11\xa0\x0f\xa0\x0d\x86\x0bhttp://a.b/"))
	f.Fuzz(func(t *testing.T, value []byte) {
		list := b.crl("good", "int-good", func(l *x509.RevocationList) {
			l.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 28}, Critical: true, Value: value}}
		})
		leaf := *good
		leaf.Extensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 31}, Value: value}}
		checker := checkerFor(b)
		checker.Fetcher = fetcher(func(string, string, []byte) (int, []byte, error) { return http.StatusOK, list, nil })
		checker.Behaviour.Scope = revocation.LeafOnly
		if r := checker.Check(t.Context(), b.chain(&leaf), nil); !known(r.Verdict) {
			t.Errorf("verdict %q is not in the table", r.Verdict)
		}
	})
}

// FuzzSignedCRL reads entries and extensions behind a right signature.
func FuzzSignedCRL(f *testing.F) {
	b := newBench(time.Date(2026, 3, 1, 13, 0, 0, 0, time.UTC))
	leaf, by := b.leaf("fuzzed.test", "int-good", "-", "good"), b.issuers["int-good"]
	time1 := "\x17\x0d260301000000Z"
	f.Add([]byte{}, []byte{})
	f.Add([]byte("\x30\x12\x02\x01\x0a"+time1), []byte("\xa0\x02\x30\x00"))
	f.Add([]byte("\x30\x20\x02\x01\x0a"+time1+"\x30\x0c\x30\x0a\x06\x03\x55\x1d\x15\x04\x03\x0a\x01\x01"), []byte("\xa0\x10\x30\x0e\x30\x0c\x06\x03\x55\x1d\x1c\x01\x01\xff\x04\x02\x30\x00"))
	q := revocation.Question{Certificate: leaf, Issuer: by.cert, Now: b.now, Skew: time.Minute}
	f.Fuzz(func(t *testing.T, entries, extensions []byte) {
		if j := q.CRL(signedCRL(by, entries, extensions)); !known(j.Verdict) {
			t.Errorf("verdict %q is not in the table", j.Verdict)
		}
	})
}

// signedCRL is a CRL in force whose entries and extensions are as given, signed.
func signedCRL(by signer, entries, extensions []byte) []byte {
	algorithm := []byte("\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02") // ecdsa-with-SHA256
	sequence := func(parts ...[]byte) []byte {
		var b cryptobyte.Builder
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			for _, p := range parts {
				b.AddBytes(p)
			}
		})
		return b.BytesOrPanic()
	}
	tbs := sequence([]byte{2, 1, 1}, algorithm, by.cert.RawSubject, []byte("\x17\x0d260301000000Z\x17\x0d260401000000Z"), sequence(entries), extensions)
	digest := sha256.Sum256(tbs)
	signature, err := by.key.Sign(rand.Reader, digest[:], crypto.SHA256)
	if err != nil {
		panic(err)
	}
	var bits cryptobyte.Builder
	bits.AddASN1BitString(signature)
	return sequence(tbs, algorithm, bits.BytesOrPanic())
}
