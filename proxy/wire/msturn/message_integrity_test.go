package msturn_test

import (
	. "github.com/onsi/ginkgo/v2"

	"rehearse/proxy/wire/msturn"
)

var _ = Describe("the attribute Message Integrity", func() {
	holds(0x0008, "14199181a326bff3307f3f1a01b5b58040ffbd4c",
		msturn.MessageIntegrity(fromHex("14199181a326bff3307f3f1a01b5b58040ffbd4c")), "Message Integrity HMAC-SHA1")
	holds(0x0008, "7e44e6521f4710a5540f6290a67d69f95fa8f2f071c7a858a17775c39fdb730d",
		msturn.MessageIntegrity(fromHex("7e44e6521f4710a5540f6290a67d69f95fa8f2f071c7a858a17775c39fdb730d")), "Message Integrity HMAC-SHA256")
	refuses(0x0008, "14199181", "Message Integrity at byte 32: got 4 bytes, want 20 or 32 bytes")
})
