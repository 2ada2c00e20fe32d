// Package revise puts expectations right after a run: in come scenarios and what
// became of them, out come changes of their files, for a person to review.
//
// What changes is the text of a value, nothing around it: comments, order and style
// stay. What is not plain stays as it is and is told: expectations of which variants
// say different things, and those that are no outcome but a judgement, such as a
// time limit.
package revise

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"rehearse/reports"
	"rehearse/reports/diag"
	"rehearse/simulator/scenario"
)

// Played is a variant and what became of it; Report is nil where it was not run.
type Played struct {
	Scenario *scenario.Scenario
	Report   *reports.Scenario
}

// Change is an expectation that is to say what came out. New is "" where the field
// is to go, for there is none such.
type Change struct {
	At       diag.Span // of the value
	Field    string
	Old, New string
	values   []string // that the text at At has to mean
}

// String is "a.yaml:6:22: result: refused becomes ok".
func (c Change) String() string {
	if c.New == "" {
		return fmt.Sprintf("%s: %s: %s goes, there was none", c.At, c.Field, c.Old)
	}
	return fmt.Sprintf("%s: %s: %s becomes %s", c.At, c.Field, c.Old, c.New)
}

// Left is an expectation that did not hold and is left as it is.
type Left struct {
	At    diag.Span
	Field string
	Why   string
}

func (l Left) String() string { return fmt.Sprintf("%s: %s: %s", l.At, l.Field, l.Why) }

// seen is what variants have to say of one expectation.
type seen struct {
	want   scenario.Want
	got    []string // each once
	held   bool     // in a variant
	not    bool     // run, in a variant
	missed bool
}

// place tells expectations apart: where the value stands.
type place struct {
	file   string
	offset int
	key    string
}

// Expectations finds what is to be changed so that the scenarios pass, in order of
// files and places. All variants of the files have to be there, also those that
// were not run: one text can be an expectation of many.
func Expectations(all []Played) ([]Change, []Left) {
	by := map[place]*seen{}
	for _, p := range all {
		for i, step := range p.Scenario.Steps {
			for _, w := range step.Expect {
				at := place{w.Span.File, w.Span.Start.Offset, w.Key}
				s := by[at]
				if s == nil {
					s = &seen{want: w}
					by[at] = s
				}
				s.look(p.Report, i)
			}
		}
	}
	var changes []Change
	var left []Left
	for _, s := range by {
		switch why := s.obstacle(); {
		case !s.missed:
		case why != "":
			left = append(left, Left{s.want.Span, s.want.Key, why})
		default:
			changes = append(changes, Change{s.want.Span, s.want.Key, strings.Join(s.want.Values, " or "), s.got[0], s.want.Values})
		}
	}
	slices.SortFunc(changes, func(a, b Change) int { return order(a.At, b.At) })
	slices.SortFunc(left, func(a, b Left) int { return order(a.At, b.At) })
	return changes, left
}

func order(a, b diag.Span) int {
	return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Start.Offset, b.Start.Offset))
}

// look notes what became of the expectation in a step of a variant.
func (s *seen) look(rep *reports.Scenario, step int) {
	if rep == nil || step >= len(rep.Steps) || rep.Steps[step].Verdict == reports.Unsupported {
		s.not = true
		return
	}
	i := slices.IndexFunc(rep.Steps[step].Misses, func(m reports.Miss) bool { return m.Span == s.want.Span && m.Field == s.want.Key })
	if i < 0 {
		s.held = true
		return
	}
	s.missed = true
	if got := rep.Steps[step].Misses[i].Got; !slices.Contains(s.got, got) {
		s.got = append(s.got, got)
	}
}

// obstacle is why an expectation that did not hold is left as it is, "" where there
// is no reason.
func (s *seen) obstacle() string {
	switch {
	case !slices.Contains([]string{"stage", "result", "code", "media", "wire"}, s.want.Key):
		return "is for a person to judge; got " + quoted(s.got)
	case len(s.got) > 1:
		return "variants came to different ends, " + quoted(s.got) + "; tell them apart with when"
	case s.held:
		return "holds in other variants, here it was " + quoted(s.got) + "; tell them apart with when"
	case s.not:
		return "is one of variants that were not run, too; run them all"
	}
	return ""
}

func quoted(all []string) string {
	var q []string
	for _, s := range all {
		q = append(q, fmt.Sprintf("%q", s))
	}
	return strings.Join(q, ", ")
}
