package msturn

import (
	"encoding/binary"
	"fmt"
	"net/netip"

	"rehearse/proxy/wire"
)

// Address families as the wire numbers them.
const (
	familyIPv4 = 0x01
	familyIPv6 = 0x02
)

// appendAddress appends a zero byte, family, port and address, which is the
// value of every address attribute before masking. An address that is not valid
// is written as 0.0.0.0.
func appendAddress(dst []byte, a netip.AddrPort) []byte {
	addr := a.Addr().Unmap()
	switch {
	case !addr.IsValid():
		return append(dst, 0, familyIPv4, byte(a.Port()>>8), byte(a.Port()), 0, 0, 0, 0)
	case addr.Is4():
		dst = append(dst, 0, familyIPv4)
	default:
		dst = append(dst, 0, familyIPv6)
	}
	dst = binary.BigEndian.AppendUint16(dst, a.Port())
	return append(dst, addr.AsSlice()...)
}

// parseAddress reads what appendAddress wrote. name is the attribute's.
func parseAddress(name string, value []byte) (netip.AddrPort, *wire.Error) {
	fail := func(field string, offset int, got, want string) (netip.AddrPort, *wire.Error) {
		return netip.AddrPort{}, bad(name+" "+field, offset, got, want)
	}
	if len(value) < 4 {
		return fail("size", 0, wire.Bytes(len(value)), "8 or 20 bytes")
	}
	if value[0] != 0 {
		return fail("reserved byte", 0, fmt.Sprintf("%#02x", value[0]), "0x00")
	}
	size := 4
	switch value[1] {
	case familyIPv4:
	case familyIPv6:
		size = 16
	default:
		return fail("family", 1, fmt.Sprintf("%#02x", value[1]), "0x01 or 0x02")
	}
	if len(value) != 4+size {
		return fail("size", 0, wire.Bytes(len(value)), wire.Bytes(4+size))
	}
	addr, _ := netip.AddrFromSlice(value[4:])
	if addr.Is4In6() {
		return fail("address", 4, addr.String(), "an IPv6 address that is not an IPv4 one in disguise")
	}
	return netip.AddrPortFrom(addr, binary.BigEndian.Uint16(value[2:])), nil
}
