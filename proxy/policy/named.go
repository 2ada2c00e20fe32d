package policy

// holds evaluates a named condition: some line of it whose conditions all hold.
// An expression in it that is not available or does not apply is false (CPL
// guide, SGOS 3, p. 252). Each is evaluated once a decision.
func (m *machine) holds(number int) value {
	if v := m.named[number]; v != 0 {
		if v == yes && m.explaining {
			m.lines = append(m.lines, m.heldBy[number])
		}
		return v
	}
	v, at := m.someLine(m.policy.named[number])
	m.named[number] = v
	if v == yes && m.explaining {
		m.heldBy[number] = at
		m.lines = append(m.lines, at)
	}
	return v
}

// someLine looks for a line that holds, and says where it stands when explaining.
func (m *machine) someLine(n *namedCondition) (value, string) {
	result, at := no, ""
	line := func(i int32) bool {
		v, _ := m.all(n.lines[i].conditions)
		switch v {
		case yes:
			result, at = yes, n.lines[i].at
			return true
		case late:
			result = late
		}
		return false
	}
	switch {
	case n.table != nil && m.at < AtRequest:
		return late, ""
	case n.table != nil:
		n.table.each(m.location(n.server), line)
	case n.domains == nil || m.explaining:
		for i := range n.lines {
			if line(int32(i)) {
				break
			}
		}
	case m.at >= AtRequest && n.domains.has(m.location(asked)):
		return yes, ""
	default:
		if m.at < AtRequest {
			result = late
		}
		for _, i := range n.others {
			if line(i) {
				break
			}
		}
	}
	return result, at
}
