package packet

import (
	"encoding/binary"

	"github.com/google/gopacket/layers"
)

// ip4 reads an IPv4 packet.
func (d *Decoder) ip4(b []byte) bool {
	if d.depth >= maxDepth {
		return true
	}
	ip := &d.ipv4
	if err := ip.DecodeFromBytes(b, deaf()); err != nil && ip.Payload == nil {
		return len(b) >= 20 // it is IP, if broken
	}
	if ip.Version != 4 {
		return false
	}
	var src, dst Endpoint
	src.Addr, dst.Addr = mapped(ip.SrcIP), mapped(ip.DstIP)
	payload, length := ip.Payload, max(int(ip.Length)-int(ip.IHL)*4, len(ip.Payload))
	protocol := ip.Protocol
	if more := ip.Flags&layers.IPv4MoreFragments != 0; more || ip.FragOffset > 0 {
		if len(payload) < length {
			return true
		}
		key := fragmentKey{src: src.Addr, dst: dst.Addr, id: uint32(ip.Id), protocol: protocol}
		if payload = d.fragments.add(key, int(ip.FragOffset)*8, payload, more); payload == nil {
			return true
		}
		length = len(payload)
	}
	d.transport(protocol, src, dst, payload, length)
	return true
}

func mapped(ip []byte) (a [16]byte) {
	a[10], a[11] = 0xff, 0xff
	copy(a[12:], ip)
	return a
}

const (
	ip6Header      = 40
	fragmentHeader = 8
)

// ip6 reads an IPv6 packet.
func (d *Decoder) ip6(b []byte) bool {
	if d.depth >= maxDepth {
		return true
	}
	if len(b) < ip6Header || b[0]>>4 != 6 {
		return false
	}
	src, dst := Endpoint{Addr: [16]byte(b[8:])}, Endpoint{Addr: [16]byte(b[24:])}
	length := int(binary.BigEndian.Uint16(b[4:]))
	protocol := layers.IPProtocol(b[6])
	b = b[ip6Header:]
	switch {
	case length == 0: // a jumbogram, or segmented by the network card
		length = len(b)
	case len(b) > length:
		b = b[:length]
	}
	d.extensions(protocol, src, dst, b, length)
	return true
}

// extensions passes over extension headers (RFC 8200 4) to what they carry.
func (d *Decoder) extensions(next layers.IPProtocol, src, dst Endpoint, b []byte, length int) {
	for {
		size := 0
		switch next {
		case layers.IPProtocolIPv6HopByHop, layers.IPProtocolIPv6Routing, layers.IPProtocolIPv6Destination:
			if len(b) >= 2 {
				size = int(b[1])*8 + 8
			}
		case layers.IPProtocolAH:
			if len(b) >= 2 {
				size = int(b[1])*4 + 8
			}
		case layers.IPProtocolIPv6Fragment:
			if b = d.fragment6(src, dst, b, length); b == nil {
				return
			}
			next, b = layers.IPProtocol(b[0]), b[1:]
			length = len(b)
			continue
		default:
			d.transport(next, src, dst, b, length)
			return
		}
		if size == 0 || len(b) < size {
			return
		}
		next, b, length = layers.IPProtocol(b[0]), b[size:], length-size
	}
}

// fragment6 takes a fragment (RFC 8200 4.5). Of a datagram that is whole by it, it
// gives the protocol and the bytes.
func (d *Decoder) fragment6(src, dst Endpoint, b []byte, length int) []byte {
	if len(b) < length || len(b) < fragmentHeader {
		return nil
	}
	at, more := int(binary.BigEndian.Uint16(b[2:])&^7), b[3]&1 != 0
	if at == 0 && !more { // an atomic fragment (RFC 6946)
		return append([]byte{b[0]}, b[fragmentHeader:]...)
	}
	key := fragmentKey{src: src.Addr, dst: dst.Addr, id: binary.BigEndian.Uint32(b[4:]), protocol: layers.IPProtocol(b[0]), v6: true}
	whole := d.fragments.add(key, at, b[fragmentHeader:], more)
	if whole == nil {
		return nil
	}
	return append([]byte{b[0]}, whole...)
}

// transport hands on what IP carries. A length that the frame can not have held is
// not believed.
func (d *Decoder) transport(protocol layers.IPProtocol, src, dst Endpoint, b []byte, length int) {
	length = min(length, len(b)+d.missing)
	switch protocol {
	case layers.IPProtocolTCP:
		d.readTCP(src, dst, b, length)
	case layers.IPProtocolUDP:
		d.readUDP(src, dst, b, length)
	case layers.IPProtocolIPv4:
		d.deeper(func() bool { return d.ip4(b) })
	case layers.IPProtocolIPv6:
		d.deeper(func() bool { return d.ip6(b) })
	case layers.IPProtocolGRE:
		d.deeper(func() bool { return d.gre(b) })
	case layers.IPProtocolICMPv4, layers.IPProtocolICMPv6:
		d.icmp(b, src.Addr, protocol == layers.IPProtocolICMPv6)
	case layers.IPProtocolAH:
		d.extensions(protocol, src, dst, b, length)
	}
}

// deeper reads what a tunnel carries.
func (d *Decoder) deeper(read func() bool) bool {
	d.depth++
	defer func() { d.depth-- }()
	return read()
}

func (d *Decoder) readTCP(src, dst Endpoint, b []byte, length int) {
	t := &d.tcp
	t.Payload = nil
	t.DecodeFromBytes(b, deaf()) // its error may be about options, and the rest is right
	if len(b) < 20 || t.DataOffset < 5 {
		return
	}
	src.Port, dst.Port = uint16(t.SrcPort), uint16(t.DstPort)
	d.segment = Segment{
		Src: src, Dst: dst, Seq: t.Seq, Ack: t.Ack, Flags: Flags(b[13]),
		Payload: t.Payload, Length: max(length-int(t.DataOffset)*4, len(t.Payload)),
	}
	d.to.Segment(&d.segment)
}

func (d *Decoder) readUDP(src, dst Endpoint, b []byte, length int) {
	u := &d.udp
	if u.DecodeFromBytes(b, deaf()) != nil {
		return
	}
	src.Port, dst.Port = uint16(u.SrcPort), uint16(u.DstPort)
	payload := u.Payload
	d.datagram = Datagram{Src: src, Dst: dst, Payload: payload, Length: max(min(length, int(u.Length))-8, len(payload))}
	d.to.Datagram(&d.datagram)
	d.tunnel(src.Port, dst.Port, payload)
}
