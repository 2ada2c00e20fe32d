// Package pki is the public PKI of a rehearsal, the one that the estate's own
// certificates come from: a root, an issuing intermediate, server certificates with
// revocation pointers, and the HTTP endpoint where those lead.
//
// The endpoint can be made to fail in all the ways that the field knows; the ordered
// table Faults names them. The same Faulty handler goes around an appliance's own
// endpoint. Dates come from the clock given, so in a bubble from virtual time.
package pki

import (
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"rehearse/proxy/emulate"
)

// The IDs of the two authorities in URLs and faults.
const (
	RootID    = "root"
	IssuingID = "issuing"
)

// answerBackdate is how far revocations are dated back, as answers are.
const answerBackdate = 5 * time.Minute

const keyCompromise = 1

// Config describes a PKI.
type Config struct {
	// Now is the clock of certificates and answers.
	Now func() time.Time
	// Key is ECDSA, the default, or RSA.
	Key string
	// Host is the name that the revocation pointers lead to, with a port if it is
	// not 80; empty is "pki.test".
	Host string
	// Root is a root made before; nil makes one.
	Root *emulate.Authority
}

// PKI is a root with an intermediate and what they issued. It is safe for concurrent
// use.
type PKI struct {
	now      func() time.Time
	kind     string
	base     string
	root     *emulate.Authority
	issuing  *emulate.Authority
	endpoint *Faulty

	mu     sync.Mutex
	leaves []*x509.Certificate
}

// New makes a PKI.
func New(cfg Config) (*PKI, error) {
	if cfg.Now == nil {
		return nil, errors.New("pki: no clock, want a Now function")
	}
	if cfg.Key == "" {
		cfg.Key = ECDSA
	}
	if cfg.Host == "" {
		cfg.Host = "pki.test"
	}
	p := &PKI{now: cfg.Now, kind: cfg.Key, base: "http://" + cfg.Host}
	var err error
	if p.root = cfg.Root; p.root == nil {
		if p.root, err = p.authority("Public Root CA", RootID, nil); err != nil {
			return nil, fmt.Errorf("pki: %w", err)
		}
	}
	if p.issuing, err = p.authority("Public Issuing CA", IssuingID, p.root); err != nil {
		return nil, fmt.Errorf("pki: %w", err)
	}
	p.endpoint = NewFaulty(emulate.NewResponder(p.issuing))
	return p, nil
}

func (p *PKI) authority(name, id string, parent *emulate.Authority) (*emulate.Authority, error) {
	slot := slotRoot
	if parent != nil {
		slot = slotIssuing
	}
	key, err := p.key(slot)
	if err != nil {
		return nil, err
	}
	other, err := p.key(slotOther)
	if err != nil {
		return nil, err
	}
	cfg := emulate.AuthorityConfig{Name: name, ID: id, Key: key, OtherKey: other, Parent: parent, Now: p.now}
	if parent != nil {
		cfg.OCSPURL, cfg.CRLURL = emulate.OCSPURL(p.base, parent.ID()), emulate.CRLURL(p.base, parent.ID())
	}
	return emulate.NewAuthority(cfg)
}

// Leaf issues a server certificate for DNS names and IP literals, with both revocation
// pointers, and gives it with its key and the intermediate.
func (p *PKI) Leaf(names ...string) (*tls.Certificate, error) {
	return p.Issue(emulate.Template{Names: names})
}

// Issue issues an odd certificate: with other dates, without pointers, to be stapled.
// Where the template has no key, one is made; where OCSP or CRL is nil, it is the
// PKI's own URL, and an empty slice leaves it out. With a foreign Key, the result has
// no private key.
func (p *PKI) Issue(t emulate.Template) (*tls.Certificate, error) {
	ocsp, crl := p.Pointers().For(p.issuing)
	if t.OCSP == nil {
		t.OCSP = ocsp
	}
	if t.CRL == nil {
		t.CRL = crl
	}
	var key crypto.Signer
	if t.Key == nil {
		var err error
		if key, err = p.key(slotLeaf); err != nil {
			return nil, fmt.Errorf("pki: %w", err)
		}
		t.Key = key.Public()
	}
	leaf, err := p.issuing.Issue(t)
	if err != nil {
		return nil, fmt.Errorf("pki: %w", err)
	}
	p.mu.Lock()
	p.leaves = append(p.leaves, leaf)
	p.mu.Unlock()
	return &tls.Certificate{
		Certificate: [][]byte{leaf.Raw, p.issuing.Certificate().Raw},
		PrivateKey:  key, Leaf: leaf,
	}, nil
}

// Staple gives an OCSP answer about a certificate of this PKI, to be stapled.
func (p *PKI) Staple(cert *tls.Certificate, how emulate.Answer) ([]byte, error) {
	return p.issuing.Staple(cert.Leaf, how)
}

// Root is the authority that clients trust.
func (p *PKI) Root() *emulate.Authority { return p.root }

// Issuing is the intermediate, which issues the server certificates.
func (p *PKI) Issuing() *emulate.Authority { return p.issuing }

// Pointers are those that the PKI's certificates carry.
func (p *PKI) Pointers() emulate.Pointers {
	return emulate.Pointers{CRL: true, OCSP: true, Base: p.base}
}

// Roots is what clients trust.
func (p *PKI) Roots() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(p.root.Certificate())
	return pool
}

// RootPEM is the root's certificate as a file has it.
func (p *PKI) RootPEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: p.root.Certificate().Raw})
}

// Handler serves the CRLs and OCSP answers, on Config.Host.
func (p *PKI) Handler() http.Handler { return p.endpoint }

// Endpoint is the Handler with its faults.
func (p *PKI) Endpoint() *Faulty { return p.endpoint }

// Impose makes the endpoint fail until lifted; see Faulty.
func (p *PKI) Impose(f Fault) (lift func()) { return p.endpoint.Impose(f) }

// Revoke revokes every certificate issued so far that is valid for the name, for
// keyCompromise. Lift takes it back. It fails when there is none.
func (p *PKI) Revoke(name string) (lift func(), err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var revoked []*x509.Certificate
	for _, c := range p.leaves {
		if c.VerifyHostname(name) == nil {
			revoked = append(revoked, c)
			p.issuing.Revoke(c.SerialNumber, p.now().Add(-answerBackdate), keyCompromise)
		}
	}
	if len(revoked) == 0 {
		return nil, fmt.Errorf("pki: no certificate for %q was issued", name)
	}
	return sync.OnceFunc(func() {
		for _, c := range revoked {
			p.issuing.Reinstate(c.SerialNumber)
		}
	}), nil
}
