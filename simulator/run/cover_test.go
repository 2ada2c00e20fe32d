package run_test

import (
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/proxy/policy"
	"rehearse/simulator/run"
	"rehearse/simulator/scenario"
)

// coveredBy plays scenarios with the same first lines under a cover. policyText
// takes the place of the office's.
func coveredBy(policyText string, steps ...string) *run.Cover {
	c := &run.Cover{}
	var all []*scenario.Scenario
	for i, s := range steps {
		text := strings.Replace(office, "name: an office", "name: office "+string(rune('a'+i)), 1)
		_, one := load(text + s)
		one.Appliance.Policy = []scenario.Policy{{Name: "p.cpl", Source: []byte(policyText)}}
		all = append(all, one)
	}
	play(run.Options{Watch: c}, all...)
	return c
}

const browse = "  - bob: {browse: https://www.example.com/}\n"

var _ = Describe("coverage of policies", func() {
	const text = "define condition sites\n url.domain=example.com\n url.domain=never.test\nend\n" +
		"<SSL-Intercept>\n condition=sites ssl.forward_proxy(https)\n<Proxy>\n url.domain=never.test DENY\n#if release.version=7.0..\n url.port=443 DENY\n#endif\n"

	It("has every line with its count and the scenarios behind it", func() {
		files := coveredBy(text, browse, browse).Files()
		Expect(files).To(HaveLen(1))
		Expect(files[0].File).To(Equal("p.cpl"))
		Expect(files[0].Rules).To(Equal([]run.LineCover{
			{Line: 6, Within: "<SSL-Intercept>", Text: "condition=sites ssl.forward_proxy(https)", Matches: 2, Scenarios: []string{"office a", "office b"}},
			{Line: 8, Within: "<Proxy>", Text: "url.domain=//never.test/ DENY", Scenarios: []string{}},
			{Line: 10, Within: "<Proxy>", Text: "url.port=443 DENY", Scenarios: []string{}}, // of a later release
		}))
		Expect(files[0].Conditions).To(HaveExactElements(
			And(HaveField("Line", 2), HaveField("Within", "sites"), HaveField("Matches", BeEquivalentTo(2))),
			And(HaveField("Line", 3), HaveField("Matches", BeZero())),
		))
		matched, rules := run.Rate(files)
		Expect([]int{matched, rules}).To(Equal([]int{1, 3}))
	})

	It("is the same however many run at a time, and knows one policy as one", func() {
		page := func(c *run.Cover) string {
			var b strings.Builder
			for _, p := range c.Programs() {
				Expect(policy.WriteCoverage(&b, p.Files, p.Options, p.Counts)).To(Succeed())
			}
			return b.String()
		}
		Expect(page(coveredBy(text, browse, browse))).To(Equal(strings.TrimPrefix(`
2: <SSL-Intercept> [layer 1] [p.cpl:5]
2: condition=sites (2) ssl.forward_proxy(https)
0: <Proxy> [layer 2] [p.cpl:7]
0: DENY url.domain=//never.test/ (0)
: define condition sites
2: url.domain=//example.com/ (2)
0: url.domain=//never.test/ (0)
: end
`, "\n")))
	})

	It("tells sources of one name apart", func() {
		c := &run.Cover{}
		var all []*scenario.Scenario
		for _, text := range []string{"<Proxy>\n ALLOW\n", "<Proxy>\n trace.request(no)\n"} {
			_, one := load(office + browse)
			one.Appliance.Policy = []scenario.Policy{{Name: "p.cpl", Source: []byte(text)}}
			all = append(all, one)
		}
		play(run.Options{Watch: c}, all...)
		var texts []string
		for _, f := range c.Files() {
			texts = append(texts, f.File+" "+f.Rules[0].Text)
		}
		Expect(texts).To(Equal([]string{"p.cpl ALLOW", "p.cpl trace.request(no)"}))
	})
})
