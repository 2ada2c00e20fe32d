package reports

import (
	"cmp"
	"fmt"
	"math"
	"path"
	"slices"
	"strings"
	"time"
)

// group is variants of one file that are told together.
type group []*Scenario

// file writes the block of one scenario file.
func (t *teller) file(f file) {
	groups := t.groups(f)
	mark := t.paint.mark(f.verdict())
	fmt.Fprintf(&t.out, "%s %s %s\n", mark, t.paint.bold(f.name), t.paint.dim("("+path.Base(f.path)+")"))
	for _, g := range groups {
		for _, line := range settings(g) {
			if len(groups) > 1 {
				line = t.paint.mark(g[0].Verdict) + " " + line
			}
			fmt.Fprintf(&t.out, "  %s\n", line)
		}
		t.group(g)
	}
}

// groups puts variants together that came out alike; for the verbose each stands
// alone.
func (t *teller) groups(f file) []group {
	var groups []group
	for _, s := range f.variants {
		at := -1
		if !t.Verbose {
			at = slices.IndexFunc(groups, func(g group) bool { return alike(g[0], s) })
		}
		if at < 0 {
			at = len(groups)
			groups = append(groups, nil)
		}
		groups[at] = append(groups[at], s)
	}
	return groups
}

// alike says whether two variants can be told together: the same actors came to
// the same outcomes and missed the same.
func alike(a, b *Scenario) bool {
	return a.Verdict == b.Verdict && a.Problem == b.Problem && slices.Equal(a.Failures, b.Failures) && slices.EqualFunc(a.Steps, b.Steps, func(a, b Step) bool {
		return a.Actor == b.Actor && a.Outcome.String() == b.Outcome.String() && a.Note == b.Note && slices.EqualFunc(a.Misses, b.Misses, func(a, b Miss) bool {
			return a.Span == b.Span && a.String() == b.String()
		})
	})
}

// group tells the steps of variants that came out alike; why it failed, and the
// evidence, is that of the first.
func (t *teller) group(g group) {
	one := g[0]
	for i, step := range one.Steps {
		mark := ""
		if step.Verdict != Passed {
			mark = t.paint.mark(step.Verdict) + " "
		}
		fmt.Fprintf(&t.out, "    %s%s%s%s\n", t.line(step), mark, g.step(i), g.took(i, t.least(step)))
		t.text(g, i)
		switch step.Verdict {
		case Failed:
			t.failure(g, i)
		case Unsupported:
			t.unsupported(step)
		}
	}
	if one.Problem != "" {
		t.say("    "+t.paint.mark(Failed)+" ", "could not be played to its end: "+one.Problem)
	}
	if one.Verdict == Failed {
		t.next(one)
	}
}

// unsupported tells why a step could not be asked, and where it was taken all the
// same, what was otherwise than the scenario has it.
func (t *teller) unsupported(s Step) {
	for _, m := range s.Misses {
		t.say(t.in(), m.Plain())
	}
	if s.Note != "" {
		t.say(t.in(), t.paint.yellow("unsupported: ")+s.Note)
	}
}

// line is the place of a step in its file, for the verbose.
func (t *teller) line(s Step) string {
	if !t.Verbose {
		return ""
	}
	return t.paint.dim(fmt.Sprintf("%4d ", s.Line))
}

// least is the time from which on a step's is worth a word.
func (t *teller) least(s Step) time.Duration {
	switch {
	case s.sets():
		return math.MaxInt64
	case t.Verbose:
		return 0
	}
	return 10 * time.Second
}

// text tells what the user would have read, where a code comes for the first time.
func (t *teller) text(g group, i int) {
	s, text := g[0].Steps[i], g.text(i)
	code := s.Outcome.Code
	switch {
	case s.Verdict == Failed || text == "" || s.sets() && code == "":
		return
	case !t.Verbose && (code == "" || t.heard[code]):
		return
	}
	t.heard[code], t.first = true, cmp.Or(t.first, code)
	if !s.sets() {
		text = `"` + text + `"`
	}
	t.say(t.in(), text)
}

// text is the text of a step's outcome; where variants differ, as far as they
// agree.
func (g group) text(i int) string {
	words := strings.Fields(g[0].Steps[i].Outcome.Text)
	same := len(words)
	for _, s := range g[1:] {
		others := strings.Fields(s.Steps[i].Outcome.Text)
		same = min(same, len(others))
		for at := range same {
			if words[at] != others[at] {
				same = at
				break
			}
		}
	}
	if same < len(words) {
		return strings.Join(append(words[:same:same], "..."), " ")
	}
	return strings.Join(words, " ")
}

// step is a step and what came of it: "alice sign in: revocation aborted
// CRYPT_E_REVOKED". Of what set the stage only a refusal is told.
func (g group) step(i int) string {
	s := g[0].Steps[i]
	what := g.action(i)
	if !strings.Contains(" "+what+" ", " "+s.Actor+" ") {
		what = s.Actor + " " + what
	}
	switch {
	case !s.taken():
		return what + ": not played"
	case s.sets() && s.Outcome.Code == "":
		return what
	}
	return what + ": " + strings.TrimPrefix(s.Outcome.String(), "done ")
}

// taken says whether a step was taken, and not only told.
func (s Step) taken() bool { return s.Verdict != Unsupported || s.Outcome.Result != "" }

// sets says whether a step sets the stage, rather than being a client's.
func (s Step) sets() bool { return slices.Contains([]string{"appliance", "faults", "wait"}, s.Actor) }

// action is what is done in a step; where variants differ, their settings say how.
func (g group) action(i int) string {
	action := g[0].Steps[i].Action
	for _, s := range g[1:] {
		if s.Steps[i].Action != action {
			return "(by variant)"
		}
	}
	return action
}

// took tells the time of a step that took the least at least: " after 20s", or
// " after 30s to 2m" where variants differ.
func (g group) took(i int, least time.Duration) string {
	from, to := g[0].Steps[i].took(), g[0].Steps[i].took()
	for _, s := range g[1:] {
		from, to = min(from, s.Steps[i].took()), max(to, s.Steps[i].took())
	}
	switch a, b := span(from), span(to); {
	case to < least:
		return ""
	case a == b:
		return " after " + a
	default:
		return fmt.Sprintf(" after %s to %s", a, b)
	}
}

// settings are those of all variants of a group: in one line where they are all
// combinations of some values, else a line for each.
func settings(g group) []string {
	var names []string
	values := map[string][]string{}
	combinations := 1
	for _, s := range g[0].Variant {
		names = append(names, s.Name)
		for _, v := range g {
			if value := v.Variant.value(s.Name); !slices.Contains(values[s.Name], value) {
				values[s.Name] = append(values[s.Name], value)
			}
		}
		combinations *= len(values[s.Name])
	}
	if len(names) == 0 {
		return nil
	}
	var all []string
	if combinations == len(g) {
		for _, name := range names {
			all = append(all, name+"="+strings.Join(values[name], "|"))
		}
		return []string{strings.Join(all, ", ")}
	}
	for _, s := range g {
		all = append(all, s.Variant.String())
	}
	return all
}
