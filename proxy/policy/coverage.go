package policy

import (
	"sync"
	"sync/atomic"
)

// Coverage counts which rules of one policy matched, over any number of
// transactions. It is safe for concurrent use; make one with NewCoverage.
type Coverage struct {
	policy *Policy
	rules  []atomic.Int64
	mu     sync.Mutex
	lines  map[string]int64
}

// NewCoverage starts counting for a policy, with every rule at 0.
func NewCoverage(p *Policy) *Coverage {
	return &Coverage{policy: p, rules: make([]atomic.Int64, len(p.rules)), lines: map[string]int64{}}
}

// Count takes in one transaction by the decision that Explain made at its last
// checkpoint; earlier ones of the same transaction would count rules twice.
// Decisions of other policies are left out.
func (c *Coverage) Count(d Decision) {
	if d.props.policy != c.policy {
		return
	}
	for _, s := range d.Steps {
		if s.Mark == Match {
			c.rules[s.Number].Add(1)
		}
		c.countLines(s.Lines)
	}
}

// countLines counts the lines of named conditions where a rule refers to them
// (KB 440188).
func (c *Coverage) countLines(lines []string) {
	if len(lines) == 0 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, at := range lines {
		c.lines[at]++
	}
}

// RuleCount is a rule and how often it matched.
type RuleCount struct {
	RuleInfo
	Count int64
}

// Rules are all rules with their counts, in source order.
func (c *Coverage) Rules() []RuleCount {
	list := make([]RuleCount, len(c.rules))
	for i, info := range c.policy.Rules() {
		list[i] = RuleCount{info, c.rules[i].Load()}
	}
	return list
}

// Line is how often a line of a named condition ("file:line") held.
func (c *Coverage) Line(at string) int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.lines[at]
}
