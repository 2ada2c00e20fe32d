package revocation_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"fmt"
	"math/big"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"time"

	"golang.org/x/crypto/ocsp"
)

// signer is a certificate with its key.
type signer struct {
	cert *x509.Certificate
	key  crypto.Signer
}

// bench is the PKI of testdata/cases.tsv: a root, intermediates in every
// condition, and a Fetcher that answers for all of them.
//
// Its URLs are http://status.test/ocsp/MODE/ISSUER and /crl/MODE/ISSUER.crl;
// http://down.test refuses and http://hang.test never answers.
type bench struct {
	now     time.Time
	issuers map[string]signer
	revoked map[int64]bool // serial numbers that mode "idx" calls revoked
	serial  int64
	fetched []string // method and URL path of each answered request
}

func newBench(now time.Time) *bench {
	b := &bench{now: now, issuers: map[string]signer{}, revoked: map[int64]bool{}}
	b.issuers["root"] = b.authority("root", signer{}, "-", "-")
	b.issuers["stranger"] = b.authority("stranger", signer{}, "-", "-")
	for _, i := range []struct{ name, ocsp, crl string }{
		{"int-good", "idx", "idx"}, {"int-rev", "idx", "idx"}, {"int-revcrl", "-", "idx"},
		{"int-revocsp", "idx", "-"}, {"int-plain", "-", "-"}, {"int-down", "down", "down"},
	} {
		b.issuers[i.name] = b.authority(i.name, b.issuers["root"], i.ocsp, i.crl)
		b.revoked[b.serial] = strings.HasPrefix(i.name, "int-rev")
	}
	return b
}

func newKey() crypto.Signer {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	return key
}

// template is a certificate dated back an hour, for ninety days.
func (b *bench) template(name string) *x509.Certificate {
	b.serial++
	return &x509.Certificate{
		SerialNumber: big.NewInt(b.serial), Subject: pkix.Name{CommonName: name},
		NotBefore: b.now.Add(-time.Hour), NotAfter: b.now.AddDate(0, 0, 90), BasicConstraintsValid: true,
	}
}

