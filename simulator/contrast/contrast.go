// Package contrast runs scenarios with two policies and compares what came of
// their steps.
//
// In come scenarios and a pair of policies, out goes a Report: each step whose
// outcome differs, in which direction, and the lines that make the difference,
// found by running the scenario with the edits between the policies made one by
// one.
package contrast

import (
	"context"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"rehearse/proxy/policy/cpl"
	"rehearse/proxy/policy/diff"
	"rehearse/reports"
	"rehearse/reports/journal"
	"rehearse/simulator/run"
	"rehearse/simulator/scenario"
)

// Options say how to compare.
type Options struct {
	// Old and New are the policies as they were read.
	Old, New scenario.Policy
	// Release overrides those of the scenarios, on each side; nil leaves them.
	Release [2]*cpl.Release
	Workers int
	Bubble  func(func()) // runs a function in virtual time; nil: real time
	// Progress is called after each scenario; it may be nil.
	Progress func(done int, last *reports.Scenario)
}

// Flip is a step whose outcome differs.
type Flip struct {
	Group    diff.Group
	Scenario *scenario.Scenario
	Step     reports.Step // as it was with the old policy
	From, To journal.Outcome
	// Decrypted says whether the appliance emulated a certificate in the step.
	Decrypted [2]bool
	// Rules are the lines that decided last in the step, "" for none.
	Rules [2]string
	Cause diff.Cause
	// Why says why it cannot be evaluated.
	Why string
}

// Report is the comparison.
type Report struct {
	Flips     []Flip
	Unchanged int // steps
	Scenarios int
}

// Widens says whether a step gets through that did not, or unseen.
func (r *Report) Widens() bool {
	return slices.ContainsFunc(r.Flips, func(f Flip) bool { return f.Group == diff.Allowed })
}

// Compare runs the scenarios with both policies. Scenarios without an appliance are
// left out.
func Compare(ctx context.Context, p *diff.Pair, list []*scenario.Scenario, opt Options) (*Report, error) {
	list = distinct(list, opt)
	c := &comparison{pair: p, opt: opt, report: &Report{Scenarios: len(list)}}
	var runs [2]*reports.Report
	for i, text := range []scenario.Policy{opt.Old, opt.New} {
		var all []*scenario.Scenario
		for _, s := range list {
			all = append(all, with(s, text, opt.Release[i]))
		}
		rep, err := run.Run(ctx, all, run.Options{Workers: opt.Workers, Bubble: opt.Bubble, Progress: opt.Progress})
		if err != nil {
			return nil, err
		}
		runs[i] = rep
	}
	for i, s := range list {
		c.scenario(ctx, s, &runs[0].Scenarios[i], &runs[1].Scenarios[i])
	}
	return c.report, ctx.Err()
}

// with is a scenario with another policy in every place of its own.
func with(s *scenario.Scenario, text scenario.Policy, release *cpl.Release) *scenario.Scenario {
	out := *s
	out.Steps = slices.Clone(s.Steps)
	run.Override{Policy: &text, Release: release}.Apply(&out)
	return &out
}

// distinct leaves out scenarios without an appliance, and variants that differ in
// nothing but the policies that are overridden and in what is expected.
func distinct(list []*scenario.Scenario, opt Options) []*scenario.Scenario {
	var out, bare []*scenario.Scenario
	for _, s := range list {
		if s.Appliance.Deployment == scenario.None {
			continue
		}
		one := with(s, opt.Old, opt.Release[0])
		one.Variant, one.Name = nil, ""
		for i := range one.Steps {
			one.Steps[i].Expect = nil
		}
		if !slices.ContainsFunc(bare, func(o *scenario.Scenario) bool { return reflect.DeepEqual(one, o) }) {
			out, bare = append(out, s), append(bare, one)
		}
	}
	return out
}

type comparison struct {
	pair   *diff.Pair
	opt    Options
	report *Report
}

