package scrub

import (
	"errors"
	"fmt"
	"io"
	"net/netip"
	"time"

	"github.com/google/gopacket/layers"
	"github.com/miekg/dns"

	"rehearse/pcaps/capture"
	"rehearse/pcaps/packet"
	"rehearse/pcaps/write"
)

// Result says what became of a capture.
type Result struct {
	Packets int    `json:"packets"` // that were read
	Written int    `json:"written"`
	Left    int    `json:"left_out"` // of no known kind, such as ARP
	Names   int    `json:"names"`    // words that have others now
	Damage  string `json:"damage,omitempty"`
}

// limit is how much payload is held at a time.
const limit = 1 << 30

// ErrTooLarge is in the error for a capture with more than 1 GiB of payload.
var ErrTooLarge = errors.New("more than 1 GiB of payload")

// Capture reads a capture and writes it scrubbed.
func Capture(w io.Writer, src io.Reader) (*Result, error) {
	file, err := capture.Open(src)
	if err != nil {
		return nil, err
	}
	c := &collector{sides: map[way]*side{}, renamer: newRenamer()}
	decoder := packet.NewDecoder(c)
	res := &Result{}
	for {
		p, err := file.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			var damage *capture.Damage
			if !errors.As(err, &damage) {
				return nil, err
			}
			res.Damage = damage.Error()
			break
		}
		c.at = p.Time()
		decoder.Decode(p)
		if c.bytes > limit {
			return nil, fmt.Errorf("packet %d: %w", p.Number, ErrTooLarge)
		}
	}
	c.scrub()
	res.Packets, res.Written = file.Packets(), len(c.packets)
	res.Left = max(res.Packets-res.Written, 0)
	res.Names = len(c.renamer.labels)
	return res, write.Again(w, []string{"scrubbed: names, users, addresses and certificates are others, payload is dropped"}, c.packets)
}

// way is one direction of a connection.
type way struct{ src, dst netip.AddrPort }

// side is what one direction said, put together.
type side struct {
	base  uint32 // sequence number of the first byte
	bytes []byte
	seen  []bool
	// packets are the places of those that carried it.
	packets []int
}

// collector holds packets until streams are whole.
type collector struct {
	at      time.Time
	packets []write.Sniffed
	sides   map[way]*side
	bytes   int
	renamer *renamer
}

// Segment implements packet.Handler.
func (c *collector) Segment(s *packet.Segment) {
	p := write.Sniffed{At: c.at, Src: s.Src.AddrPort(), Dst: s.Dst.AddrPort(), Payload: padded(s.Payload, s.Length)}
	p.TCP = &layers.TCP{
		Seq: s.Seq, Ack: s.Ack, SYN: s.Flags.Has(packet.SYN), ACK: s.Flags.Has(packet.ACK), FIN: s.Flags.Has(packet.FIN),
		RST: s.Flags.Has(packet.RST), PSH: s.Flags.Has(packet.PSH), Window: 1026,
	}
	c.bytes += len(p.Payload)
	c.packets = append(c.packets, p)
	k := way{p.Src, p.Dst}
	if p.TCP.SYN || c.sides[k] == nil {
		c.close(k)
		first := s.Seq
		if p.TCP.SYN {
			first++
		}
		c.sides[k] = &side{base: first}
	}
	if len(p.Payload) > 0 {
		c.sides[k].packets = append(c.sides[k].packets, len(c.packets)-1)
	}
	c.sides[k].put(s.Seq, p.Payload)
}

// padded is a payload as long as it was on the wire.
func padded(b []byte, length int) []byte {
	out := make([]byte, max(length, len(b)))
	copy(out, b)
	return out
}

// maxStream is how much of one direction is put together.
const maxStream = 64 << 20

// put enters a segment's bytes; what is before the first byte or too far away is left
// out.
func (s *side) put(seq uint32, b []byte) {
	at := int(int32(seq - s.base))
	if at < 0 || at+len(b) > maxStream || len(b) == 0 {
		return
	}
	if more := at + len(b) - len(s.bytes); more > 0 {
		s.bytes, s.seen = append(s.bytes, make([]byte, more)...), append(s.seen, make([]bool, more)...)
	}
	for i, v := range b {
		if !s.seen[at+i] {
			s.seen[at+i], s.bytes[at+i] = true, v
		}
	}
}

