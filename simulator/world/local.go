package world

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"sync"
	"syscall"
)

// Local is the machine's own loopback network with hosts on it: for servers that
// programs made elsewhere are the clients of. Unlike in a Loopback nothing is
// translated: a host's addresses are loopback addresses, its ports the kernel's,
// and whoever connects is seen with the address that they have. Only names are the
// world's own. Nothing leaves the machine: other addresses are unreachable, and who
// has one is not heard, though the kernel would let the machine's own through.
//
// It is safe for concurrent use.
type Local struct {
	ground ground
	mu     sync.Mutex
	held   map[netip.AddrPort]net.Listener
}

// NewLocal returns a network without hosts.
func NewLocal() *Local {
	return &Local{
		ground: ground{config: Config{Latency: -1}, done: make(chan struct{})},
		held:   make(map[netip.AddrPort]net.Listener),
	}
}

// Host makes a host at loopback addresses and enters its name. Several hosts may
// share an address; then they share its ports. It panics when there is no address
// or one that is not the machine's own: that is a mistake in the program.
func (l *Local) Host(name string, addrs ...netip.Addr) Host {
	if len(addrs) == 0 {
		panic(fmt.Sprintf("world: host %q has no address", name))
	}
	for _, a := range addrs {
		if !a.IsLoopback() {
			panic(fmt.Sprintf("world: host %q: address %v is no loopback address", name, a))
		}
	}
	l.ground.names.setA(name, addrs)
	return &localHost{machine: newMachine(&l.ground, name, addrs), world: l}
}

// SetA enters (or replaces, or with no address deletes) a name's addresses.
func (l *Local) SetA(name string, addrs ...netip.Addr) { l.ground.names.setA(name, addrs) }

// SetSRV enters (or replaces, or deletes) a service name.
func (l *Local) SetSRV(name string, records ...SRV) { l.ground.names.setSRV(name, records) }

// Hold opens a TCP port that the system picks, before there is a host that listens
// at it, so that its number can be known. The first Listen at that address and port
// takes it over.
func (l *Local) Hold(addr netip.Addr) (port uint16, err error) {
	ln, err := net.ListenTCP("tcp", net.TCPAddrFromAddrPort(netip.AddrPortFrom(addr, 0)))
	if err != nil {
		return 0, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	at := ln.Addr().(*net.TCPAddr).AddrPort()
	l.held[at] = ln
	return at.Port(), nil
}

func (l *Local) takeOver(at netip.AddrPort) (net.Listener, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	ln, ok := l.held[at]
	delete(l.held, at)
	return ln, ok
}

// Close closes the ports that are still held. Listeners and connections are their
// owners'.
func (l *Local) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	var all []error
	for _, ln := range l.held {
		all = append(all, ln.Close())
	}
	l.held = nil
	return errors.Join(all...)
}

// localHost is a host of a Local.
type localHost struct {
	machine
	world *Local
}

// Dial implements Host. Names are the world's.
func (h *localHost) Dial(ctx context.Context, network, addr string) (net.Conn, error) {
	return h.dial(ctx, network, addr, func(to netip.AddrPort) (net.Conn, error) {
		if !to.Addr().IsLoopback() {
			return nil, &net.OpError{Op: "dial", Net: network, Addr: net.TCPAddrFromAddrPort(to), Err: os.NewSyscallError("connect", syscall.EHOSTUNREACH)}
		}
		var d net.Dialer
		if to.Addr().Is4() == h.Addr().Is4() {
			d.LocalAddr = h.local(network)
		}
		return d.DialContext(ctx, network, to.String())
	})
}

// local is the host's address with any port.
func (h *localHost) local(network string) net.Addr {
	at := netip.AddrPortFrom(h.Addr(), 0)
	if network == "udp" {
		return net.UDPAddrFromAddrPort(at)
	}
	return net.TCPAddrFromAddrPort(at)
}

// Listen implements Host, at the host's first address where none is named.
func (h *localHost) Listen(network, addr string) (net.Listener, error) {
	key, err := h.bindAddr(network, "tcp", addr)
	if err != nil {
		return nil, &net.OpError{Op: "listen", Net: network, Err: err}
	}
	at := h.concrete(key)
	if ln, ok := h.world.takeOver(at); ok {
		return localListener{ln}, nil
	}
	ln, err := net.ListenTCP("tcp", net.TCPAddrFromAddrPort(at))
	if err != nil {
		return nil, err
	}
	return localListener{ln}, nil
}

// localListener takes connections from loopback addresses only.
type localListener struct{ net.Listener }

// Accept implements net.Listener.
func (l localListener) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil || c.RemoteAddr().(*net.TCPAddr).IP.IsLoopback() {
			return c, err
		}
		c.Close()
	}
}

// ListenPacket implements Host, as Listen does.
func (h *localHost) ListenPacket(network, addr string) (net.PacketConn, error) {
	key, err := h.bindAddr(network, "udp", addr)
	if err != nil {
		return nil, &net.OpError{Op: "listen", Net: network, Err: err}
	}
	c, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(h.concrete(key)))
	if err != nil {
		return nil, err
	}
	return localPackets{c}, nil
}

// localPackets sends to loopback addresses only, and hears only those; what goes
// elsewhere is lost, as it is where no route leads.
type localPackets struct{ *net.UDPConn }

// ReadFrom implements net.PacketConn.
func (p localPackets) ReadFrom(b []byte) (int, net.Addr, error) {
	for {
		n, from, err := p.UDPConn.ReadFrom(b)
		if err != nil || from.(*net.UDPAddr).IP.IsLoopback() {
			return n, from, err
		}
	}
}

// WriteTo implements net.PacketConn.
func (p localPackets) WriteTo(b []byte, to net.Addr) (int, error) {
	if u, ok := to.(*net.UDPAddr); ok && !u.IP.IsLoopback() {
		return len(b), nil
	}
	return p.UDPConn.WriteTo(b, to)
}
