package server

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/netip"
	"sync"
	"time"

	"rehearse/proxy/wire/msturn"
)

// allocation is a relay address, of the client's own transport. Data reaches the
// client only from peers that it has sent something to, [MS-TURN] 1.3.
type allocation struct {
	leg        *leg
	addr       netip.AddrPort // as clients and peers reach it
	connection [20]byte       // the id in MS-Sequence Number
	listener   io.Closer
	packets    net.PacketConn // of a UDP allocation

	mu      sync.Mutex
	timer   *time.Timer
	allowed map[netip.Addr]chan struct{} // closed once the client has sent to the address
	peers   map[netip.AddrPort]*peer     // of a TCP allocation
	active  netip.AddrPort
	ended   bool
}

// peer is a TCP connection of an allocation.
type peer struct {
	addr    netip.AddrPort
	conn    net.Conn // nil while it is dialled
	waiting [][]byte // what the client sent meanwhile
}

// allocation is the leg's; fresh means that there is none.
func (l *leg) allocation() (a *allocation, fresh bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.alloc, l.alloc == nil
}

func (l *leg) allocated() bool { _, fresh := l.allocation(); return !fresh }

// release gives the allocation up.
func (l *leg) release() {
	l.mu.Lock()
	a := l.alloc
	l.alloc = nil
	l.mu.Unlock()
	if a != nil {
		a.end()
	}
}

// sequence is the MS-Sequence Number of an answer.
func (l *leg) sequence() msturn.SequenceNumber {
	a, _ := l.allocation()
	return msturn.SequenceNumber{Connection: a.connection}
}

// open makes the leg's allocation, at the next free port of the range.
func (l *leg) open() (*allocation, error) {
	a := &allocation{leg: l, connection: [20]byte(random(20)),
		allowed: make(map[netip.Addr]chan struct{}), peers: make(map[netip.AddrPort]*peer)}
	var err error
	for range relayLast - relayFirst + 1 {
		if err = a.bind(l.edge.port()); err == nil {
			break
		}
	}
	if err != nil {
		return nil, fmt.Errorf("relay ports %d to %d: %w", relayFirst, relayLast, err)
	}
	a.timer = time.AfterFunc(edgeLifetime.Duration(), l.release)
	l.mu.Lock()
	l.alloc = a
	l.mu.Unlock()
	return a, nil
}

// port is the next of the relay ports, around and around.
func (d *edge) port() uint16 {
	d.mu.Lock()
	defer d.mu.Unlock()
	p := d.next
	if d.next++; d.next > relayLast {
		d.next = relayFirst
	}
	return p
}

func (a *allocation) bind(port uint16) error {
	h := a.leg.host
	at := fmt.Sprintf(":%d", port)
	if a.leg.tcp == nil {
		p, err := h.ListenPacket("udp", at)
		if err != nil {
			return err
		}
		a.listener, a.packets = p, p
		a.addr = a.leg.Outside("udp", netip.AddrPortFrom(h.Addr(), port))
		if a.leg.keep(p) {
			a.leg.spawn(func() { a.fromPackets(p) })
		}
		return nil
	}
	l, err := h.Listen("tcp", at)
	if err != nil {
		return err
	}
	a.listener = l
	a.addr = a.leg.Outside("tcp", netip.AddrPortFrom(h.Addr(), port))
	if a.leg.keep(l) {
		a.leg.spawn(func() { a.accept(l) })
	}
	return nil
}

// refresh lets the allocation live for d more.
func (a *allocation) refresh(d time.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.timer.Reset(d)
}

// end closes the relay port and all peers.
func (a *allocation) end() {
	a.timer.Stop()
	a.leg.drop(a.listener)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.ended = true
	for _, p := range a.peers {
		if p.conn != nil {
			a.leg.drop(p.conn)
		}
	}
	for _, c := range a.allowed {
		select {
		case <-c:
		default:
			close(c)
		}
	}
}

// permission is a channel that is closed once the client has sent to an address.
// The caller holds a.mu.
func (a *allocation) permission(of netip.Addr) chan struct{} {
	c := a.allowed[of]
	if c == nil {
		c = make(chan struct{})
		a.allowed[of] = c
	}
	return c
}

// allow lets data from an address through from now on.
func (a *allocation) allow(of netip.Addr) {
	a.mu.Lock()
	defer a.mu.Unlock()
	c := a.permission(of)
	select {
	case <-c:
	default:
		close(c)
	}
}

// fromPackets relays datagrams to the client.
func (a *allocation) fromPackets(p net.PacketConn) {
	buf := make([]byte, msturn.MaxPayload)
	for {
		n, from, err := p.ReadFrom(buf)
		if err != nil {
			return
		}
		at := addrPort(from)
		a.mu.Lock()
		c := a.permission(at.Addr())
		a.mu.Unlock()
		select {
		case <-c:
			a.toClient(at, buf[:n])
		default: // nobody that the client knows
		}
	}
}

// accept takes connections from peers.
func (a *allocation) accept(l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		if !a.leg.keep(c) {
			return
		}
		p := &peer{addr: addrPort(c.RemoteAddr()), conn: c}
		a.mu.Lock()
		a.peers[p.addr] = p
		permission := a.permission(p.addr.Addr())
		a.mu.Unlock()
		a.leg.spawn(func() {
			// Modelled: what such a peer sends waits until the client has sent to it.
			select {
			case <-permission:
			case <-a.leg.ctx.Done():
				return
			}
			a.fromPeer(p)
		})
	}
}

