package policy

// holds evaluates a named condition: some line of it whose conditions all hold.
// An expression in it that is not available or does not apply is false (CPL
// guide, SGOS 3, p. 252).
func (m *machine) holds(number int) value {
	if v := m.named[number]; v != 0 && !m.explaining {
		return v
	}
	v := m.someLine(m.policy.named[number])
	m.named[number] = v
	return v
}

// someLine looks for a line that holds.
func (m *machine) someLine(n *namedCondition) value {
	result := no
	switch {
	case n.table != nil && m.at < AtRequest:
		return late
	case n.table != nil:
		n.table.each(m.location(n.server), func(i int32) bool { return m.line(&n.lines[i], &result) })
		return result
	case n.domains == nil || m.explaining:
		for i := range n.lines {
			if m.line(&n.lines[i], &result) {
				break
			}
		}
		return result
	}
	if m.at < AtRequest {
		result = late
	} else if n.domains.has(m.location(asked)) {
		return yes
	}
	for _, i := range n.others {
		if m.line(&n.lines[i], &result) {
			break
		}
	}
	return result
}

// line takes one line into the result so far; true when that settles it.
func (m *machine) line(l *conditionLine, result *value) bool {
	v, _ := m.all(l.conditions)
	switch v {
	case yes:
		if m.explaining {
			m.lines = append(m.lines, l.at)
		}
		*result = yes
		return true
	case late:
		*result = late
	}
	return false
}
