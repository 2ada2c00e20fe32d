package msturn_test

import (
	"net/netip"

	. "github.com/onsi/ginkgo/v2"

	"rehearse/proxy/wire/msturn"
)

var _ = Describe("the attribute Alternate Server", func() {
	holds(0x000e, "00010d963472fa8d", msturn.AlternateServer(netip.MustParseAddrPort("52.114.250.141:3478")), "Alternate Server 52.114.250.141:3478")
	holds(0x000e, "000204d2 20010db8 00000000 00000000 00000001", msturn.AlternateServer(netip.MustParseAddrPort("[2001:db8::1]:1234")), "Alternate Server [2001:db8::1]:1234")
	refuses(0x000e, "000304d27f000001", "Alternate Server family at byte 33: got 0x03, want 0x01 or 0x02")
	refuses(0x000e, "010104d27f000001", "Alternate Server reserved byte at byte 32: got 0x01, want 0x00")
	refuses(0x000e, "000104d27f0000", "Alternate Server size at byte 32: got 7 bytes, want 8 bytes")
	refuses(0x000e, "0001", "Alternate Server size at byte 32: got 2 bytes, want 8 or 20 bytes")
})
