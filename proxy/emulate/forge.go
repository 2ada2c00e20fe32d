package emulate

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// defaultCacheSize is how many emulated certificates a Forge keeps.
const defaultCacheSize = 4096

// ForgeConfig describes a Forge.
type ForgeConfig struct {
	// Authority issues the emulated certificates: the issuer keyring.
	Authority *Authority
	// Untrusted issues those of origins that are not trusted, so that clients do not
	// trust them either. Nil means there is no such keyring.
	//
	// Modelled: Q29.
	Untrusted *Authority
	// Keyrings are further issuers, by the names that policy gives in
	// ssl.forward_proxy.issuer_keyring.
	Keyrings map[string]*Authority
	// Pointers go into every emulated certificate. Those in the certificate of an
	// intermediate authority are part of that, see AuthorityConfig.
	//
	// Modelled: Q31. The origin's own pointers are never copied: the authority behind
	// them knows nothing of the emulated certificate's serial number.
	Pointers Pointers
	// Now is the clock.
	Now func() time.Time
	// Staple adds an OCSP answer to every emulated certificate.
	Staple bool
	// SendRoot has the root follow in the chain. Clients need not be sent it, but
	// curl looks for the issuer that a staple is about among what was sent.
	SendRoot bool
	// CacheSize is how many emulated certificates are kept; 0 means 4096.
	CacheSize int
	// RSAKey gives the key of emulated RSA certificates; it is asked once, at the
	// first of them. Nil makes one of 2048 bits.
	RSAKey func() (crypto.Signer, error)
}

// Forge makes emulated certificates and keeps them. All of one kind have one key,
// made when the Forge is. It is safe for concurrent use.
type Forge struct {
	cfg   ForgeConfig
	ecdsa crypto.Signer
	rsa   func() (crypto.Signer, error)

	mu          sync.Mutex
	cache       *cache
	revocations []*revocation
}

// NewForge makes a Forge.
func NewForge(cfg ForgeConfig) (*Forge, error) {
	if cfg.Authority == nil || cfg.Now == nil {
		return nil, errors.New("forge: want an authority and a Now function")
	}
	if cfg.CacheSize == 0 {
		cfg.CacheSize = defaultCacheSize
	}
	if cfg.RSAKey == nil {
		cfg.RSAKey = func() (crypto.Signer, error) { return rsa.GenerateKey(rand.Reader, minRSABits) }
	}
	key, err := keyOrNew(nil)
	if err != nil {
		return nil, fmt.Errorf("forge: %w", err)
	}
	return &Forge{
		cfg: cfg, ecdsa: key, rsa: sync.OnceValues(cfg.RSAKey),
		cache: newCache(cfg.CacheSize),
	}, nil
}

// Request says what certificate to emulate.
type Request struct {
	// Origin is the certificate that the origin showed: its names and its dates are
	// taken over. Nil where the origin was never reached; then Name is all there is.
	Origin *x509.Certificate
	// Name is the host name or address that the client asked for. With an Origin it
	// never gets into the certificate.
	Name string
	// Untrusted takes the untrusted issuer, where there is one.
	Untrusted bool
	// Keyring names the issuer; one that is not there is the usual one.
	Keyring string
	// RSA makes a certificate with an RSA key, for clients that offer nothing else.
	RSA bool
}

// Certificate gives the emulated certificate for an origin's, with an ECDSA key; see
// Emulate.
func (f *Forge) Certificate(origin *x509.Certificate, name string) (cert *tls.Certificate, cached bool, err error) {
	return f.Emulate(Request{Origin: origin, Name: name})
}

// Emulate gives an emulated certificate with its chain, without the root. Cached says
// that it is not the first call for it: however many ask at once, it is made once.
// The certificate is shared; do not change it.
func (f *Forge) Emulate(r Request) (cert *tls.Certificate, cached bool, err error) {
	e, cached := f.entry(r)
	e.mu.Lock()
	defer e.mu.Unlock()
	now := f.cfg.Now()
	if e.cert == nil || e.redo(now) {
		cached = false
		if err := f.mint(e, r); err != nil {
			return nil, false, err
		}
	}
	if f.cfg.Staple && e.stapleDue(now) {
		if err := f.staple(e, now); err != nil {
			return nil, false, err
		}
	}
	return e.cert, cached, nil
}

