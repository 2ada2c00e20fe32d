package policy

import "slices"

// step records the outcome of a rule.
func (m *machine) step(s *section, r *rule, v value, why *condition) {
	st := Step{Mark: markOf(v), Layer: m.layer.header, Section: s.header, At: r.at, Rule: r.text,
		Number: r.number, LayerNumber: m.layer.number}
	m.finish(st, v, why)
}

// missGuard records that a layer or section was not looked at.
func (m *machine) missGuard(section, at string, guard []*condition, v value, why *condition) {
	if !m.explaining || m.undecided {
		return
	}
	st := Step{Mark: markOf(v), Layer: m.layer.header, Section: section, At: at, Rule: textOf(guard),
		Number: -1, LayerNumber: m.layer.number}
	m.finish(st, v, why)
}

func (m *machine) finish(st Step, v value, why *condition) {
	if why != nil && v == late {
		st.Unknown = why.text
	} else if why != nil && v != yes {
		st.Failed = why.text
	}
	if len(m.lines) > 0 {
		st.Lines, m.lines = slices.Clone(m.lines), m.lines[:0]
	}
	m.steps = append(m.steps, st)
}

// markOf is the trace's tag of an outcome. Modelled: what is only unavailable
// (no user) is a miss, what does not apply is n/a.
func markOf(v value) Mark {
	switch v {
	case yes:
		return Match
	case late:
		return Late
	case inapplicable:
		return NotApplicable
	}
	return Miss
}

func textOf(conditions []*condition) string {
	var b []byte
	for i, c := range conditions {
		if i > 0 {
			b = append(b, ' ')
		}
		b = append(b, c.text...)
	}
	return string(b)
}
