package emulate

import (
	"container/list"
	"crypto/tls"
	"sync"
	"time"
)

// cacheKey is what makes two emulated certificates the same.
type cacheKey struct {
	subject  [32]byte // digest of the origin's certificate, or of the name
	issuer   *Authority
	pointers Pointers
	rsa      bool
}

// entry is one emulated certificate, or the place for it. Whoever holds mu makes it;
// the others that came meanwhile find it made.
type entry struct {
	key cacheKey

	mu      sync.Mutex
	name    string // that it was first made for
	cert    *tls.Certificate
	minted  time.Time
	stapled time.Time // when the staple was signed
	ledger  uint64    // the generation of the issuer's ledger then
}

// redo says whether a made certificate has expired since, or come into force: then
// its dates are not what they would be now.
func (e *entry) redo(now time.Time) bool {
	leaf := e.cert.Leaf
	return now.After(leaf.NotAfter) && !e.minted.After(leaf.NotAfter) ||
		e.minted.Before(leaf.NotBefore) && !now.Before(leaf.NotBefore)
}

// isFor says whether a client that asks for name would get this certificate.
func (e *entry) isFor(name string) bool {
	return e.cert != nil && (e.name == name || e.cert.Leaf.VerifyHostname(name) == nil)
}

// cache keeps the emulated certificates used last. It is not safe for concurrent use.
type cache struct {
	size    int
	entries map[cacheKey]*list.Element
	order   *list.List // of *entry, the one used last in front
}

func newCache(size int) *cache {
	return &cache{size: size, entries: make(map[cacheKey]*list.Element), order: list.New()}
}

// take gives the entry of a key and makes it the one used last.
func (c *cache) take(key cacheKey) (e *entry, found bool) {
	if el := c.entries[key]; el != nil {
		c.order.MoveToFront(el)
		return el.Value.(*entry), true
	}
	for c.order.Len() >= c.size {
		last := c.order.Back()
		c.order.Remove(last)
		delete(c.entries, last.Value.(*entry).key)
	}
	e = &entry{key: key}
	c.entries[key] = c.order.PushFront(e)
	return e, false
}

// all lists the entries, the one used last first.
func (c *cache) all() []*entry {
	out := make([]*entry, 0, c.order.Len())
	for el := c.order.Front(); el != nil; el = el.Next() {
		out = append(out, el.Value.(*entry))
	}
	return out
}