// entry finds the place of a certificate in the cache, or makes it.
//
// Differs from SGOS: the appliance's cache lists name, issuer keyring, splash text and
// URL, and server keyring for each entry; this one goes by the whole of the origin's
// certificate in the name's place, so that a renewed one is seen at once, and by the
// pointers.
func (f *Forge) entry(r Request) (e *entry, found bool) {
	key := cacheKey{issuer: f.issuer(r), rsa: r.RSA}
	if r.Origin != nil {
		key.subject = sha256.Sum256(r.Origin.Raw)
	} else {
		key.subject = sha256.Sum256([]byte("name:" + canonical(r.Name)))
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	key.pointers = f.cfg.Pointers
	return f.cache.take(key)
}

func (f *Forge) issuer(r Request) *Authority {
	if r.Untrusted && f.cfg.Untrusted != nil {
		return f.cfg.Untrusted
	}
	if a := f.cfg.Keyrings[r.Keyring]; a != nil {
		return a
	}
	return f.cfg.Authority
}

// SetPointers changes the pointers of certificates made from now on. Cached ones
// with other pointers are not used any more.
func (f *Forge) SetPointers(p Pointers) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.cfg.Pointers = p
}

// Cached is how many certificates are kept.
func (f *Forge) Cached() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.cache.order.Len()
}

// Flush empties the cache: the next call for each certificate makes it anew.
func (f *Forge) Flush() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.cache = newCache(f.cfg.CacheSize)
}

// mint makes the certificate of an entry. The entry is locked.
func (f *Forge) mint(e *entry, r Request) error {
	key, err := f.key(r.RSA)
	if err != nil {
		return fmt.Errorf("emulate certificate for %q: %w", r.Name, err)
	}
	issuer := e.key.issuer
	t := Template{Key: key.Public(), Like: r.Origin}
	t.OCSP, t.CRL = e.key.pointers.For(issuer)
	now := f.cfg.Now()
	if r.Origin == nil {
		t.Names = []string{canonical(r.Name)}
	} else {
		t.NotBefore, t.NotAfter = window(r.Origin, issuer.cert, now)
	}
	leaf, err := issuer.Issue(t)
	if err != nil {
		return fmt.Errorf("emulate certificate for %q: %w", r.Name, err)
	}
	e.name, e.minted = canonical(r.Name), now
	e.cert = &tls.Certificate{Certificate: [][]byte{leaf.Raw}, PrivateKey: key, Leaf: leaf}
	for _, c := range issuer.Chain() {
		e.cert.Certificate = append(e.cert.Certificate, c.Raw)
	}
	if f.cfg.SendRoot {
		e.cert.Certificate = append(e.cert.Certificate, issuer.Root().Raw)
	}
	f.revokeNew(e)
	return nil
}

func (f *Forge) key(rsa bool) (crypto.Signer, error) {
	if rsa {
		return f.rsa()
	}
	return f.ecdsa, nil
}

// window gives the dates of an emulated certificate: within the origin's and the
// issuer's, dated back by an hour at most. An origin's certificate that has expired
// or is not yet valid hands its dates on: the client is to see what the origin shows.
func window(origin, issuer *x509.Certificate, now time.Time) (notBefore, notAfter time.Time) {
	if now.Before(origin.NotBefore) || now.After(origin.NotAfter) {
		return origin.NotBefore, origin.NotAfter
	}
	return later(now.Add(-leafBackdate).Truncate(time.Second), origin.NotBefore), earlier(origin.NotAfter, issuer.NotAfter)
}

// NeedsRSA says whether a client can do nothing with an ECDSA certificate: it names
// no signature scheme with ECDSA or, in TLS 1.2 and before, no such cipher suite.
func NeedsRSA(hello *tls.ClientHelloInfo) bool {
	ecdsaScheme := slices.ContainsFunc(hello.SignatureSchemes, func(s tls.SignatureScheme) bool {
		return s == tls.ECDSAWithP256AndSHA256
	})
	if !ecdsaScheme {
		return true
	}
	if slices.Contains(hello.SupportedVersions, tls.VersionTLS13) {
		return false
	}
	return !slices.ContainsFunc(hello.CipherSuites, func(id uint16) bool {
		return strings.HasPrefix(tls.CipherSuiteName(id), "TLS_ECDHE_ECDSA_")
	})
}

func canonical(name string) string { return strings.ToLower(strings.TrimSuffix(name, ".")) }