// scenario compares the steps of one scenario.
func (c *comparison) scenario(ctx context.Context, s *scenario.Scenario, old, new *reports.Scenario) {
	if old.Problem != "" || new.Problem != "" {
		why := "the scenario could not be played to its end: " + old.Problem
		if old.Problem == "" {
			why = "the scenario could not be played to its end with the new policy: " + new.Problem
		}
		c.report.Flips = append(c.report.Flips, Flip{Group: diff.CannotDecide, Scenario: s, Why: why})
		return
	}
	for i := range min(len(old.Steps), len(new.Steps)) {
		f := Flip{Scenario: s, Step: old.Steps[i], From: old.Steps[i].Outcome, To: new.Steps[i].Outcome,
			Decrypted: [2]bool{decrypted(old, i), decrypted(new, i)}}
		if view(old, i) == view(new, i) {
			c.report.Unchanged++
			continue
		}
		f.Group = group(f)
		f.Rules = [2]string{decided(old, i), decided(new, i)}
		f.Cause = c.pair.Cause(c.trial(ctx, s, i), matched(old, new, i))
		c.report.Flips = append(c.report.Flips, f)
	}
}

// trial runs a scenario with a policy in between and gives what came of a step.
func (c *comparison) trial(ctx context.Context, s *scenario.Scenario, step int) diff.Trial {
	return func(v *diff.Variant) string {
		release := c.opt.Release[0]
		if r := c.opt.Release[1]; r != nil && v.Options.Release == *r {
			release = r
		}
		one := with(s, scenario.Policy{Name: "between.cpl", Source: v.Text}, release)
		rep, err := run.Run(ctx, []*scenario.Scenario{one}, run.Options{Workers: 1, Bubble: c.opt.Bubble})
		if err != nil || len(rep.Scenarios) == 0 || step >= len(rep.Scenarios[0].Steps) {
			return ""
		}
		return view(&rep.Scenarios[0], step)
	}
}

// view is a step's outcome as far as it is compared.
func view(s *reports.Scenario, step int) string {
	o := s.Steps[step].Outcome
	return string(o.Stage) + " " + string(o.Result) + " " + o.Code + " " + o.Media + " " + strconv.FormatBool(decrypted(s, step))
}

func decrypted(s *reports.Scenario, step int) bool {
	return slices.ContainsFunc(s.Evidence, func(e reports.Evidence) bool {
		return e.Step == step && e.Kind == journal.CertificateEmulated{}.Kind()
	})
}

// decided is the line behind the last decision of a step, or behind its last
// denial.
func decided(s *reports.Scenario, step int) string {
	at, denied := "", false
	for _, e := range s.Evidence {
		if e.Step != step || e.Rule == "" || e.Kind != (journal.Decided{}).Kind() {
			continue
		}
		if d := strings.Contains(e.Text, ": deny"); d || !denied {
			at, denied = e.Rule, denied || d
		}
	}
	return at
}

// matched are the lines that had to do with a step on either side.
func matched(old, new *reports.Scenario, step int) map[string]bool {
	lines := map[string]bool{}
	for _, s := range []*reports.Scenario{old, new} {
		for _, e := range s.Evidence {
			if e.Step == step && e.Rule != "" {
				lines[e.Rule] = true
			}
		}
	}
	return lines
}

// group is the direction of a flip: whether the step gets through, and if it does,
// whether the appliance reads along.
func group(f Flip) diff.Group {
	open := func(o journal.Outcome, decrypted bool) int {
		switch {
		case o.Result != journal.OK && o.Result != journal.Degraded:
			return 0
		case decrypted:
			return 1
		}
		return 2
	}
	from, to := open(f.From, f.Decrypted[0]), open(f.To, f.Decrypted[1])
	switch {
	case to < from:
		return diff.Denied
	case to > from:
		return diff.Allowed
	}
	return diff.Otherwise
}
