package world

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"sync"
	"syscall"
)

// firstEphemeral is where the ports of outgoing connections begin (RFC 6335 6).
const firstEphemeral = 49152

// memHost is a host of a Memory.
type memHost struct {
	world *Memory
	name  string
	addrs []netip.Addr

	mu        sync.Mutex
	listeners map[netip.AddrPort]*memListener // an invalid address takes all of the host's
	sockets   map[netip.AddrPort]*memSocket
	next      map[string]uint16 // "tcp" or "udp": next port to give out
	busy      map[string]int    // "tcp 49152": connections that use the port
}

func newMemHost(m *Memory, name string, addrs []netip.Addr) *memHost {
	return &memHost{
		world: m, name: name, addrs: slices.Clone(addrs),
		listeners: make(map[netip.AddrPort]*memListener),
		sockets:   make(map[netip.AddrPort]*memSocket),
		next:      make(map[string]uint16),
		busy:      make(map[string]int),
	}
}

func (h *memHost) Name() string     { return h.name }
func (h *memHost) Addr() netip.Addr { return h.addrs[0] }

func (h *memHost) resolver() resolver {
	return resolver{names: &h.world.names, faults: &h.world.faults, host: h.name, delay: 2 * h.world.config.latency()}
}

func (h *memHost) Resolve(ctx context.Context, name string) ([]netip.Addr, error) {
	return h.resolver().addrs(ctx, name)
}

func (h *memHost) ResolveSRV(ctx context.Context, name string) ([]SRV, error) {
	return h.resolver().services(ctx, name)
}

func (h *memHost) Dial(ctx context.Context, network, addr string) (net.Conn, error) {
	targets, err := resolveTarget(ctx, h, network, addr)
	if err != nil {
		return nil, &net.OpError{Op: "dial", Net: network, Err: err}
	}
	var first error
	for _, to := range targets {
		var c net.Conn
		if network == "udp" {
			c, err = h.dialUDP(to)
		} else {
			c, err = h.dialTCP(ctx, to)
		}
		if err == nil {
			return c, nil
		}
		if first == nil {
			first = err
		}
	}
	return nil, first
}

// resolveTarget reads "host:port" and looks the host up.
func resolveTarget(ctx context.Context, h Host, network, addr string) ([]netip.AddrPort, error) {
	if network != "tcp" && network != "udp" {
		return nil, net.UnknownNetworkError(network)
	}
	name, service, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, err
	}
	number, err := strconv.ParseUint(service, 10, 16)
	if err != nil || number == 0 {
		return nil, &net.AddrError{Err: "want a port from 1 to 65535", Addr: addr}
	}
	ips, err := h.Resolve(ctx, name)
	if err != nil {
		return nil, err
	}
	targets := make([]netip.AddrPort, len(ips))
	for i, ip := range ips {
		targets[i] = netip.AddrPortFrom(ip, uint16(number))
	}
	return targets, nil
}

// bindAddr reads ":port" or "address:port" for a listener of a host with addrs.
// The address is invalid where all are meant.
func bindAddr(addrs []netip.Addr, addr string) (netip.AddrPort, error) {
	name, service, err := net.SplitHostPort(addr)
	if err != nil {
		return netip.AddrPort{}, err
	}
	number, err := strconv.ParseUint(service, 10, 16)
	if err != nil {
		return netip.AddrPort{}, &net.AddrError{Err: "want a port from 0 to 65535", Addr: addr}
	}
	if name == "" || name == "0.0.0.0" || name == "::" {
		return netip.AddrPortFrom(netip.Addr{}, uint16(number)), nil
	}
	ip, err := netip.ParseAddr(name)
	if err != nil || !slices.Contains(addrs, ip) {
		return netip.AddrPort{}, os.NewSyscallError("bind", syscall.EADDRNOTAVAIL)
	}
	return netip.AddrPortFrom(ip, uint16(number)), nil
}

// ephemeral takes the next free port. The caller holds h.mu.
func (h *memHost) ephemeral(proto string) uint16 {
	for {
		p := max(h.next[proto], firstEphemeral)
		h.next[proto] = p + 1 // after 65535 comes 0, hence the max
		if h.busy[portKey(proto, p)] == 0 {
			return p
		}
	}
}

func portKey(proto string, p uint16) string { return fmt.Sprint(proto, " ", p) }

// take and give count the users of a port. The caller of take holds h.mu.
func (h *memHost) take(proto string, p uint16) { h.busy[portKey(proto, p)]++ }

func (h *memHost) give(proto string, p uint16) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if k := portKey(proto, p); h.busy[k] > 1 {
		h.busy[k]--
	} else {
		delete(h.busy, k)
	}
}

// side is the host as one side of a flow, for the faults.
func (h *memHost) side(number uint16) port {
	return port{host: h.name, number: number, isHost: func(name string) bool {
		return slices.ContainsFunc(h.world.names.lookA(name), func(a netip.Addr) bool { return slices.Contains(h.addrs, a) })
	}}
}

// path is the way from one side to another.
func (h *memHost) path(proto string, from, to port, src, dst netip.AddrPort) *path {
	return &path{
		faults: &h.world.faults, proto: proto, from: from, to: to,
		base: h.world.config.latency(), dice: h.world.config.dice(proto, src, dst),
	}
}

func (h *memHost) close() {
	h.mu.Lock()
	var all []interface{ Close() error }
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
