package msturn_test

import (
	. "github.com/onsi/ginkgo/v2"

	"rehearse/proxy/wire/msturn"
)

var _ = Describe("the attribute MS-Service Quality", func() {
	holds(0x8055, "00010001", msturn.ServiceQuality{Stream: msturn.Audio, Quality: 1}, "MS-Service Quality audio, reliable")
	holds(0x8055, "00020002", msturn.ServiceQuality{Stream: msturn.Video, Quality: 2}, "MS-Service Quality video, 2")
	holds(0x8055, "00090000", msturn.ServiceQuality{Stream: 9}, "MS-Service Quality 9, best effort")
	refuses(0x8055, "000100", "MS-Service Quality at byte 32: got 3 bytes, want 4 bytes")
})
