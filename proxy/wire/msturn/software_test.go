package msturn_test

import (
	. "github.com/onsi/ginkgo/v2"

	"rehearse/proxy/wire/msturn"
)

var _ = Describe("the attribute Software", func() {
	holds(0x8022, "322e302e312e323131", msturn.Software("2.0.1.211"), `Software "2.0.1.211"`)
})
