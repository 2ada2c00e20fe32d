package diag_test

import (
	"slices"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/reports/diag"
)

var _ = Describe("the nearest name", func() {
	DescribeTable("is found for a slip", func(name, want string) {
		names := []string{"url.domain", "url.host", "client.protocol", "deny", "ssl.forward_proxy"}
		Expect(diag.Nearest(name, slices.Values(names))).To(Equal(want))
	},
		Entry("two characters swapped", "url.domian", "url.domain"),
		Entry("one left out", "url.domin", "url.domain"),
		Entry("one too many", "url.hosst", "url.host"),
		Entry("another one", "url.hast", "url.host"),
		Entry("in capitals", "URL.Domain", "url.domain"),
		Entry("one slip for every four characters", "lru.host", "url.host"),
		Entry("one more", "lru.hast", ""),
		Entry("swapped at the start", "edny", "deny"),
		Entry("several in a long name", "client.protokoll", "client.protocol"),
		Entry("two in a short one", "dn", ""),
		Entry("one in a short one", "dny", "deny"),
		Entry("the same", "deny", "deny"),
		Entry("nothing like it", "authenticate", ""),
		Entry("no name", "", ""),
		Entry("more than anybody would mistype", strings.Repeat("x", 81), ""),
	)
	It("is the first of those equally near", func() {
		Expect(diag.Nearest("crx", slices.Values([]string{"ocsp", "crl", "cry"}))).To(Equal("crl"))
	})
	It("is the nearer one, wherever it stands", func() {
		Expect(diag.Nearest("responder", slices.Values([]string{"respondent", "responders", "responde"}))).To(Equal("responders"))
	})
	It("is none among none", func() {
		Expect(diag.Nearest("deny", slices.Values([]string(nil)))).To(BeEmpty())
	})
})
