package revocation

import (
	"container/list"
	"crypto/sha256"
	"sync"
	"time"
)

// maxCached is how many bytes a Cache holds: the size of its CRLs as fetched
// and a flat sum for each OCSP status.
const (
	maxCached  = 128 << 20
	statusSize = 512
)

// Cache keeps believed CRLs and conclusive OCSP answers until their nextUpdate,
// on the clock of the Checkers that share it. Answers without nextUpdate are not
// kept. Over its bound it drops what was not used longest. The zero value is an
// empty Cache; a nil one keeps nothing. It is safe for concurrent use.
type Cache struct {
	mu      sync.Mutex
	entries map[cacheKey]*list.Element
	order   list.List // most recently used first
	size    int
}

// cacheKey names what is kept: an OCSP status by serial number, a CRL by URL.
type cacheKey struct {
	issuer [sha256.Size]byte
	source Source
	what   string
}

type cacheEntry struct {
	key        cacheKey
	value      any // *ocspStatus or *crlList
	size       int
	nextUpdate time.Time
}

// Flush drops everything.
func (c *Cache) Flush() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.entries, c.size = nil, 0
	c.order.Init()
}

// Len is how many answers are kept.
func (c *Cache) Len() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.entries)
}

func keyFor(q Question, s Source, what string) cacheKey {
	return cacheKey{sha256.Sum256(q.Issuer.Raw), s, what}
}

func (c *Cache) status(q Question) (*ocspStatus, bool) {
	st, ok := c.find(keyFor(q, OCSP, string(q.Certificate.SerialNumber.Bytes())), q.Now).(*ocspStatus)
	return st, ok
}

func (c *Cache) putStatus(q Question, st *ocspStatus) {
	c.put(cacheEntry{keyFor(q, OCSP, string(q.Certificate.SerialNumber.Bytes())), st, statusSize, st.nextUpdate}, q.Now)
}

func (c *Cache) list(q Question, url string) (*crlList, bool) {
	l, ok := c.find(keyFor(q, CRL, url), q.Now).(*crlList)
	return l, ok
}

func (c *Cache) putList(q Question, url string, l *crlList) {
	c.put(cacheEntry{keyFor(q, CRL, url), l, l.size, l.nextUpdate}, q.Now)
}

func (c *Cache) find(key cacheKey, now time.Time) any {
	if c == nil {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	at := c.entries[key]
	if at == nil {
		return nil
	}
	entry := at.Value.(cacheEntry)
	if !now.Before(entry.nextUpdate) {
		c.drop(at)
		return nil
	}
	c.order.MoveToFront(at)
	return entry.value
}

func (c *Cache) put(e cacheEntry, now time.Time) {
	if c == nil || !now.Before(e.nextUpdate) {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if old := c.entries[e.key]; old != nil {
		c.drop(old)
	}
	if c.entries == nil {
		c.entries = map[cacheKey]*list.Element{}
	}
	c.entries[e.key] = c.order.PushFront(e)
	c.size += e.size
	for c.size > maxCached {
		c.drop(c.order.Back())
	}
}

func (c *Cache) drop(at *list.Element) {
	entry := c.order.Remove(at).(cacheEntry)
	delete(c.entries, entry.key)
	c.size -= entry.size
}
