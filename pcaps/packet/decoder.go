package packet

import (
	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"

	"rehearse/pcaps/capture"
)

// Decoder takes packets apart. Make it with NewDecoder. It keeps fragments between
// packets and is not safe for concurrent use.
type Decoder struct {
	// Undecoded counts packets in which neither IP nor a protocol that never has
	// any (ARP, LLC) was found.
	Undecoded int

	to        Handler
	fragments fragments
	depth     int // of tunnels
	missing   int // bytes at the packet's end that were not recorded

	// One of each layer is enough: what is needed of it is taken before a layer of
	// the same kind further in is read.
	ethernet layers.Ethernet
	vlan     layers.Dot1Q
	loopback layers.Loopback
	ipv4     layers.IPv4
	tcp      layers.TCP
	udp      layers.UDP
	vxlan    layers.VXLAN
	segment  Segment
	datagram Datagram
}

// maxDepth is how many headers of IP are looked through in one packet.
const maxDepth = 6

// NewDecoder makes a decoder that tells a handler.
func NewDecoder(to Handler) *Decoder { return &Decoder{to: to} }

// Decode takes one packet apart.
func (d *Decoder) Decode(p *capture.Packet) {
	d.depth, d.missing = 0, max(p.Length-len(p.Data), 0)
	if !d.link(p.Link, p.Data) {
		d.Undecoded++
	}
}

// link reads a packet by its link type and says whether it is of a known kind.
func (d *Decoder) link(link capture.LinkType, b []byte) bool {
	switch link {
	case capture.Ethernet:
		return d.frame(b)
	case capture.Raw, capture.RawBSD, capture.RawOpen, capture.IPv4, capture.IPv6:
		return d.ip(b)
	case capture.Null, capture.Loop:
		return d.loop(b)
	case capture.LinuxSLL:
		return d.cooked(b, 14, 16)
	case capture.LinuxSLL2:
		return d.cooked(b, 0, 20)
	case capture.NFLog:
		return d.nflog(b)
	case capture.PPP, capture.PPPSerial:
		return d.ppp(b)
	case capture.PPPoE:
		return d.pppoe(b)
	}
	return false
}

// ip reads a packet whose version stands in its first byte.
func (d *Decoder) ip(b []byte) bool {
	if len(b) == 0 {
		return false
	}
	switch b[0] >> 4 {
	case 4:
		return d.ip4(b)
	case 6:
		return d.ip6(b)
	}
	return false
}

// deaf takes gopacket's feedback about truncation, which the lengths tell as well.
func deaf() gopacket.DecodeFeedback { return gopacket.NilDecodeFeedback }