// issue signs t with parent, or with its own key where parent is the zero signer.
func issue(t *x509.Certificate, parent signer) signer {
	key := newKey()
	if parent.cert == nil {
		parent = signer{t, key}
	}
	der, err := x509.CreateCertificate(rand.Reader, t, parent.cert, key.Public(), parent.key)
	if err != nil {
		panic(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		panic(err)
	}
	return signer{cert, key}
}

func (b *bench) authority(name string, parent signer, ocspMode, crlMode string) signer {
	t := b.template("Bench " + name)
	t.IsCA = true
	t.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageCRLSign | x509.KeyUsageDigitalSignature
	point(t, "root", ocspMode, crlMode)
	return issue(t, parent)
}

// point puts pointers into a template; mode "-" leaves them out.
func point(t *x509.Certificate, issuer, ocspMode, crlMode string) {
	if ocspMode != "-" {
		t.OCSPServer = []string{place("ocsp", ocspMode, issuer)}
	}
	if crlMode != "-" {
		t.CRLDistributionPoints = []string{place("crl", crlMode, issuer)}
	}
}

func place(kind, mode, issuer string) string {
	switch {
	case mode == "down" || mode == "hang":
		return "http://" + mode + ".test/" + kind + "/" + issuer
	case mode == "ldap":
		return "ldap://down.test/CN=" + issuer + "?certificateRevocationList"
	case kind == "crl":
		return "http://status.test/crl/" + mode + "/" + issuer + ".crl"
	}
	return "http://status.test/ocsp/" + mode + "/" + issuer
}

// leaf is a TLS server's certificate.
func (b *bench) leaf(name, issuer, ocspMode, crlMode string) *x509.Certificate {
	t := b.template(name)
	t.DNSNames = []string{name}
	t.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	t.KeyUsage = x509.KeyUsageDigitalSignature
	point(t, issuer, ocspMode, crlMode)
	return issue(t, b.issuers[issuer]).cert
}

// chain is what Check takes for a leaf of int-good.
func (b *bench) chain(leaf *x509.Certificate) []*x509.Certificate {
	return []*x509.Certificate{leaf, b.issuers["int-good"].cert, b.issuers["root"].cert}
}

// Fetch implements revocation.Fetcher.
func (b *bench) Fetch(ctx context.Context, method, target string, body []byte) (int, []byte, error) {
	u, err := url.Parse(target)
	if err != nil {
		return 0, nil, err
	}
	switch u.Host {
	case "down.test":
		return 0, nil, &url.Error{Op: "Get", URL: target, Err: syscall.ECONNREFUSED}
	case "hang.test":
		<-ctx.Done()
		return 0, nil, ctx.Err()
	}
	parts := strings.SplitN(strings.TrimPrefix(u.EscapedPath(), "/"), "/", 4)
	if len(parts) < 3 {
		return http.StatusNotFound, nil, nil
	}
	b.fetched = append(b.fetched, method+" /"+strings.Join(parts[:3], "/"))
	switch {
	case parts[1] == "404":
		return http.StatusNotFound, nil, nil
	case parts[1] == "garbage":
		return http.StatusOK, []byte("<html><body>Access denied by content policy</body></html>"), nil
	case parts[0] == "crl":
		return http.StatusOK, b.crl(parts[1], strings.TrimSuffix(parts[2], ".crl"), nil), nil
	}
	if method == http.MethodGet {
		if body, err = fromPath(parts[3]); err != nil {
			return http.StatusBadRequest, nil, nil
		}
	}
	return http.StatusOK, b.ocsp(parts[1], parts[2], body), nil
}

func fromPath(escaped string) ([]byte, error) {
	s, err := url.PathUnescape(escaped)
	if err != nil {
		return nil, err
	}
	return base64.StdEncoding.DecodeString(s)
}

// impostor has the issuer's name and a key of its own.
func (b *bench) impostor(issuer string) signer {
	t := b.template("Bench " + issuer)
	t.IsCA, t.KeyUsage = true, x509.KeyUsageCertSign|x509.KeyUsageCRLSign
	return issue(t, signer{})
}

// delegate is an OCSP responder certified by the issuer, for these usages.
func (b *bench) delegate(issuer string, usages ...x509.ExtKeyUsage) signer {
	t := b.template("Bench OCSP " + issuer)
	t.KeyUsage, t.ExtKeyUsage = x509.KeyUsageDigitalSignature, usages
	return issue(t, b.issuers[issuer])
}

// ocsp answers a request in one of the modes of testdata/cases.tsv.
func (b *bench) ocsp(mode, issuer string, request []byte) []byte {
	switch mode {
	case "trylater":
		return ocsp.TryLaterErrorResponse
	case "unauth":
		return ocsp.UnauthorizedErrorResponse
	}
	req, err := ocsp.ParseRequest(request)
	if err != nil {
		return ocsp.MalformedRequestErrorResponse
	}
	return b.answer(mode, issuer, ocsp.Response{SerialNumber: req.SerialNumber, IssuerHash: req.HashAlgorithm})
}

// answer signs r, changed as mode says.
func (b *bench) answer(mode, issuer string, r ocsp.Response) []byte {
	by := b.issuers[issuer]
	r.ThisUpdate, r.NextUpdate = b.now.Add(-2*time.Minute), b.now.AddDate(0, 0, 7)
	switch {
	case mode == "rev" || mode == "idx" && b.revoked[r.SerialNumber.Int64()]:
		r.Status, r.RevokedAt, r.RevocationReason = ocsp.Revoked, b.now.AddDate(0, -1, 0), ocsp.KeyCompromise
	case mode == "unknown":
		r.Status = ocsp.Unknown
	case mode == "expired":
		r.ThisUpdate, r.NextUpdate = b.now.AddDate(0, 0, -10), b.now.AddDate(0, 0, -3)
	case mode == "future":
		r.ThisUpdate, r.NextUpdate = b.now.AddDate(0, 0, 3), b.now.AddDate(0, 0, 10)
	case mode == "nonext":
		r.NextUpdate = time.Time{}
	case mode == "wrongkey":
		by = b.impostor(issuer)
		r.Certificate = by.cert
	case mode == "deleg":
		by = b.delegate(issuer, x509.ExtKeyUsageOCSPSigning)
		r.Certificate = by.cert
	case mode == "noeku":
		by = b.delegate(issuer)
		r.Certificate = by.cert
	}
	der, err := ocsp.CreateResponse(b.issuers[issuer].cert, by.cert, r, by.key)
	if err != nil {
		panic(fmt.Sprintf("answer %s/%s: %v", mode, issuer, err))
	}
	return der
}

// crl publishes the issuer's list in one of the modes; change, where given,
// edits it before it is signed.
func (b *bench) crl(mode, issuer string, change func(*x509.RevocationList)) []byte {
	by := b.issuers[issuer]
	list := &x509.RevocationList{Number: big.NewInt(1), ThisUpdate: b.now.Add(-2 * time.Minute), NextUpdate: b.now.AddDate(0, 0, 7)}
	for serial := int64(1); serial <= b.serial; serial++ {
		if mode == "rev" || mode == "idx" && b.revoked[serial] {
			list.RevokedCertificateEntries = append(list.RevokedCertificateEntries, x509.RevocationListEntry{
				SerialNumber: big.NewInt(serial), RevocationTime: b.now.AddDate(0, -1, 0), ReasonCode: 1,
			})
		}
	}
	switch mode {
	case "expired":
		list.ThisUpdate, list.NextUpdate = b.now.AddDate(0, 0, -10), b.now.AddDate(0, 0, -3)
	case "wrongkey":
		by = b.impostor(issuer)
	}
	if change != nil {
		change(list)
	}
	der, err := x509.CreateRevocationList(rand.Reader, list, by.cert, by.key)
	if err != nil {
		panic(fmt.Sprintf("crl %s/%s: %v", mode, issuer, err))
	}
	return der
}
