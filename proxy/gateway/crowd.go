package gateway

import (
	"net/netip"
	"sync"
)

// crowd counts the connections of each source. It is safe for concurrent use.
type crowd struct {
	mu   sync.Mutex
	each map[netip.Addr]int
}

// enter counts one more; false when there are as many as there may be.
func (c *crowd) enter(source netip.Addr, most int) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if most > 0 && c.each[source] >= most {
		return false
	}
	if c.each == nil {
		c.each = map[netip.Addr]int{}
	}
	c.each[source]++
	return true
}

func (c *crowd) leave(source netip.Addr) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.each[source]--; c.each[source] == 0 {
		delete(c.each, source)
	}
}

// enter takes a connection of a source among those that are served, or says why not.
func (g *Gateway) enter(source netip.Addr) (refusal string) {
	if g.admitted.Add(1) > int64(g.conf.MaxConnections) {
		g.admitted.Add(-1)
		return "too many connections"
	}
	if !g.crowd.enter(source, g.conf.MaxPerClient) {
		g.admitted.Add(-1)
		return "too many connections of one client"
	}
	g.moves.Add(1)
	return ""
}

// leave is the end of a connection that entered.
func (g *Gateway) leave(source netip.Addr) {
	g.crowd.leave(source)
	g.admitted.Add(-1)
	g.moves.Add(1)
}
