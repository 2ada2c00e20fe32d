package msturn_test

import (
	. "github.com/onsi/ginkgo/v2"

	"rehearse/proxy/wire/msturn"
)

var _ = Describe("the attribute Requested Address Family", func() {
	holds(0x0017, "01000000", msturn.IPv4, "Requested Address Family IPv4")
	holds(0x0017, "02000000", msturn.IPv6, "Requested Address Family IPv6")
	refuses(0x0017, "03000000", "Requested Address Family at byte 32: got 0x03, want 0x01 or 0x02")
	refuses(0x0017, "01000001", "Requested Address Family reserved bytes at byte 33: got 00 00 01, want 00 00 00")
	refuses(0x0017, "01", "Requested Address Family at byte 32: got 1 byte, want 4 bytes")
})
