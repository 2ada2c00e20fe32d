package msturn_test

import (
	"net/netip"

	. "github.com/onsi/ginkgo/v2"

	"rehearse/proxy/wire/msturn"
)

var _ = Describe("the attribute Destination Address", func() {
	holds(0x0011, "00013fcc5d476ecd", msturn.DestinationAddress(netip.MustParseAddrPort("93.71.110.205:16332")), "Destination Address 93.71.110.205:16332")
	holds(0x0011, "000204d2 20010db8 00000000 00000000 00000001", msturn.DestinationAddress(netip.MustParseAddrPort("[2001:db8::1]:1234")), "Destination Address [2001:db8::1]:1234")
	refuses(0x0011, "000304d27f000001", "Destination Address family at byte 33: got 0x03, want 0x01 or 0x02")
	refuses(0x0011, "010104d27f000001", "Destination Address reserved byte at byte 32: got 0x01, want 0x00")
	refuses(0x0011, "000104d27f0000", "Destination Address size at byte 32: got 7 bytes, want 8 bytes")
	refuses(0x0011, "0001", "Destination Address size at byte 32: got 2 bytes, want 8 or 20 bytes")
})
