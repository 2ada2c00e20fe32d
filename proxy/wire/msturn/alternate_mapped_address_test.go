package msturn_test

import (
	"net/netip"

	. "github.com/onsi/ginkgo/v2"

	"rehearse/proxy/wire/msturn"
)

var _ = Describe("the attribute MS-Alternate Mapped Address", func() {
	holds(0x8090, "00010d983472fa8d", msturn.AlternateMappedAddress(netip.MustParseAddrPort("52.114.250.141:3480")), "MS-Alternate Mapped Address 52.114.250.141:3480")
	holds(0x8090, "000204d2 20010db8 00000000 00000000 00000001", msturn.AlternateMappedAddress(netip.MustParseAddrPort("[2001:db8::1]:1234")), "MS-Alternate Mapped Address [2001:db8::1]:1234")
	refuses(0x8090, "000304d27f000001", "MS-Alternate Mapped Address family at byte 33: got 0x03, want 0x01 or 0x02")
	refuses(0x8090, "010104d27f000001", "MS-Alternate Mapped Address reserved byte at byte 32: got 0x01, want 0x00")
	refuses(0x8090, "000104d27f0000", "MS-Alternate Mapped Address size at byte 32: got 7 bytes, want 8 bytes")
	refuses(0x8090, "0001", "MS-Alternate Mapped Address size at byte 32: got 2 bytes, want 8 or 20 bytes")
})
