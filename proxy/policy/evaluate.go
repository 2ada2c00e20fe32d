package policy

// Decide evaluates the policy for a transaction at a checkpoint: layers in
// source order, in each layer the first rule that matches, a later layer's
// settings over an earlier one's.
//
// A rule is late when a condition that is not known yet decides about it; it
// stops its layer for this checkpoint, and Decision.Final says whether the
// verdict waits for it. Modelled: tri-state evaluation (Q16), a section without
// a matching rule passes on to the next (Q17).
//
// A CONNECT starts with a denial of its own that any matching ALLOW lifts (KB
// 176397, KB 166814): with tx.Detecting where tx.Tunneled is Yes, that is where
// no TLS follows; without, where the port is neither 443 nor 80. It stands above
// the default policy.
func (p *Policy) Decide(tx *Transaction, at Checkpoint) Decision {
	m := p.machine(tx, at)
	m.narrow()
	m.run()
	d := m.decision()
	p.release(m)
	return d
}

// Trail is Decide with Decision.Matched.
func (p *Policy) Trail(tx *Transaction, at Checkpoint) Decision {
	m := p.machine(tx, at)
	m.following = true
	m.narrow()
	m.run()
	d := m.decision()
	d.Matched = m.matched
	m.matched = nil
	p.release(m)
	return d
}

// Explain is Decide with Decision.Steps: every rule that was looked at. It is
// slower and gives the same decision.
func (p *Policy) Explain(tx *Transaction, at Checkpoint) Decision {
	m := p.machine(tx, at)
	m.explain()
	m.run()
	d := m.decision()
	d.Steps = m.steps
	m.steps = nil
	p.release(m)
	return d
}

// explain makes the machine keep what its steps and lines were.
func (m *machine) explain() {
	m.explaining = true
	if m.heldBy == nil {
		m.heldBy = make([]string, len(m.policy.named))
	}
}

// machine evaluates one policy for one transaction at one checkpoint.
type machine struct {
	policy *Policy
	tx     *Transaction
	at     Checkpoint
	scopes scope

	url, server location // prepared when first asked for
	named       []value  // outcomes of named conditions by number, 0 where not evaluated
	pair        [2]string

	narrowed   bool     // candidates are the rules that the index leaves
	candidates []uint64 // one bit each
	field      []uint64

	verdict verdictState
	props   properties

	layer     *layer
	undecided bool     // a late rule stopped the layer
	outcomes  outcomes // what the layer may then do

	following bool
	matched   []int

	explaining bool
	steps      []Step
	lines      []string // lines of named conditions that held since the last step
	heldBy     []string // by number of a named condition that holds, its line
}

func (p *Policy) machine(tx *Transaction, at Checkpoint) *machine {
	m, _ := p.machines.Get().(*machine)
	if m == nil {
		m = &machine{named: make([]value, len(p.named))}
	}
	m.policy, m.tx, m.at, m.scopes = p, tx, at, scopeOf(tx)
	m.props = properties{policy: p}
	return m
}

// release gives a machine back, without what refers to the transaction.
func (p *Policy) release(m *machine) {
	clear(m.named)
	m.url.clear()
	m.server.clear()
	m.tx, m.layer, m.pair = nil, nil, [2]string{}
	m.undecided, m.explaining, m.following, m.narrowed = false, false, false, false
	m.lines = m.lines[:0]
	m.props = properties{}
	p.machines.Put(m)
}

func (m *machine) run() {
	m.verdict = m.initial()
	take := evaluated(m.tx)
	for i := range m.policy.layers {
		if l := &m.policy.layers[i]; l.kind&take != 0 && !m.idle(l) {
			m.runLayer(l)
		}
	}
}

func (m *machine) runLayer(l *layer) {
	m.layer, m.undecided, m.outcomes = l, false, 0
	guard, why := m.all(l.guard)
	if guard.misses() {
		m.missGuard("", l.at, l.guard, guard, why)
		return
	}
	if !m.runSections(l, guard) {
		m.outcomes |= untouched
	}
	if m.undecided {
		m.verdict.undecided(m.outcomes)
	}
}

// runSections goes through the sections of a layer; true when a rule ended it.
func (m *machine) runSections(l *layer, guard value) bool {
	for i := range l.sections {
		s := &l.sections[i]
		both, why := m.all(s.guard)
		if both = and(guard, both); both.misses() {
			m.missGuard(s.header, s.at, s.guard, both, why)
			continue
		}
		if m.runSection(s, both) {
			return true
		}
	}
	return false
}

// runSection offers the rules of a section to the layer; true ends the layer.
func (m *machine) runSection(s *section, guard value) bool {
	switch {
	case s.table != nil:
		return s.table.each(m.location(s.server), func(i int32) bool { return m.try(s, s.rules[i], guard) })
	case m.narrowed:
		return m.tryCandidates(s, guard)
	}
	for _, r := range s.rules {
		if m.try(s, r, guard) {
			return true
		}
	}
	return false
}

// try offers one rule to the layer under evaluation; true ends the layer. Behind
// a late rule nothing is applied any more; what could still match is noted for
// Final.
func (m *machine) try(s *section, r *rule, guard value) bool {
	own, why := m.all(r.conditions)
	v := and(guard, own)
	if m.explaining && !m.undecided {
		m.step(s, r, v, why)
	}
	switch v {
	case yes:
		if m.undecided {
			m.outcomes |= outcomeOf(r.verdict)
			return true
		}
		m.verdict.apply(r.verdict)
		m.props.add(r)
		if m.following {
			m.matched = append(m.matched, r.number)
		}
		return true
	case late:
		m.undecided = true
		m.outcomes |= outcomeOf(r.verdict)
	}
	return false
}

// all is the conjunction of conditions, with the condition that decided it where
// it is not yes. A condition that misses decides even behind a late one.
func (m *machine) all(list []*condition) (value, *condition) {
	result := yes
	var waiting *condition
	for _, c := range list {
		switch v := m.test(c); {
		case v == yes:
		case v == late:
			if waiting == nil {
				result, waiting = late, c
			}
		default:
			return v, c
		}
	}
	return result, waiting
}

func (m *machine) test(c *condition) value {
	if c.scope&m.scopes == 0 {
		return inapplicable
	}
	if m.at < c.first {
		return late
	}
	return c.match(m)
}
