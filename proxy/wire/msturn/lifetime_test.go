package msturn_test

import (
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/proxy/wire/msturn"
)

var _ = Describe("the attribute Lifetime", func() {
	holds(0x000d, "0000003c", msturn.Lifetime(60), "Lifetime 60 s")
	holds(0x000d, "00000000", msturn.Lifetime(0), "Lifetime 0 s")
	refuses(0x000d, "000000003c", "Lifetime at byte 32: got 5 bytes, want 4 bytes")

	It("is a duration", func() {
		Expect(msturn.Lifetime(90).Duration()).To(Equal(90 * time.Second))
	})
})
