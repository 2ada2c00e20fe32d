package world

import (
	"context"
	"net"
	"net/netip"
	"os"
	"syscall"
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
	l := &memListener{host: h, key: key, queue: make(chan net.Conn, backlog), done: make(chan struct{})}
	h.listeners[key] = l
	h.take("tcp", key.Port())
	return l, nil
}

func (l *memListener) Addr() net.Addr {
	return net.TCPAddrFromAddrPort(l.host.concrete(l.key))
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

func (h *memHost) connect(ctx context.Context, src, dst netip.AddrPort) (net.Conn, error) {
	r, ok := h.world.atlas.route(h, dst)
	if !ok {
		h.noRoute("tcp", src, dst, nil)
		if err := h.world.wait(ctx, 2*h.world.config.latency()); err != nil {
			return nil, err
		}
		return nil, os.NewSyscallError("connect", syscall.EHOSTUNREACH)
	}
	there, back := h.paths("tcp", r.to, src, dst, r.at.Port())
	answer, err := h.world.handshake(ctx, there, back)
	if err != nil {
		return nil, err
	}
	l := r.to.listener(r.at)
	if l == nil {
		back.answered(RST, answer)
		return nil, os.NewSyscallError("connect", syscall.ECONNREFUSED)
	}
	back.answered(SYNACK, answer)
	c := h.open(src, dst, there, back)
	var accepted net.Conn = c.server
	if r.redirected {
		accepted = redirectedEnd{c.server, dst}
	}
	if err := l.enqueue(ctx, c, accepted); err != nil {
		return nil, err
	}
	return c.client, nil
}

// open makes the pair of ends and enters it in the world until both are closed.
func (h *memHost) open(src, dst netip.AddrPort, there, back *path) *memConn {
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
