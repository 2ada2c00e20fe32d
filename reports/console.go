package reports

import (
	"fmt"
	"io"
	"path"
	"strings"
	"time"
)

// Console renders a report for people, at a terminal or in a CI log: a block for
// each scenario file under the name of its folder, each failure in full, a
// summary.
type Console struct {
	Colour bool // colour by escape sequences
	// Verbose shows every variant by itself, with the lines, times and texts of its
	// steps, and the whole evidence of failed ones. Without it variants that came
	// out alike are told together.
	Verbose bool
	// Again are the arguments that `rehearse run` needs, beside filter and file, to
	// run a variant as it was run: "--release", "6.5.5.1". Most often none.
	Again []string
	// Real: the clock was the machine's.
	Real bool
}

// Write renders the report, files in the order of their first scenarios.
func (c Console) Write(w io.Writer, r *Report) error {
	t := newTeller(c)
	files, chapter := byFile(r.Scenarios), "."
	for _, f := range files {
		if dir := path.Dir(f.path); dir != chapter {
			chapter = dir
			fmt.Fprintf(&t.out, "%s\n\n", t.paint.bold(dir))
		}
		t.file(f)
		t.out.WriteByte('\n')
	}
	t.summary(r, files)
	_, err := io.WriteString(w, t.paint.finish(t.out.String()))
	return err
}

// teller writes one report.
type teller struct {
	Console
	paint paint
	out   strings.Builder
	// heard are the codes of outcomes whose text was given.
	heard map[string]bool
	first string // of them
}

func newTeller(c Console) *teller {
	return &teller{Console: c, paint: paint(c.Colour), heard: map[string]bool{}}
}

// in is how far the details of a step stand in, behind its line number if it has
// one.
func (t *teller) in() string {
	if t.Verbose {
		return "           "
	}
	return "      "
}

// detail writes one line about a step.
func (t *teller) detail(format string, args ...any) {
	fmt.Fprintf(&t.out, t.in()+format+"\n", args...)
}

// width is where text that runs on is broken.
const width = 100

// say writes a text behind a lead, broken into lines that stand as far in.
func (t *teller) say(lead, text string) {
	in := columns(lead)
	at := in
	t.out.WriteString(lead)
	for i, word := range strings.Fields(text) {
		switch n := columns(word); {
		case i == 0:
			at += n
		case at+1+n > width:
			t.out.WriteString("\n" + strings.Repeat(" ", in))
			at = in + n
		default:
			t.out.WriteByte(' ')
			at += 1 + n
		}
		t.out.WriteString(word)
	}
	t.out.WriteByte('\n')
}

// summary is the end: the files that failed once more, and the counts.
func (t *teller) summary(r *Report, files []file) {
	for _, f := range files {
		if f.verdict() == Failed {
			fmt.Fprintf(&t.out, "%s %s: %s%s\n", t.paint.red("failed:"), f.path, f.name, f.share(Failed))
		}
		for _, s := range f.variants {
			if s.Flaky() {
				t.say(t.paint.yellow("flaky:")+" ", fmt.Sprintf("%s: %s: %s", f.path, s.title(), strings.TrimPrefix(s.attempts(), "flaky: ")))
			}
		}
	}
	if r.Totals.Failed == 0 && t.first != "" {
		fmt.Fprintf(&t.out, "what an outcome means, and what mends it: %s\n", t.paint.bold("rehearse explain "+t.first))
	}
	passed, failed := fmt.Sprintf("%d passed", r.Totals.Passed), fmt.Sprintf("%d failed", r.Totals.Failed)
	if r.Totals.Failed > 0 {
		failed = t.paint.red(failed)
	} else {
		passed = t.paint.green(passed)
	}
	parts := []string{passed, failed}
	if n := r.Totals.Unsupported; n > 0 {
		parts = append(parts, t.paint.yellow(fmt.Sprintf("%d unsupported", n)))
	}
	if n := r.Totals.Flaky; n > 0 {
		parts = append(parts, t.paint.yellow(fmt.Sprintf("%d flaky", n)))
	}
	clock := "virtual"
	if t.Real {
		clock = "real"
	}
	fmt.Fprintf(&t.out, "%s in %s of %s time\n", strings.Join(parts, ", "), span(took(r.Scenarios)), clock)
}

// took is how long scenarios took on their clocks, one after the other.
func took(scenarios []Scenario) time.Duration {
	var all time.Duration
	for i := range scenarios {
		all += scenarios[i].took()
	}
	return all
}

// span is a duration in two units at most: "2h 13m", "1m 5s", "0.25s".
func span(d time.Duration) string {
	if d >= 10*time.Second {
		d = d.Round(time.Second)
	}
	day := 24 * time.Hour
	switch {
	case d >= day:
		return units(d, day, "d", time.Hour, "h")
	case d >= time.Hour:
		return units(d, time.Hour, "h", time.Minute, "m")
	case d >= time.Minute:
		return units(d, time.Minute, "m", time.Second, "s")
	}
	return fmt.Sprintf("%.3gs", d.Seconds())
}

func units(d, large time.Duration, l string, small time.Duration, s string) string {
	if rest := d % large / small; rest > 0 {
		return fmt.Sprintf("%d%s %d%s", d/large, l, rest, s)
	}
	return fmt.Sprintf("%d%s", d/large, l)
}
