package space

// Box is a product of sets of classes: on the axes it names, those; on any other,
// all. Its sides are in the order of axes. Boxes are not changed once made.
type Box []side

type side struct {
	axis int
	in   Set
}

// on is the set of a box on an axis; false where it is all.
func (b Box) on(axis int) (Set, bool) {
	for _, s := range b {
		if s.axis >= axis {
			return s.in, s.axis == axis
		}
	}
	return Set{}, false
}

// and is what two boxes have in common; false when that is nothing.
func (b Box) and(o Box) (Box, bool) {
	out := make(Box, 0, len(b)+len(o))
	for len(b) > 0 && len(o) > 0 {
		switch {
		case b[0].axis < o[0].axis:
			out, b = append(out, b[0]), b[1:]
		case b[0].axis > o[0].axis:
			out, o = append(out, o[0]), o[1:]
		case !b[0].in.meets(o[0].in):
			return nil, false
		default:
			out, b, o = append(out, side{b[0].axis, b[0].in.and(o[0].in)}), b[1:], o[1:]
		}
	}
	return append(append(out, b...), o...), true
}

// meets says whether two boxes have something in common.
func (b Box) meets(o Box) bool {
	for len(b) > 0 && len(o) > 0 {
		switch {
		case b[0].axis < o[0].axis:
			b = b[1:]
		case b[0].axis > o[0].axis:
			o = o[1:]
		case !b[0].in.meets(o[0].in):
			return false
		default:
			b, o = b[1:], o[1:]
		}
	}
	return true
}

// within says whether b lies in o.
func (b Box) within(o Box) bool {
	for _, s := range o {
		for len(b) > 0 && b[0].axis < s.axis {
			b = b[1:]
		}
		if len(b) == 0 || b[0].axis != s.axis || !b[0].in.within(s.in) {
			return false
		}
	}
	return true
}

// minus is what of b lies outside o, in boxes that do not overlap. n gives the
// number of classes of an axis.
func (b Box) minus(o Box, n func(axis int) int) []Box {
	if !b.meets(o) {
		return []Box{b}
	}
	var out []Box
	rest := b
	for _, s := range o {
		in, ok := rest.on(s.axis)
		if !ok {
			in = every(n(s.axis))
		}
		if outside := in.minus(s.in); !outside.Empty() {
			out = append(out, rest.replace(s.axis, outside))
			rest = rest.replace(s.axis, in.and(s.in))
		}
	}
	return out
}

// replace is b with another set on an axis.
func (b Box) replace(axis int, in Set) Box {
	out := make(Box, 0, len(b)+1)
	for len(b) > 0 && b[0].axis < axis {
		out, b = append(out, b[0]), b[1:]
	}
	if len(b) > 0 && b[0].axis == axis {
		b = b[1:]
	}
	return append(append(out, side{axis, in}), b...)
}
