package reports

import (
	"fmt"
	"io"
	"strings"
)

// writeTAP renders the report as TAP 13 (testanything.org), which harnesses of version
// 14 read, too, and Perl's reads at all: a test point a variant, with a YAML block
// behind those that failed.
func writeTAP(w io.Writer, r *Report) error {
	var b strings.Builder
	fmt.Fprintf(&b, "TAP version 13\n1..%d\n", len(r.Scenarios))
	if n := r.Missing(); n > 0 {
		fmt.Fprintf(&b, "# %s not in this report\n", counted(n, "selected scenario is", "selected scenarios are"))
	}
	for i := range r.Scenarios {
		tapPoint(&b, i+1, &r.Scenarios[i])
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func tapPoint(b *strings.Builder, n int, s *Scenario) {
	state := "ok"
	if s.Verdict == Failed {
		state = "not ok"
	}
	fmt.Fprintf(b, "%s %d - %s", state, n, tapText(s.title()))
	if s.Verdict == Unsupported {
		b.WriteString(" # SKIP could not be asked of what was tested")
	}
	b.WriteByte('\n')
	if told := s.attempts(); told != "" {
		fmt.Fprintf(b, "# %s\n", tapText(told))
	}
	if s.Verdict == Failed {
		tapBlock(b, s)
	}
}

// tapBlock says in YAML why a variant failed. A JSON text is a YAML one, too.
func tapBlock(b *strings.Builder, s *Scenario) {
	quoted := func(text string) string { return string(appendText(nil, text)) }
	fmt.Fprintf(b, "  ---\n  severity: fail\n  file: %s\n", quoted(s.File))
	if s.Problem != "" {
		fmt.Fprintf(b, "  message: %s\n", quoted(s.Problem))
	} else {
		fmt.Fprintf(b, "  message: %s\n", quoted(s.firstMiss()))
	}
	if at := s.firstFailed(); at >= 0 {
		step := s.Steps[at]
		fmt.Fprintf(b, "  line: %d\n  step: %s\n  outcome: %s\n", step.Line, quoted(step.Actor+" "+step.Action), quoted(step.Outcome.String()))
		for i, h := range hints(step.Misses) {
			if i == 0 {
				fmt.Fprintf(b, "  means: %s\n", quoted(h))
				continue
			}
			if i == 1 {
				b.WriteString("  try:\n")
			}
			fmt.Fprintf(b, "    - %s\n", quoted(h))
		}
	}
	b.WriteString("  ...\n")
}

// tapText is a description in one line; "#" would begin a directive.
func tapText(text string) string {
	text = paint(false).finish(strings.Join(strings.Fields(text), " "))
	return strings.NewReplacer(`\`, `\\`, "#", `\#`).Replace(text)
}
