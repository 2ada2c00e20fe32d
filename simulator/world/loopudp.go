package world

import (
	"net"
	"net/netip"
	"os"
	"syscall"
	"time"
)

// loopSocket is a real UDP socket that stands for an address of the world. A
// connected one has a peer.
type loopSocket struct {
	*net.UDPConn
	host       *loopHost
	key        netip.AddrPort
	real, peer netip.AddrPort
	paths      map[netip.AddrPort]*path // under host.mu
}

// ListenPacket implements Host.
func (h *loopHost) ListenPacket(network, addr string) (net.PacketConn, error) {
	key, err := h.bindAddr(network, "udp", addr)
	if err != nil {
		return nil, &net.OpError{Op: "listen", Net: network, Err: err}
	}
	s, err := h.socket(key, netip.AddrPort{})
	if err != nil {
		return nil, err
	}
	return s, nil
}

func (h *loopHost) dialUDP(dst netip.AddrPort) (net.Conn, error) {
	s, err := h.socket(netip.AddrPortFrom(h.Addr(), 0), dst)
	if err != nil {
		return nil, err
	}
	return s, nil
}

func (h *loopHost) socket(key, peer netip.AddrPort) (*loopSocket, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if key.Port() == 0 {
		key = netip.AddrPortFrom(key.Addr(), h.ephemeral("udp"))
	}
	if h.sockets[key] != nil || h.world.closed() {
		return nil, &net.OpError{Op: "listen", Net: "udp", Err: os.NewSyscallError("bind", syscall.EADDRINUSE)}
	}
	conn, err := h.bindUDP(key.Port(), peer)
	if err != nil {
		return nil, err
	}
	s := &loopSocket{
		UDPConn: conn, host: h, key: key, peer: peer, paths: make(map[netip.AddrPort]*path),
		real: conn.LocalAddr().(*net.UDPAddr).AddrPort(),
	}
	h.sockets[key] = s
	h.take("udp", key.Port())
	h.world.show(h.concrete(key), s.real)
	return s, nil
}

// bindUDP makes the real socket. One that is connected to a place where nothing
// listens is connected to a port where nothing ever does.
func (h *loopHost) bindUDP(port uint16, peer netip.AddrPort) (*net.UDPConn, error) {
	local := net.UDPAddrFromAddrPort(netip.AddrPortFrom(h.real, h.realPort(port)))
	if !peer.IsValid() {
		return net.ListenUDP("udp", local)
	}
	to := h.world.socketFor(peer)
	if !to.IsValid() {
		to = netip.AddrPortFrom(h.real, 1)
	}
	return net.DialUDP("udp", local, net.UDPAddrFromAddrPort(to))
}

func (l *Loopback) show(at, real netip.AddrPort) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.real[at], l.shown[real] = real, at
}

// socketFor is the real address of the UDP socket at an address of the world.
func (l *Loopback) socketFor(at netip.AddrPort) netip.AddrPort {
	l.mu.Lock()
	defer l.mu.Unlock()
	if real, ok := l.real[at]; ok {
		return real
	}
	if h, ok := l.atlas.at(at.Addr()); ok {
		return l.real[netip.AddrPortFrom(h.Addr(), at.Port())]
	}
	return netip.AddrPort{}
}

func (l *Loopback) shownAs(real netip.AddrPort) netip.AddrPort {
	l.mu.Lock()
	defer l.mu.Unlock()
	if at, ok := l.shown[real]; ok {
		return at
	}
	return real
}

// LocalAddr is the world's address.
func (s *loopSocket) LocalAddr() net.Addr { return net.UDPAddrFromAddrPort(s.host.concrete(s.key)) }

// RemoteAddr is the peer's address in the world, nil when not connected.
func (s *loopSocket) RemoteAddr() net.Addr {
	if !s.peer.IsValid() {
		return nil
	}
	return net.UDPAddrFromAddrPort(s.peer)
}

// ReadFrom gives the sender's address in the world.
func (s *loopSocket) ReadFrom(b []byte) (int, net.Addr, error) {
	n, from, err := s.UDPConn.ReadFromUDPAddrPort(b)
	if err != nil {
		return n, nil, err
	}
	return n, net.UDPAddrFromAddrPort(s.host.world.shownAs(from)), nil
}

// WriteTo sends to an address of the world, or of a foreign peer seen before.
func (s *loopSocket) WriteTo(b []byte, addr net.Addr) (int, error) {
	to, ok := addr.(*net.UDPAddr)
	if !ok {
		return 0, &net.OpError{Op: "write", Net: "udp", Source: s.LocalAddr(), Addr: addr, Err: &net.AddrError{Err: "want a *net.UDPAddr", Addr: addr.String()}}
	}
	if s.peer.IsValid() {
		return 0, &net.OpError{Op: "write", Net: "udp", Source: s.LocalAddr(), Addr: addr, Err: net.ErrWriteToConnected}
	}
	ap := to.AddrPort()
	dst := netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port())
	real := s.host.world.socketFor(dst)
	switch {
	case real.IsValid():
	case dst.Addr().IsLoopback():
		real = dst
	default: // nothing there: lost, as on a network
		return len(b), nil
	}
	return s.send(b, dst, func(b []byte) (int, error) { return s.UDPConn.WriteToUDPAddrPort(b, real) })
}

// Write sends to the peer.
func (s *loopSocket) Write(b []byte) (int, error) { return s.send(b, s.peer, s.UDPConn.Write) }

// send lets the faults have their say before write.
func (s *loopSocket) send(b []byte, dst netip.AddrPort, write func([]byte) (int, error)) (int, error) {
	to, ok := s.host.world.atlas.at(dst.Addr())
	if !ok || len(s.host.world.faults.now()) == 0 {
		return write(b)
	}
	delay, lost, reset := s.toss(to, dst)
	switch {
	case reset && s.peer.IsValid():
		return 0, &net.OpError{Op: "write", Net: "udp", Source: s.LocalAddr(), Addr: s.RemoteAddr(), Err: os.NewSyscallError("write", syscall.ECONNREFUSED)}
	case lost || reset:
		return len(b), nil
	case delay > 0:
		later := append([]byte(nil), b...)
		time.AfterFunc(delay, func() { write(later) })
		return len(b), nil
	}
	return write(b)
}

func (s *loopSocket) toss(to *loopHost, dst netip.AddrPort) (delay time.Duration, lost, reset bool) {
	s.host.mu.Lock()
	defer s.host.mu.Unlock()
	p := s.paths[dst]
	if p == nil {
		p = s.host.world.path("udp", s.host.side(s.key.Port()), to.side(dst.Port()), s.host.concrete(s.key), dst, 0)
		s.paths[dst] = p
	}
	delay, lost = p.toss()
	return delay, lost, p.reset()
}

// Close ends the socket.
func (s *loopSocket) Close() error {
	err := s.UDPConn.Close()
	h, w := s.host, s.host.world
	h.mu.Lock()
	mine := h.sockets[s.key] == s
	if mine {
		delete(h.sockets, s.key)
	}
	h.mu.Unlock()
	if mine {
		h.give("udp", s.key.Port())
		w.mu.Lock()
		delete(w.real, h.concrete(s.key))
		delete(w.shown, s.real)
		w.mu.Unlock()
	}
	return err
}
