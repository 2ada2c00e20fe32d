package write

import (
	"cmp"
	"encoding/binary"
	"hash/fnv"
	"net/netip"
	"slices"
	"time"

	"github.com/google/gopacket/layers"

	"rehearse/simulator/world"
)

// maxSegment is what a segment carries over Ethernet.
const maxSegment = 1460

// tcpSide is one side of a connection while its segments are made.
type tcpSide struct {
	self, peer netip.AddrPort
	next       uint32 // sequence number of the next byte
	begun      bool   // SYN was sent
	over       bool   // RST was sent
	arrivals   []arrival
	sendings   []sending
}

// sending is how far a side was from a time on.
type sending struct {
	at   time.Time
	next uint32
}

// arrival is something of the peer that has come, in order.
type arrival struct {
	at   time.Time
	ack  uint32 // the number of the next byte
	kind world.PacketKind
	told bool // it needs no acknowledgement of its own any more
}

// segment is a segment and when it was sent and seen.
type segment struct {
	sent, seen time.Time
	shakes     bool // ends the handshake
	side       int
	tcp        layers.TCP
	data       []byte
}

// rank is the order of what was seen at one time: the handshake first.
func (s *segment) rank() int {
	switch {
	case s.tcp.SYN:
		return 0
	case s.shakes:
		return 1
	}
	return 2
}

// connection makes the segments of one TCP connection.
type connection struct {
	talk  *conversation
	sides [2]tcpSide
	out   []segment
}

// tcp gives the frames of a connection as the client's wire saw them.
func (w *wire) tcp(talk *conversation) []frame {
	c := &connection{talk: talk}
	c.sides[0] = tcpSide{self: talk.client, peer: talk.server, next: isn(talk.client, talk.server)}
	c.sides[1] = tcpSide{self: talk.server, peer: talk.client, next: isn(talk.server, talk.client)}
	var icmp []frame
	for i, p := range talk.packets {
		switch p.Kind {
		case world.Unreachable:
			icmp = append(icmp, w.unreachable(p, talk.client.Addr()))
		case world.Released:
		default:
			c.packet(p, c.released(i))
		}
	}
	c.acknowledge()
	slices.SortStableFunc(c.out, func(a, b segment) int { return cmp.Or(a.seen.Compare(b.seen), cmp.Compare(a.rank(), b.rank())) })
	frames := make([]frame, 0, len(c.out))
	for i := range c.out {
		s := &c.out[i]
		side := &c.sides[s.side]
		frames = append(frames, frame{at: s.seen, place: talk.client.Addr(), src: side.self, dst: side.peer, bytes: w.segment(side.self, side.peer, &s.tcp, s.data)})
	}
	return append(frames, icmp...)
}

// isn is the first sequence number of a direction, the same in every run.
func isn(from, to netip.AddrPort) uint32 {
	h := fnv.New32a()
	h.Write([]byte(from.String() + ">" + to.String()))
	return binary.BigEndian.Uint32(h.Sum(nil))
}

// released is when what is held at a place in the order goes through.
func (c *connection) released(i int) time.Time {
	p := c.talk.packets[i]
	if !p.Lost {
		return time.Time{}
	}
	for _, later := range c.talk.packets[i+1:] {
		if later.Kind == world.Released && later.Flow == p.Flow {
			return later.At
		}
	}
	return time.Time{}
}

// packet makes the segments of what one side sent.
func (c *connection) packet(p world.Packet, released time.Time) {
	from := c.talk.sideOf(p)
	side, peer := &c.sides[from], &c.sides[1-from]
	if side.over {
		return
	}
	times := sent(p, released)
	gotThrough := !p.Lost || !released.IsZero()
	first := side.next
	if p.Kind == world.SYN && side.begun {
		first-- // sent again
	}
	for i, at := range times {
		through := gotThrough && i == len(times)-1
		if from == 1 && !through {
			continue // lost before the client's wire
		}
		seen := at
		if from == 1 {
			seen = at.Add(p.Travels)
		}
		c.segments(p, from, first, at, seen)
	}
	side.begun = side.begun || p.Kind == world.SYN || p.Kind == world.SYNACK
	side.over = p.Kind == world.RST
	side.next = first + length(p)
	side.sendings = append(side.sendings, sending{p.At, side.next})
	if gotThrough {
		peer.arrive(times[len(times)-1].Add(p.Travels), side.next, p.Kind)
	}
}

