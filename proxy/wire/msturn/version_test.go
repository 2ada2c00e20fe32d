package msturn_test

import (
	. "github.com/onsi/ginkgo/v2"

	"rehearse/proxy/wire/msturn"
)

var _ = Describe("the attribute MS-Version", func() {
	holds(0x8008, "00000001", msturn.VersionICE, "MS-Version 1 (ICE)")
	holds(0x8008, "00000006", msturn.VersionMultiplexed, "MS-Version 6 (multiplexed over UDP and TCP)")
	holds(0x8008, "000000ff", msturn.Version(255), "MS-Version 255")
	holds(0x8008, "00000000", msturn.Version(0), "MS-Version 0")
	refuses(0x8008, "000006", "MS-Version at byte 32: got 3 bytes, want 4 bytes")
})
