package space

import (
	"slices"

	"rehearse/proxy/policy"
	"rehearse/proxy/policy/flow"
)

// reason gathers why a policy came to what it did in a flow: for each axis the
// classes with which it would have come to the same.
type reason struct {
	x    *explorer
	a    assignment
	keep []Set // by axis of choice; a Set without bits is all
	see  *sight
}

// newReason begins with all of a box.
func (x *explorer) newReason(a assignment, within Box) *reason {
	r := &reason{x: x, a: a, keep: make([]Set, len(x.s.axes))}
	for _, side := range within {
		r.keep[side.axis] = side.in
	}
	return r
}

// now is what is kept of an axis so far.
func (r *reason) now(axis int) Set {
	if r.keep[axis].bits == nil {
		return r.x.s.real(axis)
	}
	return r.keep[axis]
}

// pin keeps only the chosen class of an axis.
func (r *reason) pin(axis int) {
	r.keep[axis] = just(r.x.s.classes(axis), r.a[axis])
}

// holds says whether a formula holds in the transaction that is looked at.
func (r *reason) holds(f formula) bool {
	switch f := f.(type) {
	case truth:
		return bool(f)
	case literal:
		return f.in.Has(r.see.class[f.axis])
	case all:
		return !slices.ContainsFunc(f, func(part formula) bool { return !r.holds(part) })
	case any:
		return slices.ContainsFunc(f, r.holds)
	}
	return false
}

// because keeps what makes a formula come out as it does.
func (r *reason) because(f formula) { r.why(f, r.holds(f)) }

// fails says whether a formula holds with nothing that is kept so far, as far as its
// parts show it each for itself.
func (r *reason) fails(f formula) bool {
	switch f := f.(type) {
	case truth:
		return !bool(f)
	case literal:
		from := r.see.from[f.axis]
		if from.axis == noAxis {
			return !from.whole && !f.in.Has(r.see.class[f.axis])
		}
		return !from.whole && !r.now(from.axis).meets(f.in)
	case all:
		return slices.ContainsFunc(f, r.fails)
	case any:
		return !slices.ContainsFunc(f, func(part formula) bool { return !r.fails(part) })
	}
	return false
}

func (r *reason) why(f formula, holds bool) {
	switch f := f.(type) {
	case literal:
		r.whyLiteral(f, holds)
	case all:
		r.whyParts(f, holds, holds)
	case any:
		r.whyParts(f, holds, !holds)
	}
}

// whyParts keeps every part, or the one part that suffices and costs least.
func (r *reason) whyParts(parts []formula, holds, every bool) {
	if every {
		for _, part := range parts {
			r.why(part, holds)
		}
		return
	}
	best, least := formula(nil), 2.0
	for _, part := range parts {
		if r.holds(part) != holds {
			continue
		}
		if c := r.cost(part, holds); c < least {
			best, least = part, c
		}
		if least == 0 {
			break
		}
	}
	r.why(best, holds)
}

func (r *reason) whyLiteral(f literal, holds bool) {
	from := r.see.from[f.axis]
	switch {
	case from.axis == noAxis && from.whole:
		for _, axis := range r.x.spelling {
			r.pin(axis)
		}
	case from.axis == noAxis:
	case from.whole:
		r.pin(from.axis)
	case holds && !r.now(from.axis).within(f.in), !holds && r.now(from.axis).meets(f.in):
		r.keep[from.axis] = r.narrowed(from.axis, f.in, holds)
	}
}

func (r *reason) narrowed(axis int, in Set, holds bool) Set {
	if holds {
		return r.now(axis).and(in)
	}
	return r.now(axis).minus(in)
}

// cost is which share of the choice would be lost with a reason, 0 to 1.
func (r *reason) cost(f formula, holds bool) float64 {
	switch f := f.(type) {
	case literal:
		from := r.see.from[f.axis]
		switch {
		case from.axis == noAxis && !from.whole:
			return 0
		case from.whole:
			return 0.99
		}
		now := r.now(from.axis)
		all, left := now.Count(), now.countAnd(f.in)
		if !holds {
			left = all - left
		}
		return 1 - float64(left)/float64(all)
	case all:
		return r.costs(f, holds, holds)
	case any:
		return r.costs(f, holds, !holds)
	}
	return 0
}

func (r *reason) costs(parts []formula, holds, every bool) float64 {
	least, left := 1.0, 1.0
	for _, part := range parts {
		if every {
			left *= 1 - r.cost(part, holds)
		} else if r.holds(part) == holds {
			least = min(least, r.cost(part, holds))
		}
	}
	if every {
		return 1 - left
	}
	return least
}

// outcomes of a test in a transaction.
type standing int

const (
	misses standing = iota
	matches
	isLate
)

// moment is a transaction under evaluation.
type moment struct {
	*reason
	at      policy.Checkpoint
	open    bool // the protocol is not known yet
	matched []int
}

