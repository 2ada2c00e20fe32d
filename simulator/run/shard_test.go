package run_test

import (
	"bytes"
	"fmt"
	"slices"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/proxy/policy"
	"rehearse/reports"
	"rehearse/simulator/run"
	"rehearse/simulator/scenario"
)

var _ = Describe("a balanced shard", func() {
	It("has no scenario of another one, and all have about the same to do", func() {
		costs := []int64{900, 10, 10, 300, 300, 300, 10, 10, 450, 450}
		var all []int
		for i := range 3 {
			mine, err := run.BalancedShard(costs, fmt.Sprintf("%d/3", i+1))
			Expect(err).NotTo(HaveOccurred())
			Expect(slices.IsSorted(mine)).To(BeTrue())
			var load int64
			for _, at := range mine {
				load += costs[at]
			}
			// The best there is has 920 at most; giving the longest first to whoever has
			// least stays within four thirds of that.
			Expect(load).To(BeNumerically("<=", 920*4/3))
			all = append(all, mine...)
		}
		slices.Sort(all)
		Expect(all).To(Equal([]int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}))
	})
	It("may be empty", func() {
		Expect(run.BalancedShard([]int64{1}, "2/2")).To(BeEmpty())
	})
	It("is written i/n", func() {
		_, err := run.BalancedShard([]int64{1}, "3/2")
		Expect(err).To(MatchError(run.ErrShard))
	})
})

var _ = Describe("timings", func() {
	two := func() []*scenario.Scenario {
		f, _ := load(office + "  - wait: 1h\nmatrix: {release: [6.5.9.1, 6.5.10.1]}\n")
		return f.Variants
	}
	It("are read as they were written, whatever the order", func() {
		s := two()
		var t run.Timings
		t.Add(s[1], 30*time.Millisecond)
		t.Add(s[0], 10*time.Millisecond)
		var text bytes.Buffer
		Expect(t.Write(&text)).To(Succeed())
		back, err := run.ReadTimings(text.Bytes())
		Expect(err).NotTo(HaveOccurred())
		Expect(back.Costs(s)).To(Equal([]int64{10_000, 30_000}))
	})
	It("take what is unknown for the one in the middle", func() {
		s := two()
		var t run.Timings
		t.Add(s[0], 7*time.Millisecond)
		Expect(t.Costs(s)).To(Equal([]int64{7000, 7000}))
		Expect((&run.Timings{}).Costs(s)).To(Equal([]int64{1, 1}))
	})
	It("come from a report, by what happened", func() {
		rep := play(run.Options{}, two()...)
		rep.Scenarios[0].Evidence = append(rep.Scenarios[0].Evidence, make([]reports.Evidence, 99)...)
		f, _ := reports.FormatNamed("json")
		var text bytes.Buffer
		Expect(f.Write(&text, rep)).To(Succeed())
		t, err := run.ReadTimings(text.Bytes())
		Expect(err).NotTo(HaveOccurred())
		costs := t.Costs(two())
		Expect(costs[0]).To(BeNumerically(">", costs[1]))
	})
	It("are told from other files", func() {
		_, err := run.ReadTimings([]byte(`{"a": 1}`))
		Expect(err).To(MatchError(ContainSubstring("neither timings of version 1 nor a JSON report")))
	})
	It("are taken of each scenario", func() {
		var took []time.Duration
		play(run.Options{Timed: func(_ *scenario.Scenario, d time.Duration) { took = append(took, d) }}, two()...)
		Expect(took).To(HaveLen(2))
	})
})

// moody lets a scenario's expectation fail as often as it says.
type moody struct{ fails *int }

func (m moody) Installed(s *scenario.Scenario, _ *run.Program) {
	s.Steps[0].Expect[0].Values = []string{"aborted"}
	if *m.fails > 0 {
		*m.fails--
		s.Steps[0].Expect[0].Values = []string{"ok"}
	}
}

func (moody) Finished(*scenario.Scenario, policy.Trace) {}

var _ = Describe("a failed scenario", func() {
	again := func(fails int) *reports.Report {
		_, s := load(office + fmt.Sprintf(signIn, "{result: aborted}"))
		return play(run.Options{Retries: 2, Watch: moody{&fails}}, s)
	}
	It("is played again, and flaky when it passes then", func() {
		rep := again(1)
		Expect(rep.Totals).To(Equal(reports.Totals{Passed: 1, Flaky: 1}))
		Expect(rep.Scenarios[0].Failures).To(ConsistOf(HaveField("Why", ContainSubstring(`result: got "aborted", want "ok"`))))
	})
	It("is failed when it never passes", func() {
		rep := again(9)
		Expect(rep.Totals).To(Equal(reports.Totals{Failed: 1}))
		Expect(rep.Scenarios[0].Failures).To(HaveLen(2))
	})
	It("is not played again where it passes", func() {
		Expect(again(0).Scenarios[0].Failures).To(BeEmpty())
	})
})
