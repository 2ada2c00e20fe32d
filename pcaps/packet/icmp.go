package packet

import (
	"encoding/binary"
	"fmt"
	"net/netip"

	"github.com/google/gopacket/layers"
)

// Complaint is an ICMP error about a segment or datagram.
type Complaint struct {
	From     netip.Addr // who complains
	Src, Dst Endpoint   // of the packet complained about
	TCP      bool       // else UDP
	V6       bool
	Type     uint8
	Code     uint8
}

// ICMP's types of errors and the codes that are named (RFC 792, RFC 1812 5.2.7.1,
// RFC 4443 3).
const (
	unreachable4, quench4, exceeded4, parameter4 = 3, 4, 11, 12
	unreachable6, tooBig6, exceeded6, parameter6 = 1, 2, 3, 4
)

// String is "port unreachable" and the like.
func (c *Complaint) String() string {
	codes4 := map[uint8]string{0: "network unreachable", 1: "host unreachable", 3: "port unreachable", 4: "packet too big",
		9: "administratively prohibited", 10: "administratively prohibited", 13: "administratively prohibited"}
	codes6 := map[uint8]string{0: "no route", 1: "administratively prohibited", 3: "address unreachable", 4: "port unreachable"}
	switch {
	case c.V6 && c.Type == unreachable6 && codes6[c.Code] != "":
		return codes6[c.Code]
	case c.V6 && c.Type == tooBig6:
		return "packet too big"
	case !c.V6 && c.Type == unreachable4 && codes4[c.Code] != "":
		return codes4[c.Code]
	case c.V6 && c.Type == exceeded6, !c.V6 && c.Type == exceeded4:
		return "time exceeded"
	}
	return fmt.Sprintf("ICMP type %d code %d", c.Type, c.Code)
}

const icmpHeader = 8

// icmp looks into an ICMP error for what it quotes.
func (d *Decoder) icmp(b []byte, from [16]byte, v6 bool) {
	if len(b) < icmpHeader {
		return
	}
	c := Complaint{From: netip.AddrFrom16(from).Unmap(), V6: v6, Type: b[0], Code: b[1]}
	switch c.Type {
	case unreachable4, quench4, exceeded4, parameter4:
		if v6 && c.Type != exceeded6 && c.Type != parameter6 {
			return
		}
	case unreachable6, tooBig6:
		if !v6 {
			return
		}
	default:
		return
	}
	if d.quoted(&c, b[icmpHeader:]) {
		d.to.Complaint(&c)
	}
}

// quoted reads the start of the packet that is complained about: as much of its
// headers as tells its flow, and of TCP as far as the flags, as Wireshark wants it.
func (d *Decoder) quoted(c *Complaint, b []byte) bool {
	var protocol layers.IPProtocol
	switch {
	case len(b) >= 20 && b[0]>>4 == 4 && b[0]&0xf >= 5 && binary.BigEndian.Uint16(b[6:])&0x1fff == 0:
		protocol, c.Src.Addr, c.Dst.Addr = layers.IPProtocol(b[9]), mapped(b[12:16]), mapped(b[16:20])
		b = b[min(int(b[0]&0xf)*4, len(b)):]
	case len(b) >= ip6Header && b[0]>>4 == 6:
		protocol, c.Src.Addr, c.Dst.Addr = layers.IPProtocol(b[6]), [16]byte(b[8:]), [16]byte(b[24:])
		b = b[ip6Header:]
	default:
		return false
	}
	const udpHeader, tcpFlags = 8, 14
	c.TCP = protocol == layers.IPProtocolTCP
	if c.TCP && len(b) < tcpFlags || !c.TCP && (protocol != layers.IPProtocolUDP || len(b) < udpHeader) {
		return false
	}
	c.Src.Port, c.Dst.Port = binary.BigEndian.Uint16(b), binary.BigEndian.Uint16(b[2:])
	return true
}
