package msturn_test

import (
	. "github.com/onsi/ginkgo/v2"

	"rehearse/proxy/wire/msturn"
)

var _ = Describe("the attribute Username", func() {
	holds(0x0006, "02000004", msturn.Username("\x02\x00\x00\x04"), "Username (4 bytes)")
})
