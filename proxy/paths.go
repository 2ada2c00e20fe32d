package proxy

import (
	"crypto/sha256"
	"crypto/x509"
	"sync"
	"time"

	"rehearse/proxy/revocation"
)

// paths remembers the origins' certificates that led to a trusted root a short time ago,
// for a name. Revocation is asked about each time. It is safe for concurrent use.
type paths struct {
	mu   sync.Mutex
	kept map[[sha256.Size]byte]path
}

type path struct {
	chain       []*x509.Certificate
	from, until time.Time
}

const (
	pathsKept = 4096
	pathHolds = 5 * time.Minute
)

// find is revocation.Chain, or what that gave before.
func (p *paths) find(leaf *x509.Certificate, sent []*x509.Certificate, roots *x509.CertPool, name string, now time.Time) ([]*x509.Certificate, error) {
	key := pathKey(leaf, sent, name)
	p.mu.Lock()
	known, ok := p.kept[key]
	p.mu.Unlock()
	if ok && !now.Before(known.from) && !now.After(known.until) {
		return known.chain, nil
	}
	chain, err := revocation.Chain(leaf, sent, roots, name, now)
	if err != nil {
		return chain, err
	}
	until := now.Add(pathHolds)
	for _, c := range chain {
		if c.NotAfter.Before(until) {
			until = c.NotAfter
		}
	}
	p.keep(key, path{chain, now, until})
	return chain, nil
}

// keep makes room by forgetting any other.
func (p *paths) keep(key [sha256.Size]byte, found path) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.kept == nil {
		p.kept = map[[sha256.Size]byte]path{}
	}
	for other := range p.kept {
		if len(p.kept) < pathsKept {
			break
		}
		delete(p.kept, other)
	}
	p.kept[key] = found
}

func pathKey(leaf *x509.Certificate, sent []*x509.Certificate, name string) (key [sha256.Size]byte) {
	h := sha256.New()
	h.Write(append([]byte(name), 0))
	for _, c := range append([]*x509.Certificate{leaf}, sent...) {
		one := sha256.Sum256(c.Raw)
		h.Write(one[:])
	}
	h.Sum(key[:0])
	return key
}
