package emulate

import (
	"math/big"
	"slices"
	"sync"
	"time"
)

// revocation is a name whose emulated certificates are revoked, those made later as
// well, and which they are.
type revocation struct {
	name  string
	certs []issued
}

type issued struct {
	by     *Authority
	serial *big.Int
}

// Revoke revokes the emulated certificates that clients get for a name, for
// keyCompromise, and those made while it holds. Lift takes it back.
func (f *Forge) Revoke(name string) (lift func()) {
	r := &revocation{name: canonical(name)}
	f.mu.Lock()
	f.revocations = append(f.revocations, r)
	entries := f.cache.all()
	f.mu.Unlock()
	for _, e := range entries {
		e.mu.Lock()
		if e.cert != nil {
			f.revokeNew(e)
		}
		e.mu.Unlock()
	}
	return sync.OnceFunc(func() { f.lift(r) })
}

// revokeNew revokes a certificate that some revocation names. The entry is locked.
func (f *Forge) revokeNew(e *entry) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, r := range f.revocations {
		if e.isFor(r.name) {
			r.certs = append(r.certs, issued{e.key.issuer, e.cert.Leaf.SerialNumber})
			f.apply(r)
		}
	}
}

// apply enters a revocation in the ledgers, dated as far back as the answers are. The
// Forge is locked.
func (f *Forge) apply(r *revocation) {
	for _, c := range r.certs {
		c.by.Revoke(c.serial, f.cfg.Now().Add(-answerBackdate), keyCompromise)
	}
}

func (f *Forge) lift(r *revocation) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.revocations = slices.DeleteFunc(f.revocations, func(o *revocation) bool { return o == r })
	for _, c := range r.certs {
		c.by.Reinstate(c.serial)
	}
	for _, o := range f.revocations {
		f.apply(o)
	}
}

// stapleDue says whether an entry needs another OCSP answer: it has none, half of the
// answer's time is over, or something was revoked since. The entry is locked.
func (e *entry) stapleDue(now time.Time) bool {
	by := e.key.issuer
	return e.cert.OCSPStaple == nil || now.Sub(e.stapled) > by.lifetime/2 || e.ledger != by.ledger.generation()
}

// staple puts a fresh OCSP answer into an entry. The certificate handed out before
// stays as it was, for others use it. The entry is locked.
func (f *Forge) staple(e *entry, now time.Time) error {
	by := e.key.issuer
	generation := by.ledger.generation()
	answer, err := by.Staple(e.cert.Leaf, Answer{})
	if err != nil {
		return err
	}
	fresh := *e.cert
	fresh.OCSPStaple = answer
	e.cert, e.stapled, e.ledger = &fresh, now, generation
	return nil
}
