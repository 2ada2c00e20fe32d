package world

import (
	"net/netip"
	"slices"
	"sync"
	"time"
)

// PacketKind says what a packet of a Tape is.
type PacketKind uint8

// The kinds of packets. A Data packet of TCP can be longer than a segment is; of
// acknowledgements the tape says nothing, they follow from the rest.
const (
	SYN PacketKind = iota
	SYNACK
	Data
	FIN
	RST
	Datagram    // UDP
	Unreachable // ICMP's answer, from the host To, to the packet that From sent
	Released    // what was held from From to To goes through from now on
)

// Packet is what one host sent to another.
type Packet struct {
	Kind PacketKind
	Flow Flow
	// At is when it was sent, by time.Now. Of an Unreachable it is when the answer
	// was.
	At time.Time
	// Travels is how long it was under way after it was sent the last time.
	Travels time.Duration
	// Again is how long the sender went on sending it until it got through, at times
	// that double from 200 ms on; 0 for the first time.
	Again time.Duration
	// Lost: it did not arrive, or was held by a blackhole.
	Lost bool
	Data []byte
}

// Flow is one direction of a conversation. Where a connection was redirected, To
// is where the client dialled.
type Flow struct {
	Proto    string // "tcp" or "udp"
	From, To netip.AddrPort
}

// Lookup is a name that a host asked the world for.
type Lookup struct {
	At    time.Time
	Took  time.Duration
	From  netip.Addr
	Type  string // "A" or "SRV"
	Name  string
	Addrs []netip.Addr
	SRV   []SRV
	// Missing: there is no such name. Unanswered: who asked gave up before.
	Missing, Unanswered bool
}

// Tape records what travels in a Memory. The zero value is empty and ready. It is
// safe for concurrent use.
type Tape struct {
	mu      sync.Mutex
	packets []Packet
	lookups []Lookup
	bytes   int
	full    bool
}

// maxTape is how many bytes of payload a Tape holds.
const maxTape = 256 << 20

func (t *Tape) packet(p Packet) {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.full = t.full || t.bytes+len(p.Data) > maxTape; t.full {
		return
	}
	t.bytes += len(p.Data)
	p.Data = slices.Clone(p.Data)
	t.packets = append(t.packets, p)
}

func (t *Tape) lookup(l Lookup) {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.lookups = append(t.lookups, l)
}

// Record begins to record what travels in the world; connections that are open stay
// unrecorded. It must come before the hosts are used by several goroutines.
func (m *Memory) Record(t *Tape) { m.config.Tape = t }

// Hosts are those of the world, in the order of their making.
func (m *Memory) Hosts() []Host {
	var all []Host
	for _, h := range m.atlas.all() {
		all = append(all, h)
	}
	return all
}

// Packets are those so far: in order for each direction of each connection, and in
// no order otherwise.
func (t *Tape) Packets() []Packet {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.packets)
}

// Lookups are those so far, in no order.
func (t *Tape) Lookups() []Lookup {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.lookups)
}

// Full says that the tape holds 256 MiB of payload and took no more.
func (t *Tape) Full() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.full
}

// transit is how one thing travels.
type transit struct {
	delay time.Duration // until it arrives, all in all
	again time.Duration // of that, until it was sent the time that it got through
	held  bool          // nothing gets through
}

// tell tells the tape of what is sent now.
func (p *path) tell(kind PacketKind, data []byte, t transit) {
	if p.tape == nil {
		return
	}
	p.told(time.Now(), kind, data, t)
}

func (p *path) told(at time.Time, kind PacketKind, data []byte, t transit) {
	p.tape.packet(Packet{
		Kind: kind, Flow: Flow{p.proto, p.src, p.dst}, At: at, Travels: t.delay - t.again, Again: t.again, Lost: t.held, Data: data,
	})
}

// kindOf is a mark's kind on a tape.
func (k markKind) kindOf() PacketKind {
	return [...]PacketKind{markData: Data, markFIN: FIN, markRST: RST}[k]
}

// answered tells the tape of the answer to a SYN, which has arrived now.
func (p *path) answered(kind PacketKind, t transit) {
	p.told(time.Now().Add(-t.delay), kind, nil, t)
}

// noRoute tells the tape of what leads nowhere: it is sent, and the network says
// that it cannot be brought there.
func (h *memHost) noRoute(proto string, src, dst netip.AddrPort, data []byte) {
	kind, way := Datagram, h.world.config.latency()
	if proto == "tcp" {
		kind = SYN
	}
	h.world.config.Tape.packet(Packet{Kind: kind, Flow: Flow{proto, src, dst}, At: time.Now(), Lost: true, Data: data})
	h.world.config.Tape.packet(Packet{Kind: Unreachable, Flow: Flow{proto, src, dst}, At: time.Now().Add(way), Travels: way, Data: data})
}
