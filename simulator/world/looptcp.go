package world

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"syscall"
)

// loopHost is a host of a Loopback.
type loopHost struct {
	machine
	world     *Loopback
	real      netip.Addr
	listeners map[netip.AddrPort]*loopListener // under machine.mu
	sockets   map[netip.AddrPort]*loopSocket   // under machine.mu
}

func newLoopHost(l *Loopback, name string, addrs []netip.Addr, real netip.Addr) *loopHost {
	return &loopHost{
		machine: newMachine(&l.ground, name, addrs), world: l, real: real,
		listeners: make(map[netip.AddrPort]*loopListener),
		sockets:   make(map[netip.AddrPort]*loopSocket),
	}
}

func (h *loopHost) close() {
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

// Dial implements Host.
func (h *loopHost) Dial(ctx context.Context, network, addr string) (net.Conn, error) {
	return h.dial(ctx, network, addr, func(to netip.AddrPort) (net.Conn, error) {
		if network == "udp" {
			return h.dialUDP(to)
		}
		return h.dialTCP(ctx, to)
	})
}

// loopListener is a real listener that stands for an address of the world.
type loopListener struct {
	net.Listener
	host *loopHost
	key  netip.AddrPort
}

// Listen implements Host.
func (h *loopHost) Listen(network, addr string) (net.Listener, error) {
	fail := func(err error) (net.Listener, error) {
		return nil, &net.OpError{Op: "listen", Net: network, Err: err}
	}
	key, err := h.bindAddr(network, "tcp", addr)
	if err != nil {
		return fail(err)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if key.Port() == 0 {
		key = netip.AddrPortFrom(key.Addr(), h.ephemeral("tcp"))
	}
	if h.listeners[key] != nil || h.world.closed() {
		return fail(os.NewSyscallError("bind", syscall.EADDRINUSE))
	}
	real, err := net.ListenTCP("tcp", net.TCPAddrFromAddrPort(netip.AddrPortFrom(h.real, h.realPort(key.Port()))))
	if err != nil {
		return nil, err
	}
	l := &loopListener{Listener: real, host: h, key: key}
	h.listeners[key] = l
	h.take("tcp", key.Port())
	return l, nil
}

// realPort is where a listener or socket of the world really is; 0 is anywhere.
func (h *loopHost) realPort(port uint16) uint16 {
	if h.world.plain && h.real == h.Addr() {
		return port
	}
	return 0
}

func (h *loopHost) listener(at netip.AddrPort) *loopListener {
	h.mu.Lock()
	defer h.mu.Unlock()
	if l := h.listeners[at]; l != nil {
		return l
	}
	return h.listeners[netip.AddrPortFrom(netip.Addr{}, at.Port())]
}

func (l *loopListener) Addr() net.Addr { return net.TCPAddrFromAddrPort(l.host.concrete(l.key)) }

func (l *loopListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	tcp := c.(*net.TCPConn)
	w, from := l.host.world, tcp.RemoteAddr().(*net.TCPAddr).AddrPort()
	w.mu.Lock()
	f := w.flows[from]
	delete(w.flows, from)
	w.mu.Unlock()
	if f == nil { // a foreign client
		outside := side{host: from.Addr().String(), port: from.Port(), isHost: func(string) bool { return false }}
		p := w.path("tcp", l.host.side(l.key.Port()), outside, l.key, from, 0)
		return w.enter(newLoopConn(w, tcp, l.host.concrete(l.key), from, p)), nil
	}
	conn := w.enter(newLoopConn(w, tcp, f.dst, f.src, f.back))
	if f.redirected {
		return redirectedLoop{conn, f.dst}, nil
	}
	return conn, nil
}

// Close ends the listener.
func (l *loopListener) Close() error {
	l.host.mu.Lock()
	if l.host.listeners[l.key] == l {
		delete(l.host.listeners, l.key)
		defer l.host.give("tcp", l.key.Port())
	}
	l.host.mu.Unlock()
	return l.Listener.Close()
}

func (h *loopHost) dialTCP(ctx context.Context, dst netip.AddrPort) (net.Conn, error) {
	src := h.source("tcp")
	c, err := h.connect(ctx, src, dst)
	if err != nil {
		h.give("tcp", src.Port())
		return nil, &net.OpError{
			Op: "dial", Net: "tcp", Source: net.TCPAddrFromAddrPort(src), Addr: net.TCPAddrFromAddrPort(dst), Err: err,
		}
	}
	return c, nil
}

func (h *loopHost) connect(ctx context.Context, src, dst netip.AddrPort) (net.Conn, error) {
	w := h.world
	r, ok := w.atlas.route(h, dst)
	if !ok {
		return nil, os.NewSyscallError("connect", syscall.EHOSTUNREACH)
	}
	near, far := h.side(src.Port()), r.to.side(r.at.Port())
	there, back := w.path("tcp", near, far, src, dst, 0), w.path("tcp", far, near, dst, src, 0)
	if _, err := w.handshake(ctx, there, back); err != nil {
		return nil, err
	}
	l := r.to.listener(r.at)
	if l == nil {
		return nil, os.NewSyscallError("connect", syscall.ECONNREFUSED)
	}
	f := &flow{src: src, dst: dst, redirected: r.redirected, back: back}
	tcp, err := h.connectReal(ctx, src.Port(), l.Listener.Addr().String(), f)
	if err != nil {
		return nil, err
	}
	c := newLoopConn(w, tcp, src, dst, there)
	c.onClose = func() { h.give("tcp", src.Port()) }
	return w.enter(c), nil
}

// connectReal dials from a port that is entered in the table of flows before the
// listener can see it: the same number as in the world if that is free.
func (h *loopHost) connectReal(ctx context.Context, wish uint16, to string, f *flow) (*net.TCPConn, error) {
	for range 1000 {
		from := netip.AddrPortFrom(h.real, wish)
		wish = uint16(20000 + rand.IntN(45000))
		if !h.world.expect(from, f) {
			continue
		}
		d := net.Dialer{LocalAddr: net.TCPAddrFromAddrPort(from), KeepAlive: -1}
		c, err := d.DialContext(ctx, "tcp", to)
		if err == nil {
			return c.(*net.TCPConn), nil
		}
		h.world.unexpect(from, f)
		if !errors.Is(err, syscall.EADDRINUSE) && !errors.Is(err, syscall.EADDRNOTAVAIL) {
			return nil, innermost(err)
		}
	}
	return nil, os.NewSyscallError("bind", syscall.EADDRINUSE)
}

// innermost takes a dial's error out of the *net.OpError that names real sockets.
func innermost(err error) error {
	var op *net.OpError
	if errors.As(err, &op) {
		return op.Err
	}
	return err
}

// expect enters a dial in the table of flows, unless another one has the address.
func (l *Loopback) expect(from netip.AddrPort, f *flow) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.flows[from] != nil {
		return false
	}
	l.flows[from] = f
	return true
}

func (l *Loopback) unexpect(from netip.AddrPort, f *flow) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.flows[from] == f {
		delete(l.flows, from)
	}
}
