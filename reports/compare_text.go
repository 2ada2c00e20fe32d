package reports

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// Write tells the comparison to people, the worst first. Colour is by escape
// sequences.
func (c Comparison) Write(w io.Writer, colour bool) error {
	t := newTeller(Console{Colour: colour})
	t.flips(t.paint.red("newly failed"), c.NewlyFailed, StepChange.outcomes)
	t.flips(t.paint.green("newly passed"), c.NewlyPassed, StepChange.outcomes)
	t.flips(t.paint.yellow("came there another way"), c.Changed, StepChange.outcomes)
	t.flips(t.paint.yellow("slower"), c.Slower, StepChange.times)
	t.flips("added", c.Added, StepChange.outcomes)
	t.flips("removed", c.Removed, StepChange.outcomes)
	var parts []string
	for _, p := range []struct {
		n    int
		what string
	}{
		{len(c.NewlyFailed), "newly failed"}, {len(c.NewlyPassed), "newly passed"}, {len(c.Changed), "changed"},
		{len(c.Slower), "slower"}, {len(c.Added), "added"}, {len(c.Removed), "removed"},
	} {
		if p.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", p.n, p.what))
		}
	}
	fmt.Fprintf(&t.out, "%s\n", cmp.Or(strings.Join(parts, ", "), "nothing differs"))
	fmt.Fprintf(&t.out, "before: %s; now: %s\n", c.Old, c.New)
	_, err := io.WriteString(w, t.paint.finish(t.out.String()))
	return err
}

// flips tells one list of a comparison, of steps what tells says. Variants of one
// file that differ alike are told together.
func (t *teller) flips(title string, list []Flip, tells func(StepChange) string) {
	if len(list) == 0 {
		return
	}
	fmt.Fprintf(&t.out, "%s\n", title)
	for len(list) > 0 {
		f, n := list[0], 1
		for n < len(list) && list[n].like(f, tells) {
			n++
		}
		t.flip(list[:n], tells)
		list = list[n:]
	}
	t.out.WriteByte('\n')
}

// flip tells what is the same of all variants in a list.
func (t *teller) flip(list []Flip, tells func(StepChange) string) {
	f, g := list[0], group{}
	for _, v := range list {
		g = append(g, &Scenario{Variant: v.Variant})
	}
	fmt.Fprintf(&t.out, "  %s %s%s\n", t.paint.bold(f.Name), t.paint.dim("("+f.File+")"), f.verdicts())
	for _, line := range settings(g) {
		fmt.Fprintf(&t.out, "    %s\n", line)
	}
	for _, c := range f.Steps {
		fmt.Fprintf(&t.out, "      %s %s %s: %s\n", t.paint.dim(fmt.Sprintf("line %d", c.Line)), c.Actor, c.Action, tells(c))
	}
	if f.Why != "" && f.New == Failed && f.Old != Failed {
		t.say("      because: ", f.Why)
	}
}

// like says whether two variants of one file are told alike.
func (f Flip) like(o Flip, tells func(StepChange) string) bool {
	return f.File == o.File && f.Name == o.Name && f.Old == o.Old && f.New == o.New && f.Why == o.Why &&
		slices.EqualFunc(f.Steps, o.Steps, func(a, b StepChange) bool {
			return a.Line == b.Line && a.Actor == b.Actor && a.Action == b.Action && tells(a) == tells(b)
		})
}

// verdicts tells a verdict that flipped: ", failed before".
func (f Flip) verdicts() string {
	switch {
	case f.Old == "" && f.New == Failed:
		return ", not there before"
	case f.Old == "" || f.New == "" || f.Old == f.New:
		return ""
	}
	return fmt.Sprintf(", %s before", f.Old)
}

// outcomes tells both ends of a step that ended otherwise.
func (c StepChange) outcomes() string {
	end := func(outcome string) string { return cmp.Or(strings.TrimPrefix(outcome, "done "), "no such step") }
	return end(c.Old) + " → " + end(c.New)
}

// times tells both times of a step that took longer.
func (c StepChange) times() string {
	ms := func(n int64) string { return span(time.Duration(n) * time.Millisecond) }
	return ms(c.OldMS) + " → " + ms(c.NewMS)
}

// String is "74 passed, 0 failed".
func (t Totals) String() string {
	s := fmt.Sprintf("%d passed, %d failed", t.Passed, t.Failed)
	if t.Unsupported > 0 {
		s += fmt.Sprintf(", %d unsupported", t.Unsupported)
	}
	if t.Flaky > 0 {
		s += fmt.Sprintf(", %d flaky", t.Flaky)
	}
	return s
}
