package ice_test

import (
	"net/netip"
	"testing"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/simulator/ice"
)

// A check that pidgin-sipe's libnice sent, and two lines of SDP: the one of who was
// asked, and one of who asked.
const (
	libniceCheck = "000100642d12fde03f892fe9056e16deb10a8c3e00060048f5fc2c6067b8b9938d998c8850ff71901613297868447dceb7bfa3c8386b9ea73a323a7f" +
		"91e2c88dd1111a8d602966661b7636e5a9f36595355a6478264f5ee8ad917b3a320000000008001418c88d2cc2686ef54f015cda14ded67e388ed4b3"
	askedLine  = "9fwsYGe4uZONmYyIUP9xkBYTKXhoRH3Ot7+jyDhrnqc 2 kItAppEMkdNEUXCyKGQtJg UDP 0.830 127.112.0.15 60059 "
	askingLine = "raPUE3P4kxGC0gPmjJW231L+Xhje01eIJzB1hL50138 1 5hSi1atTgi36jkgpodAPow TCP 0.550 127.0.0.1 34935 "
)

var _ = Describe("a candidate of [MS-ICE]", func() {
	It("reads and writes what pidgin-sipe and Skype for Business have", func() {
		all, err := ice.ParseDraft6("candidate:" + askedLine)
		Expect(err).NotTo(HaveOccurred())
		Expect(all).To(HaveLen(1))
		Expect(all[0].Draft6()).To(Equal(askedLine))
		Expect(all[0].Priority).To(Equal(uint32(830)))
	})

	It("over TCP is one that connects and one that listens", func() {
		all, err := ice.ParseDraft6(askingLine)
		Expect(err).NotTo(HaveOccurred())
		Expect([]string{all[0].Transport, all[1].Transport}).To(Equal([]string{ice.TCPActive, ice.TCPPassive}))
		Expect(all[1].Draft6()).To(Equal(askingLine))
	})

	It("says what is wrong", func() {
		for text, want := range map[string]string{
			"":                                "want user name, component, password",
			"! 1 QUFB UDP 0.1 10.1.0.1 1":     `"!", want base64`,
			"QUFB 3 QUFB UDP 0.1 10.1.0.1 1":  `component "3", want 1 or 2`,
			"QUFB 1 QUFB UDP 1 10.1.0.1 1":    `priority "1", want 0. and a number of 32 bits`,
			"QUFB 1 QUFB UDP 0.1 here 1":      `address "here", want an IP address`,
			"QUFB 1 QUFB SCTP 0.1 10.1.0.1 1": `transport "SCTP", want UDP or TCP`,
		} {
			_, err := ice.ParseDraft6(text)
			Expect(err).To(MatchError(ContainSubstring(want)))
		}
	})
})

var _ = Describe("a connectivity check of [MS-ICE]", func() {
	asked, _ := ice.ParseDraft6(askedLine)
	only := func(want, password string) func(string) (string, bool) {
		return func(user string) (string, bool) { return password, user == want }
	}

	It("reads and writes what libnice sends", func() {
		packet := unhex(libniceCheck)
		Expect(ice.IsSTUN(packet)).To(BeFalse(), "it has no cookie")
		Expect(ice.IsDraft6(packet)).To(BeTrue())
		Expect(ice.IsRTP(packet)).To(BeFalse())
		user := asked[0].User
		c, err := ice.ParseDraft6Check(packet, func(name string) (string, bool) { return asked[0].Password, name[:32] == user })
		Expect(err).NotTo(HaveOccurred())
		Expect(c.Username).To(Equal(ice.Draft6Username(user, c.Username[35:67], 2)))
		Expect(c.Append(nil, asked[0].Password)).To(Equal(packet))
	})

	It("is answered with the address that it came from", func() {
		c := ice.Draft6Check{Response: true, Transaction: [16]byte{1}, Username: ice.Draft6Username("a", "b", 1), Mapped: netip.MustParseAddrPort("192.0.2.1:7")}
		Expect(ice.ParseDraft6Check(c.Append(nil, "secret"), only(c.Username, "secret"))).To(Equal(c))
		c.Mapped = netip.MustParseAddrPort("[2001:db8::1]:7")
		Expect(ice.ParseDraft6Check(c.Append(nil, "secret"), only(c.Username, "secret"))).To(Equal(c))
	})

	It("refuses a wrong password, a stranger's user name, and what is cut", func() {
		packet := unhex(libniceCheck)
		_, err := ice.ParseDraft6Check(packet, func(string) (string, bool) { return "guess", true })
		Expect(err).To(MatchError(ice.ErrIntegrity))
		_, err = ice.ParseDraft6Check(packet, only("nobody", ""))
		Expect(err).To(MatchError(ContainSubstring("is not of this call")))
		_, err = ice.ParseDraft6Check(packet[:len(packet)-1], only("", ""))
		Expect(err).To(MatchError(ContainSubstring("want a Binding request or response of RFC 3489")))
		_, err = ice.ParseDraft6Check(append(unhex("00010004"), make([]byte, 20)...), only("", ""))
		Expect(err).To(MatchError(ice.ErrIntegrity))
	})
})

func FuzzDraft6(f *testing.F) {
	f.Add(unhex(libniceCheck), askedLine)
	f.Fuzz(func(t *testing.T, packet []byte, line string) {
		always := func(string) (string, bool) { return "secret", true }
		if c, err := ice.ParseDraft6Check(packet, always); err == nil {
			if again, err := ice.ParseDraft6Check(c.Append(nil, "secret"), always); err != nil || again.Username != c.Username {
				t.Errorf("%+v came back as %+v, %v", c, again, err)
			}
		}
		all, err := ice.ParseDraft6(line)
		if err != nil {
			return
		}
		if again, err := ice.ParseDraft6(all[0].Draft6()); err != nil || again[0] != all[0] {
			t.Errorf("%q: %+v came back as %+v, %v", line, all[0], again, err)
		}
	})
}
