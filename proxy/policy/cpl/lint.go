package cpl

import (
	"fmt"
	"slices"
)

// unreachable notes the first rule below one that always matches: the rules
// from there on are never tried. It is a note and no error (Q22).
func (c *checker) unreachable(l *Layer) {
	var next *Rule // the first rule of the sections behind
	for _, s := range slices.Backward(l.Sections) {
		i := slices.IndexFunc(s.Rules, matchesAlways)
		switch {
		case i >= 0 && i+1 < len(s.Rules):
			c.shadowed(s.Rules[i], s.Rules[i+1], len(s.Rules)-i-1)
		case i >= 0 && next != nil && !guards(s):
			c.shadowed(s.Rules[i], next, 1)
		}
		if len(s.Rules) > 0 {
			next = s.Rules[0]
		}
	}
}

func matchesAlways(r *Rule) bool {
	if r.Broken || r.Pattern != nil {
		return false
	}
	for _, t := range r.Terms {
		if _, ok := t.(*Condition); ok {
			return false
		}
	}
	return true
}

// guards says whether a section's header holds a condition.
func guards(s *Section) bool {
	for _, t := range s.Guard {
		if _, ok := t.(*Condition); ok {
			return true
		}
	}
	return false
}

func (c *checker) shadowed(above, below *Rule, n int) {
	msg := "this rule is never tried"
	if n > 1 {
		msg = fmt.Sprintf("this rule and the %d below it are never tried", n-1)
	}
	remark(c.note("cpl-unreachable-rule", below.At, msg+": the one above always matches and ends the layer"), above.At, "this rule has no condition")
}
