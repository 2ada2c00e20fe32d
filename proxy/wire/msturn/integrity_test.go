package msturn_test

import (
	"crypto/hmac"
	"crypto/sha256"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/proxy/wire/msturn"
)

// Messages made and signed by libnice's own stun library, in its OC2007 mode
// without aligned attributes, for fixed transaction ids.
const (
	libniceSigned = `00030060 202122232425262728292a2b2c2d2e2f 000f000472c64bc6 8008000400000001 0015000a227274636d6564696122
		00140014303132333435363738396162636465666768696a 0006000e02000024616c6963652d726177ff
		00080014199181a326bff3307f3f1a01b5b58040ffbd4ccc`
	libniceQuoted = `0003005f 303132333435363738393a3b3c3d3e3f 000f000472c64bc6 8008000400000001 000d000400000000
		0015000a227274636d6564696122 00140014303132333435363738396162636465666768696a 0006000522626f6222
		0008001402d8aab3fe97fb531c5e980b7e833e20f1e498d6`
	libniceSend = `0004005d 404142434445464748494a4b4c4d4e4f 000f000472c64bc6 8008000400000001 0006000e02000024616c6963652d726177ff
		001100080001c350c0000207 0015000a227274636d6564696122 0013000570696e6721
		00080014e140a785c5bff5a606c71a5160650e843ecbb866`
)

const (
	rawUser     = "\x02\x00\x00\x24alice-raw\xff"
	rawPassword = "s3cret\x80pass\x00"
)

var _ = Describe("Message Integrity", func() {
	DescribeTable("is what libnice computes", func(text, user, password string) {
		m, err := msturn.Parse(fromHex(text))
		Expect(err).NotTo(HaveOccurred())
		key := msturn.NewKey([]byte(user), msturn.QuotedRealm("rtcmedia"), []byte(password))
		Expect(m.Verify(key)).To(Succeed())

		want := m.Bytes()
		m.Attributes = m.Attributes[:len(m.Attributes)-1]
		m.Sign(key)
		Expect(m.Bytes()).To(Equal(want))
	},
		Entry("in an Allocate request", libniceSigned, rawUser, rawPassword),
		Entry("with quotes around user and password", libniceQuoted, `"bob"`, `"pw"`),
		Entry("where they are stripped", libniceQuoted, "bob", "pw\x00"),
		Entry("in a Send request", libniceSend, rawUser, rawPassword),
	)

	It("has another value under another password, realm or user, or over other bytes", func() {
		wrong := "MS-TURN Allocate request: Message Integrity at byte 92: got another HMAC, want that of the key for this user, realm and password"
		for _, key := range []msturn.Key{
			msturn.NewKey([]byte(rawUser), "rtcmedia", []byte("other")),
			msturn.NewKey([]byte(rawUser), "other", []byte(rawPassword)),
			msturn.NewKey([]byte("other"), "rtcmedia", []byte(rawPassword)),
		} {
			Expect(parse(libniceSigned).Verify(key)).To(MatchError(wrong))
		}
		m := parse(libniceSigned)
		m.TransactionID[0]++
		Expect(m.Verify(msturn.NewKey([]byte(rawUser), "rtcmedia", []byte(rawPassword)))).To(MatchError(wrong))
	})

	It("replaces the one that is there", func() {
		m := parse(libniceSigned)
		m.Sign(msturn.NewKey(nil, "", []byte("another")))
		m.Sign(msturn.NewKey([]byte(rawUser), "rtcmedia", []byte(rawPassword)))
		Expect(m.Bytes()).To(Equal(fromHex(libniceSigned)))
	})

	It("is HMAC-SHA256 from version 3 on, 32 bytes over the same", func() {
		key := msturn.NewKey([]byte("alice"), msturn.QuotedRealm("rtcmedia"), []byte("secret"))
		m := parse(teamsAllocate)
		m.SignSHA256(key)
		b := m.Bytes()
		at := len(b) - 32
		secret := sha256.Sum256([]byte("alice:rtcmedia:secret"))
		mac := hmac.New(sha256.New, secret[:])
		mac.Write(b[:at-4])
		mac.Write(make([]byte, (64-(at-4)%64)%64))
		Expect(b[at:]).To(Equal(mac.Sum(nil)))
		Expect(m.Verify(key)).To(Succeed())
		answer := msturn.Message{Type: msturn.AllocateResponse}
		answer.SignLike(m, key)
		Expect(answer.String()).To(ContainSubstring("HMAC-SHA256"))
		answer.SignLike(parse(libniceSigned), key)
		Expect(answer.String()).To(ContainSubstring("HMAC-SHA1"))
		Expect(parse(teamsRelease).Verify(key)).To(MatchError(ContainSubstring("got another HMAC")))
	})

	It("is missed, and refused before the end", func() {
		key := msturn.NewKey(nil, "", []byte("key"))
		Expect(parse(teamsAllocate).Verify(key)).To(MatchError(ContainSubstring("at byte 68: got none, want an HMAC as the last attribute")))
		m := parse(teamsAllocate)
		m.Sign(key)
		m.Attributes = append(m.Attributes, msturn.Lifetime(60))
		Expect(m.Verify(key)).To(MatchError(ContainSubstring("got an attribute behind it")))
	})
})

func parse(text string) *msturn.Message {
	GinkgoHelper()
	m, err := msturn.Parse(fromHex(text))
	Expect(err).NotTo(HaveOccurred())
	return m
}
