package server

import (
	"context"
	"net"
	"net/netip"
	"time"

	"rehearse/proxy/wire/msturn"
)

// peer is a TCP connection of an allocation.
type peer struct {
	addr    netip.AddrPort
	conn    net.Conn // nil while it is dialled
	waiting [][]byte // what the client sent meanwhile
}

// fromPackets relays datagrams to the client.
func (a *allocation) fromPackets(p net.PacketConn) {
	buf := make([]byte, msturn.MaxPayload)
	for {
		n, from, err := p.ReadFrom(buf)
		if err != nil {
			return
		}
		a.fromPacket(addrPort(from), buf[:n])
	}
}

// fromPacket relays a datagram to the client, unless a stranger sent it.
func (a *allocation) fromPacket(at netip.AddrPort, data []byte) {
	if a.isAllowed(at.Addr()) {
		a.toClient(at, data)
	}
}

// isAllowed says whether the client has sent to an address.
func (a *allocation) isAllowed(of netip.Addr) bool {
	a.mu.Lock()
	c := a.allowed[of] // nil for a stranger, who is not heard
	a.mu.Unlock()
	select {
	case <-c:
		return true
	default:
		return false
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
