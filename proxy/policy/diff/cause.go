package diff

import (
	"slices"
	"strings"
)

func trimmed(s string) string { return strings.TrimSpace(s) }

// Cause is what made a result change from the old policy to the new one.
type Cause struct {
	Edits []Edit
	// Verified says that it was tried: with the edits alone the old policy gives
	// the new result, or without any of them the new policy does not.
	Verified bool

	places []int
}

// Same says whether two causes are the same edits.
func (c Cause) Same(o Cause) bool { return slices.Equal(c.places, o.places) }

// Trial gives a result of a policy; results are only compared.
type Trial func(*Variant) string

// mostTrials bounds the policies that are tried for one cause.
const mostTrials = 400

// Cause finds the edits that make a trial's result change. near are lines of
// either policy that are likely to have to do with it, "file:line".
func (p *Pair) Cause(result Trial, near map[string]bool) Cause {
	s := &search{Pair: p, result: result, order: p.nearFirst(near)}
	s.old = s.of(func(int) bool { return false })
	s.new = s.of(func(int) bool { return true })
	if s.old == s.new {
		return Cause{}
	}
	for _, find := range []func() []int{s.single, s.needed, s.least} {
		if places := find(); places != nil {
			return p.cause(places, true)
		}
	}
	return p.cause(s.order[:min(len(s.order), 1)], false)
}

func (p *Pair) cause(places []int, verified bool) Cause {
	c := Cause{Verified: verified, places: slices.Sorted(slices.Values(places))}
	for _, n := range c.places {
		c.Edits = append(c.Edits, p.edit(n))
	}
	return c
}

// Explains says whether a cause found for one trial is one for another, too.
func (p *Pair) Explains(c Cause, result Trial) bool {
	s := &search{Pair: p, result: result}
	s.new = s.of(func(int) bool { return true })
	made := func(n int) bool { return slices.Contains(c.places, n) }
	if s.of(made) == s.new {
		return true
	}
	return !slices.ContainsFunc(c.places, func(n int) bool {
		r := s.of(s.allBut(n))
		return r == "" || r == s.new
	})
}

// nearFirst orders the edits: those of near lines, then the others.
func (p *Pair) nearFirst(near map[string]bool) []int {
	var first, rest []int
	for n := range p.edits {
		e := p.edit(n)
		if slices.ContainsFunc(append(e.Old, e.New...), func(l Line) bool { return near[l.At()] }) {
			first = append(first, n)
		} else {
			rest = append(rest, n)
		}
	}
	return append(first, rest...)
}

// search is for one cause.
type search struct {
	*Pair
	result   Trial
	old, new string
	order    []int
	tries    int
}

// of is the result with some edits made, "" where that is no policy.
func (s *search) of(made func(int) bool) string {
	s.tries++
	v := s.variant(made)
	if v == nil {
		return ""
	}
	return s.result(v)
}

// allBut makes all edits but one, and those that need it.
func (s *search) allBut(n int) func(int) bool {
	return func(i int) bool { return i != n && s.edits[i].needs != n }
}

// single finds an edit that suffices, and by preference one that is also needed.
func (s *search) single() []int {
	best := -1
	for _, n := range s.order {
		if s.tries > mostTrials {
			break
		}
		if s.of(func(i int) bool { return i == n }) != s.new {
			continue
		}
		if r := s.of(s.allBut(n)); r != "" && r != s.new {
			return []int{n}
		}
		if best < 0 {
			best = n
		}
	}
	if best < 0 {
		return nil
	}
	return []int{best}
}

// needed finds the edits without each of which the result is another.
func (s *search) needed() []int {
	var list []int
	for _, n := range s.order {
		if s.tries > 2*mostTrials {
			break
		}
		if r := s.of(s.allBut(n)); r != "" && r != s.new {
			list = append(list, n)
		}
	}
	return list
}

// least takes edits away as long as the rest suffices.
func (s *search) least() []int {
	keep := slices.Clone(s.order)
	for size := (len(keep) + 1) / 2; size > 0 && s.tries < 3*mostTrials; {
		shrunk := false
		for from := 0; from < len(keep); {
			rest := append(slices.Clone(keep[:from]), keep[min(from+size, len(keep)):]...)
			if s.of(func(i int) bool { return slices.Contains(rest, i) }) == s.new {
				keep, shrunk = rest, true
				continue
			}
			from += size
		}
		if !shrunk && size == 1 {
			break
		}
		size = max(size/2, 1)
		if !shrunk && size == 1 && len(keep) == 1 {
			break
		}
	}
	return keep
}
