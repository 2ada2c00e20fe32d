package world

import (
	"fmt"
	"hash/fnv"
	"maps"
	"math/rand/v2"
	"net/netip"
	"slices"
	"sync"
	"syscall"
	"time"
)

// Config says what a world is like.
type Config struct {
	// Latency is the time each way between any two hosts. Zero means a
	// millisecond, a negative value none.
	Latency time.Duration
	// Seed decides which datagrams are lost under a Loss fault.
	Seed uint64
	// Tape, if there is one, records what travels in a Memory.
	Tape *Tape
}

func (c Config) latency() time.Duration {
	switch {
	case c.Latency == 0:
		return time.Millisecond
	case c.Latency < 0:
		return 0
	}
	return c.Latency
}

// dice gives the random numbers of one direction of one flow. They depend on the
// seed and the flow alone, so other flows do not change them.
func (c Config) dice(proto string, from, to netip.AddrPort) *rand.Rand {
	h := fnv.New64a()
	fmt.Fprint(h, proto, from, to)
	return rand.New(rand.NewPCG(c.Seed, h.Sum64()))
}

// Memory is a world inside the process. Made and used inside a synctest bubble
// it runs in virtual time; it works outside one, too. Its methods, and those of
// its hosts, are safe for concurrent use.
type Memory struct {
	ground
	atlas atlas[*memHost]

	mu    sync.Mutex
	conns map[*memConn]struct{}
}

// NewMemory returns an empty world.
func NewMemory(c Config) *Memory {
	return &Memory{ground: ground{config: c, done: make(chan struct{})}, conns: make(map[*memConn]struct{})}
}

// Host implements World. It panics when the name or an address is taken or no
// address is given: that is a mistake in the program, not in an input.
func (m *Memory) Host(name string, addrs ...netip.Addr) Host {
	h := newMemHost(m, name, addrs)
	m.atlas.enter(h, addrs)
	m.names.setA(name, addrs)
	return h
}

// SetA implements World.
func (m *Memory) SetA(name string, addrs ...netip.Addr) { m.names.setA(name, addrs) }

// SetSRV implements World.
func (m *Memory) SetSRV(name string, records ...SRV) { m.names.setSRV(name, records) }

// Redirect implements World.
func (m *Memory) Redirect(from Host, match func(dst netip.AddrPort) bool, to Host, port uint16) (undo func()) {
	return m.atlas.redirect(&redirect[*memHost]{from, match, to.(*memHost), port})
}

// Impose implements World. Faults also act on connections that are open.
func (m *Memory) Impose(f Fault) (lift func()) {
	fault := &f
	m.faults.add(fault)
	for _, c := range m.open() {
		switch {
		case f.Kind == Reset && c.a.reset():
			c.a.tell(RST, nil, transit{})
			c.b.tell(RST, nil, transit{})
			c.client.abort(syscall.ECONNRESET)
			c.server.abort(syscall.ECONNRESET)
		case f.Kind == Blackhole && f.onFlow("tcp", c.a.from, c.a.to):
			c.client.hold()
			c.server.hold()
		}
	}
	return func() {
		m.faults.remove(fault)
		if f.Kind != Blackhole && f.Kind != Loss {
			return
		}
		for _, c := range m.open() {
			c.client.release()
			c.server.release()
		}
	}
}

func (m *Memory) open() []*memConn {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Collect(maps.Keys(m.conns))
}

// Close implements World: every listener, connection and socket is closed.
func (m *Memory) Close() error {
	m.mu.Lock()
	if m.closed() {
		m.mu.Unlock()
		return nil
	}
	close(m.done)
	m.mu.Unlock()
	for _, h := range m.atlas.all() {
		h.close()
	}
	for _, c := range m.open() {
		c.client.Close()
		c.server.Close()
	}
	return nil
}
