package packet

import (
	"encoding/binary"

	"github.com/google/gopacket/layers"
)

// EtherTypes, beyond those that gopacket names.
const (
	etherBridged layers.EthernetType = 0x6558 // an Ethernet frame, in GRE and GENEVE
	etherQinQ    layers.EthernetType = 0x9100 // before 802.1ad
)

// frame reads an Ethernet frame.
func (d *Decoder) frame(b []byte) bool {
	if d.ethernet.DecodeFromBytes(b, deaf()) != nil {
		return false
	}
	return d.ether(d.ethernet.EthernetType, d.ethernet.Payload)
}

// ether reads what an EtherType announces.
func (d *Decoder) ether(t layers.EthernetType, b []byte) bool {
	for tags := 0; ; tags++ {
		switch t {
		case layers.EthernetTypeIPv4:
			return d.ip4(b)
		case layers.EthernetTypeIPv6:
			return d.ip6(b)
		case layers.EthernetTypeDot1Q, layers.EthernetTypeQinQ, etherQinQ:
			if tags > maxDepth || d.vlan.DecodeFromBytes(b, deaf()) != nil {
				return false
			}
			t, b = d.vlan.Type, d.vlan.Payload
			if t < 0x600 {
				return true // 802.3 in a VLAN: LLC
			}
		case layers.EthernetTypePPPoESession:
			return d.pppoe(b)
		case layers.EthernetTypeMPLSUnicast, layers.EthernetTypeMPLSMulticast:
			return d.mpls(b)
		case etherBridged:
			return d.deeper(func() bool { return d.frame(b) })
		case layers.EthernetTypeLLC:
			return d.llc(b)
		default:
			return false
		}
	}
}

// llc reads 802.2; IP may stand in its SNAP form.
func (d *Decoder) llc(b []byte) bool {
	const snap = 8
	if len(b) > snap && b[0] == 0xaa && b[1] == 0xaa && b[2] == 3 && b[3]|b[4]|b[5] == 0 {
		if t := layers.EthernetType(binary.BigEndian.Uint16(b[6:])); t != layers.EthernetTypeLLC {
			return d.ether(t, b[snap:])
		}
	}
	return true
}

// loop reads a packet of a loopback interface of BSD, whose header is an address
// family in the byte order of the machine.
func (d *Decoder) loop(b []byte) bool {
	if d.loopback.DecodeFromBytes(b, deaf()) != nil {
		return false
	}
	return d.ip(d.loopback.Payload)
}

// cooked reads a packet of Linux's cooked capture, in either version: an EtherType
// at one offset, the payload at another. gopacket trusts the address length there.
func (d *Decoder) cooked(b []byte, protocol, payload int) bool {
	if len(b) < payload {
		return false
	}
	return d.ether(layers.EthernetType(binary.BigEndian.Uint16(b[protocol:])), b[payload:])
}

// nflog finds the payload among the attributes of Linux's netfilter log. Their
// lengths are in the byte order of the machine; the one that fits is taken.
func (d *Decoder) nflog(b []byte) bool {
	const header, payload = 4, 9
	if len(b) < header {
		return false
	}
	for b = b[header:]; len(b) >= 4; {
		size, kind := int(binary.LittleEndian.Uint16(b)), binary.LittleEndian.Uint16(b[2:])
		if size < 4 || size > len(b) {
			size, kind = int(binary.BigEndian.Uint16(b)), binary.BigEndian.Uint16(b[2:])
		}
		if size < 4 || size > len(b) {
			return false
		}
		if kind == payload {
			return d.ip(b[4:size])
		}
		b = b[min((size+3)&^3, len(b)):]
	}
	return false
}

// pppoe reads a PPPoE session packet behind its EtherType (RFC 2516 4).
func (d *Decoder) pppoe(b []byte) bool {
	const header = 6
	if len(b) < header {
		return false
	}
	size := int(binary.BigEndian.Uint16(b[4:]))
	b = b[header:]
	return d.ppp(b[:min(size, len(b))]) // what follows is padding, whatever IP says
}

// PPP's protocol numbers.
const (
	pppIPv4 = 0x21
	pppIPv6 = 0x57
)

// ppp reads a PPP frame: perhaps address and control, then a protocol of one or two
// bytes (RFC 1661 2).
func (d *Decoder) ppp(b []byte) bool {
	if len(b) >= 2 && b[0] == 0xff && b[1] == 3 {
		b = b[2:]
	}
	if len(b) < 2 {
		return false
	}
	protocol, b := int(b[0]), b[1:]
	if protocol&1 == 0 {
		protocol, b = protocol<<8|int(b[0]), b[1:]
	}
	switch protocol {
	case pppIPv4:
		return d.ip4(b)
	case pppIPv6:
		return d.ip6(b)
	}
	return true // control protocols
}

// mpls passes over a stack of labels.
func (d *Decoder) mpls(b []byte) bool {
	for len(b) >= 4 {
		last := b[2]&1 != 0
		b = b[4:]
		if last {
			return d.ip(b)
		}
	}
	return false
}
