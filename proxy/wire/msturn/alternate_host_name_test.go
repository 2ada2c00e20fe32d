package msturn_test

import (
	. "github.com/onsi/ginkgo/v2"

	"rehearse/proxy/wire/msturn"
)

var _ = Describe("the attribute MS-Alternate Host Name", func() {
	holds(0x8032, "6176656467652e74657374", msturn.AlternateHostName("avedge.test"), `MS-Alternate Host Name "avedge.test"`)
})
