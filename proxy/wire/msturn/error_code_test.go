package msturn_test

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/proxy/wire/msturn"
)

var _ = Describe("the attribute Error Code", func() {
	holds(0x0009, "00000401 6e6f", msturn.ErrorCode{Code: 401, Reason: "no"}, "Error Code 401 no")
	holds(0x0009, "00000563", msturn.ErrorCode{Code: 599}, "Error Code 599 ")
	refuses(0x0009, "000004", "Error Code at byte 32: got 3 bytes, want at least 4 bytes")
	refuses(0x0009, "00010401", "Error Code reserved bytes at byte 32: got 00 01, want 00 00")
	refuses(0x0009, "00000801", "Error Code class at byte 34: got 8, want 1 to 7")
	refuses(0x0009, "00000464", "Error Code number at byte 35: got 100, want 0 to 99")

	It("has the usual words for the codes that exist", func() {
		Expect(msturn.Failure(438)).To(Equal(msturn.ErrorCode{Code: 438, Reason: "Stale Nonce"}))
		Expect(msturn.Failure(433)).To(Equal(msturn.ErrorCode{Code: 433}))
		Expect(msturn.Codes()).To(HaveLen(18))
	})
})
