package msturn_test

import (
	"net/netip"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/proxy/wire/msturn"
)

var _ = Describe("the attribute Mapped Address", func() {
	holds(0x0001, "00010d983472fa8d", msturn.MappedAddress(netip.MustParseAddrPort("52.114.250.141:3480")), "Mapped Address 52.114.250.141:3480")
	holds(0x0001, "000204d2 20010db8 00000000 00000000 00000001", msturn.MappedAddress(netip.MustParseAddrPort("[2001:db8::1]:1234")), "Mapped Address [2001:db8::1]:1234")
	refuses(0x0001, "000304d27f000001", "Mapped Address family at byte 33: got 0x03, want 0x01 or 0x02")
	refuses(0x0001, "010104d27f000001", "Mapped Address reserved byte at byte 32: got 0x01, want 0x00")
	refuses(0x0001, "000104d27f0000", "Mapped Address size at byte 32: got 7 bytes, want 8 bytes")
	refuses(0x0001, "0001", "Mapped Address size at byte 32: got 2 bytes, want 8 or 20 bytes")
	refuses(0x0001, "00020d98 00000000 00000000 0000ffff 3472fa8d",
		"Mapped Address address at byte 36: got ::ffff:52.114.250.141, want an IPv6 address that is not an IPv4 one in disguise")

	It("writes an IPv4 address in disguise as IPv4, and no address as 0.0.0.0", func() {
		m := msturn.Message{Attributes: []msturn.Attribute{
			msturn.MappedAddress(netip.MustParseAddrPort("[::ffff:52.114.250.141]:3480")),
			msturn.MappedAddress{},
		}}
		Expect(m.Bytes()[28:]).To(Equal(fromHex("00010008 00010d983472fa8d 00010008 0001000000000000")))
	})
})
