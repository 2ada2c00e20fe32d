package reports_test

import (
	"fmt"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/reports"
)

// many is a report of n failures: of every ten seven for the code "a", two for "b",
// and one for a cause of its own.
func many(n int) *reports.Report {
	r := &reports.Report{Schema: reports.Schema, Selected: n}
	for i := range n {
		s := whole("explicit")
		code := "a"
		switch {
		case i%10 == 0:
			code = fmt.Sprintf("c%d", i)
		case i%10 < 3:
			code = "b"
		}
		s.Index, s.Name = i, fmt.Sprintf("scenario %d", i)
		s.Steps[0].Outcome.Code = code
		r.Scenarios = append(r.Scenarios, s)
	}
	r.Totals = reports.Count(r.Scenarios)
	return r
}

func count(text []byte, part string) int { return strings.Count(string(text), part) }

var _ = Describe("GitHub's annotations", func() {
	It("are ten at most, the worst causes first, one of each before a second one", func() {
		lines := strings.Split(string(rendered(format("github"), many(40))), "\n")
		var titles []string
		for _, l := range lines {
			if strings.HasPrefix(l, "::error ") {
				_, title, _ := strings.Cut(l, "title=")
				title, _, _ = strings.Cut(title, " [")
				titles = append(titles, title)
			}
		}
		Expect(titles).To(Equal([]string{
			"scenario 3", "scenario 1", "scenario 0", "scenario 10", "scenario 20", "scenario 30",
			"scenario 4", "scenario 2", "scenario 5", "scenario 11",
		}))
		Expect(lines).To(ContainElement("::notice::30 more failed scenarios are not annotated"))
	})
	It("are a line each, whatever is in the report", func() {
		text := string(rendered(format("github"), hostile()))
		for line := range strings.Lines(text) {
			Expect(line).To(Or(HavePrefix("::error file="), HavePrefix("::notice"), HavePrefix("4 passed")))
		}
	})
	It("say what a shard lacks", func() {
		Expect(string(rendered(format("github"), shard(0, 1)))).To(Equal(
			"::warning::6 selected scenarios are not in this report\n2 passed, 0 failed in 0.156s of virtual time\n"))
	})
})

var _ = Describe("Markdown", func() {
	It("has room in a comment, and names the causes that it does not tell", func() {
		text := rendered(format("markdown"), many(2000))
		Expect(len(text)).To(BeNumerically("<", 65_536))
		Expect(count(text, "<details")).To(BeNumerically(">", 5))
		Expect(count(text, "<details")).To(Equal(count(text, "</details>")))
		Expect(string(text)).To(ContainSubstring("\n- c"))
		Expect(string(text)).To(HavePrefix("## ✗ 2000 of 2000 scenarios failed\n"))
	})
	It("holds no markup that came with the report", func() {
		text := string(rendered(format("markdown"), hostile()))
		Expect(text).NotTo(ContainSubstring("\n</script>"))
		for line := range strings.Lines(text) {
			if strings.Contains(line, "<img") {
				Expect(line).To(Or(ContainSubstring("`"), ContainSubstring(`\<img`)))
			}
		}
	})
	It("draws a ladder whose hosts stand in order", func() {
		Expect(string(rendered(format("markdown"), sample()))).To(ContainSubstring(
			"sequenceDiagram\n  participant h0 as alice\n  participant h1 as appliance\n"))
	})
})

var _ = Describe("TAP", func() {
	It("keeps a description from being a directive", func() {
		r := &reports.Report{Scenarios: []reports.Scenario{{Name: "a # SKIP b\n\\c", Verdict: reports.Passed}}, Selected: 3}
		Expect(string(rendered(format("tap"), r))).To(Equal(
			"TAP version 13\n1..1\n# 2 selected scenarios are not in this report\nok 1 - a \\# SKIP b \\\\c\n"))
	})
})
