package server

import (
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
	user       string         // its name, which the quota is by
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

// open makes the leg's allocation, at the next free port of the range or, for who
// asked for it, at a port that is shared.
func (l *leg) open(m *msturn.Message) (*allocation, error) {
	user, _ := msturn.Find[msturn.Username](m)
	a := &allocation{leg: l, user: string(user), connection: [20]byte(random(20)),
		allowed: make(map[netip.Addr]chan struct{}), peers: make(map[netip.AddrPort]*peer)}
	err := a.share(m)
	for tries := 0; err != nil && tries <= relayLast-relayFirst; tries++ {
		err = a.bind(l.edge.port())
	}
	if err != nil {
		return nil, fmt.Errorf("relay ports %d to %d: %w", relayFirst, relayLast, err)
	}
	l.edge.mu.Lock()
	l.users[a.user]++
	l.edge.mu.Unlock()
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
	a.leg.edge.mu.Lock()
	if a.leg.users[a.user]--; a.leg.users[a.user] == 0 {
		delete(a.leg.users, a.user)
	}
	a.leg.edge.mu.Unlock()
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
