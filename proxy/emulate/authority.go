package emulate

import (
	"cmp"
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"strings"
	"time"
)

// How far certificates and answers are dated back, and how long they hold.
const (
	authorityBackdate = 24 * time.Hour
	leafBackdate      = time.Hour
	answerBackdate    = 5 * time.Minute

	rootLifetime         = 10 * 365 * 24 * time.Hour
	intermediateLifetime = 5 * 365 * 24 * time.Hour
	leafLifetime         = 90 * 24 * time.Hour
	answerLifetime       = 7 * 24 * time.Hour

	ledgerSize = 1 << 16
)

// AuthorityConfig describes an Authority.
type AuthorityConfig struct {
	// Name is the common name of the authority's certificate.
	Name string
	// ID is the authority's word in URLs, /ocsp/ID and /crl/ID.crl: letters, digits,
	// dots and hyphens. Empty makes one from Name: "Rehearsal CA" is "rehearsal-ca".
	ID string
	// Key signs: RSA of 2048 bits and up, or ECDSA on P-256, P-384 or P-521. Nil
	// makes a P-256 key.
	Key crypto.Signer
	// OtherKey signs what must not be signed by Key: the answers of a delegated
	// responder, and of an impostor. Nil makes a P-256 key when first needed.
	OtherKey crypto.Signer
	// Parent issues this authority's certificate; nil makes a self-signed root.
	Parent *Authority
	// Now is the clock of certificates and answers.
	Now func() time.Time
	// OCSPURL and CRLURL go into this authority's own certificate, so they lead to
	// what its parent publishes. A verifier that checks the whole chain needs one of
	// them on every intermediate. A root has none.
	OCSPURL, CRLURL string
	// Certificate is one made earlier for Key, read back from a file, say. Nil makes
	// one; otherwise Name and the URLs are not used.
	Certificate *x509.Certificate
	// Above are the certificates over Certificate, issuer by issuer up to the root,
	// where it is an intermediate of a foreign authority. What that publishes about it
	// is not this program's.
	Above []*x509.Certificate
	// AnswerLifetime is the time from thisUpdate to nextUpdate of CRLs and OCSP
	// answers; 0 means seven days.
	AnswerLifetime time.Duration
	// LedgerSize is how many issued certificates are remembered; 0 means 65,536. The
	// status of a forgotten one is unknown. Revoked ones are remembered beside these
	// until they have expired.
	LedgerSize int
}

// Authority is a certificate authority. It is safe for concurrent use. Make one
// with NewAuthority.
type Authority struct {
	id       string
	now      func() time.Time
	lifetime time.Duration
	key      crypto.Signer
	cert     *x509.Certificate
	parent   *Authority
	above    []*x509.Certificate
	ledger   *ledger
	stranger stranger
	shelf    shelf
}

// NewAuthority makes an authority. It fails on a key it cannot sign with, on a
// parent that may not issue authorities, and on a Certificate of another key.
func NewAuthority(cfg AuthorityConfig) (*Authority, error) {
	if cfg.Now == nil {
		return nil, fmt.Errorf("authority %q: no clock, want a Now function", cfg.Name)
	}
	key, err := keyOrNew(cfg.Key)
	if err != nil {
		return nil, fmt.Errorf("authority %q: %w", cfg.Name, err)
	}
	a := &Authority{
		now: cfg.Now, key: key, parent: cfg.Parent, above: cfg.Above,
		lifetime: cmp.Or(cfg.AnswerLifetime, answerLifetime),
		ledger:   newLedger(cmp.Or(cfg.LedgerSize, ledgerSize)),
		stranger: stranger{key: cfg.OtherKey},
	}
	if a.cert, err = a.certify(cfg); err != nil {
		return nil, fmt.Errorf("authority %q: %w", cfg.Name, err)
	}
	if a.id, err = authorityID(cfg.ID, a.cert.Subject.CommonName); err != nil {
		return nil, err
	}
	return a, nil
}

// certify gives the authority's own certificate: the one handed in, or a new one.
func (a *Authority) certify(cfg AuthorityConfig) (*x509.Certificate, error) {
	if cfg.Certificate == nil {
		return a.issueOwn(cfg)
	}
	if !samePublicKey(cfg.Certificate.PublicKey, a.key.Public()) {
		return nil, fmt.Errorf("certificate %q is for another key than the one given", cfg.Certificate.Subject.CommonName)
	}
	if !cfg.Certificate.IsCA || !mayIssue(cfg.Certificate.KeyUsage) {
		return nil, fmt.Errorf("certificate %q may not sign certificates and CRLs, want a CA certificate with key usages certSign and cRLSign", cfg.Certificate.Subject.CommonName)
	}
	if a.parent != nil {
		a.parent.ledger.add(cfg.Certificate)
	}
	a.shelf.number = a.now().Unix() // beyond those of the CRLs before (RFC 5280 5.2.3)
	return cfg.Certificate, nil
}

