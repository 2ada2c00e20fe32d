// Package mutation tries scenarios on policies with a mistake in them: which
// mistakes does no scenario notice?
//
// In come scenarios, out goes a Report of the mutants of their policies. A mutant
// is noticed when a scenario that passes with the policy does not with the mutant.
// Of those that survive it is said whether any client could tell them from the
// policy at all.
package mutation

import (
	"context"
	"slices"
	"sync"

	"rehearse/proxy/policy"
	"rehearse/proxy/policy/cpl"
	"rehearse/proxy/policy/diff"
	"rehearse/proxy/policy/mutate"
	"rehearse/proxy/policy/space"
	"rehearse/reports"
	"rehearse/simulator/run"
	"rehearse/simulator/scenario"
)

// Options say how to try.
type Options struct {
	Workers int          // mutants to try at a time; below 1 means 1
	Bubble  func(func()) // runs a function in virtual time; nil: real time
	Most    int          // mutants to try at most; 0: all
	// Flows is how many flows are made to see whether clients could tell a survivor.
	Flows int
	// Progress is called after each mutant; it may be nil. Calls do not overlap.
	Progress func(done, of int)
}

// Survivor is a mutant that no scenario notices.
type Survivor struct {
	mutate.Mutant
	File      string
	Scenarios int // that were tried on it
	// Alike says that no flow of a client comes out otherwise, of all that there are.
	Alike bool
}

// Report is what came of the mutants.
type Report struct {
	Mutants   int // that could be made
	Noticed   int
	Broken    int // that do not compile
	LeftOut   int // beyond Options.Most
	Survivors []Survivor
	Scenarios int // that pass with the policies as they are
	Failing   int // that do not, and were left out
}

// Run tries all mutants of all policies that the scenarios install.
func Run(ctx context.Context, list []*scenario.Scenario, opt Options) (*Report, error) {
	before, err := run.Run(ctx, list, run.Options{Workers: opt.Workers, Bubble: opt.Bubble})
	if err != nil {
		return nil, err
	}
	t := &trial{opt: opt, report: &Report{}}
	for i, s := range list {
		if before.Scenarios[i].Verdict == reports.Passed {
			t.passing = append(t.passing, s)
		}
	}
	t.report.Scenarios, t.report.Failing = len(t.passing), len(list)-len(t.passing)
	t.collect()
	return t.report, t.try(ctx)
}

// trial is one run over all mutants.
type trial struct {
	opt     Options
	passing []*scenario.Scenario
	cases   []*attempt
	report  *Report
}

// attempt is a mutant with the scenarios that install its policy.
type attempt struct {
	mutate.Mutant
	of        scenario.Policy
	scenarios []*scenario.Scenario
	result    result
	alike     bool
}

type result int

const (
	untried result = iota
	broken
	noticed
	survived
)

// collect makes the mutants of each policy, once whoever names it.
func (t *trial) collect() {
	type key struct{ name, source string }
	users := map[key][]*scenario.Scenario{}
	var order []key
	policies := map[key]scenario.Policy{}
	for _, s := range t.passing {
		if s.Appliance.Deployment == scenario.None {
			continue
		}
		for _, p := range s.Policies() {
			k := key{p.Name, string(p.Source)}
			if users[k] == nil {
				order = append(order, k)
				policies[k] = p
			}
			users[k] = append(users[k], s)
		}
	}
	for _, k := range order {
		f, _ := cpl.Parse(k.name, []byte(k.source))
		if f.Broken {
			continue
		}
		for _, m := range mutate.Mutants(f) {
			t.cases = append(t.cases, &attempt{Mutant: m, of: policies[k], scenarios: users[k]})
		}
	}
	t.report.Mutants = len(t.cases)
	if t.opt.Most > 0 && len(t.cases) > t.opt.Most {
		t.report.LeftOut = len(t.cases) - t.opt.Most
		t.cases = t.cases[:t.opt.Most]
	}
}

// try runs every mutant's scenarios.
func (t *trial) try(ctx context.Context) error {
	var wg sync.WaitGroup
	var mu sync.Mutex
	done := 0
	next := make(chan *attempt)
	for range max(t.opt.Workers, 1) {
		wg.Go(func() {
			for one := range next {
				t.one(ctx, one)
				mu.Lock()
				done++
				if t.opt.Progress != nil {
					t.opt.Progress(done, len(t.cases))
				}
				mu.Unlock()
			}
		})
	}
	for _, one := range t.cases {
		if ctx.Err() != nil {
			break
		}
		next <- one
	}
	close(next)
	wg.Wait()
	for _, one := range t.cases {
		switch one.result {
		case broken:
			t.report.Broken++
		case noticed:
			t.report.Noticed++
		case survived:
			t.report.Survivors = append(t.report.Survivors, Survivor{one.Mutant, one.of.Name, len(one.scenarios), one.alike})
		}
	}
	return ctx.Err()
}

// one tries one mutant.
func (t *trial) one(ctx context.Context, a *attempt) {
	release := a.scenarios[0].Appliance.Release
	old, new := compiled(a.of.Name, a.of.Source, release), compiled(a.of.Name, a.Text, release)
	if new == nil && old != nil {
		a.result = broken
		return
	}
	for _, s := range a.scenarios {
		rep, err := run.Run(ctx, []*scenario.Scenario{with(s, a.of.Name, a.Text)}, run.Options{Workers: 1, Bubble: t.opt.Bubble})
		if err != nil {
			return
		}
		if rep.Scenarios[0].Verdict != reports.Passed {
			a.result = noticed
			return
		}
	}
	a.result = survived
	if old != nil && new != nil && t.opt.Flows > 0 {
		r := diff.NewPair(*old, *new).Flows(t.opt.Flows)
		a.alike = r.Extent.Complete && len(r.Flips) == 0
	}
}

func compiled(name string, text []byte, release cpl.Release) *space.Source {
	f, _ := cpl.Parse(name, text)
	opt := policy.Options{Release: release}
	p, _ := policy.Compile([]*cpl.File{f}, opt)
	if p == nil {
		return nil
	}
	return &space.Source{Policy: p, Files: []*cpl.File{f}, Options: opt}
}

// with is a scenario with another text of one of its policies.
func with(s *scenario.Scenario, name string, text []byte) *scenario.Scenario {
	replaced := func(list []scenario.Policy) []scenario.Policy {
		list = slices.Clone(list)
		for i := range list {
			if list[i].Name == name {
				list[i].Source = text
			}
		}
		return list
	}
	out := *s
	out.Appliance.Policy = replaced(s.Appliance.Policy)
	out.Steps = slices.Clone(s.Steps)
	for i := range out.Steps {
		if c, ok := out.Steps[i].Action.(scenario.Change); ok {
			c.Policy = replaced(c.Policy)
			out.Steps[i].Action = c
		}
	}
	return &out
}
