package revocation_test

import (
	"crypto/x509"
	"errors"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/proxy/revocation"
)

var _ = Describe("Chain", func() {
	// tls is a template of a TLS server's certificate under int-good.
	tls := func(b *bench, name string) *x509.Certificate {
		t := b.template(name)
		t.DNSNames, t.ExtKeyUsage = []string{name}, []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
		return t
	}
	trust := func(b *bench, names ...string) *x509.CertPool {
		pool := x509.NewCertPool()
		for _, n := range names {
			pool.AddCert(b.issuers[n].cert)
		}
		return pool
	}

	It("is leaf first, root last, whatever order the server sent", func() {
		b := newBench(time.Now())
		leaf := issue(tls(b, "a.test"), b.issuers["int-good"]).cert
		sent := []*x509.Certificate{b.issuers["root"].cert, b.issuers["stranger"].cert, b.issuers["int-good"].cert}
		path, err := revocation.Chain(leaf, sent, trust(b, "root"), "a.test", b.now)
		Expect(err).NotTo(HaveOccurred())
		Expect(path).To(Equal(b.chain(leaf)))
	})

	DescribeTable("names what is wrong", func(code, detail string, present func(b *bench) (leaf *x509.Certificate, sent []*x509.Certificate)) {
		b := newBench(time.Now())
		leaf, sent := present(b)
		path, err := revocation.Chain(leaf, sent, trust(b, "root"), "a.test", b.now)
		var wrong *revocation.PathError
		Expect(errors.As(err, &wrong)).To(BeTrue())
		Expect(wrong.Code).To(Equal(code))
		Expect(wrong.Detail).To(Equal(detail))
		Expect(path != nil).To(Equal(code == revocation.CodeWrongName))
	},
		Entry("a stranger's root, sent along", revocation.CodeUntrustedRoot, "no trusted root issued Bench stranger (issuer Bench stranger)",
			func(b *bench) (*x509.Certificate, []*x509.Certificate) {
				return issue(tls(b, "a.test"), b.issuers["stranger"]).cert, []*x509.Certificate{b.issuers["stranger"].cert}
			}),
		Entry("a stranger's root, not sent", revocation.CodeUntrustedRoot, "no trusted root issued a.test (issuer Bench stranger)",
			func(b *bench) (*x509.Certificate, []*x509.Certificate) {
				return issue(tls(b, "a.test"), b.issuers["stranger"]).cert, nil
			}),
		Entry("an intermediate of an unknown root", revocation.CodeUntrustedRoot, "no trusted root issued Bench below (issuer Bench stranger)",
			func(b *bench) (*x509.Certificate, []*x509.Certificate) {
				below := b.authority("below", b.issuers["stranger"], "-", "-")
				return issue(tls(b, "a.test"), below).cert, []*x509.Certificate{below.cert}
			}),
		Entry("an intermediate that was not sent", revocation.CodeChaining, "issuer Bench int-good of a.test was not sent",
			func(b *bench) (*x509.Certificate, []*x509.Certificate) {
				t := tls(b, "a.test")
				t.IssuingCertificateURL = []string{"http://status.test/int-good.cer"}
				return issue(t, b.issuers["int-good"]).cert, nil
			}),
		Entry("an intermediate with another key", revocation.CodeSignature, "certificate a.test is not signed by the CN=Bench int-good that was sent",
			func(b *bench) (*x509.Certificate, []*x509.Certificate) {
				return issue(tls(b, "a.test"), b.issuers["int-good"]).cert, []*x509.Certificate{b.impostor("int-good").cert}
			}),
		Entry("an expired leaf", revocation.CodeExpired, "certificate a.test: expired or not yet valid",
			func(b *bench) (*x509.Certificate, []*x509.Certificate) {
				t := tls(b, "a.test")
				t.NotBefore, t.NotAfter = b.now.AddDate(0, 0, -9), b.now.AddDate(0, 0, -1)
				return issue(t, b.issuers["root"]).cert, nil
			}),
		Entry("a client's certificate", revocation.CodeWrongUsage, "certificate a.test: not for TLS servers",
			func(b *bench) (*x509.Certificate, []*x509.Certificate) {
				t := tls(b, "a.test")
				t.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
				return issue(t, b.issuers["root"]).cert, nil
			}),
		Entry("a leaf that signs", revocation.CodeChaining, "certificate middle.test: not a CA certificate, yet it signs",
			func(b *bench) (*x509.Certificate, []*x509.Certificate) {
				middle := issue(tls(b, "middle.test"), b.issuers["root"])
				return issue(tls(b, "a.test"), middle).cert, []*x509.Certificate{middle.cert}
			}),
		Entry("another name", revocation.CodeWrongName, "certificate b.test does not name a.test",
			func(b *bench) (*x509.Certificate, []*x509.Certificate) {
				return issue(tls(b, "b.test"), b.issuers["root"]).cert, nil
			}),
	)

	It("asks for no name where none is given, and trusts nobody without roots", func() {
		b := newBench(time.Now())
		leaf := issue(tls(b, "b.test"), b.issuers["root"]).cert
		_, err := revocation.Chain(leaf, nil, trust(b, "root"), "", b.now)
		Expect(err).NotTo(HaveOccurred())
		_, err = revocation.Chain(leaf, nil, nil, "", b.now)
		Expect(err).To(MatchError(HavePrefix(revocation.CodeUntrustedRoot)))
	})
})
