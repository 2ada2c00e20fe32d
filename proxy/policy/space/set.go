package space

import "math/bits"

// Set is a set of classes of one axis, by number. The zero Set is empty. Sets are
// not changed once made.
type Set struct{ bits []uint64 }

// none is the set without any of n classes.
func none(n int) Set { return Set{make([]uint64, (n+63)/64)} }

// every is the set of all n classes.
func every(n int) Set {
	s := none(n)
	for i := range s.bits {
		s.bits[i] = ^uint64(0)
	}
	if n%64 != 0 {
		s.bits[len(s.bits)-1] = 1<<(n%64) - 1
	}
	return s
}

// just is the set of certain classes among n.
func just(n int, classes ...int) Set {
	s := none(n)
	for _, c := range classes {
		s.put(c)
	}
	return s
}

// where is the set of the classes among n that a function accepts.
func where(n int, accepts func(int) bool) Set {
	s := none(n)
	for c := range n {
		if accepts(c) {
			s.put(c)
		}
	}
	return s
}

// put adds a class while a set is being made.
func (s Set) put(c int) { s.bits[c>>6] |= 1 << (c & 63) }

// Has says whether a class is in the set.
func (s Set) Has(c int) bool { return s.bits[c>>6]&(1<<(c&63)) != 0 }

// Empty says whether nothing is in the set.
func (s Set) Empty() bool { return s.First() < 0 }

// First is the lowest class of the set, -1 for none.
func (s Set) First() int {
	for i, w := range s.bits {
		if w != 0 {
			return i<<6 + bits.TrailingZeros64(w)
		}
	}
	return -1
}

// Count is how many classes are in the set.
func (s Set) Count() int {
	n := 0
	for _, w := range s.bits {
		n += bits.OnesCount64(w)
	}
	return n
}

func (s Set) combine(o Set, f func(a, b uint64) uint64) Set {
	out := Set{make([]uint64, len(s.bits))}
	for i := range s.bits {
		out.bits[i] = f(s.bits[i], o.bits[i])
	}
	return out
}

func (s Set) and(o Set) Set   { return s.combine(o, func(a, b uint64) uint64 { return a & b }) }
func (s Set) or(o Set) Set    { return s.combine(o, func(a, b uint64) uint64 { return a | b }) }
func (s Set) minus(o Set) Set { return s.combine(o, func(a, b uint64) uint64 { return a &^ b }) }

// within says whether every class of s is in o.
func (s Set) within(o Set) bool {
	for i := range s.bits {
		if s.bits[i]&^o.bits[i] != 0 {
			return false
		}
	}
	return true
}

// meets says whether s and o have a class in common.
func (s Set) meets(o Set) bool {
	for i := range s.bits {
		if s.bits[i]&o.bits[i] != 0 {
			return true
		}
	}
	return false
}

// countAnd is how many classes s and o have in common.
func (s Set) countAnd(o Set) int {
	n := 0
	for i := range s.bits {
		n += bits.OnesCount64(s.bits[i] & o.bits[i])
	}
	return n
}

// each visits the classes in order.
func (s Set) each(visit func(int)) {
	for i, w := range s.bits {
		for ; w != 0; w &= w - 1 {
			visit(i<<6 + bits.TrailingZeros64(w))
		}
	}
}
