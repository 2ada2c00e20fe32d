package world

import (
	"context"
	"io"
	"net"
	"net/netip"
)

// memHost is a host of a Memory.
type memHost struct {
	machine
	world *Memory
	// Under machine.mu; an invalid address takes all of the host's.
	listeners map[netip.AddrPort]*memListener
	sockets   map[netip.AddrPort]*memSocket
}

func newMemHost(m *Memory, name string, addrs []netip.Addr) *memHost {
	return &memHost{
		machine: newMachine(&m.ground, name, addrs), world: m,
		listeners: make(map[netip.AddrPort]*memListener),
		sockets:   make(map[netip.AddrPort]*memSocket),
	}
}

func (h *memHost) Dial(ctx context.Context, network, addr string) (net.Conn, error) {
	return h.dial(ctx, network, addr, func(to netip.AddrPort) (net.Conn, error) {
		if network == "udp" {
			return h.dialUDP(to)
		}
		return h.dialTCP(ctx, to)
	})
}

// paths are the two directions of a flow from src at this host to dst at another.
func (h *memHost) paths(proto string, to *memHost, src, dst netip.AddrPort, port uint16) (there, back *path) {
	near, far, base := h.side(src.Port()), to.side(port), h.world.config.latency()
	return h.world.path(proto, near, far, src, dst, base), h.world.path(proto, far, near, dst, src, base)
}

func (h *memHost) close() {
	h.mu.Lock()
	var all []io.Closer
	for _, l := range h.listeners {
		all = append(all, l)
	}
	for _, s := range h.sockets {
		all = append(all, s)
	}
	h.mu.Unlock()
	for _, c := range all {
		c.Close()
	}
}
