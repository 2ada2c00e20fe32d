package packet

import (
	"encoding/binary"

	"github.com/google/gopacket/layers"
)

// UDP ports of tunnels.
const (
	portTeredo = 3544
	portVXLAN  = 4789
	portGENEVE = 6081
	portVXLAN0 = 8472 // what Linux had before there was a number
	portGTP    = 2152
)

// tunnel looks into datagrams of tunnels.
func (d *Decoder) tunnel(src, dst uint16, b []byte) {
	switch {
	case dst == portVXLAN || dst == portVXLAN0:
		d.deeper(func() bool {
			return d.vxlan.DecodeFromBytes(b, deaf()) == nil && d.vxlan.ValidIDFlag && d.frame(d.vxlan.Payload)
		})
	case dst == portGENEVE:
		d.deeper(func() bool { return d.geneve(b) })
	case dst == portGTP || src == portGTP:
		d.deeper(func() bool { return d.gtp(b) })
	case dst == portTeredo || src == portTeredo:
		d.deeper(func() bool { return d.teredo(b) })
	}
}

// geneve reads a GENEVE header (RFC 8926 3.4).
func (d *Decoder) geneve(b []byte) bool {
	const header = 8
	if len(b) < header || b[0]>>6 != 0 {
		return false
	}
	size := header + int(b[0]&0x3f)*4
	if len(b) < size {
		return false
	}
	return d.ether(layers.EthernetType(binary.BigEndian.Uint16(b[2:])), b[size:])
}

// gre reads a GRE header (RFC 2784, RFC 2890) and that of PPTP (RFC 2637 4.1).
func (d *Decoder) gre(b []byte) bool {
	if len(b) < 4 {
		return false
	}
	const checksum, routing, key, sequence, ack = 0x80, 0x40, 0x20, 0x10, 0x80
	version, protocol := b[1]&7, layers.EthernetType(binary.BigEndian.Uint16(b[2:]))
	size := 4
	for _, o := range []struct{ flags, flag byte }{{b[0], checksum}, {b[0], key}, {b[0], sequence}, {b[1], ack}} {
		if o.flags&o.flag != 0 {
			size += 4
		}
	}
	switch {
	case b[0]&routing != 0 || version > 1 || len(b) < size:
		return false
	case version == 1:
		return d.ppp(b[size:])
	}
	return d.ether(protocol, b[size:])
}

// gtp reads a GTPv1-U header with user data (3GPP TS 29.281 5.1).
func (d *Decoder) gtp(b []byte) bool {
	const header, data, extended, options = 8, 255, 0x04, 0x07
	if len(b) < header || b[0]>>5 != 1 || b[0]&0x10 == 0 || b[1] != data {
		return false
	}
	size := header
	if b[0]&options != 0 {
		size += 4
		for more := b[0]&extended != 0; more; {
			if len(b) <= size {
				return false
			}
			if b[size-1] == 0 {
				break
			}
			step := int(b[size]) * 4
			if step == 0 {
				return false
			}
			size += step
		}
	}
	return len(b) > size && d.ip(b[size:])
}

// teredo reads IPv6 in UDP (RFC 4380 5.1.1), behind authentication and origin
// indications.
func (d *Decoder) teredo(b []byte) bool {
	for len(b) >= 8 && b[0] == 0 {
		size := 8
		if b[1] == 1 {
			size = 13 + int(b[2]) + int(b[3])
		}
		if len(b) < size {
			return false
		}
		b = b[size:]
	}
	return len(b) >= ip6Header && d.ip6(b)
}
