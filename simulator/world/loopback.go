package world

import (
	"maps"
	"math/rand/v2"
	"net"
	"net/netip"
	"runtime"
	"slices"
	"sync"
)

// Loopback is a world of real sockets on loopback addresses, in real time. A
// table leads from each address and port of the world to the socket that stands
// for it, and back, so that connections show the world's addresses.
//
// A peer from outside the world (a foreign client at Socket's address) shows its
// own address. Config.Latency is not used: the kernel's is.
//
// Faults do what they can here. Names: all. Dials: Reset, Blackhole, Latency.
// UDP: Loss, Latency, Blackhole, Reset. Open TCP connections: Reset; Blackhole and
// Latency make writers wait, but a FIN still gets through. Loss of TCP segments
// is not done.
type Loopback struct {
	ground
	atlas atlas[*loopHost]
	block [2]byte // second and third byte of the hosts' real addresses
	plain bool    // see NewPlainLoopback

	mu     sync.Mutex
	flows  map[netip.AddrPort]*flow          // by the real address of the dialling side
	real   map[netip.AddrPort]netip.AddrPort // world's UDP address to socket's
	shown  map[netip.AddrPort]netip.AddrPort // and back
	conns  map[*loopConn]struct{}
	lifted chan struct{} // closed, and replaced, when a fault is lifted
}

// flow is what the accepting side has to know of a dial.
type flow struct {
	src, dst   netip.AddrPort // as the world sees them
	redirected bool
	back       *path
}

// NewLoopback returns an empty world. Its hosts live on addresses of their own in
// 127.0.0.0/8 where the system has all of them (Linux), else on 127.0.0.1.
func NewLoopback(c Config) *Loopback {
	c.Latency = -1
	return &Loopback{
		ground: ground{config: c, done: make(chan struct{})},
		block:  [2]byte{byte(1 + rand.IntN(254)), byte(rand.IntN(256))},
		flows:  make(map[netip.AddrPort]*flow),
		real:   make(map[netip.AddrPort]netip.AddrPort),
		shown:  make(map[netip.AddrPort]netip.AddrPort),
		conns:  make(map[*loopConn]struct{}),
		lifted: make(chan struct{}),
	}
}

// NewPlainLoopback is a Loopback in which nothing is translated for a host whose
// address is a loopback address: it listens at that very address, at the very port, so
// that programs made elsewhere find it where names say. Low ports want the right to
// bind them.
func NewPlainLoopback(c Config) *Loopback {
	l := NewLoopback(c)
	l.plain = true
	return l
}

// Host implements World. It panics as Memory.Host does.
func (l *Loopback) Host(name string, addrs ...netip.Addr) Host {
	real := l.realAddr(len(l.atlas.all()))
	if l.plain && len(addrs) > 0 && addrs[0].IsLoopback() {
		real = addrs[0]
	}
	h := newLoopHost(l, name, addrs, real)
	l.atlas.enter(h, addrs)
	l.names.setA(name, addrs)
	return h
}

func (l *Loopback) realAddr(n int) netip.Addr {
	if runtime.GOOS != "linux" {
		return netip.AddrFrom4([4]byte{127, 0, 0, 1})
	}
	return netip.AddrFrom4([4]byte{127, l.block[0], l.block[1] + byte(n/250), byte(1 + n%250)})
}

// SetA implements World.
func (l *Loopback) SetA(name string, addrs ...netip.Addr) { l.names.setA(name, addrs) }

// SetSRV implements World.
func (l *Loopback) SetSRV(name string, records ...SRV) { l.names.setSRV(name, records) }

// Redirect implements World.
func (l *Loopback) Redirect(from Host, match func(dst netip.AddrPort) bool, to Host, port uint16) (undo func()) {
	return l.atlas.redirect(&redirect[*loopHost]{from, match, to.(*loopHost), port})
}

// Impose implements World, as far as the type's comment says.
func (l *Loopback) Impose(f Fault) (lift func()) {
	fault := &f
	l.faults.add(fault)
	if f.Kind == Reset {
		for _, c := range l.open() {
			if c.out.reset() {
				c.breakOff()
			}
		}
	}
	return func() {
		l.faults.remove(fault)
		l.mu.Lock()
		defer l.mu.Unlock()
		close(l.lifted)
		l.lifted = make(chan struct{})
	}
}

func (l *Loopback) nextLift() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.lifted
}

func (l *Loopback) open() []*loopConn {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Collect(maps.Keys(l.conns))
}

// Socket says at which real address a listener or packet socket of the world can
// be reached from outside. network is "tcp" or "udp", at an address of a host.
func (l *Loopback) Socket(network string, at netip.AddrPort) (real netip.AddrPort, ok bool) {
	h, ok := l.atlas.at(at.Addr())
	if !ok {
		return real, false
	}
	if network == "tcp" {
		if ln := h.listener(at); ln != nil {
			return ln.Listener.Addr().(*net.TCPAddr).AddrPort(), true
		}
		return real, false
	}
	real = l.socketFor(at)
	return real, real.IsValid()
}

// Close implements World.
func (l *Loopback) Close() error {
	l.mu.Lock()
	if l.closed() {
		l.mu.Unlock()
		return nil
	}
	close(l.done)
	l.mu.Unlock()
	for _, h := range l.atlas.all() {
		h.close()
	}
	for _, c := range l.open() {
		c.Close()
	}
	return nil
}
