package reports

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// Console renders a report for people, at a terminal or in a CI log. It tells
// each scenario in few lines, variants that came out alike together, and each
// failure in full: where, what there was and what was wanted, what led to it,
// what to try.
type Console struct {
	Colour  bool // escape sequences for colours
	Verbose bool // every variant by itself with times and texts, all evidence of failed steps
}

// Write renders the report, scenarios in its order.
func (c Console) Write(w io.Writer, r *Report) error {
	var b strings.Builder
	chapter := ""
	for _, f := range byFile(r.Scenarios) {
		if dir := f.folder(); dir != chapter {
			chapter = dir
			fmt.Fprintf(&b, "%s\n\n", paint(c.Colour).bold(dir))
		}
		c.file(&b, f)
		b.WriteByte('\n')
	}
	fmt.Fprintln(&b, c.summary(r))
	_, err := io.WriteString(w, b.String())
	return err
}

// summary is the last line.
func (c Console) summary(r *Report) string {
	var took time.Duration
	for i := range r.Scenarios {
		took += r.Scenarios[i].took()
	}
	p := paint(c.Colour)
	passed, failed := fmt.Sprintf("%d passed", r.Totals.Passed), fmt.Sprintf("%d failed", r.Totals.Failed)
	if r.Totals.Failed > 0 {
		failed = p.red(failed)
	} else {
		passed = p.green(passed)
	}
	parts := []string{passed, failed}
	if n := r.Totals.Unsupported; n > 0 {
		parts = append(parts, p.yellow(fmt.Sprintf("%d unsupported", n)))
	}
	return strings.Join(parts, ", ") + fmt.Sprintf("; %s of virtual time", span(took))
}

// span is a duration in two units at most: "2h 13m", "1m 5s", "0.25s".
func span(d time.Duration) string {
	if d >= time.Minute {
		d = d.Round(time.Second)
	}
	switch days := d / (24 * time.Hour); {
	case days > 0:
		return fmt.Sprintf("%dd %dh", days, d%(24*time.Hour)/time.Hour)
	case d >= time.Hour:
		return fmt.Sprintf("%dh %dm", d/time.Hour, d%time.Hour/time.Minute)
	case d >= time.Minute:
		return fmt.Sprintf("%dm %ds", d/time.Minute, d%time.Minute/time.Second)
	case d >= 10*time.Second:
		return fmt.Sprintf("%ds", d.Round(time.Second)/time.Second)
	}
	return fmt.Sprintf("%.3gs", d.Seconds())
}
