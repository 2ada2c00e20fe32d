package space

import (
	"maps"
	"slices"
)

// Box is a product of sets of classes: on the axes it names, those; on any other,
// all. Boxes are not changed once made.
type Box map[int]Set

// and is what two boxes have in common; false when that is nothing.
func (b Box) and(o Box) (Box, bool) {
	out := maps.Clone(b)
	for axis, in := range o {
		if have, ok := out[axis]; ok {
			in = have.and(in)
			if in.Empty() {
				return nil, false
			}
		}
		out[axis] = in
	}
	return out, true
}

// meets says whether two boxes have something in common.
func (b Box) meets(o Box) bool {
	if len(o) < len(b) {
		b, o = o, b
	}
	for axis, in := range b {
		if other, ok := o[axis]; ok && !in.meets(other) {
			return false
		}
	}
	return true
}

// within says whether b lies in o.
func (b Box) within(o Box) bool {
	for axis, in := range o {
		if have, ok := b[axis]; !ok || !have.within(in) {
			return false
		}
	}
	return true
}

// with is b narrowed on one axis; false when nothing is left.
func (b Box) with(axis int, in Set) (Box, bool) { return b.and(Box{axis: in}) }

// minus is what of b lies outside o, in boxes that do not overlap. n gives the
// number of classes of an axis.
func (b Box) minus(o Box, n func(axis int) int) []Box {
	if !b.meets(o) {
		return []Box{b}
	}
	var out []Box
	rest := b
	for _, axis := range slices.Sorted(maps.Keys(o)) {
		in, ok := rest[axis]
		if !ok {
			in = every(n(axis))
		}
		if outside := in.minus(o[axis]); !outside.Empty() {
			cut := maps.Clone(rest)
			cut[axis] = outside
			out = append(out, cut)
		}
		rest = maps.Clone(rest)
		rest[axis] = in.and(o[axis])
	}
	return out
}
