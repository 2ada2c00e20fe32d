package msturn_test

import (
	. "github.com/onsi/ginkgo/v2"

	"rehearse/proxy/wire/msturn"
)

var _ = Describe("the attribute Multiplexed TURN Session ID", func() {
	holds(0x8095, "7f20c4dd4f848dfa", msturn.SessionID{0x7f, 0x20, 0xc4, 0xdd, 0x4f, 0x84, 0x8d, 0xfa},
		"Multiplexed TURN Session ID (8 bytes)")
	refuses(0x8095, "7f20", "Multiplexed TURN Session ID at byte 32: got 2 bytes, want 8 bytes")
})
