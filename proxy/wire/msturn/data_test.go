package msturn_test

import (
	. "github.com/onsi/ginkgo/v2"

	"rehearse/proxy/wire/msturn"
)

var _ = Describe("the attribute Data", func() {
	holds(0x0013, "70696e6721", msturn.Data("ping!"), "Data (5 bytes)")
	holds(0x0013, "", msturn.Data{}, "Data (0 bytes)")
})
