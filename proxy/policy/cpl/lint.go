package cpl

import "fmt"

// unreachable notes the first rule below one that always matches: the rules
// from there on are never tried. It is a note and no error (Q22).
func (c *checker) unreachable(l *Layer) {
	for _, s := range l.Sections {
		for i, r := range s.Rules {
			if !matchesAlways(r) {
				continue
			}
			if i+1 < len(s.Rules) {
				c.shadowed(r, s.Rules[i+1], len(s.Rules)-i-1)
			} else if next := after(l, s); next != nil && !guards(s) {
				c.shadowed(r, next, 1)
			}
			break
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

// after is the first rule of the sections behind s.
func after(l *Layer, s *Section) *Rule {
	behind := false
	for _, t := range l.Sections {
		if behind && len(t.Rules) > 0 {
			return t.Rules[0]
		}
		behind = behind || t == s
	}
	return nil
}

func (c *checker) shadowed(above, below *Rule, n int) {
	msg := "this rule is never tried"
	if n > 1 {
		msg = fmt.Sprintf("this rule and the %d below it are never tried", n-1)
	}
	remark(c.note("cpl-unreachable-rule", below.At, msg+": the one above always matches and ends the layer"), above.At, "this rule has no condition")
}
