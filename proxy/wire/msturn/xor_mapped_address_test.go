package msturn_test

import (
	"net/netip"

	. "github.com/onsi/ginkgo/v2"

	"rehearse/proxy/wire/msturn"
)

var _ = Describe("the attribute XOR Mapped Address", func() {
	holds(0x8020, "0001c1d571a76a0a", msturn.XORMappedAddress(netip.MustParseAddrPort("80.181.206.72:57543")),
		"XOR Mapped Address 80.181.206.72:57543")
	holds(0x8020, "000225c0 0113a9fa b2343f6e 67f41d58 acba639e", msturn.XORMappedAddress(netip.MustParseAddrPort("[2001:db8::1]:1234")),
		"XOR Mapped Address [2001:db8::1]:1234")
	refuses(0x8020, "000304d27f000001", "XOR Mapped Address family at byte 33: got 0x03, want 0x01 or 0x02")
	refuses(0x8020, "00", "XOR Mapped Address size at byte 32: got 1 byte, want 8 or 20 bytes")
})
