package reports

import (
	"fmt"
	"slices"
	"strings"
)

// failure tells why a step failed: what was expected where, what the user would
// have read, what happened, what it means, what to try.
func (t *teller) failure(g group, i int) {
	s := g[0]
	at := s.Steps[i]
	t.misses(at.Misses)
	if text := g.text(i); text != "" {
		who := at.Actor + " would have read: "
		if at.sets() {
			who = at.Actor + ": "
		}
		t.say(t.in(), who+`"`+text+`"`)
	}
	if before := slices.IndexFunc(s.Steps[:i], at.repeats); before >= 0 && !t.Verbose {
		t.detail("the same as in line %d (-v shows its %s)", s.Steps[before].Line, counted(len(s.of(i)), "event", "events"))
		return
	}
	t.evidence(g, i)
	for i, h := range hints(at.Misses) {
		label := "try:   "
		if i == 0 {
			label = "means: "
		}
		t.say(t.in()+t.paint.yellow(label), h)
	}
}

// repeats says whether a step failed as an earlier one did.
func (s Step) repeats(before Step) bool {
	return before.Verdict == Failed && before.Actor == s.Actor && s.Outcome.Code != "" && before.Outcome.String() == s.Outcome.String()
}

// misses tells what was expected and what there was, and shows the lines that
// say so, each once.
func (t *teller) misses(misses []Miss) {
	for _, l := range byLine(misses) {
		for _, m := range l.Misses {
			t.detail("%s: %s", m.Span, t.paint.red(m.String()))
		}
		for line := range strings.Lines(l.Excerpt) {
			t.detail("%s", strings.TrimSuffix(line, "\n"))
		}
	}
}

// missedLine is a line of a scenario with what did not hold of it, and carets
// under all of that.
type missedLine struct {
	Misses  []Miss
	Excerpt string
}

// byLine puts misses of one line together.
func byLine(misses []Miss) []missedLine {
	var lines []missedLine
	for _, m := range misses {
		if n := len(lines); n > 0 && sourceLine(m.Excerpt) == sourceLine(lines[n-1].Excerpt) {
			lines[n-1].Misses = append(lines[n-1].Misses, m)
			lines[n-1].Excerpt = overlay(lines[n-1].Excerpt, m.Excerpt)
			continue
		}
		lines = append(lines, missedLine{[]Miss{m}, m.Excerpt})
	}
	return lines
}

func sourceLine(excerpt string) string {
	line, _, _ := strings.Cut(excerpt, "\n")
	return line
}

// overlay lays the carets of two excerpts of one line over each other.
func overlay(a, b string) string {
	if a == "" {
		return b
	}
	line, below, _ := strings.Cut(a, "\n")
	_, above, _ := strings.Cut(b, "\n")
	merged := []rune(strings.TrimRight(below, "\n"))
	for i, r := range []rune(strings.TrimRight(above, "\n")) {
		if i >= len(merged) {
			merged = append(merged, r)
		} else if r == '^' || r == '~' {
			merged[i] = r
		}
	}
	return line + "\n" + string(merged) + "\n"
}

// hints are those of all misses of a step, each once.
func hints(misses []Miss) []string {
	var all []string
	for _, m := range misses {
		for _, h := range m.Hints {
			if !slices.Contains(all, h) {
				all = append(all, h)
			}
		}
	}
	return all
}

// next names the folder to look into, where there is one, and what to type.
func (t *teller) next(s *Scenario) {
	if s.Capture != "" {
		t.detail("capture: %s", s.Capture)
	}
	for _, step := range s.Steps {
		if step.Verdict == Failed && step.Outcome.Code != "" {
			t.detail("next:  %s", t.paint.bold("rehearse explain "+step.Outcome.Code))
			break
		}
	}
	t.detail("again: %s", t.paint.bold(t.command(s)))
}

// command runs a variant by itself, with all its evidence.
func (t *teller) command(s *Scenario) string {
	words := []string{"rehearse run -v"}
	for _, arg := range t.Again {
		words = append(words, quoted(arg))
	}
	var filter []string
	for _, v := range s.Variant {
		filter = append(filter, v.Name+"="+term(v.Value))
	}
	if len(filter) > 0 {
		words = append(words, "--filter", quoted(strings.Join(filter, " && ")))
	}
	return strings.Join(append(words, quoted(s.File)), " ")
}

// term is a value as a filter takes it.
func term(value string) string {
	if value == "" || strings.ContainsAny(value, ` ()!=<>~&|`) {
		return `"` + value + `"`
	}
	return value
}

// quoted is an argument as a shell takes it.
func quoted(arg string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_./=,:@+", r)
	}
	if arg != "" && !strings.ContainsFunc(arg, func(r rune) bool { return !plain(r) }) {
		return arg
	}
	return "'" + strings.ReplaceAll(arg, "'", `'\''`) + "'"
}

// String is the expectation and what there was: `code: got "", want "http_400"`.
func (m Miss) String() string {
	wanted := m.wanted()
	if m.Field == "no_event" {
		wanted = "nothing with " + wanted
	}
	return fmt.Sprintf("%s: got %q, want %s", m.Field, m.Got, wanted)
}

// Plain is the same as a sentence: `code was empty, expected "http_400"`.
func (m Miss) Plain() string {
	switch m.Field {
	case "event":
		return fmt.Sprintf("there was no event with %s", m.wanted())
	case "no_event":
		return fmt.Sprintf("there was %q, expected no event with %s", m.Got, m.wanted())
	case "within", "at_least":
		return fmt.Sprintf("it took %s, expected %s %s", m.Got, strings.ReplaceAll(m.Field, "_", " "), strings.Join(m.Want, " or "))
	}
	if m.Got == "" {
		return fmt.Sprintf("%s was empty, expected %s", m.Field, m.wanted())
	}
	return fmt.Sprintf("%s was %q, expected %s", m.Field, m.Got, m.wanted())
}

// wanted are the values any of which would do, quoted.
func (m Miss) wanted() string {
	var quoted []string
	for _, w := range m.Want {
		quoted = append(quoted, fmt.Sprintf("%q", w))
	}
	return strings.Join(quoted, " or ")
}
