package emulate_test

import (
	"crypto"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"maps"
	"slices"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	zx509 "github.com/zmap/zcrypto/x509"
	"github.com/zmap/zlint/v3"
	"github.com/zmap/zlint/v3/lint"
	"golang.org/x/crypto/ocsp"

	"rehearse/proxy/emulate"
)

// private are the findings that do not apply, and why. Every other notice, warning
// or error fails the spec; so does a row that nothing finds any more.
func private() map[string]string {
	const (
		noPolicies = "certificate policies are a public CA's promises to its subscribers; a private interception CA has made none"
		asOrigin   = "subject and names are the origin's, whatever they are; for the rest a common name helps old clients"
		intranet   = "an intranet server may be asked for by a private address, and gets a page under that name"
	)
	return map[string]string{
		"e_sub_ca_certificate_policies_missing":          noPolicies,
		"e_invalid_ca_certificate_policies":              noPolicies,
		"e_sub_cert_certificate_policies_missing":        noPolicies,
		"e_sub_cert_cert_policy_empty":                   noPolicies,
		"e_ext_san_contains_reserved_ip":                 intranet,
		"e_subject_contains_reserved_ip":                 intranet,
		"w_subject_common_name_included":                 asOrigin,
		"n_ct_sct_policy_count_unsatisfied":              "no public log takes what a private CA issues, and browsers do not ask for it",
		"w_ext_subject_key_identifier_missing_sub_cert":  "RFC 5280 advises it and the public rules since 2023 advise against; zlint warns either way",
		"w_sub_cert_aia_does_not_contain_issuing_ca_url": "the issuing intermediate is sent in the handshake, there is nothing to fetch",
	}
}

// found lists what zlint has to say, worse than "pass".
func found(r *zlint.ResultSet) map[string]string {
	out := map[string]string{}
	for name, result := range r.Results {
		if result.Status >= lint.Notice {
			out[name] = fmt.Sprintf("%s %s", result.Status, result.Details)
		}
	}
	return out
}

func lintCertificate(c *x509.Certificate) map[string]string {
	z, err := zx509.ParseCertificate(c.Raw)
	Expect(err).NotTo(HaveOccurred())
	return found(zlint.LintCertificate(z))
}

func lintList(a *emulate.Authority) map[string]string {
	der, err := a.CRL(emulate.Answer{})
	Expect(err).NotTo(HaveOccurred())
	z, err := zx509.ParseRevocationList(der)
	Expect(err).NotTo(HaveOccurred())
	return found(zlint.LintRevocationList(z))
}

func lintAnswer(a *emulate.Authority, cert *x509.Certificate, how emulate.Answer) map[string]string {
	der, err := a.OCSP(question(cert, a.Certificate(), crypto.SHA1), how)
	Expect(err).NotTo(HaveOccurred())
	r, err := ocsp.ParseResponseForCert(der, cert, a.Certificate())
	Expect(err).NotTo(HaveOccurred())
	return found(zlint.LintOcspResponse(r))
}

var _ = Describe("zlint", func() {
	It("finds nothing but what is listed with a reason", func() {
		all := map[string]string{}
		collect := func(what string, findings map[string]string) {
			for name, detail := range findings {
				all[name] += "\n\t" + what + ": " + detail
			}
		}
		for _, kind := range keyKinds() {
			c := newClock()
			root := authority(emulate.AuthorityConfig{Name: "Root", Key: kind.make(), Now: c.Now})
			issuing := authority(emulate.AuthorityConfig{
				Name: "Issuing", Key: kind.make(), Parent: root, Now: c.Now,
				OCSPURL: "http://status.contoso.com/ocsp/root", CRLURL: "http://status.contoso.com/crl/root.crl",
			})
			collect(kind.name+" root", lintCertificate(root.Certificate()))
			collect(kind.name+" intermediate", lintCertificate(issuing.Certificate()))
			w := newWorkshop(func(cfg *emulate.ForgeConfig) {
				cfg.Authority, cfg.Pointers.Base = issuing, "http://status.contoso.com"
			})
			origin := selfSigned(&x509.Certificate{
				Subject:  pkix.Name{CommonName: "www.contoso.com"},
				DNSNames: []string{"www.contoso.com", "*.contoso.com"}, NotAfter: c.Now().Add(90 * day),
			})
			for _, r := range []emulate.Request{{Origin: origin}, {Origin: origin, RSA: true}, {Name: "www.contoso.com"}, {Name: "10.0.0.1"}} {
				leaf := w.emulate(r).Leaf
				collect(fmt.Sprintf("%s leaf %q, RSA %t", kind.name, leaf.Subject.CommonName, r.RSA), lintCertificate(leaf))
				issuing.Revoke(leaf.SerialNumber, c.Now(), 1)
			}
			leaf := leafOf(issuing, "www.contoso.com")
			collect(kind.name+" delegate", lintCertificate(mustAsk(issuing, leaf, emulate.Answer{Delegated: true}).Certificate))
			collect(kind.name+" answer", lintAnswer(issuing, leaf, emulate.Answer{}))
			collect(kind.name+" delegated answer", lintAnswer(issuing, leaf, emulate.Answer{Delegated: true}))
			collect(kind.name+" CRL", lintList(issuing))
			collect(kind.name+" root CRL", lintList(root))
		}
		for _, name := range slices.Sorted(maps.Keys(all)) {
			Expect(private()).To(HaveKey(name), "%s:%s", name, all[name])
		}
		for name := range private() {
			Expect(all).To(HaveKey(name), "listed, but no longer found")
		}
	})
})
