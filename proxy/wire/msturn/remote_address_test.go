package msturn_test

import (
	"net/netip"

	. "github.com/onsi/ginkgo/v2"

	"rehearse/proxy/wire/msturn"
)

var _ = Describe("the attribute Remote Address", func() {
	holds(0x0012, "00013fcc5d476ecd", msturn.RemoteAddress(netip.MustParseAddrPort("93.71.110.205:16332")), "Remote Address 93.71.110.205:16332")
	holds(0x0012, "000204d2 20010db8 00000000 00000000 00000001", msturn.RemoteAddress(netip.MustParseAddrPort("[2001:db8::1]:1234")), "Remote Address [2001:db8::1]:1234")
	refuses(0x0012, "000304d27f000001", "Remote Address family at byte 33: got 0x03, want 0x01 or 0x02")
	refuses(0x0012, "010104d27f000001", "Remote Address reserved byte at byte 32: got 0x01, want 0x00")
	refuses(0x0012, "000104d27f0000", "Remote Address size at byte 32: got 7 bytes, want 8 bytes")
	refuses(0x0012, "0001", "Remote Address size at byte 32: got 2 bytes, want 8 or 20 bytes")
})