// length is how many sequence numbers something takes.
func length(p world.Packet) uint32 {
	switch p.Kind {
	case world.SYN, world.SYNACK, world.FIN:
		return 1
	}
	return uint32(len(p.Data))
}

// arrive notes what came from the peer; it cannot be read before what was sent
// earlier.
func (s *tcpSide) arrive(at time.Time, ack uint32, kind world.PacketKind) {
	if n := len(s.arrivals); n > 0 && at.Before(s.arrivals[n-1].at) {
		at = s.arrivals[n-1].at
	}
	s.arrivals = append(s.arrivals, arrival{at: at, ack: ack, kind: kind})
}

// ack is what a side has of the other at a time, and whether that is anything.
func (s *tcpSide) ack(at time.Time) (n uint32, ok bool) {
	for _, a := range slices.Backward(s.arrivals) {
		if !a.at.After(at) {
			return a.ack, true
		}
	}
	return 0, false
}

// seq is the number of the next byte that a side would send at a time.
func (s *tcpSide) seq(at time.Time) uint32 {
	i, _ := slices.BinarySearchFunc(s.sendings, at, func(d sending, at time.Time) int {
		if d.at.After(at) {
			return 1
		}
		return -1
	})
	if i == 0 {
		return isn(s.self, s.peer)
	}
	return s.sendings[i-1].next
}

// acknowledged says that what arrives at a time is acknowledged by what is sent then.
// The answer to a SYN gets an acknowledgement of its own.
func (s *tcpSide) acknowledged(at time.Time) {
	for i := len(s.arrivals) - 1; i >= 0 && !s.arrivals[i].at.Before(at); i-- {
		if a := &s.arrivals[i]; a.at.Equal(at) && a.kind != world.SYNACK {
			a.told = true
		}
	}
}

// segments makes those of one sending.
func (c *connection) segments(p world.Packet, from int, seq uint32, at, seen time.Time) {
	side := &c.sides[from]
	ack, known := side.ack(at)
	head := layers.TCP{Seq: seq, Ack: ack, ACK: known, Window: window}
	switch p.Kind {
	case world.SYN:
		head.SYN, head.ACK, head.Window, head.Options = true, false, synWindow, synOptions()
	case world.SYNACK:
		head.SYN, head.Window, head.Options = true, synWindow, synOptions()
	case world.FIN:
		head.FIN = true
	case world.RST:
		head.RST, head.Window = true, 0
		if !side.begun && from == 1 { // refuses a SYN (RFC 9293 3.10.7.1)
			head.Seq = 0
		}
	}
	if !head.ACK {
		head.Ack = 0
	}
	if head.ACK {
		side.acknowledged(at)
	}
	for data := p.Data; ; {
		part := data[:min(len(data), maxSegment)]
		data = data[len(part):]
		one := head
		one.PSH = len(part) > 0 && len(data) == 0
		c.out = append(c.out, segment{sent: at, seen: seen, side: from, tcp: one, data: part})
		head.Seq += uint32(len(part))
		if len(data) == 0 {
			return
		}
	}
}

// acknowledge adds the segments that only acknowledge.
func (c *connection) acknowledge() {
	var over [2]time.Time
	for i := range c.out {
		if s := &c.out[i]; s.tcp.RST {
			over[s.side] = s.sent
		}
	}
	for from := range c.sides {
		side := &c.sides[from]
		for i, a := range side.arrivals {
			more := a.kind != world.SYNACK && i+1 < len(side.arrivals) && side.arrivals[i+1].at.Equal(a.at)
			if a.kind == world.RST || !side.begun || !over[from].IsZero() && !a.at.Before(over[from]) {
				break
			}
			if a.told || more {
				continue
			}
			c.out = append(c.out, c.acknowledgement(from, a))
		}
	}
}

func (c *connection) acknowledgement(from int, a arrival) segment {
	side := &c.sides[from]
	s := segment{sent: a.at, seen: a.at, side: from, tcp: layers.TCP{Seq: side.seq(a.at), Ack: a.ack, ACK: true, Window: window}}
	if from == 1 {
		s.seen = a.at.Add(c.travels())
	}
	if a.kind == world.SYNACK {
		s.shakes, s.tcp.Seq = true, isn(side.self, side.peer)+1
	}
	return s
}

// travels is how long the packets of the server take.
func (c *connection) travels() time.Duration {
	for _, p := range c.talk.packets {
		if p.Kind == world.SYNACK {
			return p.Travels
		}
	}
	return 0
}
