package cpl_test

import (
	"math"
	"net/netip"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/proxy/policy/cpl"
)

var _ = Describe("Values", func() {
	It("reads ranges, open and wrapped", func() {
		for text, want := range map[string]cpl.Range{"7": {Low: 7, High: 7}, "1..3": {Low: 1, High: 3}, "9000..": {Low: 9000, High: math.MaxUint64}, "..1023": {High: 1023}, "45..15": {Low: 45, High: 15}} {
			Expect(cpl.ParseRange(text)).To(Equal(want), text)
		}
		Expect(cpl.Range{Low: 45, High: 15}.Has(50)).To(BeTrue())
		Expect(cpl.Range{Low: 45, High: 15}.Has(15)).To(BeTrue())
		Expect(cpl.Range{Low: 45, High: 15}.Has(30)).To(BeFalse())
		Expect(cpl.Range{Low: 1, High: 3}.Has(4)).To(BeFalse())
		_, err := cpl.ParseRange("1 .. 2")
		Expect(err).To(MatchError(ContainSubstring(`"1 " is no number`)))
	})

	It("reads bit rates, times and dates", func() {
		Expect(cpl.ParseBitrate("..28.8k")).To(Equal(cpl.Range{High: 28800}))
		Expect(cpl.ParseTime("2200..0600")).To(Equal(cpl.Range{Low: 1320, High: 360}))
		Expect(cpl.ParseTime("2400")).To(Equal(cpl.Range{Low: 1440, High: 1440}))
		Expect(cpl.ParseDate("20260101..20261231")).To(Equal(cpl.Range{Low: 20260101, High: 20261231}))
		_, err := cpl.ParseBitrate("1e5")
		Expect(err).To(HaveOccurred())
	})

	It("reads addresses, subnets and ranges of addresses", func() {
		has := func(text, ip string) bool {
			a, err := cpl.ParseAddresses(text)
			Expect(err).NotTo(HaveOccurred())
			return a.Has(netip.MustParseAddr(ip))
		}
		Expect(has("10.1.2.3/8", "10.255.255.255")).To(BeTrue())
		Expect(has("10.1.2.3/8", "11.0.0.0")).To(BeFalse())
		Expect(has("192.0.2.10-192.0.2.20", "192.0.2.20")).To(BeTrue())
		Expect(has("192.0.2.10-192.0.2.20", "192.0.2.21")).To(BeFalse())
		Expect(has("224.0.0.0/3", "::ffff:255.255.255.255")).To(BeTrue())
		Expect(has("2001:db8::/33", "2001:db8:7fff:ffff:ffff:ffff:ffff:ffff")).To(BeTrue())
		Expect(has("0.0.0.0/0", "::1")).To(BeFalse())
	})

	It("reads domains with what they may carry", func() {
		for text, want := range map[string]cpl.Domain{
			"a.test":                  {Host: "a.test"},
			"//A.Test/":               {Host: "a.test"},
			".a.test":                 {Host: "a.test"},
			"a.test:8080/docs/":       {Host: "a.test", Port: "8080", Path: "/docs"},
			"http://a.test/x.php?a=1": {Scheme: "http", Host: "a.test", Path: "/x.php?a=1"},
			"bücher.test":             {Host: "bücher.test"},
			"a.test?x=1":              {Host: "a.test", Path: "?x=1"},
		} {
			Expect(cpl.ParseDomain(text)).To(Equal(want), text)
		}
		for _, text := range []string{"", "/", "a b", "a..b", "a.test:port", "“a.test”"} {
			_, err := cpl.ParseDomain(text)
			Expect(err).To(HaveOccurred(), text)
		}
	})

	It("reads releases and their ranges", func() {
		keeps := func(release, value string) bool {
			f, _ := cpl.Parse("local", []byte("#if release.version="+value+"\n<Proxy>\nDENY\n#endif"))
			return len(f.Resolve(cpl.Environment{Release: cpl.MustRelease(release)}).Items) == 1
		}
		Expect(keeps("6.5.10.1", "6.5.10.1..")).To(BeTrue())
		Expect(keeps("6.5.9.14", "6.5.10.1..")).To(BeFalse())
		Expect(keeps("6.5.6.7", "..6.5.6")).To(BeTrue())
		Expect(keeps("6.5.7.1", "..6.5.6")).To(BeFalse())
		Expect(keeps("6.7.5.2", "6.6..6.7")).To(BeTrue())
		Expect(keeps("6.5.10.1", "6.5")).To(BeTrue())
		Expect(keeps("7.3.11.1", "6.5")).To(BeFalse())
		Expect(cpl.Newest().String()).To(Equal("7.3.11.1"))
	})
})
