package emulate

import (
	"crypto/rand"
	"crypto/x509"
	"math/big"
	"slices"
	"sync"
	"time"
)

// record is what an authority remembers of one serial number.
type record struct {
	serial              *big.Int
	issued              bool
	notBefore, notAfter time.Time
	revoked             bool
	revokedAt           time.Time
	reason              int
}

// ledger holds the issued and the revoked serial numbers of one authority. It keeps
// at most size certificates that are not revoked: the oldest is forgotten, and its
// status becomes unknown. What is revoked stays until it has expired.
type ledger struct {
	mu      sync.Mutex
	size    int
	records map[string]*record
	issued  []string // keys in order of issue
	revoked []string // keys in order of revocation
	version uint64   // grows with every change that a CRL would show
	ahead   []string // keys of the serial numbers to be given next
}

// foreseen is how many serial numbers are known before they are given.
const foreseen = 64

// next gives the serial number of the next certificate.
func (l *ledger) next() *big.Int {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.foresee(1)
	key := l.ahead[0]
	l.ahead = l.ahead[1:]
	return new(big.Int).SetBytes([]byte(key))
}

// foresee draws serial numbers until n are known: random ones of 20 octets, positive
// and not 0 (RFC 5280 4.1.2.2).
func (l *ledger) foresee(n int) {
	for len(l.ahead) < n {
		serial := make([]byte, 20)
		rand.Read(serial) // never fails
		serial[0] = serial[0]&0x7f | 0x40
		l.ahead = append(l.ahead, string(serial))
	}
}

// upcoming are the serial numbers to be given next.
func (l *ledger) upcoming() (out []*big.Int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.foresee(foreseen)
	for _, key := range l.ahead {
		out = append(out, new(big.Int).SetBytes([]byte(key)))
	}
	return out
}

func newLedger(size int) *ledger {
	return &ledger{size: size, records: make(map[string]*record)}
}

func serialKey(serial *big.Int) string { return string(serial.Bytes()) }

func (l *ledger) add(cert *x509.Certificate) {
	l.mu.Lock()
	defer l.mu.Unlock()
	key := serialKey(cert.SerialNumber)
	r := l.entry(key, cert.SerialNumber)
	r.issued, r.notBefore, r.notAfter = true, cert.NotBefore, cert.NotAfter
	l.issued = append(l.issued, key)
	for len(l.issued) > l.size {
		l.forget(l.issued[0])
		l.issued = l.issued[1:]
	}
}

func (l *ledger) forget(key string) {
	if r := l.records[key]; r != nil && !r.revoked {
		delete(l.records, key)
	}
}

func (l *ledger) entry(key string, serial *big.Int) *record {
	r := l.records[key]
	if r == nil {
		r = &record{serial: new(big.Int).Set(serial)}
		l.records[key] = r
	}
	return r
}

func (l *ledger) revoke(serial *big.Int, at time.Time, reason int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	key := serialKey(serial)
	r := l.entry(key, serial)
	if !r.revoked {
		l.revoked = append(l.revoked, key)
	}
	r.revoked, r.revokedAt, r.reason = true, at, reason
	l.version++
}

func (l *ledger) reinstate(serial *big.Int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	r := l.records[serialKey(serial)]
	if r == nil || !r.revoked {
		return
	}
	r.revoked = false
	l.revoked = slices.DeleteFunc(l.revoked, func(key string) bool { return key == serialKey(serial) })
	l.version++
	if !r.issued {
		delete(l.records, serialKey(serial))
	}
}

// lookup gives the record of a serial number; ok is false for one never heard of.
func (l *ledger) lookup(serial *big.Int) (r record, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if p := l.records[serialKey(serial)]; p != nil {
		return *p, true
	}
	return record{}, false
}

// listed gives what a CRL made now lists, in order of revocation: everything revoked
// and not expired for longer than grace. With all it gives everything issued.
func (l *ledger) listed(now time.Time, grace time.Duration, all bool) []record {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.prune(now.Add(-grace))
	keys := l.revoked
	if all {
		keys = append(keys[:len(keys):len(keys)], l.issued...)
	}
	seen := make(map[string]bool, len(keys))
	var out []record
	for _, key := range keys {
		r := l.records[key]
		if r == nil || seen[key] {
			continue
		}
		seen[key] = true
		out = append(out, *r)
	}
	return out
}

// prune drops the revocations of certificates that expired before limit.
func (l *ledger) prune(limit time.Time) {
	l.revoked = slices.DeleteFunc(l.revoked, func(key string) bool {
		r := l.records[key]
		gone := r.issued && r.notAfter.Before(limit)
		if gone {
			delete(l.records, key)
		}
		return gone
	})
}

func (l *ledger) generation() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.version
}
