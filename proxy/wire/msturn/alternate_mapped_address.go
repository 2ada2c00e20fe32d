package msturn

import (
	"net/netip"

	"rehearse/proxy/wire"
)

// AlternateMappedAddress is a second relay address, of the other address family
// ([MS-TURN] 2.2.2, MS-Alternate Mapped Address).
type AlternateMappedAddress netip.AddrPort

// Number is 0x8090.
func (AlternateMappedAddress) Number() uint16 { return 0x8090 }

// Name is the attribute's name.
func (AlternateMappedAddress) Name() string { return "MS-Alternate Mapped Address" }

// AddrPort is the address and port.
func (a AlternateMappedAddress) AddrPort() netip.AddrPort { return netip.AddrPort(a) }

func (a AlternateMappedAddress) String() string { return a.AddrPort().String() }

func (a AlternateMappedAddress) appendValue(dst []byte, _ TransactionID) []byte {
	return appendAddress(dst, a.AddrPort())
}

func parseAlternateMappedAddress(value []byte, _ TransactionID) (Attribute, *wire.Error) {
	addr, err := parseAddress(AlternateMappedAddress{}.Name(), value)
	return AlternateMappedAddress(addr), err
}
