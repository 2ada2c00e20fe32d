package ice_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/hex"
	"io"
	"net/netip"
	"strings"
	"testing"
	"testing/iotest"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/simulator/ice"
	"rehearse/simulator/world/worldtest"
)

func TestICE(t *testing.T) { worldtest.Suite(t, "ice") }

// The sample request and response of RFC 5769, 2.1 and 2.2.
const (
	samplePassword = "VOkJxbRl1RmTxUk/WvJxBt"
	sampleRequest  = "000100582112a442b7e7a701bc34d686fa87dfae802200105354554e207465737420636c69656e74" +
		"002400046e0001ff80290008932ff9b151263b36000600096576746a3a68367659202020" +
		"000800149aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a280280004e57a3bcf"
	sampleResponse = "0101003c2112a442b7e7a701bc34d686fa87dfae8022000b7465737420766563746f7220" +
		"002000080001a147e112a643000800142b91f599fd9e90c38c7489f92af9ba53f06be7d780280004c07d4c96"
)

var _ = Describe("a candidate", func() {
	for _, text := range []string{
		"1 1 UDP 2130706431 10.1.0.11 50000 typ host ",
		"3 1 TCP-PASS 6556159 52.112.0.13 50001 typ relay raddr 10.1.0.11 rport 49162 ",
		"4 2 TCP-ACT 7076351 52.112.0.13 50001 typ relay raddr 10.1.0.11 rport 49162 ",
		"2 2 UDP 184547838 2001:db8::7 5000 typ relay raddr 10.1.0.11 rport 50001 ",
	} {
		It("reads and writes "+text, func() {
			c, err := ice.ParseCandidate("candidate:" + text)
			Expect(err).NotTo(HaveOccurred())
			Expect(c.String()).To(Equal(text))
		})
	}

	It("says what is wrong", func() {
		for text, want := range map[string]string{
			"":                                   "want foundation, component",
			"1 3 UDP 1 10.1.0.11 50000 typ host": `component "3", want 1 or 2`,
			"1 1 SCTP 1 10.1.0.11 5000 typ host": `transport "SCTP", want UDP, TCP-ACT or TCP-PASS`,
			"1 1 UDP x 10.1.0.11 50000 typ host": `priority "x", want a number of 32 bits`,
			"1 1 UDP 1 alice.test 5000 typ host": `address "alice.test", want an IP address`,
			"1 1 UDP 1 10.1.0.11 70000 typ host": `port "70000", want a number of 16 bits`,
		} {
			_, err := ice.ParseCandidate(text)
			Expect(err).To(MatchError(ContainSubstring(want)))
		}
	})

	It("has the priority of RFC 8445", func() {
		Expect(ice.Priority(ice.Host, ice.UDP, ice.RTP)).To(Equal(uint32(2130706431)))
		Expect(ice.Priority(ice.Relay, ice.TCPPassive, ice.RTP)).To(BeNumerically("<", ice.Priority(ice.Relay, ice.UDP, ice.RTP)))
	})
})

