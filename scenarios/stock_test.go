package scenarios_test

import (
	"context"
	"encoding/json"
	"io/fs"
	"testing"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/reports"
	"rehearse/scenarios"
	"rehearse/simulator/run"
	"rehearse/simulator/scenario"
	"rehearse/simulator/suite"
	"rehearse/simulator/world/worldtest"
)

func TestScenarios(t *testing.T) { worldtest.Suite(t, "scenarios") }

// files are the stock scenario files, in order.
func files() []string {
	all, err := fs.Glob(scenarios.FS, "*/*.yaml")
	if err != nil {
		panic(err)
	}
	return all
}

func load(file string) *scenario.File {
	f, list := scenario.Load(scenarios.FS, file, "")
	Expect(list).To(BeEmpty())
	return f
}

// rehearse runs one variant in a bubble.
func rehearse(f *scenario.File, s *scenario.Scenario) *reports.Report {
	var rep *reports.Report
	worldtest.Bubble(GinkgoTB(), func() {
		var err error
		rep, err = run.Run(context.Background(), []*scenario.Scenario{s}, run.Options{
			Source: func(name string) []byte { return f.Texts[name] },
		})
		Expect(err).NotTo(HaveOccurred())
	})
	return rep
}

var _ = Describe("the stock scenarios", func() {
	suite.Specs(scenarios.FS, suite.Options{})

	It("give the same report twice", func() {
		for _, file := range files() {
			f := load(file)
			last := f.Variants[len(f.Variants)-1]
			first, err := json.Marshal(rehearse(f, last))
			Expect(err).NotTo(HaveOccurred())
			second, err := json.Marshal(rehearse(f, last))
			Expect(err).NotTo(HaveOccurred())
			Expect(string(second)).To(Equal(string(first)), file)
		}
	})
})
