package msturn_test

import (
	. "github.com/onsi/ginkgo/v2"

	"rehearse/proxy/wire/msturn"
)

var _ = Describe("the attribute MS-Sequence Number", func() {
	holds(0x8050, "0102030405060708090a0b0c0d0e0f1011121314 12345678",
		msturn.SequenceNumber{Connection: [20]byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20}, Sequence: 0x12345678},
		"MS-Sequence Number 305419896")
	holds(0x8050, "00000001", msturn.SequenceNumber{Sequence: 1, Bare: true}, "MS-Sequence Number 1")
	refuses(0x8050, "0102030405060708", "MS-Sequence Number at byte 32: got 8 bytes, want 24 or 4 bytes")
})
