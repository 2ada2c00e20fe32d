// Package mutate makes small mistakes in a policy, so that scenarios can be tried
// on whether they notice.
//
// In comes a parsed file, out go Mutants: the same policy with one rule deleted,
// one condition negated or taken away, or two neighbours swapped. One thing to
// know: a mutant's text is the policy printed, so that its lines are not those of
// the source; At says where the mistake was made.
package mutate

import (
	"slices"

	"rehearse/proxy/policy/cpl"
	"rehearse/reports/diag"
)

// Kind is what a mistake does.
type Kind string

// The kinds, in the order in which they are made of each rule.
const (
	Delete Kind = "delete" // the rule is gone
	Negate Kind = "negate" // a condition is turned round
	Widen  Kind = "widen"  // a condition is gone
	Swap   Kind = "swap"   // the rule stands behind the next one of its section
)

// Mutant is a policy with one mistake.
type Mutant struct {
	Kind Kind
	At   diag.Span // of the rule in the source
	Rule string    // as a trace prints it
	// What is what was mistaken: the condition, or the rule that went in front.
	What string
	Text []byte // the policy
}

// Mutants makes every mistake of a file, in the order of its rules.
func Mutants(f *cpl.File) []Mutant {
	m := &maker{file: f}
	for i, it := range f.Items {
		if l, ok := it.(*cpl.Layer); ok {
			m.layer(i, l)
		}
	}
	return m.list
}

type maker struct {
	file *cpl.File
	list []Mutant
}

func (m *maker) layer(item int, l *cpl.Layer) {
	for i, s := range l.Sections {
		for j, r := range s.Rules {
			at := place{item, i, j}
			m.add(Delete, r, "", m.with(at, func(rules []*cpl.Rule) []*cpl.Rule { return slices.Delete(rules, j, j+1) }))
			for k, t := range r.Terms {
				if c, ok := t.(*cpl.Condition); ok {
					m.add(Negate, r, cpl.TermText(c), m.with(at, replaced(j, k, negated(c))))
					m.add(Widen, r, cpl.TermText(c), m.with(at, replaced(j, k, nil)))
				}
			}
			if j+1 < len(s.Rules) && !hashed(s.Type) {
				m.add(Swap, r, cpl.RuleText(s.Rules[j+1]), m.with(at, func(rules []*cpl.Rule) []*cpl.Rule {
					rules[j], rules[j+1] = rules[j+1], rules[j]
					return rules
				}))
			}
		}
	}
}

// hashed says whether the order of a section's rules does not count.
func hashed(section string) bool {
	return section == "url" || section == "url.domain" || section == "server_url.domain"
}

func (m *maker) add(kind Kind, r *cpl.Rule, what string, f *cpl.File) {
	text := cpl.Print(f)
	m.list = append(m.list, Mutant{Kind: kind, At: r.At, Rule: cpl.RuleText(r), What: what, Text: []byte(text)})
}

// place is where a rule stands: its item, section and place there.
type place struct{ item, section, rule int }

// with is the file with the rules of one section changed; the rest is shared.
func (m *maker) with(at place, change func([]*cpl.Rule) []*cpl.Rule) *cpl.File {
	f := *m.file
	f.Items = slices.Clone(f.Items)
	l := *f.Items[at.item].(*cpl.Layer)
	l.Sections = slices.Clone(l.Sections)
	s := *l.Sections[at.section]
	s.Rules = change(slices.Clone(s.Rules))
	l.Sections[at.section] = &s
	f.Items[at.item] = &l
	return &f
}

// replaced puts another term into a rule, or takes it out for nil.
func replaced(rule, term int, by cpl.Term) func([]*cpl.Rule) []*cpl.Rule {
	return func(rules []*cpl.Rule) []*cpl.Rule {
		r := *rules[rule]
		r.Terms = slices.Clone(r.Terms)
		if by == nil {
			r.Terms = slices.Delete(r.Terms, term, term+1)
		} else {
			r.Terms[term] = by
		}
		rules[rule] = &r
		return rules
	}
}

// negated is a condition turned round; a negation loses its "!".
func negated(c *cpl.Condition) *cpl.Condition {
	out := *c
	if n, ok := c.Expr.(*cpl.Not); ok {
		out.Expr = n.X
	} else {
		out.Expr = &cpl.Not{At: c.Expr.Span(), X: c.Expr}
	}
	return &out
}
