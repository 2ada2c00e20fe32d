package msturn_test

import (
	. "github.com/onsi/ginkgo/v2"

	"rehearse/proxy/wire/msturn"
)

var _ = Describe("the attribute Unknown Attributes", func() {
	holds(0x000a, "00260027", msturn.UnknownAttributes{0x26, 0x27}, "Unknown Attributes 0x0026 0x0027")
	refuses(0x000a, "002600", "Unknown Attributes at byte 32: got 3 bytes, want an even number of bytes")
})
