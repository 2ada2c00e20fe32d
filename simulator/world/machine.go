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
	"time"
)

// firstEphemeral is where the ports of outgoing connections begin (RFC 6335 6).
const firstEphemeral = 49152

// ground is what hosts of either world stand on.
type ground struct {
	config Config
	names  names
	faults faults
	done   chan struct{} // closed when the world is
}

// closed says whether the world is.
func (g *ground) closed() bool {
	select {
	case <-g.done:
		return true
	default:
		return false
	}
}

// wait lets d pass, unless ctx or the world ends before.
func (g *ground) wait(ctx context.Context, d time.Duration) error {
	if g.closed() {
		return net.ErrClosed
	}
	if d <= 0 {
		return ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-g.done:
		return net.ErrClosed
	}
}

// handshake spends the round trip of SYN and its answer. Against silence the SYN
// is sent again until ctx ends or the sender gives up. It gives how the answer
// travelled.
func (g *ground) handshake(ctx context.Context, there, back *path) (answer transit, err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, retransmitLimit, syscall.ETIMEDOUT)
	defer cancel()
	for again := time.Second; ; again *= 2 {
		out, in := there.carry(), back.carry()
		wait, silence := out.delay+in.delay, out.held || in.held
		if silence {
			wait = again
		}
		there.tell(SYN, nil, out)
		if err := g.wait(ctx, wait); err != nil {
			if context.Cause(ctx) == syscall.ETIMEDOUT {
				return in, os.NewSyscallError("connect", syscall.ETIMEDOUT)
			}
			return in, err
		}
		if silence {
			continue
		}
		if there.reset() {
			back.answered(RST, in)
			return in, os.NewSyscallError("connect", syscall.ECONNREFUSED)
		}
		return in, nil
	}
}

// machine is what the hosts of both worlds have in common: name, addresses and
// the ports they give out.
type machine struct {
	ground *ground
	name   string
	addrs  []netip.Addr

	mu   sync.Mutex
	next map[string]uint16 // "tcp" or "udp": next port to give out
	busy map[string]int    // "tcp 49152": how many use the port
}

func newMachine(g *ground, name string, addrs []netip.Addr) machine {
	return machine{ground: g, name: name, addrs: slices.Clone(addrs), next: make(map[string]uint16), busy: make(map[string]int)}
}

// Name implements Host.
func (h *machine) Name() string { return h.name }

// Addr implements Host.
func (h *machine) Addr() netip.Addr { return h.addrs[0] }

func (h *machine) resolver() resolver {
	return resolver{ground: h.ground, host: h.name, addr: h.Addr()}
}

// Resolve implements Host.
func (h *machine) Resolve(ctx context.Context, name string) ([]netip.Addr, error) {
	return h.resolver().addrs(ctx, name)
}

// ResolveSRV implements Host.
func (h *machine) ResolveSRV(ctx context.Context, name string) ([]SRV, error) {
	return h.resolver().services(ctx, name)
}

// dial resolves addr and tries its addresses in turn.
func (h *machine) dial(ctx context.Context, network, addr string, try func(netip.AddrPort) (net.Conn, error)) (net.Conn, error) {
	targets, err := h.targets(ctx, network, addr)
	if err != nil {
		return nil, &net.OpError{Op: "dial", Net: network, Err: err}
	}
	var first error
	for _, to := range targets {
		c, err := try(to)
		if err == nil {
			return c, nil
		}
		if first == nil {
			first = err
		}
	}
	return nil, first
}

// targets reads "host:port" and looks the host up.
func (h *machine) targets(ctx context.Context, network, addr string) ([]netip.AddrPort, error) {
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

// bindAddr reads ":port" or "address:port" as a place to listen at. The address
// is invalid where all of the host's are meant.
func (h *machine) bindAddr(network, want, addr string) (netip.AddrPort, error) {
	if network != want {
		return netip.AddrPort{}, net.UnknownNetworkError(network)
	}
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
	if err != nil || !slices.Contains(h.addrs, ip) {
		return netip.AddrPort{}, os.NewSyscallError("bind", syscall.EADDRNOTAVAIL)
	}
	return netip.AddrPortFrom(ip, uint16(number)), nil
}

// concrete is a bound address with the host's own in the place of "all".
func (h *machine) concrete(key netip.AddrPort) netip.AddrPort {
	if key.Addr().IsValid() {
		return key
	}
	return netip.AddrPortFrom(h.Addr(), key.Port())
}

// ephemeral gives the next port that nobody uses. The caller holds h.mu.
func (h *machine) ephemeral(proto string) uint16 {
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
func (h *machine) take(proto string, p uint16) { h.busy[portKey(proto, p)]++ }

func (h *machine) give(proto string, p uint16) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if k := portKey(proto, p); h.busy[k] > 1 {
		h.busy[k]--
	} else {
		delete(h.busy, k)
	}
}

// source takes an ephemeral port for an outgoing connection.
func (h *machine) source(proto string) netip.AddrPort {
	h.mu.Lock()
	defer h.mu.Unlock()
	p := h.ephemeral(proto)
	h.take(proto, p)
	return netip.AddrPortFrom(h.Addr(), p)
}

// side is the host as one side of a flow, for the faults.
func (h *machine) side(number uint16) side {
	return side{host: h.name, port: number, isHost: func(name string) bool {
		return slices.ContainsFunc(h.ground.names.lookA(name), func(a netip.Addr) bool { return slices.Contains(h.addrs, a) })
	}}
}

// path is the way of one direction of a flow.
func (g *ground) path(proto string, from, to side, src, dst netip.AddrPort, base time.Duration) *path {
	return &path{
		faults: &g.faults, proto: proto, from: from, to: to, base: base, dice: g.config.dice(proto, src, dst),
		tape: g.config.Tape, src: src, dst: dst,
	}
}
