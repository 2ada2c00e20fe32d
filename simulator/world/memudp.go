package world

import (
	"net"
	"net/netip"
	"os"
	"slices"
	"sync"
	"syscall"
	"time"
)

const (
	maxDatagram = 65507 // bytes of payload over IPv4
	inboxLimit  = 4096  // datagrams a socket holds before it loses what comes
)

// datagram is one UDP packet, or an ICMP answer to one (err), on its way.
type datagram struct {
	from netip.AddrPort
	data []byte
	err  error
	due  time.Time // the zero time means now
}

// memSocket is a UDP socket: a net.PacketConn, and a net.Conn when it is
// connected to a peer.
type memSocket struct {
	host *memHost
	key  netip.AddrPort // what it is bound to
	peer netip.AddrPort // valid when connected

	mu      sync.Mutex
	canRead sync.Cond
	rd, wd  deadline
	inbox   []datagram
	wake    *time.Timer
	closed  bool
	paths   map[netip.AddrPort]*path
}

func (h *memHost) ListenPacket(network, addr string) (net.PacketConn, error) {
	key, err := h.bindAddr(network, "udp", addr)
	if err != nil {
		return nil, &net.OpError{Op: "listen", Net: network, Err: err}
	}
	s, err := h.socket(key, netip.AddrPort{})
	if err != nil {
		return nil, &net.OpError{Op: "listen", Net: network, Err: err}
	}
	return s, nil
}

func (h *memHost) dialUDP(dst netip.AddrPort) (net.Conn, error) {
	s, err := h.socket(netip.AddrPortFrom(h.Addr(), 0), dst)
	if err != nil {
		return nil, &net.OpError{Op: "dial", Net: "udp", Addr: net.UDPAddrFromAddrPort(dst), Err: err}
	}
	return s, nil
}

func (h *memHost) socket(key, peer netip.AddrPort) (*memSocket, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if key.Port() == 0 {
		key = netip.AddrPortFrom(key.Addr(), h.ephemeral("udp"))
	}
	if h.sockets[key] != nil || h.world.closed() {
		return nil, os.NewSyscallError("bind", syscall.EADDRINUSE)
	}
	s := &memSocket{host: h, key: key, peer: peer, paths: make(map[netip.AddrPort]*path)}
	s.canRead.L = &s.mu
	h.sockets[key] = s
	h.take("udp", key.Port())
	return s, nil
}

func (h *memHost) socketAt(at netip.AddrPort) *memSocket {
	h.mu.Lock()
	defer h.mu.Unlock()
	if s := h.sockets[at]; s != nil {
		return s
	}
	return h.sockets[netip.AddrPortFrom(netip.Addr{}, at.Port())]
}

func (s *memSocket) addr() netip.AddrPort { return s.host.concrete(s.key) }

func (s *memSocket) LocalAddr() net.Addr { return net.UDPAddrFromAddrPort(s.addr()) }

// RemoteAddr is nil when the socket is not connected.
func (s *memSocket) RemoteAddr() net.Addr {
	if !s.peer.IsValid() {
		return nil
	}
	return net.UDPAddrFromAddrPort(s.peer)
}

func (s *memSocket) fail(op string, err error) error {
	if no, ok := err.(syscall.Errno); ok {
		err = os.NewSyscallError(op, no)
	}
	return &net.OpError{Op: op, Net: "udp", Source: s.LocalAddr(), Addr: s.RemoteAddr(), Err: err}
}

func (s *memSocket) Read(b []byte) (int, error) {
	n, _, err := s.ReadFrom(b)
	return n, err
}

func (s *memSocket) ReadFrom(b []byte) (int, net.Addr, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		switch {
		case s.closed:
			return 0, nil, s.fail("read", net.ErrClosed)
		case s.rd.passed():
			return 0, nil, s.fail("read", os.ErrDeadlineExceeded)
		}
		if len(s.inbox) > 0 && (s.inbox[0].due.IsZero() || !s.inbox[0].due.After(time.Now())) {
			d := s.inbox[0]
			s.inbox = s.inbox[1:]
			if d.err != nil {
				return 0, nil, s.fail("read", d.err)
			}
			return copy(b, d.data), net.UDPAddrFromAddrPort(d.from), nil
		}
		s.await()
	}
}

