package msturn

import (
	"net/netip"

	"rehearse/proxy/wire"
)

// MappedAddress is, in an Allocate response, the relay address that was allocated,
// and not the address the client was seen at ([MS-TURN] 2.2.2, Mapped Address).
type MappedAddress netip.AddrPort

// Number is 0x0001.
func (MappedAddress) Number() uint16 { return 0x0001 }

// Name is the attribute's name.
func (MappedAddress) Name() string { return "Mapped Address" }

// AddrPort is the address and port.
func (a MappedAddress) AddrPort() netip.AddrPort { return netip.AddrPort(a) }

func (a MappedAddress) String() string { return a.AddrPort().String() }

func (a MappedAddress) appendValue(dst []byte, _ TransactionID) []byte {
	return appendAddress(dst, a.AddrPort())
}

func parseMappedAddress(value []byte, _ TransactionID) (Attribute, *wire.Error) {
	addr, err := parseAddress(MappedAddress{}.Name(), value)
	return MappedAddress(addr), err
}
