package reports

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// group is variants of one file that came out alike.
type group struct {
	told     string
	variants []*Scenario
}

// file writes the block of one scenario file.
func (c Console) file(b *strings.Builder, f file) {
	for i, g := range c.groups(f) {
		name := f.name
		if i > 0 {
			name = "…"
		}
		s := g.variants[0]
		p := paint(c.Colour)
		fmt.Fprintf(b, "%s %s%s\n", p.mark(s.Verdict), name, p.dim(settings(g.variants)))
		b.WriteString(g.told)
	}
}

// groups puts passed variants together that tell the same; others stand alone.
func (c Console) groups(f file) []group {
	var groups []group
	for _, s := range f.variants {
		told := c.tell(s)
		at := -1
		if !c.Verbose && s.Verdict == Passed {
			at = slices.IndexFunc(groups, func(g group) bool { return g.variants[0].Verdict == Passed && g.told == told })
		}
		if at < 0 {
			groups = append(groups, group{told: told, variants: []*Scenario{s}})
			continue
		}
		groups[at].variants = append(groups[at].variants, s)
	}
	return groups
}

// tell is what is said below the name of a variant.
func (c Console) tell(s *Scenario) string {
	var b strings.Builder
	for i, step := range s.Steps {
		fmt.Fprintf(&b, "    %s %s: %s\n", step.Actor, step.Action, ending(step))
		if step.Verdict == Failed {
			c.failure(&b, s, i)
		}
	}
	if s.Problem != "" {
		fmt.Fprintf(&b, "    problem: %s\n", s.Problem)
	}
	return b.String()
}

// ending is how a step came out, the usual end in one word.
func ending(s Step) string {
	words := strings.TrimPrefix(s.Outcome.String(), "done ")
	if took := time.Duration(s.Outcome.VirtualMS) * time.Millisecond; took >= time.Second {
		words += " after " + span(took)
	}
	return words
}

// settings are those of all variants of a group.
func settings(variants []*Scenario) string {
	var all []string
	for _, s := range variants {
		all = append(all, s.Variant.String())
	}
	return "  " + strings.Join(all, " | ")
}

// failure shows why a step failed.
func (c Console) failure(b *strings.Builder, s *Scenario, step int) {
	for _, m := range s.Steps[step].Misses {
		fmt.Fprintf(b, "%s: %s\n%s", m.Span, m, m.Excerpt)
	}
	for _, e := range s.of(step) {
		fmt.Fprintf(b, "  %8.3f %s %s %s\n", float64(e.AtMS)/1000, e.Flow, e.Actor, e.Text)
	}
}

// String is the expectation and what there was: `code: got "", want "http_400"`.
func (m Miss) String() string {
	var want []string
	for _, w := range m.Want {
		want = append(want, fmt.Sprintf("%q", w))
	}
	return fmt.Sprintf("%s: got %q, want %s", m.Field, m.Got, strings.Join(want, " or "))
}
