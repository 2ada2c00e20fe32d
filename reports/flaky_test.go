package reports_test

import (
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/reports"
)

// retried is a report with a scenario that passed at the second attempt, and one
// that failed at both.
func retried() *reports.Report {
	flaky, failed := symptom("explicit"), whole("explicit")
	first := whole("explicit")
	flaky.Failures, failed.Failures = []reports.Attempt{first.Attempt()}, []reports.Attempt{first.Attempt()}
	failed.Index = 1
	r := &reports.Report{Schema: reports.Schema, Tool: reports.Tool{Name: "rehearse", Version: "v1"}, Selected: 2, Scenarios: []reports.Scenario{flaky, failed}, PolicyCoverage: []reports.Coverage{}}
	r.Totals = reports.Count(r.Scenarios)
	return r
}

var _ = Describe("a scenario that was played again", func() {
	const why = `3-mend/whole story.yaml:5:21: stage: got "revocation", want "register"`
	It("is counted as flaky where it passed at last", func() {
		Expect(retried().Totals).To(Equal(reports.Totals{Passed: 1, Failed: 1, Flaky: 1}))
	})
	It("is marked in every format", func() {
		for name, want := range map[string][]string{
			"json":     {`"flaky": 1`, `"why": "3-mend/whole story.yaml:5:21: stage: got`},
			"tap":      {"ok 1 - an old release breaks sign-in [deployment=explicit]\n# flaky: it passed at attempt 2, after " + why, "# failed at each of 2 attempts\n"},
			"github":   {"::warning file=1-symptom/old.yaml,title=an old release breaks sign-in [deployment=explicit]::flaky: it passed at attempt 2"},
			"markdown": {"1 passed, 1 failed, 1 flaky in", "flaky: it passed at attempt 2"},
			"html":     {"1 flaky in", "flaky: it passed at attempt 2", "An attempt before: 3-mend/whole story.yaml:5:21"},
		} {
			text := string(rendered(format(name), retried()))
			for _, w := range want {
				Expect(text).To(ContainSubstring(w), name)
			}
		}
	})
	It("is marked in JUnit as Surefire marks it", func() {
		root := parsed(retried())
		Expect(faults(root)).To(BeEmpty())
		passed, failed := root.Children[0].all("testcase")[0], root.Children[1].all("testcase")[0]
		Expect(passed.all("flakyFailure")).To(HaveLen(1))
		Expect(passed.all("flakyFailure")[0].attr("message")).To(Equal(why))
		Expect(failed.all("rerunFailure")).To(HaveLen(1))
		Expect(failed.all("failure")).To(HaveLen(1))
	})
	It("is told at the console's end", func() {
		text := strings.Join(strings.Fields(told(reports.Console{}, retried())), " ")
		Expect(text).To(ContainSubstring("flaky: 1-symptom/old.yaml: an old release breaks sign-in [deployment=explicit]: it passed at attempt 2"))
		Expect(text).To(ContainSubstring("1 passed, 1 failed, 1 flaky in"))
	})
	It("is read back", func() {
		back, list := reports.Read("r.json", rendered(format("json"), retried()))
		Expect(list).To(BeEmpty())
		Expect(back).To(Equal(retried()))
	})
})