// fromPeer relays a peer's stream to the client, as it comes: frames inside it are
// the two ends' affair.
func (a *allocation) fromPeer(p *peer) {
	const piece = 4096
	buf := make([]byte, piece)
	for {
		n, err := p.conn.Read(buf)
		if n > 0 {
			a.toClient(p.addr, buf[:n])
		}
		if err != nil {
			a.mu.Lock()
			delete(a.peers, p.addr)
			a.mu.Unlock()
			a.leg.drop(p.conn)
			return
		}
	}
}

// toClient hands a peer's data on: raw from the active destination, else in a Data
// indication.
func (a *allocation) toClient(from netip.AddrPort, data []byte) {
	a.mu.Lock()
	active := a.active == from
	a.mu.Unlock()
	if active {
		a.leg.sendRaw(data)
		return
	}
	a.leg.send(&msturn.Message{
		Type: msturn.DataIndication, TransactionID: [16]byte(random(16)),
		Attributes: []msturn.Attribute{msturn.RemoteAddress(from), msturn.Data(data)},
	}, "")
}

// relay carries a Send request's data to its peer. It is never answered; one that
// is not in order is dropped.
func (l *leg) relay(m *msturn.Message) {
	a, none := l.allocation()
	to, hasTo := msturn.Find[msturn.DestinationAddress](m)
	data, hasData := msturn.Find[msturn.Data](m)
	if none || !hasTo || !hasData || !l.authentic(m) {
		return
	}
	if a.first(to.AddrPort()) {
		l.record(true, m, "the first to "+to.String())
	}
	a.allow(to.AddrPort().Addr())
	a.toPeer(to.AddrPort(), data)
}

// first says whether the client sends to a peer's address for the first time.
func (a *allocation) first(to netip.AddrPort) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	select {
	case <-a.permission(to.Addr()):
		return false
	default:
		return true
	}
}

// raw carries data to the active destination.
func (l *leg) raw(data []byte) {
	a, none := l.allocation()
	if none {
		return
	}
	a.mu.Lock()
	to := a.active
	a.mu.Unlock()
	if to.IsValid() {
		a.toPeer(to, data)
	}
}

// setActive makes a peer the active destination: data to and from it goes without
// messages around it. On a failure the destination stays, [MS-TURN] 3.3.5.3.
func (l *leg) setActive(m *msturn.Message) {
	a, none := l.allocation()
	to, ok := msturn.Find[msturn.DestinationAddress](m)
	answer := &msturn.Message{Type: msturn.SetActiveDestinationResponse, TransactionID: m.TransactionID}
	note := to.String()
	switch {
	case !l.authentic(m):
		answer.Type, note = msturn.SetActiveDestinationError, "error 431"
		answer.Attributes = []msturn.Attribute{msturn.Failure(431), l.nonce(l.Now()), l.realm}
	case none:
		answer.Type, note = msturn.SetActiveDestinationError, "error 437"
		answer.Attributes = []msturn.Attribute{msturn.Failure(437), l.nonce(l.Now()), l.realm}
	case !ok:
		answer.Type, note = msturn.SetActiveDestinationError, "error 400"
		answer.Attributes = []msturn.Attribute{msturn.Failure(400), l.nonce(l.Now()), l.realm}
	default:
		a.mu.Lock()
		a.active = to.AddrPort()
		a.mu.Unlock()
		answer.Attributes = []msturn.Attribute{l.version(m)}
		answer.Sign(l.key(m))
	}
	l.send(answer, note)
}

// toPeer sends data to a peer; over TCP it connects first where it has to.
//
// Modelled: such a connection comes from a port of its own and not from the relay
// port.
func (a *allocation) toPeer(to netip.AddrPort, data []byte) {
	if a.packets != nil {
		_, _ = a.packets.WriteTo(data, net.UDPAddrFromAddrPort(to))
		return
	}
	if c := a.peerConn(to, data); c != nil {
		_, _ = c.Write(data)
	}
}

// peerConn is the connection to a peer, nil while there is none: then one is
// dialled, and the data waits for it.
func (a *allocation) peerConn(to netip.AddrPort, data []byte) net.Conn {
	a.mu.Lock()
	defer a.mu.Unlock()
	p := a.peers[to]
	switch {
	case a.ended:
		return nil
	case p == nil:
		p = &peer{addr: to, waiting: [][]byte{data}}
		a.peers[to] = p
		a.leg.spawn(func() { a.dial(p) })
	case p.conn == nil:
		p.waiting = append(p.waiting, data)
	}
	return p.conn
}

// dialLimit is how long the edge tries to connect to a peer.
const dialLimit = 10 * time.Second

func (a *allocation) dial(p *peer) {
	ctx, cancel := context.WithTimeout(a.leg.ctx, dialLimit)
	defer cancel()
	c, err := a.leg.host.Dial(ctx, "tcp", p.addr.String())
	a.mu.Lock()
	if err != nil || a.ended || !a.leg.keep(c) {
		delete(a.peers, p.addr)
		a.mu.Unlock()
		if err == nil {
			c.Close()
		}
		return
	}
	p.conn = c
	for _, data := range p.waiting {
		_, _ = c.Write(data)
	}
	p.waiting = nil
	a.mu.Unlock()
	a.fromPeer(p)
}
