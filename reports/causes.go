package reports

import (
	"cmp"
	"slices"
)

// cause is what several scenarios failed for.
type cause struct {
	// Title is the code of the outcome, or the expectation that did not hold where
	// there is no code, or why a scenario could not be played.
	Title string
	Code  string // "" where there is none to explain
	Means string
	Tries []string
	// Rules are policy lines on the flows on which the steps ended.
	Rules     []string
	Scenarios []*Scenario
}

// causes puts failed scenarios together by what they failed for first, the cause
// of most failures first, else in the order of the report.
func causes(r *Report) []*cause {
	var all []*cause
	by := map[string]*cause{}
	for i := range r.Scenarios {
		s := &r.Scenarios[i]
		if s.Verdict != Failed {
			continue
		}
		c := s.cause()
		if have := by[c.Title]; have != nil {
			have.join(c)
			continue
		}
		by[c.Title] = c
		all = append(all, c)
	}
	slices.SortStableFunc(all, func(a, b *cause) int { return cmp.Compare(len(b.Scenarios), len(a.Scenarios)) })
	return all
}

func (c *cause) join(o *cause) {
	c.Scenarios = append(c.Scenarios, o.Scenarios...)
	for _, r := range o.Rules {
		if !slices.Contains(c.Rules, r) {
			c.Rules = append(c.Rules, r)
		}
	}
}

// cause is what a failed scenario failed for first.
func (s *Scenario) cause() *cause {
	c := &cause{Title: s.Problem, Scenarios: []*Scenario{s}}
	at := s.firstFailed()
	if at < 0 {
		c.Title = cmp.Or(c.Title, "no step says why")
		return c
	}
	step := s.Steps[at]
	c.Code = step.Outcome.Code
	c.Title = c.Code
	if c.Title == "" && len(step.Misses) > 0 {
		c.Title = step.Misses[0].Plain()
	}
	if h := hints(step.Misses); len(h) > 0 {
		c.Means, c.Tries = h[0], h[1:]
	}
	c.Rules = s.deciding(at)
	return c
}

// firstFailed is the first step that failed, -1 where none did.
func (s *Scenario) firstFailed() int {
	return slices.IndexFunc(s.Steps, func(s Step) bool { return s.Verdict == Failed })
}

// deciding are the policy lines on the flow on which a step ended.
func (s *Scenario) deciding(step int) []string {
	all := s.of(step)
	if len(all) == 0 {
		return nil
	}
	var rules []string
	flow := endingFlow(all)
	for _, e := range all {
		if e.Rule != "" && e.Flow == flow && !slices.Contains(rules, e.Rule) {
			rules = append(rules, e.Rule)
		}
	}
	return rules
}
