package reports

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// file is one scenario file's part of a report.
type file struct {
	path, name string
	variants   []*Scenario
}

// byFile puts the variants of each file together, in the order of the report.
func byFile(scenarios []Scenario) []file {
	type key struct{ path, name string }
	var files []file
	places := map[key]int{}
	for i := range scenarios {
		s := &scenarios[i]
		at, ok := places[key{s.File, s.Name}]
		if !ok {
			at = len(files)
			places[key{s.File, s.Name}] = at
			files = append(files, file{path: s.File, name: s.Name})
		}
		files[at].variants = append(files[at].variants, s)
	}
	return files
}

// verdict is the worst of the variants'.
func (f file) verdict() Verdict {
	for _, v := range []Verdict{Failed, Unsupported} {
		if slices.ContainsFunc(f.variants, func(s *Scenario) bool { return s.Verdict == v }) {
			return v
		}
	}
	return Passed
}

// share tells how many of several variants came out so: " (2 of 3 variants)".
func (f file) share(v Verdict) string {
	n := 0
	for _, s := range f.variants {
		if s.Verdict == v {
			n++
		}
	}
	if len(f.variants) == 1 {
		return ""
	}
	return fmt.Sprintf(" (%d of %d variants)", n, len(f.variants))
}

// value is that of one axis, "" where the variant has no such axis.
func (v Variant) value(name string) string {
	for _, s := range v {
		if s.Name == name {
			return s.Value
		}
	}
	return ""
}

// String is the settings as a filter writes them: "deployment=explicit, faults=silent".
func (v Variant) String() string {
	var all []string
	for _, s := range v {
		all = append(all, s.Name+"="+s.Value)
	}
	return strings.Join(all, ", ")
}

// took is how long the steps took on the scenario's clock.
func (s *Scenario) took() time.Duration {
	var all time.Duration
	for _, step := range s.Steps {
		all += step.took()
	}
	return all
}

// took is how long the step took on the scenario's clock.
func (s Step) took() time.Duration { return time.Duration(s.Outcome.VirtualMS) * time.Millisecond }

// of is the evidence of one step.
func (s *Scenario) of(step int) []Evidence {
	var own []Evidence
	for _, e := range s.Evidence {
		if e.Step == step {
			own = append(own, e)
		}
	}
	return own
}

// title is the name with the settings of the variant.
func (s *Scenario) title() string {
	if len(s.Variant) == 0 {
		return s.Name
	}
	return fmt.Sprintf("%s [%s]", s.Name, s.Variant)
}

// firstMiss is the first expectation that did not hold, "" when all did.
func (s *Scenario) firstMiss() string {
	for _, step := range s.Steps {
		for _, m := range step.Misses {
			return fmt.Sprintf("%s: %s", m.Span, m)
		}
	}
	return ""
}

// FailureText is how the console tells a variant by itself, in plain text.
func (s *Scenario) FailureText() string {
	t := newTeller(Console{})
	t.group(group{s})
	return t.out.String()
}
