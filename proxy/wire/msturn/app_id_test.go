package msturn_test

import (
	. "github.com/onsi/ginkgo/v2"

	"rehearse/proxy/wire/msturn"
)

var _ = Describe("the attribute MS-App-ID", func() {
	holds(0x8037, "00000002", msturn.AppID(2), "MS-App-ID 2")
	refuses(0x8037, "", "MS-App-ID at byte 32: got 0 bytes, want 4 bytes")
})
