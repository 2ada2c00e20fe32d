package world

import (
	"context"
	"net"
	"net/netip"
	"os"
	"syscall"
	"time"
)

// backlog is how many connections may wait to be accepted at a listener.
const backlog = 1024

// memConn is an open TCP connection of a Memory.
type memConn struct {
	client, server *end
	a, b           *path // client to server, server to client
}

// memListener takes TCP connections.
type memListener struct {
	host  *memHost
	key   netip.AddrPort
	queue chan net.Conn
	done  chan struct{} // closed by Close, under host.mu
}

// redirectedEnd is the accepted end of a connection that was intercepted
// transparently: its LocalAddr is where the client dialled.
type redirectedEnd struct {
	*end
	dst netip.AddrPort
}

// OriginalDst implements Redirected.
func (r redirectedEnd) OriginalDst() netip.AddrPort { return r.dst }

func (h *memHost) Listen(network, addr string) (net.Listener, error) {
	fail := func(err error) (net.Listener, error) {
		return nil, &net.OpError{Op: "listen", Net: network, Err: err}
	}
	if network != "tcp" {
		return fail(net.UnknownNetworkError(network))
	}
	key, err := bindAddr(h.addrs, addr)
	if err != nil {
		return fail(err)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if key.Port() == 0 {
		key = netip.AddrPortFrom(key.Addr(), h.ephemeral("tcp"))
	}
	if h.listeners[key] != nil || h.closed() {
		return fail(os.NewSyscallError("bind", syscall.EADDRINUSE))
	}
	l := &memListener{host: h, key: key, queue: make(chan net.Conn, backlog), done: make(chan struct{})}
	h.listeners[key] = l
	h.take("tcp", key.Port())
	return l, nil
}

// closed says whether the world is.
func (h *memHost) closed() bool {
	select {
	case <-h.world.done:
		return true
	default:
		return false
	}
}

func (l *memListener) Addr() net.Addr {
	ip := l.key.Addr()
	if !ip.IsValid() {
		ip = l.host.Addr()
	}
	return net.TCPAddrFromAddrPort(netip.AddrPortFrom(ip, l.key.Port()))
}

func (l *memListener) Accept() (net.Conn, error) {
	select {
	case <-l.done:
		return nil, l.fail("accept", net.ErrClosed)
	default:
	}
	select {
	case c := <-l.queue:
		return c, nil
	case <-l.done:
		return nil, l.fail("accept", net.ErrClosed)
	}
}

func (l *memListener) fail(op string, err error) error {
	return &net.OpError{Op: op, Net: "tcp", Addr: l.Addr(), Err: err}
}

// Close ends the listener; connections that nobody has accepted are reset.
func (l *memListener) Close() error {
	l.host.mu.Lock()
	if l.host.listeners[l.key] != l {
		l.host.mu.Unlock()
		return l.fail("close", net.ErrClosed)
	}
	delete(l.host.listeners, l.key)
	close(l.done)
	l.host.mu.Unlock()
	l.host.give("tcp", l.key.Port())
	for {
		select {
		case c := <-l.queue:
			c.(Conn).SetLinger(0)
			c.Close()
		default:
			return nil
		}
	}
}

func (h *memHost) listener(at netip.AddrPort) *memListener {
	h.mu.Lock()
	defer h.mu.Unlock()
	if l := h.listeners[at]; l != nil {
		return l
	}
	return h.listeners[netip.AddrPortFrom(netip.Addr{}, at.Port())]
}

// dialTCP sends a SYN and waits for what comes of it.
func (h *memHost) dialTCP(ctx context.Context, dst netip.AddrPort) (net.Conn, error) {
	h.mu.Lock()
	src := netip.AddrPortFrom(h.Addr(), h.ephemeral("tcp"))
	h.take("tcp", src.Port())
	h.mu.Unlock()
	c, err := h.connect(ctx, src, dst)
	if err != nil {
		h.give("tcp", src.Port())
		return nil, &net.OpError{
			Op: "dial", Net: "tcp", Source: net.TCPAddrFromAddrPort(src), Addr: net.TCPAddrFromAddrPort(dst), Err: err,
		}
	}
	return c, nil
}

func (h *memHost) connect(ctx context.Context, src, dst netip.AddrPort) (net.Conn, error) {
	to, number, redirected := h.world.route(h, dst)
	if to == nil {
		if err := h.wait(ctx, 2*h.world.config.latency()); err != nil {
			return nil, err
		}
		return nil, os.NewSyscallError("connect", syscall.EHOSTUNREACH)
	}
	near, far := h.side(src.Port()), to.side(number)
	there, back := h.path("tcp", near, far, src, dst), h.path("tcp", far, near, dst, src)
	if err := h.handshake(ctx, there, back); err != nil {
		return nil, err
	}
	at := dst
	if redirected {
		at = netip.AddrPortFrom(to.Addr(), number)
	}
	l := to.listener(at)
	if l == nil || there.reset() {
		return nil, os.NewSyscallError("connect", syscall.ECONNREFUSED)
	}
	c := h.open(to, src, dst, there, back)
	var accepted net.Conn = c.server
	if redirected {
		accepted = redirectedEnd{c.server, dst}
	}
	return c.client, l.enqueue(ctx, c, accepted)
}

// handshake spends the round trip of SYN and its answer. Against silence the SYN
// is sent again until ctx ends or the host gives up.
func (h *memHost) handshake(ctx context.Context, there, back *path) error {
	ctx, cancel := context.WithTimeoutCause(ctx, retransmitLimit, syscall.ETIMEDOUT)
	defer cancel()
	for again := time.Second; ; again *= 2 {
		out, lost := there.carry()
		in, lostToo := back.carry()
		wait := out + in
		if lost || lostToo {
			wait = again
		}
		if err := h.wait(ctx, wait); err != nil {
			if context.Cause(ctx) == syscall.ETIMEDOUT {
				return os.NewSyscallError("connect", syscall.ETIMEDOUT)
			}
			return err
		}
		if !lost && !lostToo {
			return nil
		}
	}
}

// wait is pause, ended also by the end of the world.
func (h *memHost) wait(ctx context.Context, d time.Duration) error {
	if h.closed() {
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
	case <-h.world.done:
		return net.ErrClosed
	}
}

// open makes the pair of ends and enters it in the world until both are closed.
func (h *memHost) open(to *memHost, src, dst netip.AddrPort, there, back *path) *memConn {
	c := &memConn{a: there, b: back}
	c.client, c.server = newPair(src, dst, there, back)
	c.client.onClose = func() {
		h.give("tcp", src.Port())
		h.world.forget(c)
	}
	c.server.onClose = func() { h.world.forget(c) }
	h.world.mu.Lock()
	defer h.world.mu.Unlock()
	h.world.conns[c] = struct{}{}
	return c
}

// forget takes a connection out of the world once both ends are closed.
func (m *Memory) forget(c *memConn) {
	c.client.mu.Lock()
	over := c.client.closed && c.server.closed
	c.client.mu.Unlock()
	if over {
		m.mu.Lock()
		defer m.mu.Unlock()
		delete(m.conns, c)
	}
}

// enqueue hands the accepted end to whoever listens.
func (l *memListener) enqueue(ctx context.Context, c *memConn, accepted net.Conn) error {
	var err error
	select {
	case l.queue <- accepted:
		select {
		case <-l.done: // closed in between: nobody will accept it
			err = os.NewSyscallError("connect", syscall.ECONNREFUSED)
		default:
			return nil
		}
	case <-l.done:
		err = os.NewSyscallError("connect", syscall.ECONNREFUSED)
	case <-ctx.Done():
		err = ctx.Err()
	}
	c.server.Close()
	c.client.SetLinger(0)
	c.client.onClose = nil // the dial gives the port back
	c.client.Close()
	l.host.world.forget(c)
	return err
}
