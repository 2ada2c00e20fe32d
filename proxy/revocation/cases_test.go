package revocation_test

import (
	"context"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"golang.org/x/crypto/ocsp"

	"rehearse/proxy/revocation"
)

// testCase is one row of testdata/cases.tsv: a chain, and what real verifiers
// said of it.
type testCase struct {
	name, issuer, ocsp, crl, staple, extra string
	accepted                               map[string]bool // by judge
	fetched                                []string        // paths asked for by java:both
}

func readCases() []testCase {
	text, err := os.ReadFile(filepath.Join("testdata", "cases.tsv"))
	Expect(err).NotTo(HaveOccurred())
	var cases []testCase
	var judges []string
	for line := range strings.Lines(string(text)) {
		f := strings.Split(strings.TrimSpace(line), "\t")
		switch {
		case len(f) < 8:
			continue
		case strings.HasPrefix(f[0], "#"):
			judges = f[6 : len(f)-1]
			continue
		}
		c := testCase{name: f[0], issuer: f[1], ocsp: f[2], crl: f[3], staple: f[4], extra: f[5], accepted: map[string]bool{}}
		for i, judge := range judges {
			c.accepted[judge] = f[6+i] == "+"
		}
		if last := f[len(f)-1]; last != "-" {
			c.fetched = strings.Fields(last)
		}
		cases = append(cases, c)
	}
	return cases
}

// present makes the case's certificate and staple.
func (c testCase) present(b *bench) (leaf *x509.Certificate, sent []*x509.Certificate, staple []byte) {
	t := b.template(c.name + ".bench.test")
	t.DNSNames = []string{c.name + ".bench.test"}
	t.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	switch c.extra {
	case "badname":
		t.DNSNames = []string{"other.bench.test"}
	case "expired":
		t.NotBefore, t.NotAfter = b.now.AddDate(0, 0, -30), b.now.AddDate(0, 0, -10)
	case "must":
		t.ExtraExtensions = append(t.ExtraExtensions, mustStaple())
	}
	point(t, c.issuer, c.ocsp, c.crl)
	leaf = issue(t, b.issuers[c.issuer]).cert
	if c.issuer != "root" {
		sent = append(sent, b.issuers[c.issuer].cert)
	}
	if c.staple != "-" {
		staple = b.answer(c.staple, c.issuer, ocsp.Response{SerialNumber: leaf.SerialNumber})
	}
	return leaf, sent, staple
}

// judge does what a TLS client does: the path, revocation, then the name.
func (c testCase) judge(b *bench, how revocation.Behaviour) (accept bool, r revocation.Result) {
	leaf, sent, staple := c.present(b)
	roots := x509.NewCertPool()
	roots.AddCert(b.issuers["root"].cert)
	chain, pathErr := revocation.Chain(leaf, sent, roots, c.name+".bench.test", b.now)
	if chain == nil {
		return false, r
	}
	checker := &revocation.Checker{Fetcher: b, Now: func() time.Time { return b.now }, Behaviour: how}
	// A share of a millisecond keeps the cases with a silent server quick; how
	// long a verifier really waits is the business of limits_test.go.
	checker.Behaviour.Limits = revocation.Limits{PerURL: time.Millisecond}
	if c.ocsp != "hang" {
		checker.Behaviour.Limits = revocation.Limits{PerURL: time.Hour}
	}
	r = checker.Check(context.Background(), chain, staple)
	return r.Accept && pathErr == nil, r
}

func mustStaple() (e pkix.Extension) {
	e.Id = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 1, 24}
	e.Value = []byte{0x30, 0x03, 0x02, 0x01, 0x05}
	return e
}

// judges says which Behaviour stands for which column of testdata/cases.tsv.
func judges() map[string][]revocation.Behaviour {
	named := func(names ...string) (all []revocation.Behaviour) {
		for _, n := range names {
			b, ok := revocation.BehaviourNamed(n)
			Expect(ok).To(BeTrue(), n)
			all = append(all, b)
		}
		return all
	}
	return map[string][]revocation.Behaviour{
		"java:both":      named("skype-strict", "java-pkix"),
		"java:ocsp":      {{Name: "java, OCSP only", Order: revocation.OCSPOnly}},
		"java:crl":       {{Name: "java, CRL only", Order: revocation.CRLOnly, Staple: revocation.StapleIgnored}},
		"java:leaf":      {{Name: "java, leaf only", Scope: revocation.LeafOnly}},
		"openssl-crl":    named("openssl-crl"),
		"openssl-crlall": {{Name: "openssl, all CRLs", Order: revocation.CRLOnly, Staple: revocation.StapleIgnored}},
		"openssl-ocsp":   named("openssl-ocsp"),
		"curl":           named("curl-staple"),
		"gnutls-ocsp":    named("gnutls-ocsp"),
	}
}

var _ = Describe("the measured cases", func() {
	for judge := range judges() {
		It("are judged as by "+judge, func() {
			cases := readCases()
			Expect(cases).To(HaveLen(55))
			for _, how := range judges()[judge] {
				for _, c := range cases {
					b := newBench(time.Now())
					accept, r := c.judge(b, how)
					Expect(accept).To(Equal(c.accepted[judge]), "%s by %s: %s %s", c.name, how.Name, r.Verdict, r.Detail)
				}
			}
		})
	}

	It("are fetched for in the order of a real strict verifier", func() {
		how, _ := revocation.BehaviourNamed("skype-strict")
		for _, c := range readCases() {
			if c.extra == "expired" { // its path is refused before anything is fetched
				continue
			}
			b := newBench(time.Now())
			c.judge(b, how)
			var paths []string
			for _, f := range b.fetched {
				Expect(f).To(HavePrefix("GET "), c.name)
				paths = append(paths, strings.TrimPrefix(f, "GET "))
			}
			Expect(paths).To(Equal(c.fetched), c.name)
		}
	})

	It("are the ones on record", func() {
		record, err := os.ReadFile(filepath.Join("..", "..", "..", "shared", "facts", "revocation-truth.tsv"))
		if err != nil {
			Skip("the record of the measurement is not here")
		}
		cases := readCases()
		for line := range strings.Lines(string(record)) {
			f := strings.Split(strings.TrimSpace(line), "\t")
			i := slices.IndexFunc(cases, func(c testCase) bool { return c.name == f[0] })
			if i < 0 {
				continue
			}
			if accepted, known := cases[i].accepted[f[1]]; known {
				Expect(accepted).To(Equal(f[2] == "accept"), "%s %s", f[0], f[1])
			}
		}
	})
})
