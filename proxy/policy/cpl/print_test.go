package cpl_test

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/proxy/policy/cpl"
)

// onlyRule is the rule of a policy with one rule.
func onlyRule(text string) *cpl.Rule {
	GinkgoHelper()
	f, _ := cpl.Parse("local", []byte(text))
	Expect(layers(f)).To(HaveLen(1))
	Expect(layers(f)[0].Sections).To(HaveLen(1))
	Expect(layers(f)[0].Sections[0].Rules).To(HaveLen(1))
	return layers(f)[0].Sections[0].Rules[0]
}

var _ = Describe("Printing", func() {
	DescribeTable("a rule as a trace has it", func(source, want string) {
		Expect(cpl.RuleText(onlyRule("<Proxy>\n" + source))).To(Equal(want))
	},
		Entry("verdict last (KB 166602)", "DENY url.host=www.example.test", "url.host=www.example.test DENY"),
		Entry("an exception among the properties (KB 218637)", `category="File Storage/Sharing" exception(content_filter_denied) access_server(no)`,
			`category="File Storage/Sharing" exception(content_filter_denied) access_server(no)`),
		Entry("case of names", "Url.Domain=A.Test Allow", "url.domain=//A.Test/ ALLOW"),
		Entry("domains with a path", "url.domain=tiles.test/v1/ cache(no)", "url.domain=//tiles.test/v1 cache(no)"),
		Entry("url.category", `url.category=("Gambling","Host (P2P)")`, `category=(Gambling, "Host (P2P)")`),
		Entry("a list of one", `http.method=(CONNECT) tunneled=yes force_deny`, `http.method=CONNECT tunneled=yes FORCE_DENY`),
		Entry("header patterns", `request.header.User-Agent=MapViewer`, `request.header.User-Agent="MapViewer"`),
		Entry("quotes", `group='cn=Kids,dc=x' user='say "x"' DENY`, `group="cn=Kids,dc=x" user='say "x"' DENY`),
		Entry("two blanks", "authenticate(corp)  authenticate.force(no)", "authenticate(corp) authenticate.force(no)"),
		Entry("logic", "url.port=((80||81) && !(82||!83)) deny", "url.port=((80 || 81) && !(82 || !83)) DENY"),
		Entry("grouping to the right", "url.port=(80 || (81 || 82 && (83 && 84))) deny", "url.port=(80 || (81 || 82 && (83 && 84))) DENY"),
		Entry("the empty list and no value", `url.port=!() url.query="" ok`, `url.port=!() url.query="" ALLOW`),
		Entry("names with a free part", `access_log.[main,ssl](yes) action.Tag-It(no) deny.unauthorized`, `access_log.[main,ssl](yes) action.Tag-It(no) deny.unauthorized`),
		Entry("a text", `DENY("No <br />") url.port=80`, `url.port=80 DENY("No <br />")`),
	)

	It("puts the verdict first where coverage is shown (KB 440188)", func() {
		Expect(cpl.ListingText(onlyRule("<Proxy>\ncondition=testcondition trace.request(yes) ALLOW"))).To(Equal("ALLOW condition=testcondition trace.request(yes)"))
	})

	It("keeps the spelling of the source where an error quotes it", func() {
		r := onlyRule("<Proxy>\nurl.domain=\"a.test\" DENY")
		Expect(cpl.SourceText(r.Terms[0])).To(Equal(`url.domain="a.test"`))
	})

	It("has headers with their labels", func() {
		f, _ := cpl.Parse("local", []byte("<ssl-intercept a> url.port=443\n[URL.domain 'b \"c\"']\nx.test DENY"))
		Expect(cpl.LayerHeader(layers(f)[0])).To(Equal(`<SSL-Intercept "a">`))
		Expect(cpl.SectionHeader(layers(f)[0].Sections[0])).To(Equal(`[url.domain 'b "c"']`))
		Expect(cpl.RuleText(layers(f)[0].Sections[0].Rules[0])).To(Equal("x.test DENY"))
	})
})
