package srtp_test

import (
	"encoding/hex"
	"strings"
	"testing"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/simulator/srtp"
	"rehearse/simulator/world/worldtest"
)

func TestSRTP(t *testing.T) { worldtest.Suite(t, "srtp") }

func unhex(text string) []byte {
	GinkgoHelper()
	b, err := hex.DecodeString(strings.ReplaceAll(text, " ", ""))
	Expect(err).NotTo(HaveOccurred())
	return b
}

// The master key and salt of RFC 3711 B.3, which libsrtp's tests use too, and its
// packet before and after.
const (
	master = "e1f97a0d3e018be0d64fa32c06de4139 0ec675ad498afeebb6960b3aabe6"
	plain  = "800f1234decafbadcafebabe abababababababababababababababab"
	sealed = "800f1234decafbadcafebabe 4e55dc4ce79978d88ca4d215949d2402 b78d6acc99ea179b8dbb"

	plainRTCP  = "81c8000bcafebabe abababababababababababababababab"
	sealedRTCP = "81c8000bcafebabe 7128035be487b9bdbef89041f977a5a8 80000001 993e08cd54d6c1230798"
)

func key() srtp.Master { return srtp.Master(unhex(master)) }

// numbered is libsrtp's packet with another sequence number.
func numbered(n uint16) []byte {
	b := unhex(plain)
	b[2], b[3] = byte(n>>8), byte(n)
	return b
}

var _ = Describe("SRTP", func() {
	It("protects and opens libsrtp's packets", func() {
		Expect(srtp.NewSender(key()).Protect(unhex(plain))).To(Equal(unhex(sealed)))
		Expect(srtp.NewReceiver(key()).Open(unhex(sealed))).To(Equal(unhex(plain)))
		Expect(srtp.NewSender(key()).ProtectRTCP(unhex(plainRTCP))).To(Equal(unhex(sealedRTCP)))
		Expect(srtp.NewReceiver(key()).OpenRTCP(unhex(sealedRTCP))).To(Equal(unhex(plainRTCP)))
	})

	It("goes on when the sequence numbers begin anew, also for packets out of order", func() {
		s, r := srtp.NewSender(key()), srtp.NewReceiver(key())
		var wire [][]byte
		for _, n := range []uint16{0xfffe, 0xffff, 0, 1, 2} {
			b, err := s.Protect(numbered(n))
			Expect(err).NotTo(HaveOccurred())
			wire = append(wire, b)
		}
		for _, i := range []int{0, 2, 1, 4, 3} {
			_, err := r.Open(wire[i])
			Expect(err).NotTo(HaveOccurred())
		}
		_, err := r.Open(wire[1])
		Expect(err).To(MatchError(ContainSubstring("duplicated packet")))
	})

	It("takes nothing twice, nothing late, and nothing that was changed", func() {
		s, r := srtp.NewSender(key()), srtp.NewReceiver(key())
		first, _ := s.Protect(numbered(1))
		last, _ := s.Protect(numbered(100))
		Expect(r.Open(last)).To(Equal(numbered(100)))
		_, err := r.Open(first)
		Expect(err).To(MatchError(ContainSubstring("duplicated packet")))
		other, _ := s.Protect(numbered(101))
		other[20] ^= 1
		_, err = r.Open(other)
		Expect(err).To(MatchError(ContainSubstring("auth tag")))
		report, _ := s.ProtectRTCP(unhex(plainRTCP))
		Expect(r.OpenRTCP(report)).To(Equal(unhex(plainRTCP)))
		_, err = r.OpenRTCP(report)
		Expect(err).To(MatchError(ContainSubstring("duplicated packet")))
		report, _ = s.ProtectRTCP(unhex(plainRTCP))
		report[9] ^= 1
		_, err = r.OpenRTCP(report)
		Expect(err).To(MatchError(ContainSubstring("auth tag")))
	})

	It("refuses what is no such packet", func() {
		s, r := srtp.NewSender(key()), srtp.NewReceiver(key())
		for _, f := range []func([]byte) ([]byte, error){s.Protect, s.ProtectRTCP, r.Open, r.OpenRTCP} {
			for _, packet := range [][]byte{nil, []byte("no RTP"), unhex("81c8000bcafebabe")[:7]} {
				_, err := f(packet)
				Expect(err).To(HaveOccurred())
			}
		}
	})
})

var _ = Describe("a key in SDP", func() {
	It("is read as pidgin-sipe writes it, and written so", func() {
		const value = "1 AES_CM_128_HMAC_SHA1_80 inline:9dse+0mnofELmh1VGh+khytkHqbS9vl2Li3Bhqns|2^31"
		c, err := srtp.ParseCrypto(value)
		Expect(err).NotTo(HaveOccurred())
		Expect(c.Tag).To(Equal(1))
		Expect(c.String()).To(Equal(value))
		fresh := srtp.NewCrypto(2)
		Expect(srtp.ParseCrypto(fresh.String())).To(Equal(fresh))
		Expect(fresh.Master).NotTo(Equal(srtp.NewCrypto(2).Master))
	})

	DescribeTable("is refused, with what is allowed", func(value, want string) {
		_, err := srtp.ParseCrypto(value)
		Expect(err).To(MatchError(ContainSubstring(want)))
	},
		Entry(nil, "1", "want a tag, a suite and inline:KEY"),
		Entry(nil, "x AES_CM_128_HMAC_SHA1_80 inline:", `tag "x", want a number`),
		Entry(nil, "1 F8_128_HMAC_SHA1_80 inline:", `suite "F8_128_HMAC_SHA1_80", want AES_CM_128_HMAC_SHA1_80`),
		Entry(nil, "1 AES_CM_128_HMAC_SHA1_80 inline:AAAA", "want inline: and 30 bytes in base64"),
		Entry(nil, "1 AES_CM_128_HMAC_SHA1_80 inline:9dse+0mnofELmh1VGh+khytkHqbS9vl2Li3Bhqns|2^31|1:1", `master key identifier "2^31|1:1", want none`),
	)
})

func FuzzOpen(f *testing.F) {
	packet, _ := hex.DecodeString(strings.ReplaceAll(sealed, " ", ""))
	report, _ := hex.DecodeString(strings.ReplaceAll(sealedRTCP, " ", ""))
	k, _ := hex.DecodeString(strings.ReplaceAll(master, " ", ""))
	f.Add(packet)
	f.Add(report)
	f.Fuzz(func(t *testing.T, b []byte) {
		r := srtp.NewReceiver(srtp.Master(k))
		if out, err := r.Open(b); err == nil {
			if again, err := srtp.NewSender(srtp.Master(k)).Protect(out); err != nil || string(again) != string(b) {
				t.Errorf("%x came back as %x, %v", b, again, err)
			}
		}
		_, _ = r.OpenRTCP(b)
	})
}
