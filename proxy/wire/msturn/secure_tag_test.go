package msturn_test

import (
	"strings"

	. "github.com/onsi/ginkgo/v2"

	"rehearse/proxy/wire/msturn"
)

var _ = Describe("the attribute MS-Secure-Tag", func() {
	holds(0x8039, strings.Repeat("5a", 40), msturn.SecureTag([]byte(strings.Repeat("Z", 40))), "MS-Secure-Tag (40 bytes)")
	refuses(0x8039, "5a", "MS-Secure-Tag at byte 32: got 1 byte, want 40 bytes")
})
