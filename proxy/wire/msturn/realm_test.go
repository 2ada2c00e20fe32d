package msturn_test

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/proxy/wire/msturn"
)

var _ = Describe("the attribute Realm", func() {
	holds(0x0015, "227274636d6564696122", msturn.Realm(`"rtcmedia"`), `Realm "rtcmedia"`)
	holds(0x0015, "727463", msturn.Realm("rtc"), `Realm "rtc"`)

	It("has quotes on the wire and none for people", func() {
		Expect(msturn.QuotedRealm("rtcmedia")).To(Equal(msturn.Realm(`"rtcmedia"`)))
		Expect(msturn.QuotedRealm("rtcmedia").Bare()).To(Equal("rtcmedia"))
	})
})
