package reports

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// Comparison is what became of the scenarios of one report in another. Its lists
// are in the order of the new report, Removed in that of the old one. A scenario
// is the same in both where file and variant are.
type Comparison struct {
	Old Totals `json:"old"`
	New Totals `json:"new"`
	// NewlyFailed failed and did not before, be it that they were not there.
	NewlyFailed []Flip `json:"newly_failed"`
	// NewlyPassed passed and failed before.
	NewlyPassed []Flip `json:"newly_passed"`
	// Changed came out the same and came there another way: a step ended in another
	// outcome. Verdicts that became or were unsupported are here too.
	Changed []Flip `json:"changed"`
	// Slower took longer on their clocks than the limit allows.
	Slower []Flip `json:"slower"`
	// Added were not there before and did not fail.
	Added []Flip `json:"added"`
	// Removed are no longer there.
	Removed []Flip `json:"removed"`
}

// Flip is what differs about one scenario.
type Flip struct {
	File    string  `json:"file"`
	Name    string  `json:"name"`
	Variant Variant `json:"variant"`
	Old     Verdict `json:"old,omitempty"` // "" where it was not there
	New     Verdict `json:"new,omitempty"` // "" where it is no longer there
	// Why is the first expectation that does not hold now, or why the scenario could
	// not be played to its end.
	Why   string       `json:"why,omitempty"`
	Steps []StepChange `json:"steps,omitempty"`
}

// StepChange is a step that ended otherwise, or took longer. Old is "" for a step
// that was not there, New for one that is no longer there.
type StepChange struct {
	Line   int    `json:"line"` // in the new report, or in the old one for a step that is gone
	Actor  string `json:"actor"`
	Action string `json:"action"`
	Old    string `json:"old"`
	New    string `json:"new"`
	OldMS  int64  `json:"old_ms"`
	NewMS  int64  `json:"new_ms"`
}

// Compare holds a report against an older one. Steps are slower from limit on.
func Compare(old, now *Report, limit time.Duration) Comparison {
	c := Comparison{
		Old: old.Totals, New: now.Totals, NewlyFailed: []Flip{}, NewlyPassed: []Flip{},
		Changed: []Flip{}, Slower: []Flip{}, Added: []Flip{}, Removed: []Flip{},
	}
	before, after := placed(old.Scenarios), placed(now.Scenarios)
	was := map[string]*Scenario{}
	for _, p := range before {
		was[p.key] = p.scenario
	}
	still := map[string]bool{}
	for _, p := range after {
		still[p.key] = true
		c.add(was[p.key], p.scenario, limit)
	}
	for _, p := range before {
		if !still[p.key] {
			c.Removed = append(c.Removed, Flip{File: p.scenario.File, Name: p.scenario.Name, Variant: p.scenario.Variant, Old: p.scenario.Verdict})
		}
	}
	return c
}

// known is a scenario with what it is known by in every report.
type known struct {
	key      string
	scenario *Scenario
}

// placed are the scenarios by their places, several at one place by their order.
func placed(list []Scenario) []known {
	var all []known
	count := map[string]int{}
	for i := range list {
		at := list[i].place()
		count[at]++
		all = append(all, known{fmt.Sprintf("%s #%d", at, count[at]), &list[i]})
	}
	return all
}

// add sorts what became of one scenario into the lists; old is nil where it was
// not there.
func (c *Comparison) add(old, now *Scenario, limit time.Duration) {
	f := Flip{File: now.File, Name: now.Name, Variant: now.Variant, New: now.Verdict, Why: cmp.Or(now.Problem, now.firstMiss())}
	var slower []StepChange
	if old != nil {
		f.Old = old.Verdict
		f.Steps, slower = stepChanges(old.Steps, now.Steps, limit)
	}
	switch {
	case f.New == Failed && f.Old != Failed:
		c.NewlyFailed = append(c.NewlyFailed, f)
	case old == nil:
		c.Added = append(c.Added, f)
	case f.New == Passed && f.Old == Failed:
		c.NewlyPassed = append(c.NewlyPassed, f)
	case f.New != f.Old || len(f.Steps) > 0:
		c.Changed = append(c.Changed, f)
	}
	if len(slower) > 0 {
		f.Steps = slower
		c.Slower = append(c.Slower, f)
	}
}

// stepChanges are the steps that ended otherwise, and those that took longer by
// the limit or more. Steps are taken to be the same by their actor
// with action or line, in their order.
func stepChanges(old, now []Step, limit time.Duration) (changed, slower []StepChange) {
	at := 0 // in old
	for _, n := range now {
		i := slices.IndexFunc(old[at:], n.does)
		if i < 0 {
			changed = append(changed, StepChange{Line: n.Line, Actor: n.Actor, Action: n.Action, New: n.Outcome.String(), NewMS: n.Outcome.VirtualMS})
			continue
		}
		for _, o := range old[at : at+i] {
			changed = append(changed, gone(o))
		}
		o := old[at+i]
		at += i + 1
		c := StepChange{
			Line: n.Line, Actor: n.Actor, Action: n.Action, Old: o.Outcome.String(), New: n.Outcome.String(),
			OldMS: o.Outcome.VirtualMS, NewMS: n.Outcome.VirtualMS,
		}
		if c.Old != c.New {
			changed = append(changed, c)
		}
		if n.took()-o.took() >= limit {
			slower = append(slower, c)
		}
	}
	for _, o := range old[at:] {
		changed = append(changed, gone(o))
	}
	return changed, slower
}

func gone(s Step) StepChange {
	return StepChange{Line: s.Line, Actor: s.Actor, Action: s.Action, Old: s.Outcome.String(), OldMS: s.Outcome.VirtualMS}
}

// does says whether two steps do the same, or what stands at the same place: a
// run at another release has other upgrades there.
func (s Step) does(o Step) bool {
	return s.Actor == o.Actor && (s.Action == o.Action || s.Line == o.Line)
}