func (s *memSocket) await() {
	if len(s.inbox) > 0 {
		wait := time.Until(s.inbox[0].due)
		if s.wake == nil {
			s.wake = time.AfterFunc(wait, func() {
				s.mu.Lock()
				defer s.mu.Unlock()
				s.canRead.Broadcast()
			})
		} else {
			s.wake.Reset(wait)
		}
	}
	s.canRead.Wait()
}

func (s *memSocket) Write(b []byte) (int, error) {
	if !s.peer.IsValid() {
		return 0, s.fail("write", syscall.EDESTADDRREQ)
	}
	return s.send(b, s.peer)
}

func (s *memSocket) WriteTo(b []byte, addr net.Addr) (int, error) {
	if s.peer.IsValid() {
		return 0, s.fail("write", net.ErrWriteToConnected)
	}
	to, ok := addr.(*net.UDPAddr)
	if !ok || !to.AddrPort().IsValid() {
		return 0, s.fail("write", &net.AddrError{Err: "want a *net.UDPAddr", Addr: addr.String()})
	}
	ap := to.AddrPort()
	return s.send(b, netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port()))
}

func (s *memSocket) send(b []byte, dst netip.AddrPort) (int, error) {
	to, ok := s.host.world.atlas.at(dst.Addr())
	s.mu.Lock()
	err := s.sendable(b)
	var delay time.Duration
	var p *path
	lost := true
	if ok && err == nil {
		p = s.path(to, dst)
		delay, lost = p.toss()
		p.tell(Datagram, b, transit{delay: delay, held: lost})
	}
	s.mu.Unlock()
	switch {
	case err != nil:
		return 0, s.fail("write", err)
	case !ok:
		s.host.noRoute("udp", s.addr(), dst, b)
	case !lost:
		s.deliver(to, dst, b, delay, p)
	}
	return len(b), nil
}

func (s *memSocket) sendable(b []byte) error {
	switch {
	case s.closed:
		return net.ErrClosed
	case s.wd.passed():
		return os.ErrDeadlineExceeded
	case len(b) > maxDatagram:
		return syscall.EMSGSIZE
	}
	return nil
}

// path is the way to dst; it is kept, for its dice go on from one to the next.
func (s *memSocket) path(to *memHost, dst netip.AddrPort) *path {
	p := s.paths[dst]
	if p == nil {
		p, _ = s.host.paths("udp", to, s.addr(), dst, dst.Port())
		s.paths[dst] = p
	}
	return p
}

// deliver brings a datagram to the socket at dst. Where there is none, a
// connected sender learns it by ICMP and gets ECONNREFUSED.
func (s *memSocket) deliver(to *memHost, dst netip.AddrPort, b []byte, delay time.Duration, p *path) {
	r := to.socketAt(dst)
	if r != nil && !p.reset() && (!r.peer.IsValid() || r.peer == s.addr()) {
		r.receive(datagram{from: s.addr(), data: slices.Clone(b)}, delay)
		return
	}
	p.told(time.Now().Add(delay), Unreachable, b, transit{delay: delay})
	if s.peer.IsValid() {
		s.receive(datagram{err: syscall.ECONNREFUSED}, 2*delay)
	}
}

// receive puts a datagram into the inbox in the order of arrival.
func (s *memSocket) receive(d datagram, delay time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || len(s.inbox) >= inboxLimit {
		return
	}
	if delay > 0 {
		d.due = time.Now().Add(delay)
	}
	i := len(s.inbox)
	for i > 0 && s.inbox[i-1].due.After(d.due) {
		i--
	}
	s.inbox = slices.Insert(s.inbox, i, d)
	s.canRead.Broadcast()
}

func (s *memSocket) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return s.fail("close", net.ErrClosed)
	}
	s.closed, s.inbox = true, nil
	s.rd.stop()
	s.wd.stop()
	if s.wake != nil {
		s.wake.Stop()
	}
	s.canRead.Broadcast()
	s.mu.Unlock()
	s.host.mu.Lock()
	delete(s.host.sockets, s.key)
	s.host.mu.Unlock()
	s.host.give("udp", s.key.Port())
	return nil
}

func (s *memSocket) SetDeadline(t time.Time) error {
	s.SetReadDeadline(t)
	return s.SetWriteDeadline(t)
}

func (s *memSocket) SetReadDeadline(t time.Time) error { return s.deadline(&s.rd, t) }

func (s *memSocket) SetWriteDeadline(t time.Time) error { return s.deadline(&s.wd, t) }

func (s *memSocket) deadline(d *deadline, t time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return s.fail("set", net.ErrClosed)
	}
	d.set(t, &s.canRead)
	return nil
}
