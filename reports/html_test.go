package reports_test

import (
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/reports"
)

// hostile is a report whose texts would be script and markup if they were let.
func hostile() *reports.Report {
	r := sample()
	bad := `</script><script>alert(1)</script><img src=x onerror=alert(2)>"'` + "`${alert(3)}`\u2028"
	for i := range r.Scenarios {
		s := &r.Scenarios[i]
		s.Name, s.File, s.Labels = bad, bad, []string{bad}
		s.Variant = append(reports.Variant{}, s.Variant...)
		s.Variant = append(s.Variant, reports.Setting{Name: bad, Value: bad})
		for j := range s.Evidence {
			e := &s.Evidence[j]
			e.Text, e.Rule, e.Flow, e.Kind = bad, bad, bad, bad
		}
		for j := range s.Hosts {
			s.Hosts[j].Name = bad
		}
	}
	r.PolicyCoverage = []reports.Coverage{{File: bad, Source: bad, Rules: []reports.Rule{{Line: 1, Text: bad}}}}
	return r
}

var _ = Describe("the HTML report", func() {
	html := func(r *reports.Report) []byte { return rendered(format("html"), r) }

	It("tells without a script what failed, why, and what to try", func() {
		text := string(html(sample()))
		body := text[:strings.Index(text, `<script type="application/json"`)]
		Expect(body).To(ContainSubstring("3 of 8 scenarios failed"))
		Expect(body).To(ContainSubstring(`stage was &#34;revocation&#34;, expected &#34;register&#34;`))
		Expect(body).To(ContainSubstring("give emulated certificates pointers"))
		Expect(body).To(ContainSubstring("rehearse run -v --filter"))
		Expect(body).To(ContainSubstring(`href="#p0-4"`), "the policy line that decided")
	})
	It("has a title for every end", func() {
		of := func(verdicts ...reports.Verdict) string {
			r := &reports.Report{}
			for i, v := range verdicts {
				r.Scenarios = append(r.Scenarios, reports.Scenario{Index: i, Verdict: v})
			}
			r.Totals = reports.Count(r.Scenarios)
			title := string(html(r))
			_, title, _ = strings.Cut(title, "<title>")
			title, _, _ = strings.Cut(title, " – ")
			return title
		}
		Expect(of()).To(Equal("Nothing was run"))
		Expect(of(reports.Passed)).To(Equal("The scenario passed"))
		Expect(of(reports.Failed)).To(Equal("1 of 1 scenario failed"))
		Expect(of(reports.Passed, reports.Passed)).To(Equal("All 2 scenarios passed"))
		Expect(of(reports.Passed, reports.Unsupported)).To(Equal("1 of 2 scenarios passed, none failed"))
		Expect(of(reports.Unsupported)).To(Equal("Nothing could be asked of what was tested"))
	})

	Describe("in Chromium", func() {
		// quiet is that nothing was asked for but the page, and that nothing went wrong.
		quiet := func(b *browser) {
			GinkgoHelper()
			Expect(b.of("Network.requestWillBeSent")).To(HaveLen(1))
			Expect(b.of("Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded", "Page.javascriptDialogOpening")).To(BeEmpty())
		}

		It("loads nothing and throws nothing", func() {
			for _, r := range []*reports.Report{sample(), {}, {Scenarios: []reports.Scenario{{Verdict: reports.Passed}}}} {
				b := open(html(r), 1280)
				b.settle()
				quiet(b)
			}
		})
		It("runs nothing that came with the report", func() {
			b := open(html(hostile()), 1280)
			b.eval(`document.querySelectorAll("details").forEach((d) => { d.open = true; })`)
			b.settle()
			Expect(b.texts(".ladder .ev")).NotTo(BeEmpty())
			Expect(b.eval(`document.querySelectorAll("img").length`)).To(BeZero())
			quiet(b)
		})
		It("draws the ladder of the first failure, with the policy line that leads to its source", func() {
			const first = "#s4 .step:nth-child(1)"
			b := open(html(sample()), 1280)
			b.eval(`document.getElementById("s4").scrollIntoView()`)
			b.settle()
			Expect(b.texts(first + " .heads b")).To(Equal([]string{"alice", "appliance"}))
			Expect(b.texts(first + " .ladder .ev")).To(HaveLen(24))
			Expect(b.texts(first + " .arrow.right")).To(ContainElement(ContainSubstring("sent SIP REGISTER")))
			b.click(first + " .tools button[aria-pressed=false]")
			Expect(b.texts(first + " .ladder .ev")).To(HaveLen(31))
			b.click(first + " .ladder a.rule")
			Expect(b.eval(`location.hash`)).To(Equal("#p0-4"))
			Expect(b.texts("#p0-4")).To(ConsistOf(ContainSubstring("url.domain=<a&b> DENY")))
			quiet(b)
		})
		It("finds, filters and goes back", func() {
			b := open(html(sample()), 1280)
			b.press("/")
			b.press(strings.Split("whole story", "")...)
			Expect(b.texts("#shown")).To(Equal([]string{"2 of 8 scenarios show all"}))
			Expect(b.texts(".file .name")).To(Equal([]string{"step by step"}))
			b.press("Escape")
			Expect(b.texts(".file .name")).To(HaveLen(5))
			b.click(".verdicts .failed span")
			Expect(b.texts("#shown")).To(Equal([]string{"3 of 8 scenarios show all"}))
			b.click("#shown button")
			Expect(b.texts(".file .name")).To(HaveLen(5))
		})
		It("leads from a cell of the matrix to its scenarios", func() {
			b := open(html(sample()), 1280)
			Expect(b.texts(".matrix td.failed")).To(ContainElement("✗ 1"))
			b.click(".matrix td.failed button")
			Expect(b.texts(".file .name")).To(HaveLen(1))
			quiet(b)
		})
		It("goes from failure to failure by keys", func() {
			b := open(html(sample()), 1280)
			focus := `document.activeElement.closest("[data-case]").id`
			for _, want := range []string{"s4", "s5", "s6", "s4"} {
				b.press("n")
				Expect(b.eval(focus)).To(Equal(want))
			}
			b.press("p")
			Expect(b.eval(focus)).To(Equal("s6"))
		})
		It("opens what an address names", func() {
			b := open(html(sample()), 1280)
			b.eval(`location.hash = "#s5"`)
			b.settle()
			Expect(b.texts("#s5 .steps")).To(HaveLen(1))
		})
		It("is light and dark as its reader is, and fits a narrow screen", func() {
			b := open(html(sample()), 380)
			b.eval(`document.querySelectorAll("details").forEach((d) => { d.open = true; })`)
			b.settle()
			Expect(b.eval(`document.documentElement.scrollWidth - document.documentElement.clientWidth`)).To(BeZero())
			background := `getComputedStyle(document.body).backgroundColor`
			light := b.eval(background)
			b.call("Emulation.setEmulatedMedia", map[string]any{"features": []map[string]string{{"name": "prefers-color-scheme", "value": "dark"}}})
			Expect(b.eval(background)).NotTo(Equal(light))
		})
		It("has failures open on paper", func() {
			b := open(html(sample()), 800)
			b.call("Page.printToPDF", nil)
			Expect(b.eval(`[...document.querySelectorAll(".failed[data-case]")].every((d) => d.open)`)).To(BeTrue())
			Expect(b.eval(`[...document.querySelectorAll(".failed .happened[open]")].every((d) => d.querySelector(".ladder"))`)).To(BeTrue())
		})
		It("has no fault that axe finds", func() {
			script := axe()
			for _, scheme := range []string{"light", "dark"} {
				b := open(html(sample()), 1280)
				b.call("Emulation.setEmulatedMedia", map[string]any{"features": []map[string]string{{"name": "prefers-color-scheme", "value": scheme}}})
				b.eval(`document.querySelectorAll("details").forEach((d) => { d.open = true; })`)
				b.settle()
				b.eval(script + ";0")
				Expect(b.eval(`axe.run().then((r) => r.violations.map((v) => v.id + ": " + v.nodes.map((n) => n.html).join(" ")))`)).To(BeEmpty())
			}
		})
	})
})
