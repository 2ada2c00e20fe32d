package server

import (
	"context"
	"net"
	"net/netip"
	"time"

	"rehearse/reports/journal"
	"rehearse/simulator/audio"
	"rehearse/simulator/ice"
)

// The pace of connectivity checks (RFC 8445 14, RFC 8489 6.2.1).
const (
	pacing = 20 * time.Millisecond // Ta: between first checks
	rto    = 500 * time.Millisecond
	tries  = 7
)

// path is one way between a call and its client: a UDP address or a connection.
type path struct {
	call      *call
	component *component
	remote    netip.AddrPort
	transport string
	conn      net.Conn // of a TCP path
	valid     bool     // a check succeeded, in either direction
	chosen    bool     // the client says that it takes this one
	sent      int      // RTP packets
	heard     int
}

// path is the call's path to an address, made when it is new.
func (c *call) path(p *component, remote netip.AddrPort, conn net.Conn) *path {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, known := range c.paths {
		if known.component == p && known.remote == remote && (known.conn != nil) == (conn != nil) {
			return known
		}
	}
	n := &path{call: c, component: p, remote: remote, transport: journal.MediaUDPRelay, conn: conn}
	if conn != nil {
		n.transport = journal.MediaTCPRelay
	}
	c.paths = append(c.paths, n)
	return n
}

// write sends a packet.
func (p *path) write(packet []byte) {
	if p.conn != nil {
		_, _ = p.conn.Write(ice.AppendPacket(nil, packet))
		return
	}
	_, _ = p.component.udp.WriteTo(packet, net.UDPAddrFromAddrPort(p.remote))
}

// pauseCall waits for d; false when the call ended first.
func (c *call) pauseCall(d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-c.ctx.Done():
		return false
	}
}

// check tries one of the client's candidates until it answers.
func (c *call) check(p *component, r ice.Candidate) {
	if r.Transport != ice.UDP {
		ctx, cancel := context.WithTimeout(c.ctx, dialLimit)
		defer cancel()
		conn, err := c.host.Dial(ctx, "tcp", r.Addr.String())
		if err != nil || !c.keep(conn) {
			return
		}
		way := c.path(p, r.Addr, conn)
		way.write(c.request(way, r))
		c.fromTCP(way)
		return
	}
	way := c.path(p, r.Addr, nil)
	request := c.request(way, r)
	for try, wait := 0, rto; try < tries && !c.isValid(way); try, wait = try+1, 2*wait {
		way.write(request)
		if !c.pauseCall(wait) {
			return
		}
	}
}

func (c *call) isValid(p *path) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return p.valid
}

// request is a check of a path. The client made the offer, so it is the one that
// controls.
func (c *call) request(p *path, r ice.Candidate) []byte {
	if c.old {
		return ice.Draft6Check{
			Transaction: [16]byte(random(16)), Username: ice.Draft6Username(r.User, c.ufrag, p.component.number),
		}.Append(nil, r.Password)
	}
	return ice.Check{
		Transaction: [12]byte(random(12)), Username: c.remoteUfrag + ":" + c.ufrag, TieBreaker: 1,
		Priority: ice.Priority(ice.PeerReflexive, r.Transport, p.component.number), Microsoft: true,
	}.Append(nil, c.remotePassword)
}

// fromUDP reads a component's datagrams.
func (c *call) fromUDP(p *component) {
	buf := make([]byte, ice.MaxPacket)
	for {
		n, from, err := p.udp.ReadFrom(buf)
		if err != nil {
			return
		}
		c.take(c.path(p, addrPort(from), nil), buf[:n])
	}
}

// accept takes connections of clients, or of their relays.
func (c *call) accept(p *component) {
	for {
		conn, err := p.tcp.Accept()
		if err != nil || !c.keep(conn) {
			return
		}
		way := c.path(p, addrPort(conn.RemoteAddr()), conn)
		c.spawn(func() { c.fromTCP(way) })
	}
}

// fromTCP reads a connection's packets.
func (c *call) fromTCP(p *path) {
	defer c.drop(p.conn)
	for {
		packet, err := ice.ReadPacket(p.conn)
		if err != nil {
			return
		}
		c.take(p, packet)
	}
}

// take deals with a packet: checks are answered, sound is for who listens. A silent
// server does neither.
func (c *call) take(p *path, packet []byte) {
	_, silent := c.faults.find(MCU, c.host.Name(), serverSilent)
	switch {
	case silent:
	case ice.IsSTUN(packet):
		c.takeCheck(p, packet)
	case c.old && ice.IsDraft6(packet):
		c.takeDraft6(p, packet)
	case audio.IsRTCP(packet):
		c.takeReport(p, packet)
	case ice.IsRTP(packet):
		c.takeSound(p, packet)
	}
}

func (c *call) takeCheck(p *path, packet []byte) {
	check, err := ice.Parse(packet, func(username string) (string, bool) {
		switch username {
		case "": // an answer
			return c.remotePassword, true
		case c.ufrag + ":" + c.remoteUfrag:
			return c.password, true
		}
		return "", false
	})
	if err != nil {
		return // RFC 8445 7.3: silently
	}
	c.works(p, check.UseCandidate)
	if check.Response {
		return
	}
	p.write(ice.Check{Response: true, Transaction: check.Transaction, Mapped: p.remote, Microsoft: check.Microsoft}.Append(nil, c.password))
}

// works notes that a check came by a path, and with chosen that the client takes it.
func (c *call) works(p *path, chosen bool) {
	c.mu.Lock()
	first := !p.valid
	p.valid = true
	p.chosen = p.chosen || chosen
	c.mu.Unlock()
	if first {
		c.Recorder.Record(p.remote.String(), c.host.Name(), journal.TURNSent{Received: true, Message: "connectivity check", Note: p.transport})
	}
}

// takeDraft6 answers a check of the older dialect. Its user name begins with the one of
// who is asked.
func (c *call) takeDraft6(p *path, packet []byte) {
	check, err := ice.ParseDraft6Check(packet, func(username string) (string, bool) {
		for _, r := range c.remote {
			switch username {
			case ice.Draft6Username(c.ufrag, r.User, p.component.number):
				return c.password, true
			case ice.Draft6Username(r.User, c.ufrag, p.component.number): // an answer
				return r.Password, true
			}
		}
		return "", false
	})
	if err != nil {
		return
	}
	c.works(p, false)
	if !check.Response {
		p.write(ice.Draft6Check{Response: true, Transaction: check.Transaction, Username: check.Username, Mapped: p.remote}.Append(nil, c.password))
	}
}
