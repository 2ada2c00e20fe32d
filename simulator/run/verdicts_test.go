package run_test

import (
	"os"
	"path"
	"path/filepath"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/reports"
	"rehearse/reports/diag"
	"rehearse/simulator/run"
	"rehearse/simulator/scenario"
)

// The tables of testdata/verdicts say what the public record makes of other hosts,
// policies, releases and faults than those of the stock scenarios: each entry was
// derived from it before it was run.
var _ = Describe("the public record", func() {
	const folder = "testdata/verdicts"
	files, err := filepath.Glob(folder + "/*.yaml")
	if err != nil || len(files) == 0 {
		panic("no verdicts")
	}
	for _, name := range files {
		It("says what becomes of "+path.Base(name), func() {
			f, list := scenario.Load(os.DirFS(folder), path.Base(name), "")
			Expect(list).To(BeEmpty(), "every step expects something in every variant")
			opt := run.Options{Source: func(name string) []byte { return f.Texts[name] }}
			for _, s := range f.Variants {
				Expect(run.Check(s)).NotTo(ContainElement(HaveField("Severity", diag.Error)), "%v", s.Variant)
				one := play(opt, s).Scenarios[0]
				Expect(one.Problem).To(BeEmpty(), "%v", one.Variant)
				Expect(misses(one)).To(BeEmpty(), "%v", one.Variant)
			}
		})
	}
})

// misses are the expectations that did not hold, as excerpts.
func misses(s reports.Scenario) (all []string) {
	for _, step := range s.Steps {
		for _, m := range step.Misses {
			all = append(all, m.Excerpt+"got "+m.Got)
		}
	}
	return all
}
