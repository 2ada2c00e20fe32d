package world

import (
	"fmt"
	"net/netip"
	"slices"
	"sync"
)

// atlas knows the hosts of a world, their addresses, and where traffic is
// redirected.
type atlas[H Host] struct {
	mu        sync.Mutex
	hosts     []H
	byName    map[string]H
	byAddr    map[netip.Addr]H
	redirects map[Host][]*redirect[H] // by whose dials, the oldest first
}

type redirect[H Host] struct {
	from  Host
	match func(netip.AddrPort) bool
	to    H
	port  uint16
}

// enter panics when the name or an address is taken or no address is given: that
// is a mistake in the program, not in an input.
func (a *atlas[H]) enter(h H, addrs []netip.Addr) {
	a.mu.Lock()
	defer a.mu.Unlock()
	name := canonical(h.Name())
	if _, taken := a.byName[name]; taken || len(addrs) == 0 {
		panic(fmt.Sprintf("world: host %q at %v: no address, or made before", h.Name(), addrs))
	}
	if a.byAddr == nil {
		a.byName, a.byAddr = make(map[string]H), make(map[netip.Addr]H)
	}
	for _, addr := range addrs {
		if other, taken := a.byAddr[addr]; taken {
			panic(fmt.Sprintf("world: host %q: address %v is that of %q", h.Name(), addr, other.Name()))
		}
		a.byAddr[addr] = h
	}
	a.byName[name] = h
	a.hosts = append(a.hosts, h)
}

func (a *atlas[H]) all() []H {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.hosts)
}

func (a *atlas[H]) at(addr netip.Addr) (h H, ok bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	h, ok = a.byAddr[addr]
	return h, ok
}

func (a *atlas[H]) redirect(r *redirect[H]) (undo func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.redirects == nil {
		a.redirects = make(map[Host][]*redirect[H])
	}
	a.redirects[r.from] = append(a.redirects[r.from], r)
	return func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		a.redirects[r.from] = slices.DeleteFunc(a.redirects[r.from], func(o *redirect[H]) bool { return o == r })
	}
}

// route says at which host and address a dial comes out.
func (a *atlas[H]) route(from Host, dst netip.AddrPort) (r route[H], ok bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, r := range slices.Backward(a.redirects[from]) {
		if r.match(dst) {
			return route[H]{to: r.to, at: netip.AddrPortFrom(r.to.Addr(), r.port), redirected: true}, true
		}
	}
	h, ok := a.byAddr[dst.Addr()]
	return route[H]{to: h, at: dst}, ok
}

// route is where a dial comes out.
type route[H Host] struct {
	to         H
	at         netip.AddrPort
	redirected bool
}
