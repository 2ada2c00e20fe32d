package msturn

import (
	"net/netip"

	"rehearse/proxy/wire"
)

// DestinationAddress is the peer that a Send request or Set Active Destination
// request is about ([MS-TURN] 2.2.2, Destination Address).
type DestinationAddress netip.AddrPort

// Number is 0x0011.
func (DestinationAddress) Number() uint16 { return 0x0011 }

// Name is the attribute's name.
func (DestinationAddress) Name() string { return "Destination Address" }

// AddrPort is the address and port.
func (a DestinationAddress) AddrPort() netip.AddrPort { return netip.AddrPort(a) }

func (a DestinationAddress) String() string { return a.AddrPort().String() }

func (a DestinationAddress) appendValue(dst []byte, _ TransactionID) []byte {
	return appendAddress(dst, a.AddrPort())
}

func parseDestinationAddress(value []byte, _ TransactionID) (Attribute, *wire.Error) {
	addr, err := parseAddress(DestinationAddress{}.Name(), value)
	return DestinationAddress(addr), err
}
