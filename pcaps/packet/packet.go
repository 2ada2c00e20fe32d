package packet

import (
	"net/netip"
)

// Endpoint is an address and a port. It can be a map's key.
type Endpoint struct {
	Addr [16]byte // an IPv4 address in its IPv6 form, ::ffff:192.0.2.1
	Port uint16
}

// AddrPort is the endpoint in net/netip's form.
func (e Endpoint) AddrPort() netip.AddrPort { return netip.AddrPortFrom(e.IP(), e.Port) }

// IP is the address.
func (e Endpoint) IP() netip.Addr { return netip.AddrFrom16(e.Addr).Unmap() }

// String is "192.0.2.1:443" or "[2001:db8::1]:443".
func (e Endpoint) String() string { return e.AddrPort().String() }

// Flags are the flags of a TCP header.
type Flags uint8

// The flags that matter here.
const (
	FIN Flags = 1 << iota
	SYN
	RST
	PSH
	ACK
)

// Has says whether all of these are set.
func (f Flags) Has(these Flags) bool { return f&these == these }

// Segment is a TCP segment. It and its Payload are valid until Handler.Segment
// returns.
type Segment struct {
	Src, Dst Endpoint
	Seq, Ack uint32
	Flags    Flags
	Payload  []byte
	// Length is the payload's on the wire; Payload is shorter where the packet was
	// recorded in part.
	Length int
}

// Datagram is a UDP datagram, valid as a Segment is.
type Datagram struct {
	Src, Dst Endpoint
	Payload  []byte
	Length   int
}

// Handler is told what is found.
type Handler interface {
	Segment(*Segment)
	Datagram(*Datagram)
	Complaint(*Complaint)
}