// mayIssue says whether a key usage covers certificates and CRLs; none covers all.
func mayIssue(usage x509.KeyUsage) bool {
	const needed = x509.KeyUsageCertSign | x509.KeyUsageCRLSign
	return usage == 0 || usage&needed == needed
}

func (a *Authority) issueOwn(cfg AuthorityConfig) (*x509.Certificate, error) {
	if cfg.Name == "" {
		return nil, fmt.Errorf("no name given, want a common name")
	}
	now := a.now().Truncate(time.Second)
	template := &x509.Certificate{
		Subject:               pkix.Name{CommonName: cfg.Name, Organization: []string{"Rehearsal"}, Country: []string{"XX"}},
		NotBefore:             now.Add(-authorityBackdate),
		NotAfter:              now.Add(rootLifetime),
		IsCA:                  true,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign | x509.KeyUsageDigitalSignature,
		SubjectKeyId:          keyID(a.key.Public()),
	}
	if a.parent == nil {
		return create(template, template, a.key.Public(), a.key)
	}
	template.NotBefore = later(template.NotBefore, a.parent.cert.NotBefore)
	template.NotAfter = earlier(now.Add(intermediateLifetime), a.parent.cert.NotAfter)
	template.MaxPathLen, template.MaxPathLenZero = 0, true
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	template.OCSPServer = nonEmpty(cfg.OCSPURL)
	template.CRLDistributionPoints = nonEmpty(cfg.CRLURL)
	return a.parent.sign(create, template, a.key.Public())
}

// sign issues a certificate, as create or signLeaf makes it, and enters it in the ledger.
func (a *Authority) sign(make maker, template *x509.Certificate, pub crypto.PublicKey) (*x509.Certificate, error) {
	template.SerialNumber = a.ledger.next()
	cert, err := make(template, a.cert, pub, a.key)
	if err != nil {
		return nil, err
	}
	a.ledger.add(cert)
	return cert, nil
}

// maker makes a certificate of a template.
type maker func(template, parent *x509.Certificate, pub crypto.PublicKey, key crypto.Signer) (*x509.Certificate, error)

// create makes any certificate; without a serial number it gets a random one of 1 to 20
// octets.
func create(template, parent *x509.Certificate, pub crypto.PublicKey, key crypto.Signer) (*x509.Certificate, error) {
	der, err := x509.CreateCertificate(rand.Reader, template, parent, pub, key)
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificate(der)
}

// ID is the authority's word in URLs.
func (a *Authority) ID() string { return a.id }

// Certificate is the authority's own certificate. Do not change it.
func (a *Authority) Certificate() *x509.Certificate { return a.cert }

// Parent is the authority that issued this one, nil for a root.
func (a *Authority) Parent() *Authority { return a.parent }

// Chain is what a server sends after its leaf: this authority's certificate and
// those above it, without the root. It is empty for a root.
func (a *Authority) Chain() []*x509.Certificate {
	var chain []*x509.Certificate
	for ; a.parent != nil; a = a.parent {
		chain = append(chain, a.cert)
	}
	if len(a.above) > 0 {
		chain = append(append(chain, a.cert), a.above[:len(a.above)-1]...)
	}
	return chain
}

// Root is the certificate that a client must trust.
func (a *Authority) Root() *x509.Certificate {
	for a.parent != nil {
		a = a.parent
	}
	if len(a.above) > 0 {
		return a.above[len(a.above)-1]
	}
	return a.cert
}

// Revoke revokes a serial number, also one never issued. A reason is a CRLReason of
// RFC 5280 5.3.1: 0 unspecified, 1 keyCompromise and so on. Revoking again changes
// time and reason.
func (a *Authority) Revoke(serial *big.Int, at time.Time, reason int) {
	a.ledger.revoke(serial, at, reason)
}

// Reinstate takes a revocation back.
func (a *Authority) Reinstate(serial *big.Int) { a.ledger.reinstate(serial) }

// authorityID checks the word for URLs, or makes one from the name.
func authorityID(id, name string) (string, error) {
	allowed := func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '.' {
			return r
		}
		return '-'
	}
	if id == "" {
		id = strings.ToLower(strings.Map(allowed, name))
	}
	if id == "" || strings.Map(allowed, id) != id {
		return "", fmt.Errorf("authority %q: ID %q, want letters, digits, dots and hyphens", name, id)
	}
	return id, nil
}

func nonEmpty(s string) []string {
	if s == "" {
		return nil
	}
	return []string{s}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
