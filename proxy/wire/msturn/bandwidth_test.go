package msturn_test

import (
	. "github.com/onsi/ginkgo/v2"

	"rehearse/proxy/wire/msturn"
)

var _ = Describe("the attribute Bandwidth", func() {
	holds(0x0010, "00002ee0", msturn.Bandwidth(12000), "Bandwidth 12000 kbit/s")
	refuses(0x0010, "002ee0", "Bandwidth at byte 32: got 3 bytes, want 4 bytes")
})
