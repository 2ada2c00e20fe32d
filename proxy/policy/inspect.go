package policy

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"rehearse/proxy/policy/cpl"
)

// Inspection is one rule looked at by itself, for one transaction at one
// checkpoint, whatever becomes of the rules around it.
type Inspection struct {
	RuleInfo
	Source      *cpl.Rule
	LayerNumber int // the layer's place among all layers, from 1
	// Evaluated says whether such transactions evaluate the layer at all.
	Evaluated bool
	// Tests are the guards of the layer and the section, the pattern of a line in a
	// URL section and the rule's own conditions, in the order in which they are tried.
	Tests    []Test
	Settings []Setting // what the rule sets, defaults of headers included
	Verdict  *Verdict  // nil for none
}

// Holds says whether every test holds.
func (i *Inspection) Holds() bool { return i.Failing() == nil && !i.pending() }

// Failing is the first test that keeps the rule from matching, nil for none.
func (i *Inspection) Failing() *Test {
	for n := range i.Tests {
		if i.Tests[n].Outcome.Fails() {
			return &i.Tests[n]
		}
	}
	return nil
}

// Waiting is the first test whose value is not known yet, nil for none.
func (i *Inspection) Waiting() *Test {
	for n := range i.Tests {
		if i.Tests[n].Outcome == Pending {
			return &i.Tests[n]
		}
	}
	return nil
}

func (i *Inspection) pending() bool { return i.Waiting() != nil }

// Part is what a test belongs to.
type Part string

// The parts of a rule's way to match.
const (
	LayerGuard   Part = "guard of the layer"
	SectionGuard Part = "guard of the section"
	RulePattern  Part = "pattern"
	OwnCondition Part = "condition"
)

// Outcome is what a test comes to.
type Outcome string

// The outcomes.
const (
	Held         Outcome = "holds"
	Failed       Outcome = "does not hold"
	Unavailable  Outcome = "has no value" // so that its negation does not hold either
	Inapplicable Outcome = "does not apply"
	Pending      Outcome = "is not known yet"
)

// Fails says whether a rule with such a test cannot match.
func (o Outcome) Fails() bool { return o != Held && o != Pending }

func outcomeOfValue(v value) Outcome {
	switch v {
	case yes:
		return Held
	case late:
		return Pending
	case unavailable:
		return Unavailable
	case inapplicable:
		return Inapplicable
	}
	return Failed
}

// Test is one condition or pattern with what it came to.
type Test struct {
	Part    Part
	Text    string         // as the trace prints it
	Source  *cpl.Condition // nil for the pattern of a line in a hashed section
	Outcome Outcome
	Saw     string // the value that was tested, "" where there is none
}

// Inspect looks at a rule, by its place among Rules.
func (p *Policy) Inspect(tx *Transaction, at Checkpoint, number int) Inspection {
	m := p.machine(tx, at)
	m.explain()
	defer p.release(m)
	l, s := p.find(number)
	r := p.rules[number]
	out := Inspection{
		RuleInfo: RuleInfo{Layer: l.header, At: r.at, Text: r.text}, Source: r.source,
		LayerNumber: l.number, Evaluated: l.kind&evaluated(tx) != 0,
	}
	out.Tests = m.tests(out.Tests, LayerGuard, l.guard)
	out.Tests = m.tests(out.Tests, SectionGuard, s.guard)
	if s.table != nil {
		out.Tests = append(out.Tests, m.patternTest(s, r))
	}
	out.Tests = m.tests(out.Tests, OwnCondition, r.conditions)
	for _, e := range r.effects {
		out.Settings = append(out.Settings, Setting{e.name, e.args, e.at})
	}
	if r.verdict != nil {
		v := r.verdict.verdict
		out.Verdict = &v
	}
	return out
}

// find gives the layer and section of a rule.
func (p *Policy) find(number int) (*layer, *section) {
	for i := range p.layers {
		for j := range p.layers[i].sections {
			s := &p.layers[i].sections[j]
			if n := len(s.rules); n > 0 && s.rules[0].number <= number && number < s.rules[0].number+n {
				return &p.layers[i], s
			}
		}
	}
	return &layer{}, &section{}
}

func (m *machine) tests(list []Test, part Part, conditions []*condition) []Test {
	for _, c := range conditions {
		t := Test{Part: part, Text: c.text, Source: c.about.source, Outcome: outcomeOfValue(m.test(c))}
		if c.about.saw != nil && c.scope&m.scopes != 0 && m.at >= c.first {
			t.Saw = c.about.saw(m)
		}
		list = append(list, t)
	}
	return list
}

// patternTest looks for a rule among those that the URL leads to.
func (m *machine) patternTest(s *section, r *rule) Test {
	t := Test{Part: RulePattern, Outcome: Failed, Text: cpl.PatternText(r.source.Pattern)}
	l := m.location(s.server)
	if l.url.Host == "" {
		t.Outcome = Unavailable
		return t
	}
	t.Saw = l.url.String()
	s.table.each(l, func(i int32) bool {
		if s.rules[i] == r {
			t.Outcome = Held
		}
		return t.Outcome == Held
	})
	return t
}

// Nearest is the line of a named condition that is nearest to holding: the one
// with the fewest conditions that fail, and of those with the most that hold. It
// is nil for conditions without lines to try one by one.
func (p *Policy) Nearest(tx *Transaction, at Checkpoint, label string) *NamedLine {
	number, ok := p.labels[cpl.LabelKey(label)]
	if !ok || number < 0 || p.named[number].table != nil {
		return nil
	}
	m := p.machine(tx, at)
	m.explain()
	defer p.release(m)
	var best *NamedLine
	lines := p.named[number].lines
	for i := range lines {
		line := &NamedLine{At: lines[i].at, Of: len(lines), Tests: m.tests(nil, OwnCondition, lines[i].conditions)}
		if best == nil || line.failing() < best.failing() ||
			line.failing() == best.failing() && len(line.Tests) > len(best.Tests) {
			best = line
		}
	}
	return best
}

// NamedLine is one line of a named condition.
type NamedLine struct {
	At    string // "file:line"
	Of    int    // lines of the condition
	Tests []Test
}

func (l *NamedLine) failing() (n int) {
	for _, t := range l.Tests {
		if t.Outcome.Fails() {
			n++
		}
	}
	return n
}

// shown is a value as a person reads it.
func shown(m *machine, cond *cpl.Condition, v any) string {
	switch v := v.(type) {
	case string:
		return v
	case []string:
		return strings.Join(v, ", ")
	case bool:
		if v {
			return "yes"
		}
		return "no"
	case uint64:
		return strconv.FormatUint(v, 10)
	case []netip.Addr:
		texts := make([]string, len(v))
		for i, a := range v {
			texts[i] = a.String()
		}
		return strings.Join(texts, ", ")
	case *location:
		return shownLocation(m, cond, v)
	}
	return fmt.Sprint(v)
}

// shownLocation is a URL, or the categories it is in where those are tested.
func shownLocation(m *machine, cond *cpl.Condition, l *location) string {
	if !strings.HasSuffix(cond.Base, "category") {
		return l.url.String()
	}
	var names []string
	if l == &m.url {
		names = m.policy.Categories(m.tx)
	} else {
		for _, n := range l.within {
			names = append(names, m.policy.categories.name(n))
		}
	}
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}
