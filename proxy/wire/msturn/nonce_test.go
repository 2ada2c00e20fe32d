package msturn_test

import (
	. "github.com/onsi/ginkgo/v2"

	"rehearse/proxy/wire/msturn"
)

var _ = Describe("the attribute Nonce", func() {
	holds(0x0014, "024ecbf8827a60d65306debfa77d87d14402dd5d",
		msturn.Nonce("\x02\x4e\xcb\xf8\x82\x7a\x60\xd6\x53\x06\xde\xbf\xa7\x7d\x87\xd1\x44\x02\xdd\x5d"), "Nonce (20 bytes)")
})
