package msturn

import (
	"bytes"
	"net/netip"

	"rehearse/proxy/wire"
)

// XORMappedAddress is the address that the server saw the request come from. On
// the wire the port is masked with the first two bytes of the transaction id and
// the address with as many of its first bytes as it has
// ([MS-TURN] 2.2.2, XOR Mapped Address).
type XORMappedAddress netip.AddrPort

// Number is 0x8020.
func (XORMappedAddress) Number() uint16 { return 0x8020 }

// Name is the attribute's name.
func (XORMappedAddress) Name() string { return "XOR Mapped Address" }

// AddrPort is the address and port, unmasked.
func (a XORMappedAddress) AddrPort() netip.AddrPort { return netip.AddrPort(a) }

func (a XORMappedAddress) String() string { return a.AddrPort().String() }

func (a XORMappedAddress) appendValue(dst []byte, id TransactionID) []byte {
	start := len(dst)
	dst = appendAddress(dst, a.AddrPort())
	mask(dst[start:], id)
	return dst
}

func parseXORMappedAddress(value []byte, id TransactionID) (Attribute, *wire.Error) {
	plain := bytes.Clone(value)
	mask(plain, id)
	addr, err := parseAddress(XORMappedAddress{}.Name(), plain)
	return XORMappedAddress(addr), err
}

// mask masks, or unmasks, the port and address in a value.
func mask(value []byte, id TransactionID) {
	for i := 2; i < min(len(value), 4); i++ {
		value[i] ^= id[i-2]
	}
	for i := 4; i < min(len(value), 4+len(id)); i++ {
		value[i] ^= id[i-4]
	}
}
