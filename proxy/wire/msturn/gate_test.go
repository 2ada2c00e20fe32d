package msturn_test

import (
	"slices"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/proxy/wire/msturn"
)

func gate() msturn.Gate {
	return msturn.Gate{
		Realm: msturn.QuotedRealm("rtcmedia"),
		Password: func(username []byte) ([]byte, bool) {
			return []byte("pass"), string(username) == "alice"
		},
		Fresh: func(nonce []byte) bool { return string(nonce) == "fresh" },
	}
}

// allocate is an Allocate request that passes the gate.
func allocate() *msturn.Message {
	return &msturn.Message{Type: msturn.AllocateRequest, Attributes: []msturn.Attribute{
		msturn.VersionICE, msturn.Username("alice"), msturn.QuotedRealm("rtcmedia"), msturn.Nonce("fresh"),
	}}
}

// without leaves out the attribute with that number.
func without(m *msturn.Message, number uint16) *msturn.Message {
	m.Attributes = slices.DeleteFunc(m.Attributes, func(a msturn.Attribute) bool { return a.Number() == number })
	return m
}

// with puts another attribute in the place of the one of its kind, or at the end.
func with(m *msturn.Message, a msturn.Attribute) *msturn.Message {
	m = without(m, a.Number())
	m.Attributes = append(m.Attributes, a)
	return m
}

func signed(m *msturn.Message, password string) *msturn.Message {
	user, _ := msturn.Find[msturn.Username](m)
	m.Sign(msturn.NewKey(user, "rtcmedia", []byte(password)))
	return m
}

var _ = Describe("the gate of a relay", func() {
	const nonce, realm, username = 0x0014, 0x0015, 0x0006

	DescribeTable("refuses with", func(code int, m *msturn.Message) {
		refusal, ok := gate().Check(m)
		Expect(ok).To(BeFalse())
		Expect(refusal).To(Equal(msturn.Failure(code)))
	},
		Entry("401 without integrity", 401, allocate()),
		Entry("401 before anything else", 401, without(allocate(), username)),
		Entry("432 without a user name", 432, signed(without(allocate(), username), "pass")),
		Entry("436 for a user it does not know", 436, signed(with(allocate(), msturn.Username("eve")), "pass")),
		Entry("436 before a missing realm", 436, signed(without(with(allocate(), msturn.Username("eve")), realm), "pass")),
		Entry("434 without a realm", 434, signed(without(without(allocate(), realm), nonce), "pass")),
		Entry("435 without a nonce", 435, signed(without(allocate(), nonce), "pass")),
		Entry("438 for an old nonce, though the password is wrong too", 438, signed(with(allocate(), msturn.Nonce("old")), "wrong")),
		Entry("431 for a wrong password", 431, signed(allocate(), "wrong")),
		Entry("420 for an attribute that it must know", 420, signed(with(allocate(), msturn.Unknown{Type: 0x0026}), "pass")),
	)

	DescribeTable("lets pass", func(m *msturn.Message) {
		refusal, ok := gate().Check(m)
		Expect(ok).To(BeTrue(), "%v", refusal)
		Expect(refusal).To(BeZero())
	},
		Entry("an Allocate request", signed(allocate(), "pass")),
		Entry("an attribute that need not be known", signed(with(allocate(), msturn.Unknown{Type: 0x8006}), "pass")),
		Entry("a Send request, which has neither realm nor nonce", signed(&msturn.Message{Type: msturn.SendRequest,
			Attributes: []msturn.Attribute{msturn.Username("alice"), msturn.Data("x")}}, "pass")),
		Entry("Set Active Destination, which has no nonce", signed(&msturn.Message{Type: msturn.SetActiveDestinationRequest,
			Attributes: []msturn.Attribute{msturn.Username("alice"), msturn.QuotedRealm("rtcmedia")}}, "pass")),
	)

	It("says which attributes it must have known", func() {
		m := with(with(allocate(), msturn.Unknown{Type: 0x0026}), msturn.Unknown{Type: 0x8006})
		Expect(msturn.Unserved(m)).To(Equal(msturn.UnknownAttributes{0x0026}))
	})
})
