package reports_test

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/reports"
)

// shard is the part of the sample whose scenarios have these places.
func shard(places ...int) *reports.Report {
	r := sample()
	var mine []reports.Scenario
	for _, at := range places {
		mine = append(mine, r.Scenarios[at])
	}
	r.Scenarios, r.Totals, r.PolicyCoverage = mine, reports.Count(mine), nil
	return r
}

var _ = Describe("merging", func() {
	It("puts shards together to the whole, to the byte, in whatever order they come", func() {
		whole := sample()
		whole.PolicyCoverage = []reports.Coverage{
			{File: "a.cpl", Source: "x", Rules: []reports.Rule{{Line: 1, Text: "x", Matches: 5}, {Line: 3, Text: "y", Matches: 0}}},
			{File: "a.cpl", Source: "z", Rules: []reports.Rule{{Line: 1, Text: "z", Matches: 1}}},
			{File: "b.cpl", Rules: []reports.Rule{{Line: 2, Text: "b", Matches: 3}}},
		}
		one, two, three := shard(0, 3, 6), shard(1, 4, 7), shard(2, 5)
		one.PolicyCoverage = []reports.Coverage{
			{File: "a.cpl", Source: "z", Rules: []reports.Rule{{Line: 1, Text: "z", Matches: 1}}},
			{File: "a.cpl", Source: "x", Rules: []reports.Rule{{Line: 1, Text: "x", Matches: 2}, {Line: 3, Text: "y", Matches: 0}}},
		}
		two.PolicyCoverage = []reports.Coverage{{File: "b.cpl", Rules: []reports.Rule{{Line: 2, Text: "b", Matches: 3}}}}
		three.PolicyCoverage = []reports.Coverage{{File: "a.cpl", Source: "x", Rules: []reports.Rule{{Line: 1, Text: "x", Matches: 3}, {Line: 3, Text: "y", Matches: 0}}}}
		for _, parts := range [][]*reports.Report{{one, two, three}, {three, one, two}, {two, three, one}} {
			merged, err := reports.Merge(parts)
			Expect(err).NotTo(HaveOccurred())
			Expect(merged.Missing()).To(BeZero())
			Expect(rendered(format("json"), merged)).To(Equal(rendered(format("json"), whole)))
		}
	})
	It("counts what is missing", func() {
		merged, err := reports.Merge([]*reports.Report{shard(7), shard(0, 3)})
		Expect(err).NotTo(HaveOccurred())
		Expect(merged.Missing()).To(Equal(5))
		Expect(merged.Totals).To(Equal(reports.Totals{Passed: 2, Unsupported: 1}))
	})
	DescribeTable("refuses what is no parts of one run", func(change func(*reports.Report), want string) {
		other := shard(1)
		change(other)
		_, err := reports.Merge([]*reports.Report{shard(0), other})
		Expect(err).To(MatchError(reports.ErrMerge))
		Expect(err).To(MatchError("the reports are no shards of one run: " + want))
	},
		Entry("another version", func(r *reports.Report) { r.Tool.Version = "v2" }, "number 1 is made by rehearse v1.2.3, number 2 by rehearse v2"),
		Entry("another selection", func(r *reports.Report) { r.Selected = 9 }, "number 1 is of 8 selected scenarios, number 2 of 9"),
		Entry("the same shard", func(r *reports.Report) { r.Scenarios = shard(0).Scenarios },
			"two of them have scenario 1, 1-symptom/old.yaml [deployment=explicit] and 1-symptom/old.yaml [deployment=explicit]"),
	)
	It("refuses nothing at all", func() {
		_, err := reports.Merge(nil)
		Expect(err).To(MatchError(reports.ErrMerge))
	})
})
