package write

import (
	"encoding/binary"
	"io"
	"net/netip"
	"time"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
)

// Sniffed is a packet that somebody else recorded, to be written again.
type Sniffed struct {
	At       time.Time
	Src, Dst netip.AddrPort
	// TCP is a segment's head; without one it is a UDP datagram.
	TCP     *layers.TCP
	Payload []byte
	// Refused is the ICMP type and code with which From refused this packet, which was
	// sent from Src to Dst; nil for none.
	Refused *Refusal
}

// Refusal is an ICMP message about a packet.
type Refusal struct {
	From       netip.Addr
	Type, Code uint8
}

// Again writes packets as Ethernet frames of one interface, in the order given.
func Again(w io.Writer, about []string, all []Sniffed) error {
	out := &blocks{w: w}
	out.section(about)
	out.iface("scrubbed", "")
	wire := &wire{ids: map[netip.Addr]uint16{}}
	for _, p := range all {
		f := frame{src: p.Src, dst: p.Dst}
		switch {
		case p.Refused != nil:
			f.src, f.bytes = netip.AddrPortFrom(p.Refused.From, 0), wire.refused(p)
		case p.TCP != nil:
			f.bytes = wire.segment(p.Src, p.Dst, p.TCP, p.Payload)
		default:
			f.bytes = wire.datagram(p.Src, p.Dst, p.Payload)
		}
		if f.bytes == nil {
			continue // longer than IP can carry
		}
		wire.number([]frame{f})
		out.packet(0, uint64(p.At.UnixNano()), &f)
	}
	return out.err
}

// refused is an ICMP message about a packet of IPv4; nil for another.
func (w *wire) refused(p Sniffed) []byte {
	if !p.Src.Addr().Is4() || !p.Refused.From.Is4() {
		return nil
	}
	quoted := w.datagram(p.Src, p.Dst, p.Payload)
	if p.TCP != nil {
		quoted = w.segment(p.Src, p.Dst, p.TCP, nil)
	}
	const ethernetHead, quote = 14, 28
	body := make([]byte, quote)
	copy(body, quoted[ethernetHead:])
	binary.BigEndian.PutUint16(body[10:], 0)
	return serialize(ethernet(p.Refused.From, p.Src.Addr()), ipv4(p.Refused.From, p.Src.Addr(), layers.IPProtocolICMPv4),
		&layers.ICMPv4{TypeCode: layers.CreateICMPv4TypeCode(p.Refused.Type, p.Refused.Code)}, gopacket.Payload(body))
}
