package space

import "slices"

// formula says for which classes something holds. It is two-valued: what is not
// available does not hold, and what is said of a condition's negation is said by
// a formula of its own.
type formula interface{}

type (
	// truth holds always or never.
	truth bool
	// literal holds where an axis has one of some classes.
	literal struct {
		axis int
		in   Set
	}
	all []formula // every one holds
	any []formula // one holds
)

// and is the conjunction, with literals on one axis made one.
func (s *Space) and(list ...formula) formula { return s.join(list, true) }

// or is the disjunction, likewise.
func (s *Space) or(list ...formula) formula { return s.join(list, false) }

// join flattens and merges: conjunction or disjunction.
func (s *Space) join(list []formula, conjunction bool) formula {
	var rest []formula
	merged := map[int]Set{}
	var order []int
	var walk func(list []formula) bool // false once settled
	walk = func(list []formula) bool {
		for _, f := range list {
			switch f := f.(type) {
			case truth:
				if bool(f) != conjunction {
					return false
				}
			case all:
				if !conjunction {
					rest = append(rest, f)
				} else if !walk(f) {
					return false
				}
			case any:
				if conjunction {
					rest = append(rest, f)
				} else if !walk(f) {
					return false
				}
			case literal:
				have, ok := merged[f.axis]
				switch {
				case !ok:
					order, have = append(order, f.axis), f.in
				case conjunction:
					have = have.and(f.in)
				default:
					have = have.or(f.in)
				}
				merged[f.axis] = have
			}
		}
		return true
	}
	if !walk(list) {
		return truth(!conjunction)
	}
	out := make([]formula, 0, len(order)+len(rest))
	for _, axis := range order {
		switch f := s.lit(axis, merged[axis]).(type) {
		case truth:
			if bool(f) != conjunction {
				return truth(!conjunction)
			}
		default:
			out = append(out, f)
		}
	}
	out = append(out, rest...)
	switch {
	case len(out) == 0:
		return truth(conjunction)
	case len(out) == 1:
		return out[0]
	case conjunction:
		return all(out)
	}
	return any(out)
}

// lit is a literal, or what it comes to when it holds always or never.
func (s *Space) lit(axis int, in Set) formula {
	n := len(s.axes[axis].Classes)
	switch in.Count() {
	case 0:
		return truth(false)
	case n:
		return truth(true)
	}
	return literal{axis, in}
}

// not is the negation.
func (s *Space) not(f formula) formula {
	switch f := f.(type) {
	case truth:
		return !f
	case literal:
		return s.lit(f.axis, every(len(s.axes[f.axis].Classes)).minus(f.in))
	case all:
		return s.or(s.each(f)...)
	case any:
		return s.and(s.each(f)...)
	}
	return truth(false)
}

func (s *Space) each(list []formula) []formula {
	out := make([]formula, len(list))
	for i, f := range list {
		out[i] = s.not(f)
	}
	return out
}

// boxes is a formula as a disjunction of boxes. false: there would be more than
// most, and only that many are given.
func (s *Space) boxes(f formula, most int) (list []Box, whole bool) {
	switch f := f.(type) {
	case truth:
		if f {
			return []Box{{}}, true
		}
		return nil, true
	case literal:
		return []Box{{{f.axis, f.in}}}, true
	case any:
		whole = true
		for _, part := range f {
			if len(list) >= most {
				return list, false
			}
			more, ok := s.boxes(part, most-len(list))
			list, whole = append(list, more...), whole && ok
		}
		return list, whole
	case all:
		return s.product(f, most)
	}
	return nil, true
}

// product multiplies the parts of a conjunction out, literals first.
func (s *Space) product(parts all, most int) ([]Box, bool) {
	parts = slices.Clone(parts)
	slices.SortStableFunc(parts, func(a, b formula) int { return rank(a) - rank(b) })
	list, whole := []Box{{}}, true
	for _, part := range parts {
		more, ok := s.boxes(part, most)
		whole = whole && ok
		var next []Box
		for _, a := range list {
			for _, b := range more {
				if both, ok := a.and(b); ok {
					next = append(next, both)
				}
				if len(next) >= most {
					return next, false
				}
			}
		}
		list = next
	}
	return list, whole
}

func rank(f formula) int {
	if _, ok := f.(literal); ok {
		return 0
	}
	return 1
}
