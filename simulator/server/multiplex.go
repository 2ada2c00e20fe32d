package server

import (
	"errors"
	"fmt"
	"net"
	"net/netip"

	"rehearse/proxy/wire/msturn"
)

// Relay ports that many allocations share, as MS-Version 5 (over UDP) and 6 (over TCP
// too) have them: what peers send there begins with the session that it is for.
//
// Modelled: which of the ports an allocation gets, by MS-Service Quality, from the
// ports that Microsoft lists by workload; that strangers' data is dropped; and that a
// client may use the same frames towards the edge.

// sharedPort is one of them.
type sharedPort struct {
	stream  msturn.Stream
	packets net.PacketConn // of UDP allocations
	udp     netip.AddrPort // as clients and peers reach it
	tcp     netip.AddrPort
}

// share opens the shared relay ports.
func (d *edge) share(e *Estate) error {
	for _, p := range []struct {
		name   string
		port   uint16
		stream msturn.Stream
	}{{"edge-audio", 3479, msturn.Audio}, {"edge-video", 3480, msturn.Video}, {"edge-sharing", 3481, msturn.DataStream}} {
		packets, err := e.listenPacket(p.name+"-udp", d.host, p.port)
		if err != nil {
			return err
		}
		e.opened = append(e.opened, func() { d.fromShared(packets) })
		if err := e.serve(p.name, d.host, p.port, d.acceptShared); err != nil {
			return err
		}
		udp, tcp := e.endpoints[p.name+"-udp"], e.endpoints[p.name]
		d.shared = append(d.shared, sharedPort{stream: p.stream, packets: packets,
			udp: netip.AddrPortFrom(udp.Addr, udp.Port), tcp: netip.AddrPortFrom(tcp.Addr, tcp.Port)})
	}
	return nil
}

// multiplexes says whether a client that sent a message knows shared ports, and there
// are any.
func (l *leg) multiplexes(m *msturn.Message) bool {
	since := msturn.VersionMultiplexedUDP
	if l.tcp != nil {
		since = msturn.VersionMultiplexed
	}
	return len(l.shared) > 0 && l.version(m) >= since
}

// share puts the allocation at a shared port, if the client gives back the session
// that it got.
func (a *allocation) share(m *msturn.Message) error {
	session, ok := msturn.Find[msturn.SessionID](m)
	if !ok || session != a.leg.session || !a.leg.multiplexes(m) {
		return errors.New("not asked for")
	}
	port := a.leg.shared[0]
	if q, ok := msturn.Find[msturn.ServiceQuality](m); ok {
		for _, p := range a.leg.shared {
			if p.stream == q.Stream {
				port = p
			}
		}
	}
	a.addr = port.tcp
	if a.leg.tcp == nil {
		a.addr, a.packets = port.udp, port.packets
	}
	a.leg.edge.mu.Lock()
	defer a.leg.edge.mu.Unlock()
	a.leg.sessions[session] = a
	a.listener = sharing{a.leg.edge, session}
	return nil
}

// sharing is an allocation's part of a shared port.
type sharing struct {
	*edge
	session msturn.SessionID
}

// Close gives the part up.
func (s sharing) Close() error {
	s.edge.mu.Lock()
	defer s.edge.mu.Unlock()
	delete(s.sessions, s.session)
	return nil
}

// toSession finds the allocation that a multiplexed frame's payload is for, and what
// is in it.
func (d *edge) toSession(payload []byte) (*allocation, []byte, error) {
	m, err := msturn.ParseMultiplexed(payload)
	if err != nil {
		return nil, nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	a := d.sessions[m.Session]
	if a == nil {
		return nil, nil, fmt.Errorf("MS-TURN session %x: nobody has it", m.Session)
	}
	return a, m.Data, nil
}

// fromShared takes the datagrams of a shared port.
func (d *edge) fromShared(p net.PacketConn) {
	buf := make([]byte, msturn.MaxSize)
	for {
		n, from, err := p.ReadFrom(buf)
		if err != nil {
			return
		}
		f, rest, err := msturn.ParseFrame(buf[:n])
		if err != nil || len(rest) > 0 || f.Type != msturn.FrameMultiplexed {
			continue
		}
		if a, data, err := d.toSession(f.Payload); err == nil {
			a.fromPacket(addrPort(from), data)
		}
	}
}

// acceptShared takes a peer's connection to a shared port: frames for one session or
// several.
func (d *edge) acceptShared(c *conn) {
	at := addrPort(c.RemoteAddr())
	for {
		f, err := msturn.ReadFrame(c)
		if err != nil || f.Type != msturn.FrameMultiplexed {
			if err == nil {
				c.hangUp("a frame that is not multiplexed")
			}
			return
		}
		a, data, err := d.toSession(f.Payload)
		if err == nil && a.packets == nil && a.isAllowed(at.Addr()) {
			a.meet(at, c)
			a.toClient(at, data)
		}
	}
}

// meet makes a peer's connection the one that the client reaches it by.
func (a *allocation) meet(at netip.AddrPort, c net.Conn) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.peers[at] == nil {
		a.peers[at] = &peer{addr: at, conn: c}
	}
}

// multiplexed takes a multiplexed frame of the client itself: data for the active
// destination.
func (l *leg) multiplexed(payload []byte) {
	m, err := msturn.ParseMultiplexed(payload)
	if err == nil && m.Session == l.session {
		l.raw(m.Data)
	}
}