// close scrubs what a direction has said so far, and the packets that carried it.
func (c *collector) close(k way) {
	s := c.sides[k]
	if s == nil {
		return
	}
	for from := 0; from < len(s.bytes); {
		to := from
		for to < len(s.bytes) && s.seen[to] == s.seen[from] {
			to++
		}
		if s.seen[from] {
			c.renamer.stream(s.bytes[from:to])
		}
		from = to
	}
	for _, i := range s.packets {
		p := &c.packets[i]
		at := int(int32(p.TCP.Seq - s.base))
		if at < 0 || at+len(p.Payload) > len(s.bytes) {
			c.renamer.fill(p.Payload)
			continue
		}
		copy(p.Payload, s.bytes[at:])
	}
	delete(c.sides, k)
}

// Datagram implements packet.Handler.
func (c *collector) Datagram(d *packet.Datagram) {
	c.bytes += d.Length
	c.packets = append(c.packets, write.Sniffed{At: c.at, Src: d.Src.AddrPort(), Dst: d.Dst.AddrPort(), Payload: padded(d.Payload, d.Length)})
}

// Complaint implements packet.Handler.
func (c *collector) Complaint(m *packet.Complaint) {
	p := write.Sniffed{At: c.at, Src: m.Src.AddrPort(), Dst: m.Dst.AddrPort(), Refused: &write.Refusal{From: m.From, Type: m.Type, Code: m.Code}}
	if m.TCP {
		p.TCP = &layers.TCP{SYN: true}
	}
	c.packets = append(c.packets, p)
}

// scrub overwrites all that was collected.
func (c *collector) scrub() {
	for k := range c.sides {
		c.close(k)
	}
	for i := range c.packets {
		p := &c.packets[i]
		if p.TCP == nil && p.Refused == nil {
			p.Payload = c.datagram(p)
		}
		p.Src, p.Dst = c.move(p.Src), c.move(p.Dst)
		if p.Refused != nil {
			p.Refused.From = c.renamer.addr(p.Refused.From)
		}
	}
}

func (c *collector) move(a netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(c.renamer.addr(a.Addr()), a.Port())
}

// datagram is another one of the same kind.
func (c *collector) datagram(p *write.Sniffed) []byte {
	const plain, multicast, local = 53, 5353, 5355
	for _, port := range []uint16{p.Src.Port(), p.Dst.Port()} {
		if port == plain || port == multicast || port == local {
			return c.renamer.question(p.Payload)
		}
	}
	if isText(p.Payload) {
		c.renamer.message(p.Payload)
		return p.Payload
	}
	c.renamer.other(p.Payload)
	return p.Payload
}

// question is a DNS message about other names.
func (r *renamer) question(b []byte) []byte {
	m := new(dns.Msg)
	if m.Unpack(b) != nil {
		r.fill(b)
		return b
	}
	for i := range m.Question {
		m.Question[i].Name = r.name(m.Question[i].Name)
	}
	for _, list := range [][]dns.RR{m.Answer, m.Ns, m.Extra} {
		for i, rr := range list {
			list[i] = r.resource(rr)
		}
	}
	m.Compress = true
	out, err := m.Pack()
	if err != nil {
		r.fill(b)
		return b
	}
	return out
}

func (r *renamer) name(s string) string {
	b := []byte(s)
	r.words(b)
	return string(b)
}

// resource is a resource record about other names; those of kinds that are not known
// here lose their data.
func (r *renamer) resource(rr dns.RR) dns.RR {
	head := rr.Header()
	head.Name = r.name(head.Name)
	switch rr := rr.(type) {
	case *dns.A:
		if a, ok := netip.AddrFromSlice(rr.A.To4()); ok {
			rr.A = r.addr(a).AsSlice()
		}
	case *dns.AAAA:
		if a, ok := netip.AddrFromSlice(rr.AAAA); ok {
			rr.AAAA = r.addr(a).AsSlice()
		}
	case *dns.CNAME:
		rr.Target = r.name(rr.Target)
	case *dns.SRV:
		rr.Target = r.name(rr.Target)
	case *dns.NS:
		rr.Ns = r.name(rr.Ns)
	case *dns.PTR:
		rr.Ptr = r.name(rr.Ptr)
	case *dns.SOA:
		rr.Ns, rr.Mbox = r.name(rr.Ns), r.name(rr.Mbox)
	case *dns.OPT:
	default:
		return &dns.RFC3597{Hdr: *head}
	}
	return rr
}
