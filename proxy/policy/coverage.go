package policy

import (
	"maps"
	"slices"
	"sync"
)

// Counts say how often lines of policies took part in transactions. Keys are
// "file:line"; a line that never did may be missing. The zero Counts is empty.
type Counts struct {
	// Rules counts transactions in which the rule matched; Headers those in which
	// any rule below the header of a layer or section did.
	Rules, Headers map[string]int64
	// Conditions counts, for each condition on a rule in source order, how often it
	// held when the rule was tried. Conditions behind one that fails are not tried.
	Conditions map[string][]int64
	// Lines counts how often a line of a named condition held where a rule, or
	// another condition, refers to it (KB 440188). The entries of a category are
	// never counted.
	Lines map[string]int64
}

// Add sums two up.
func (c *Counts) Add(o Counts) {
	add(&c.Rules, o.Rules)
	add(&c.Headers, o.Headers)
	add(&c.Lines, o.Lines)
	for at, list := range o.Conditions {
		for i, n := range list {
			c.condition(at, i, n)
		}
	}
}

func add(to *map[string]int64, from map[string]int64) {
	for at, n := range from {
		count(to, at, n)
	}
}

func count(to *map[string]int64, at string, n int64) {
	if *to == nil {
		*to = map[string]int64{}
	}
	(*to)[at] += n
}

func (c *Counts) condition(at string, i int, n int64) {
	if c.Conditions == nil {
		c.Conditions = map[string][]int64{}
	}
	list := c.Conditions[at]
	for len(list) <= i {
		list = append(list, 0)
	}
	list[i] += n
	c.Conditions[at] = list
}

// clone is a copy of its own.
func (c *Counts) clone() Counts {
	out := Counts{Rules: maps.Clone(c.Rules), Headers: maps.Clone(c.Headers), Lines: maps.Clone(c.Lines), Conditions: maps.Clone(c.Conditions)}
	for at, list := range out.Conditions {
		out.Conditions[at] = slices.Clone(list)
	}
	return out
}

// Coverage counts over any number of transactions and policies. It is safe for
// concurrent use; the zero Coverage has counted nothing.
type Coverage struct {
	mu     sync.Mutex
	counts Counts
}

// Counts are those so far.
func (c *Coverage) Counts() Counts {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.counts.clone()
}

// Count takes in one transaction by the decision that Explain made at its last
// checkpoint; earlier ones of the same transaction would count rules twice.
func (c *Coverage) Count(d Decision) {
	p := d.props.policy
	if p == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, s := range d.Steps {
		for _, at := range s.Lines {
			count(&c.counts.Lines, at, 1)
		}
		if s.Number >= 0 {
			c.rule(p, s)
		}
	}
}

// rule takes in what became of one rule.
func (c *Coverage) rule(p *Policy, s Step) {
	conditions := p.rules[s.Number].conditions
	held := len(conditions)
	switch s.Mark {
	case Match:
		count(&c.counts.Rules, s.At, 1)
		layer := &p.layers[s.LayerNumber-1]
		count(&c.counts.Headers, layer.at, 1)
		if at := layer.sectionOf(s.Number); at != "" {
			count(&c.counts.Headers, at, 1)
		}
	case Late:
		return // what holds is not known yet
	default:
		held = slices.IndexFunc(conditions, func(c *condition) bool { return c.text == s.Failed })
	}
	for i := range held {
		c.counts.condition(s.At, i, 1)
	}
}

// sectionOf is the place of the header above a rule, "" where none stands.
func (l *layer) sectionOf(number int) string {
	for _, s := range l.sections {
		if s.header == "" || len(s.rules) == 0 {
			continue
		}
		if first := s.rules[0].number; first <= number && number < first+len(s.rules) {
			return s.at
		}
	}
	return ""
}
