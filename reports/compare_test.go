package reports_test

import (
	"bytes"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/reports"
	"rehearse/reports/journal"
	"rehearse/simulator/world/worldtest"
)

// older is a report in which one of everything was otherwise than in the sample.
func older() *reports.Report {
	r := sample()
	by := func(index int) *reports.Scenario { return &r.Scenarios[index] }
	for _, i := range []int{0, 1} { // newly passed, by way of another outcome
		by(i).Verdict, by(i).Steps[1].Verdict = reports.Failed, reports.Failed
		by(i).Steps[1].Outcome = ok("Signed in", 66)
	}
	by(3).Steps[1].Outcome.VirtualMS = 60_000 // slower now
	for _, i := range []int{4, 5} {           // newly failed
		by(i).Verdict = reports.Passed
		for s := range by(i).Steps {
			by(i).Steps[s].Verdict, by(i).Steps[s].Misses = reports.Passed, nil
		}
		by(i).Steps[0].Outcome = outcome(journal.StageRegister, journal.Refused, "http_400", "", 70)
	}
	by(2).Steps[3].Outcome = ok("policy a.cpl", 0) // came there another way
	by(7).Name, by(7).File = "gone", "own/gone.yaml"
	r.Scenarios = append(r.Scenarios[:6:6], r.Scenarios[7])
	r.Totals = reports.Count(r.Scenarios)
	return r
}

var _ = Describe("comparing", func() {
	It("sorts what differs", func() {
		c := reports.Compare(older(), sample(), time.Second)
		names := func(list []reports.Flip) (all []string) {
			for _, f := range list {
				all = append(all, f.File+" "+f.Variant.String())
			}
			return all
		}
		Expect(names(c.NewlyFailed)).To(Equal([]string{
			"3-mend/whole story.yaml deployment=explicit, faults=not yet valid",
			"3-mend/whole story.yaml deployment=transparent, faults=not yet valid", "own.yaml ",
		}))
		Expect(names(c.NewlyPassed)).To(Equal([]string{"1-symptom/old.yaml deployment=explicit", "1-symptom/old.yaml deployment=transparent"}))
		Expect(names(c.Changed)).To(Equal([]string{"2-half-mends/endpoint.yaml faults=down"}))
		Expect(names(c.Slower)).To(Equal([]string{"2-half-mends/endpoint.yaml faults=silent"}))
		Expect(names(c.Added)).To(Equal([]string{"own/foreign.yaml "}))
		Expect(names(c.Removed)).To(Equal([]string{"own/gone.yaml "}))
	})
	It("tells it", func() {
		var b bytes.Buffer
		Expect(reports.Compare(older(), sample(), time.Second).Write(&b, false)).To(Succeed())
		worldtest.Golden(GinkgoTB(), "testdata/compare.golden", b.Bytes())
	})
	It("finds nothing between equals", func() {
		var b bytes.Buffer
		Expect(reports.Compare(sample(), sample(), time.Millisecond).Write(&b, true)).To(Succeed())
		Expect(b.String()).To(Equal("nothing differs\nbefore: 4 passed, 3 failed, 1 unsupported; now: 4 passed, 3 failed, 1 unsupported\n"))
	})
	It("takes steps at one place for the same, whatever they do", func() {
		upgrade := func(to string) *reports.Report {
			return &reports.Report{Scenarios: []reports.Scenario{{File: "a.yaml", Verdict: reports.Passed, Steps: []reports.Step{
				{Line: 4, Actor: "appliance", Action: "upgrade " + to, Outcome: ok("", 0)},
				{Line: 5, Actor: "alice", Action: "sign in", Outcome: ok("", 0)},
			}}}}
		}
		Expect(reports.Compare(upgrade("6.5.10.1"), upgrade("7.3.1.1"), time.Second).Changed).To(BeEmpty())
	})
	It("tells steps that came and went", func() {
		with := func(steps ...reports.Step) *reports.Report {
			return &reports.Report{Scenarios: []reports.Scenario{{File: "a.yaml", Verdict: reports.Passed, Steps: steps}}}
		}
		signIn := reports.Step{Line: 4, Actor: "alice", Action: "sign in", Outcome: ok("", 9)}
		join := reports.Step{Line: 5, Actor: "alice", Action: "join weekly", Outcome: ok("", 7)}
		wait := reports.Step{Line: 5, Actor: "wait", Action: "wait 1m0s", Outcome: ok("", 60_000)}
		c := reports.Compare(with(signIn, join), with(wait, signIn), time.Second)
		Expect(c.Changed).To(HaveLen(1))
		Expect(c.Changed[0].Steps).To(Equal([]reports.StepChange{
			{Line: 5, Actor: "wait", Action: "wait 1m0s", New: "done ok", NewMS: 60_000},
			{Line: 5, Actor: "alice", Action: "join weekly", Old: "done ok", OldMS: 7},
		}))
		Expect(c.Slower).To(BeEmpty())
	})
	It("says when it could not write", func() {
		Expect(reports.Comparison{}.Write(full{}, false)).To(MatchError(errFull))
	})
})