var _ = Describe("a connectivity check", func() {
	always := func(password string) func(string) (string, bool) {
		return func(string) (string, bool) { return password, true }
	}

	It("reads the samples of RFC 5769", func() {
		c, err := ice.Parse(unhex(sampleRequest), func(user string) (string, bool) { return samplePassword, user == "evtj:h6vY" })
		Expect(err).NotTo(HaveOccurred())
		Expect(c).To(Equal(ice.Check{Transaction: [12]byte(unhex("b7e7a701bc34d686fa87dfae")), Username: "evtj:h6vY",
			Priority: 0x6e0001ff, TieBreaker: 0x932ff9b151263b36}))
		c, err = ice.Parse(unhex(sampleResponse), always(samplePassword))
		Expect(err).NotTo(HaveOccurred())
		Expect(c.Response).To(BeTrue())
		Expect(c.Mapped.String()).To(Equal("192.0.2.1:32853"))
	})

	It("refuses a wrong password and a stranger's user name", func() {
		_, err := ice.Parse(unhex(sampleRequest), always("guess"))
		Expect(err).To(MatchError(ice.ErrIntegrity))
		_, err = ice.Parse(unhex(sampleRequest), func(string) (string, bool) { return "", false })
		Expect(err).To(MatchError(ContainSubstring(`user name "evtj:h6vY" is not of this call`)))
	})

	for _, microsoft := range []bool{false, true} {
		It("reads what it writes, Microsoft's dialect "+map[bool]string{true: "on", false: "off"}[microsoft], func() {
			request := ice.Check{Transaction: [12]byte{1, 2, 3}, Username: "abcd:efgh", Priority: 5, Controlling: true, TieBreaker: 7, UseCandidate: true, Microsoft: microsoft}
			Expect(ice.Parse(request.Append(nil, "secret"), always("secret"))).To(Equal(request))
			response := ice.Check{Response: true, Transaction: [12]byte{1}, Mapped: netip.MustParseAddrPort("10.1.0.11:50000"), Microsoft: microsoft}
			Expect(ice.Parse(response.Append(nil, "secret"), always("secret"))).To(Equal(response))
		})
	}

	It("is signed over the whole length and zeros in Microsoft's dialect", func() {
		packet := ice.Check{Username: "abcd:efgh", Microsoft: true}.Append(nil, "secret")
		at := bytes.Index(packet, []byte{0, 8, 0, 20})
		Expect(len(packet)-at).To(Equal(24+8), "integrity and fingerprint stand last")
		text := make([]byte, (at+63)/64*64)
		copy(text, packet[:at]) // with the length of the whole in its header
		h := hmac.New(sha1.New, []byte("secret"))
		h.Write(text)
		Expect(packet[at+4 : at+24]).To(Equal(h.Sum(nil)))
		Expect(packet).To(ContainElements(byte(0x80), byte(0x70)))
	})

	It("reads what pidgin-sipe's libnice sends, which pads the user name with zeros", func() {
		const sent = "000100542112a44245bff9cd75758a1ce4983da200240004376a00ff802a0008699b53a915a385640006000c442f76353a63563476000000" +
			"805400043200000080700004000000020008001445d01754e8c00a62fa7bb190b229361f4d4739b78028000418ee5eb7"
		c, err := ice.Parse(unhex(sent), func(user string) (string, bool) { return "CfgeKY6p0ohZNRuKR7M98HrD", user == "D/v5:cV4v" })
		Expect(err).NotTo(HaveOccurred())
		Expect(c.Microsoft).To(BeTrue())
		Expect(c.Controlling).To(BeTrue())
	})

	It("is told from RTP, and RTP from RTCP", func() {
		Expect(ice.IsRTP(unhex("80c90001" + "00000000" + "00000000"))).To(BeFalse())
	})

	It("is told from RTP", func() {
		rtp := append([]byte{0x80, 0}, make([]byte, 20)...)
		Expect([]bool{ice.IsSTUN(unhex(sampleRequest)), ice.IsSTUN(rtp)}).To(Equal([]bool{true, false}))
		Expect([]bool{ice.IsRTP(unhex(sampleRequest)), ice.IsRTP(rtp), ice.IsRTP(rtp[:5])}).To(Equal([]bool{false, true, false}))
	})
})

var _ = Describe("packets on a TCP path", func() {
	It("come out of a stream however it is cut", func() {
		stream := ice.AppendPacket(ice.AppendPacket(ice.AppendPacket(nil, []byte("one")), nil), []byte("three"))
		want := [][]byte{[]byte("one"), {}, []byte("three")}
		var whole ice.Packets
		Expect(whole.Add(stream)).To(HaveLen(3))
		var bytewise ice.Packets
		var got [][]byte
		for i := range stream {
			got = append(got, bytewise.Add(stream[i:i+1])...)
		}
		Expect(got).To(HaveLen(3))
		r := iotest.OneByteReader(bytes.NewReader(stream))
		for _, w := range want {
			Expect(ice.ReadPacket(r)).To(BeEquivalentTo(w))
		}
		_, err := ice.ReadPacket(r)
		Expect(err).To(MatchError(io.EOF))
		_, err = ice.ReadPacket(strings.NewReader("\x00\x05abc"))
		Expect(err).To(MatchError(io.ErrUnexpectedEOF))
	})

	It("leave out what is too large", func() {
		Expect(ice.AppendPacket([]byte("x"), make([]byte, ice.MaxPacket+1))).To(Equal([]byte("x")))
	})
})

func FuzzParse(f *testing.F) {
	f.Add(unhex(sampleRequest))
	f.Add(unhex(sampleResponse))
	f.Add(ice.Check{Username: "a:b", Microsoft: true}.Append(nil, samplePassword))
	f.Fuzz(func(t *testing.T, packet []byte) {
		c, err := ice.Parse(packet, func(string) (string, bool) { return samplePassword, true })
		if err == nil && !c.Response && c.Username != "" {
			again, err := ice.Parse(c.Append(nil, samplePassword), func(string) (string, bool) { return samplePassword, true })
			if err != nil || again.Username != c.Username {
				t.Errorf("%+v came back as %+v, %v", c, again, err)
			}
		}
	})
}

func FuzzCandidate(f *testing.F) {
	f.Add("3 1 TCP-PASS 6556159 52.112.0.13 50001 typ relay raddr 10.1.0.11 rport 49162 ")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := ice.ParseCandidate(text)
		if err != nil {
			return
		}
		if again, err := ice.ParseCandidate(c.String()); err != nil || again != c {
			t.Errorf("%q: %+v came back as %+v, %v", text, c, again, err)
		}
	})
}

func unhex(s string) []byte {
	b, err := hex.DecodeString(s)
	if err != nil {
		panic(err)
	}
	return b
}
