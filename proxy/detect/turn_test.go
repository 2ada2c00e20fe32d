package detect_test

import (
	"bytes"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/proxy/detect"
	"rehearse/proxy/wire/pseudotls"
	"rehearse/proxy/wiretest"
)

// framedAllocate is the Allocate request of a Teams client (tests/pcap/teams.pcap
// of nDPI, frame 520) in the framing of TCP.
const framedAllocate = `02000044 00030030 2112a442b2343f6e67f41d58acba639f 000f000472c64bc6 8037000400000002
	8008000400000006 8006000400000001 0010000400002ee0 8055000400020002`

// changed is b with other bytes from offset on.
func changed(b []byte, offset int, with ...byte) []byte {
	b = bytes.Clone(b)
	copy(b[offset:], with)
	return b
}

var _ = Describe("MS-TURN", func() {
	It("is known by pseudo-TLS at byte 50, after which the client waits", func() {
		Expect(classified(detect.Outer(), pseudotls.ClientHello([32]byte{1: 0xff}))).To(Equal("0 maybe, 50 yes ms-turn"))
	})

	It("is not known from a hello of 49 bytes", func() {
		Expect(classified(detect.Outer(), pseudotls.ClientHello([32]byte{})[:49])).To(Equal("0 maybe"))
	})

	It("in its framing is known at byte 32, on both sides of TLS", func() {
		Expect(classified(detect.Outer(), wiretest.Hex(framedAllocate))).To(Equal("0 maybe, 32 yes ms-turn"))
		Expect(classified(detect.Inner(), wiretest.Hex(framedAllocate))).To(Equal("0 maybe, 32 yes ms-turn"))
	})

	DescribeTable("in its framing is not", func(stream []byte, want string) {
		Expect(classified(detect.Inner(), stream)).To(Equal(want))
	},
		Entry("a data frame first", changed(wiretest.Hex(framedAllocate), 0, 3), "0 maybe, 2 no"),
		Entry("another message first", changed(wiretest.Hex(framedAllocate), 5, 4), "0 maybe, 6 no"),
		Entry("a frame too short for a cookie", changed(wiretest.Hex(framedAllocate), 3, 27), "0 maybe, 4 no"),
		Entry("another cookie", changed(wiretest.Hex(framedAllocate), 31, 0), "0 maybe, 32 no"),
	)
})

var _ = Describe("TURN", func() {
	// RFC 5769 2.1 has this header of a Binding request.
	const binding = "00010058 2112a442 b7e7a701bc34d686fa87dfae"

	DescribeTable("is known by the magic cookie of RFC 8489", func(stream []byte, want string) {
		Expect(classified(detect.Inner(), stream)).To(Equal(want))
		Expect(classified(detect.Outer(), stream)).To(Equal(want))
	},
		Entry("in a Binding request", wiretest.Hex(binding), "0 maybe, 8 yes turn"),
		Entry("in an Allocate request", changed(wiretest.Hex(binding), 0, 0, 3), "0 maybe, 8 yes turn"),
		Entry("in a ConnectionBind request", changed(wiretest.Hex(binding), 0, 0, 0x0b), "0 maybe, 8 yes turn"),
	)

	DescribeTable("is not", func(stream []byte, want string) {
		Expect(classified(detect.Inner(), stream)).To(Equal(want))
	},
		Entry("an answer", changed(wiretest.Hex(binding), 0, 1, 1), "0 maybe, 2 no"),
		Entry("a length that is not padded", changed(wiretest.Hex(binding), 2, 0, 0x57), "0 maybe, 4 no"),
		Entry("STUN of RFC 3489, without the cookie", changed(wiretest.Hex(binding), 4, 1), "0 maybe, 5 no"),
	)
})
