package server

import (
	"bytes"
	"errors"
	"io"
	"maps"
	"net"
	"net/netip"
	"sync"
	"time"

	"rehearse/proxy/wire"
	"rehearse/proxy/wire/msturn"
	"rehearse/proxy/wire/pseudotls"
	"rehearse/reports/journal"
	"rehearse/simulator/world"
)

// The A/V edge's constants.
const (
	edgeRealm = "rtcmedia"
	// pseudoTLSPort is where clients greet by pseudo-TLS.
	pseudoTLSPort = 443
	edgeSoftware  = "6.0.9319" // Modelled: the version of Skype for Business Server 2015
	edgeLifetime  = msturn.Lifetime(60)
	edgeRate      = msturn.Bandwidth(12000) // kbit/s
	// edgeLongest is how long an allocation lives at most without a refresh, edgeQuota
	// how many a user name may have at a time. Modelled: both.
	edgeLongest = msturn.Lifetime(600)
	edgeQuota   = 20
	// helloLimit is how long the edge waits for a client's hello.
	helloLimit = 30 * time.Second
	// relayFirst to relayLast is the range of relay ports.
	relayFirst, relayLast = 50000, 59999
)

// edge is the A/V edge: an MS-TURN server.
type edge struct {
	*core
	server string // for faults
	host   world.Host
	// password gives the password of a user name, both raw.
	password func(username []byte) ([]byte, bool)
	realm    msturn.Realm
	nonceKey []byte
	self     netip.AddrPort // where the TCP port is; Alternate Server of every 401
	selfUDP  netip.AddrPort // the same over UDP

	mu       sync.Mutex
	next     uint16         // the relay port to try next
	users    map[string]int // allocations by user name
	sessions map[msturn.SessionID]*allocation
	shared   []sharedPort
}

func newEdge(c *core, server string, h world.Host, password func([]byte) ([]byte, bool)) *edge {
	return &edge{core: c, server: server, host: h, password: password,
		realm: msturn.QuotedRealm(edgeRealm), nonceKey: random(20), next: relayFirst,
		users: make(map[string]int), sessions: make(map[msturn.SessionID]*allocation)}
}

// startEdge serves MS-TURN over TCP and UDP.
func startEdge(e *Estate, h world.Host) error {
	e.tickets = newTickets()
	d := newEdge(e.core, Edge, h, func(username []byte) ([]byte, bool) { return e.tickets.check(username, e.Now()) })
	if err := e.serve("edge", h, pseudoTLSPort, d.serveTCP); err != nil {
		return err
	}
	at := e.endpoints["edge"]
	d.self = netip.AddrPortFrom(at.Addr, at.Port)
	if err := d.share(e); err != nil {
		return err
	}
	if err := e.servePackets("edge-udp", h, 3478, d.serveUDP); err != nil {
		return err
	}
	at = e.endpoints["edge-udp"]
	d.selfUDP = netip.AddrPortFrom(at.Addr, at.Port)
	return nil
}

// serveTCP takes a connection through pseudo-TLS to framed MS-TURN. At another port
// than 443 clients leave pseudo-TLS out, and may here. Whatever starts in another
// way is hung up on; a real TLS hello gets no alert, for there is nothing here that
// knows TLS. Modelled: FIN and not RST.
func (d *edge) serveTCP(c *conn) {
	if d.spoil(d.server, c) {
		return
	}
	_ = c.SetReadDeadline(time.Now().Add(helloLimit))
	first := make([]byte, 1)
	if _, err := io.ReadFull(c, first); err != nil {
		c.silent(err)
		return
	}
	if first[0] == byte(msturn.FrameControl>>8) && d.self.Port() != pseudoTLSPort {
		d.frames(c, io.MultiReader(bytes.NewReader(first), c))
	} else if d.greet(c, first) {
		d.frames(c, c)
	}
}

// frames takes the framed messages of a connection, read from in, until it ends.
func (d *edge) frames(c *conn, in io.Reader) {
	l := d.newLeg(addrPort(c.RemoteAddr()), c.flow)
	l.tcp = c
	defer l.release()
	for {
		idle := time.Time{} // an allocation has a time limit of its own
		if !l.allocated() {
			idle = time.Now().Add(idleLimit)
		}
		_ = c.SetReadDeadline(idle)
		f, err := msturn.ReadFrame(in)
		if err != nil {
			if bad := (*wire.Error)(nil); errors.As(err, &bad) {
				c.hangUp("bytes that are no frame")
			}
			c.silent(err)
			return
		}
		switch f.Type {
		case msturn.FrameData:
			l.raw(f.Payload)
			continue
		case msturn.FrameMultiplexed:
			l.multiplexed(f.Payload)
			continue
		}
		m, err := msturn.Parse(f.Payload)
		if err != nil || f.Type != msturn.FrameControl {
			c.hangUp("a malformed message")
			return
		}
		if !l.take(m) {
			return
		}
	}
}

// greet reads the client's hello, of which the first bytes are given, and answers
// it in one write.
func (d *edge) greet(c *conn, first []byte) bool {
	hello := append(make([]byte, 0, pseudotls.ClientHelloSize), first...)
	for {
		n, err := c.Read(hello[len(hello):cap(hello)])
		if err != nil {
			c.silent(err)
			return false
		}
		hello = hello[:len(hello)+n]
		switch pseudotls.MatchClientHello(hello) {
		case wire.Maybe:
			continue
		case wire.No:
			c.hangUp("bytes that are no pseudo-TLS hello")
			return false
		}
		break
	}
	c.after = "pseudo-TLS hello"
	c.record(journal.TURNSent{Received: true, Message: "pseudo-TLS hello"})
	answer := pseudotls.ServerHello(pseudotls.Random(d.Now(), [28]byte(random(28))), [32]byte(random(32)))
	c.record(journal.TURNSent{Message: "pseudo-TLS answer"})
	_, err := c.Write(answer)
	return err == nil
}

// serveUDP takes datagrams: one message, or data for the active destination. Each
// remote address is a client of its own.
func (d *edge) serveUDP(p net.PacketConn) {
	legs := make(map[netip.AddrPort]*leg)
	buf := make([]byte, msturn.MaxSize)
	for {
		n, from, err := p.ReadFrom(buf)
		if err != nil {
			for _, l := range legs {
				l.release()
			}
			return
		}
		if _, silent := d.faults.find(d.server, d.host.Name(), serverSilent); silent {
			continue
		}
		at := addrPort(from)
		l := legs[at]
		if l == nil {
			maps.DeleteFunc(legs, func(_ netip.AddrPort, old *leg) bool { return !old.allocated() })
			l = d.newLeg(at, from.String())
			l.udp, l.to = p, from
			legs[at] = l
		}
		if m, err := msturn.Parse(buf[:n]); err == nil {
			l.take(m)
		} else {
			l.raw(buf[:n])
		}
	}
}
