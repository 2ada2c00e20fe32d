package msturn

import (
	"net/netip"

	"rehearse/proxy/wire"
)

// RemoteAddress is the peer whose data a Data indication carries; it is not masked
// ([MS-TURN] 2.2.2, Remote Address).
type RemoteAddress netip.AddrPort

// Number is 0x0012.
func (RemoteAddress) Number() uint16 { return 0x0012 }

// Name is the attribute's name.
func (RemoteAddress) Name() string { return "Remote Address" }

// AddrPort is the address and port.
func (a RemoteAddress) AddrPort() netip.AddrPort { return netip.AddrPort(a) }

func (a RemoteAddress) String() string { return a.AddrPort().String() }

func (a RemoteAddress) appendValue(dst []byte, _ TransactionID) []byte {
	return appendAddress(dst, a.AddrPort())
}

func parseRemoteAddress(value []byte, _ TransactionID) (Attribute, *wire.Error) {
	addr, err := parseAddress(RemoteAddress{}.Name(), value)
	return RemoteAddress(addr), err
}
