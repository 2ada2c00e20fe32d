package reports

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
)

// ErrMerge is reports that are no parts of one run.
var ErrMerge = errors.New("the reports are no shards of one run")

// Merge puts the shards of a run together, in whatever order they come: the
// result of all shards is that of the whole run, to the byte. Where shards are
// missing it has fewer scenarios than were selected.
func Merge(parts []*Report) (*Report, error) {
	if len(parts) == 0 {
		return nil, fmt.Errorf("%w: there are none", ErrMerge)
	}
	first := parts[0]
	whole := &Report{Schema: Schema, Tool: first.Tool, Overrides: first.Overrides, Selected: first.Selected, Scenarios: []Scenario{}}
	var covers [][]Coverage
	for i, p := range parts {
		switch {
		case p.Tool != first.Tool:
			return nil, fmt.Errorf("%w: number 1 is made by %s, number %d by %s", ErrMerge, first.Tool, i+1, p.Tool)
		case !slices.Equal(p.Overrides, first.Overrides):
			return nil, fmt.Errorf("%w: number 1 is run with %q, number %d with %q", ErrMerge, first.Overrides, i+1, p.Overrides)
		case p.Selected != first.Selected:
			return nil, fmt.Errorf("%w: number 1 is of %d selected scenarios, number %d of %d", ErrMerge, first.Selected, i+1, p.Selected)
		}
		whole.Scenarios = append(whole.Scenarios, p.Scenarios...)
		covers = append(covers, p.PolicyCoverage)
	}
	slices.SortStableFunc(whole.Scenarios, func(a, b Scenario) int { return cmp.Compare(a.Index, b.Index) })
	for i := 1; i < len(whole.Scenarios); i++ {
		if a, b := &whole.Scenarios[i-1], &whole.Scenarios[i]; a.Index == b.Index {
			return nil, fmt.Errorf("%w: two of them have scenario %d, %s and %s", ErrMerge, a.Index+1, a.place(), b.place())
		}
	}
	whole.PolicyCoverage = MergeCoverage(covers...)
	whole.Totals = Count(whole.Scenarios)
	return whole, nil
}

// Missing is how many of the selected scenarios the report says nothing about.
func (r *Report) Missing() int { return r.Selected - len(r.Scenarios) }

// String is "rehearse v1.2.3".
func (t Tool) String() string { return t.Name + " " + t.Version }

// place is a variant by its file: "a.yaml [deployment=explicit]".
func (s *Scenario) place() string {
	if len(s.Variant) == 0 {
		return s.File
	}
	return fmt.Sprintf("%s [%s]", s.File, s.Variant)
}
