package server

import "sync"

// cork holds back what sessions write while a reader works through the messages that
// it has read: one write, and one TLS record, then carries many of them. Where one
// message comes at a time nothing waits. It is safe for concurrent use; the zero value
// is ready.
type cork struct {
	mu      sync.Mutex
	readers int        // at work
	full    []*session // that have something to write
}

// hold is a reader that begins to work.
func (c *cork) hold() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.readers++
}

// let is one that has nothing more to do: all that was held back goes out.
func (c *cork) let() {
	c.mu.Lock()
	full := c.full
	c.full = nil
	for _, s := range full {
		s.corked = false
	}
	c.readers--
	c.mu.Unlock()
	for _, s := range full {
		s.mu.Lock()
		if s.flush() != nil {
			s.conn.Close() // reading tells of the connection's end
		}
		s.mu.Unlock()
	}
}

// keep says that a session's bytes wait for let; not so where no reader is at work.
func (c *cork) keep(s *session) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.readers > 0 && !s.corked {
		s.corked = true
		c.full = append(c.full, s)
	}
	return c.readers > 0
}
