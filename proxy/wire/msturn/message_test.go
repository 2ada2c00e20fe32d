package msturn_test

import (
	"bytes"
	"errors"
	"net/netip"
	"testing"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/proxy/wire"
	"rehearse/proxy/wire/msturn"
)

// The first messages between a Teams client and a Microsoft relay, from
// tests/pcap/teams.pcap of nDPI, frames 520, 525 and 632.
const (
	teamsAllocate = `00030030 2112a442b2343f6e67f41d58acba639f 000f000472c64bc6 8037000400000002 8008000400000006
		8006000400000001 0010000400002ee0 8055000400020002`
	teamsChallenge = `011300a7 2112a442b2343f6e67f41d58acba639f 000f000472c64bc6 8008000400000006
		0009003d 00000401 546865207265717565737420646964206e6f7420636f6e7461696e2061204d6573736167652d496e7465677269747920617474726962757465
		000e000800010d963472fa8d 00140014024ecbf8827a60d65306debfa77d87d14402dd5d 0015000a227274636d6564696122
		0001000800010d983472fa8d 809500087f20c4dd4f848dfa 802000080001c1d571a76a0a`
	teamsRelease = `000300a6 2112a4420d40077c4ef04ebd70d6331a 000f000472c64bc6 8008000400000006 000d000400000000 8050000400000001
		001400143e9a3f4929f83c900890e3bacdaa9fbed980b752 0015000a227274636d6564696122
		000600380200002490a0dbdb01d6194de21537bfc992a00332731af1bedc569ae83bd5ab00000000bf71b276c97813a8ddefeb5cbc793a277a4ce63c
		00080020b7a08ce0f5a6b3a670830be8c02add0e6fa0cffcfd56f1f3f387b204ce7ba0f1`
)

var _ = Describe("a message", func() {
	It("of a Teams client reads as it was meant", func() {
		m, err := msturn.Parse(fromHex(teamsAllocate))
		Expect(err).NotTo(HaveOccurred())
		Expect(m.String()).To(Equal("Allocate request: MS-App-ID 2, MS-Version 6 (multiplexed over UDP and TCP), " +
			"attribute 0x8006 (4 bytes), Bandwidth 12000 kbit/s, MS-Service Quality video, 2"))
	})

	It("of a Microsoft relay has unpadded attributes, and nonce and realm swapped", func() {
		m, err := msturn.Parse(fromHex(teamsChallenge))
		Expect(err).NotTo(HaveOccurred())
		Expect(m.Type).To(Equal(msturn.AllocateError))
		code, _ := msturn.Find[msturn.ErrorCode](m)
		Expect(code).To(Equal(msturn.ErrorCode{Code: 401, Reason: "The request did not contain a Message-Integrity attribute"}))
		realm, _ := msturn.Find[msturn.Realm](m)
		Expect(realm.Bare()).To(Equal("rtcmedia"))
		seen, _ := msturn.Find[msturn.XORMappedAddress](m)
		Expect(seen.AddrPort()).To(Equal(netip.MustParseAddrPort("80.181.206.72:57543")))
	})

	DescribeTable("is written back as it was", func(text string) {
		m, err := msturn.Parse(fromHex(text))
		Expect(err).NotTo(HaveOccurred())
		Expect(m.Append([]byte("before"))).To(Equal(append([]byte("before"), fromHex(text)...)))
	},
		Entry("Allocate", teamsAllocate), Entry("401", teamsChallenge), Entry("release", teamsRelease),
	)

	It("is refused, with what is wrong, when it is not MS-TURN", func() {
		_, err := msturn.Parse(fromHex("00030008 2112a442b2343f6e67f41d58acba639f 0019000411000000"))
		Expect(err).To(MatchError("MS-TURN message: Magic Cookie at byte 20: got 00 19 00 04 11 00 00 00, want 00 0f 00 04 72 c6 4b c6"))
		_, err = msturn.Parse([]byte{0x80})
		Expect(err).To(MatchError("MS-TURN message: type at byte 0: got 0x80, want a byte with its top two bits 0"))
	})

	It("cut short says that more is needed, and only then", func() {
		whole := fromHex(teamsAllocate)
		for n := range whole {
			_, err := msturn.Parse(whole[:n])
			Expect(errors.Is(err, wire.ErrShort)).To(BeTrue(), "%d bytes: %v", n, err)
		}
		_, err := msturn.Parse(append(whole, 0))
		Expect(err).To(MatchError("MS-TURN message: length at byte 2: got 48 for 49 bytes of attributes, want the length of what follows the header"))
		Expect(errors.Is(err, wire.ErrShort)).To(BeFalse())
	})

	It("keeps nothing of the bytes it was read from", func() {
		b := fromHex(teamsRelease)
		m, err := msturn.Parse(b)
		Expect(err).NotTo(HaveOccurred())
		clear(b)
		Expect(m.Bytes()).To(Equal(fromHex(teamsRelease)))
	})

	It("that is too large is not written", func() {
		m := msturn.Message{Attributes: []msturn.Attribute{msturn.Data(make([]byte, 0xffff-len(msturn.Cookie)-4))}}
		Expect(m.Bytes()).To(HaveLen(msturn.MaxSize))
		m.Attributes = append(m.Attributes, msturn.Data(nil))
		Expect(m.Append([]byte("before"))).To(Equal([]byte("before")))
	})

	It("names its type, also one that does not exist", func() {
		Expect(msturn.DataIndication.String()).To(Equal("Data indication"))
		Expect(msturn.Type(0x0002).String()).To(Equal("message type 0x0002"))
		Expect(msturn.Type(0x0002).Known()).To(BeFalse())
		Expect((&msturn.Message{Type: msturn.SendRequest}).String()).To(Equal("Send request"))
	})
})

// FuzzParse: whatever is read is written back byte for byte.
func FuzzParse(f *testing.F) {
	for _, text := range []string{teamsAllocate, teamsChallenge, teamsRelease, libniceSigned, libniceSend} {
		f.Add(fromHex(text))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := msturn.Parse(b)
		var we *wire.Error
		switch {
		case err != nil && !errors.As(err, &we):
			t.Fatalf("error of type %T", err)
		case err == nil && !bytes.Equal(m.Bytes(), b):
			t.Fatalf("read %x, wrote %x", b, m.Bytes())
		}
	})
}