// rules goes through a policy as the engine does, and keeps why each rule that is
// looked at matches or does not.
func (r *reason) rules(v *View, visit *flow.Visit) []int {
	tx := visit.Transaction
	m := &moment{reason: r, at: visit.At, open: visit.At < policy.AtResponse && (tx.ClientProtocol == "" || tx.Tunneled == policy.Unknown)}
	for _, l := range v.Layers {
		if m.holds(l.takesPart) {
			m.layer(l, r.x.live(l))
		}
	}
	return m.matched
}

func (m *moment) layer(l *Layer, rules []*Rule) {
	undecided := false
	for i := 0; i < len(rules); i++ {
		rule := rules[i]
		if rule.hashed {
			end := i
			for end < len(rules) && rules[end].Section == rule.Section {
				end++
			}
			if m.section(l, rules[i:end], &undecided) {
				return
			}
			i = end - 1
			continue
		}
		switch m.rule(rule) {
		case matches:
			if !undecided {
				m.matched = append(m.matched, rule.Number)
			}
			return
		case isLate:
			undecided = true
		}
	}
}

// section is a hashed one: all its rules are kept as they are, in whatever order
// they are tried.
func (m *moment) section(l *Layer, rules []*Rule, undecided *bool) bool {
	var first *Rule
	for _, rule := range rules {
		switch m.rule(rule) {
		case matches:
			if first == nil || l.triedBefore(rule, first) {
				first = rule
			}
		case isLate:
			*undecided = true
		}
	}
	if first != nil && !*undecided {
		m.matched = append(m.matched, first.Number)
	}
	return first != nil
}

// rule is what becomes of a rule. Where all that it tests is known its formula
// tells.
func (m *moment) rule(r *Rule) standing {
	if m.knows(r.latest, r.waits) {
		switch {
		case m.fails(r.Formula):
			return misses
		case m.holds(r.Formula):
			m.why(r.Formula, true)
			return matches
		}
		m.why(r.Formula, false)
		return misses
	}
	return m.line(r.tests())
}

// knows says whether nothing up to a checkpoint is late.
func (m *moment) knows(latest policy.Checkpoint, waits bool) bool {
	return m.at >= latest && !(waits && m.open)
}

// line is a conjunction of tests: one that misses decides even beside a late one.
func (m *moment) line(list []test) standing {
	result := matches
	var missing *test
	least := 2.0
	for i := range list {
		switch m.test(&list[i]) {
		case isLate:
			result = isLate
		case misses:
			if c := m.testCost(&list[i]); c < least {
				missing, least = &list[i], c
			}
		}
	}
	if missing != nil {
		m.keepTest(missing)
		return misses
	}
	for i := range list {
		m.keepTest(&list[i])
	}
	return result
}

func (m *moment) test(t *test) standing {
	switch {
	case t.named != nil:
		return m.expr(t.named)
	case !m.inScope(t):
		return misses
	case !m.knows(t.first, t.waits):
		return isLate
	case m.holds(t.holds):
		return matches
	}
	return misses
}

// inScope says whether a test applies to the transaction, however it comes out.
func (m *moment) inScope(t *test) bool { return t.scoped == nil || m.holds(t.scoped) }

func (m *moment) testCost(t *test) float64 {
	if t.named != nil || !m.inScope(t) {
		return 0.5
	}
	return m.cost(t.holds, false)
}

// keepTest keeps why a test comes out as it does.
func (m *moment) keepTest(t *test) {
	switch {
	case t.named != nil:
		m.keepExpr(t.named)
	case m.inScope(t) && m.knows(t.first, t.waits):
		m.because(t.holds)
	}
}

func (m *moment) expr(e *namedExpr) standing {
	switch e.op {
	case "label":
		return m.named(e.label)
	case "not":
		switch m.expr(e.parts[0]) {
		case matches:
			return misses
		case misses:
			return matches
		}
		return isLate
	}
	settled, other := matches, misses
	if e.op == "and" {
		settled, other = misses, matches
	}
	result := other
	for _, p := range e.parts {
		switch m.expr(p) {
		case settled:
			return settled
		case isLate:
			result = isLate
		}
	}
	return result
}

func (m *moment) keepExpr(e *namedExpr) {
	if e.op == "label" {
		m.keepNamed(e.label)
		return
	}
	for _, p := range e.parts {
		m.keepExpr(p)
	}
}

// named is a named condition: one of its lines holds, may yet hold, or none does.
func (m *moment) named(n *namedCondition) standing {
	switch {
	case n == nil:
		return misses
	case n.url && m.at < policy.AtRequest:
		return isLate
	case m.knows(n.latest, n.waits):
		if m.holds(n.holds) {
			return matches
		}
		return misses
	}
	result := misses
	for _, line := range n.lines {
		switch m.lineStanding(line) {
		case matches:
			return matches
		case isLate:
			result = isLate
		}
	}
	return result
}

func (m *moment) lineStanding(list []test) standing {
	result := matches
	for i := range list {
		switch m.test(&list[i]) {
		case misses:
			return misses
		case isLate:
			result = isLate
		}
	}
	return result
}

func (m *moment) keepNamed(n *namedCondition) {
	switch {
	case n == nil || n.url && m.at < policy.AtRequest:
	case m.knows(n.latest, n.waits):
		m.because(n.holds)
	default:
		for _, line := range n.lines {
			m.line(line)
		}
	}
}
