package msturn

import (
	"net/netip"

	"rehearse/proxy/wire"
)

// AlternateServer is where the client should go instead. Microsoft servers send it
// with every 401; it means something only where it differs from the server asked
// ([MS-TURN] 2.2.2, Alternate Server).
type AlternateServer netip.AddrPort

// Number is 0x000e.
func (AlternateServer) Number() uint16 { return 0x000e }

// Name is the attribute's name.
func (AlternateServer) Name() string { return "Alternate Server" }

// AddrPort is the address and port.
func (a AlternateServer) AddrPort() netip.AddrPort { return netip.AddrPort(a) }

func (a AlternateServer) String() string { return a.AddrPort().String() }

func (a AlternateServer) appendValue(dst []byte, _ TransactionID) []byte {
	return appendAddress(dst, a.AddrPort())
}

func parseAlternateServer(value []byte, _ TransactionID) (Attribute, *wire.Error) {
	addr, err := parseAddress(AlternateServer{}.Name(), value)
	return AlternateServer(addr), err
}
