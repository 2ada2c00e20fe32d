package reports

import (
	"fmt"
	"io"
	"strings"
)

// githubErrors is how many error annotations GitHub takes from one step.
const githubErrors = 10

// writeGitHub renders failures as GitHub's workflow commands, which become
// annotations when they stand in the log of a step: the worst causes first, one
// of each, then as many others as there is room for.
func writeGitHub(w io.Writer, r *Report) error {
	var b strings.Builder
	all := causes(r)
	room, told := githubErrors, 0
	for round := 0; room > 0 && told < r.Totals.Failed; round++ {
		more := false
		for _, c := range all {
			if round < len(c.Scenarios) && room > 0 {
				githubError(&b, c, round)
				room--
				told++
				more = true
			}
		}
		if !more {
			break
		}
	}
	if rest := r.Totals.Failed - told; rest > 0 {
		githubCommand(&b, "notice", nil, fmt.Sprintf("%s not annotated", counted(rest, "more failed scenario is", "more failed scenarios are")))
	}
	githubFlaky(&b, r)
	if n := r.Missing(); n > 0 {
		githubCommand(&b, "warning", nil, fmt.Sprintf("%s not in this report", counted(n, "selected scenario is", "selected scenarios are")))
	}
	fmt.Fprintf(&b, "%s in %s of virtual time\n", r.Totals, span(took(r.Scenarios)))
	_, err := io.WriteString(w, b.String())
	return err
}

// githubWarnings is how many warnings GitHub takes from one step.
const githubWarnings = 10

// githubFlaky warns of what passed only when it was played again.
func githubFlaky(b *strings.Builder, r *Report) {
	told := 0
	for i := range r.Scenarios {
		if s := &r.Scenarios[i]; s.Flaky() && told < githubWarnings-1 {
			githubCommand(b, "warning", [][2]string{{"file", s.File}, {"title", s.title()}}, s.attempts())
			told++
		}
	}
}

// githubError annotates the place of the first expectation that did not hold.
func githubError(b *strings.Builder, c *cause, n int) {
	s := c.Scenarios[n]
	at := [][2]string{{"file", s.File}}
	message := s.Problem
	if i := s.firstFailed(); i >= 0 {
		step := s.Steps[i]
		at, message = githubPlace(s, step), githubMessage(s, i)
	}
	if n == 0 && len(c.Scenarios) > 1 {
		message += fmt.Sprintf("\nand %d more for the same cause", len(c.Scenarios)-1)
	}
	githubCommand(b, "error", append(at, [2]string{"title", s.title()}), message)
}

// githubPlace is where the first expectation of a step stands that did not hold.
func githubPlace(s *Scenario, step Step) [][2]string {
	if len(step.Misses) == 0 || step.Misses[0].Span.Start.Line == 0 {
		return [][2]string{{"file", s.File}, {"line", fmt.Sprint(step.Line)}}
	}
	miss := step.Misses[0].Span
	at := [][2]string{{"file", miss.File}, {"line", fmt.Sprint(miss.Start.Line)}, {"col", fmt.Sprint(miss.Start.Col)}}
	if miss.End.Line == miss.Start.Line {
		at = append(at, [2]string{"endColumn", fmt.Sprint(miss.End.Col)})
	}
	return at
}

// githubMessage says why a step failed, in lines.
func githubMessage(s *Scenario, at int) string {
	step := s.Steps[at]
	lines := []string{fmt.Sprintf("%s %s: %s", step.Actor, step.Action, step.Outcome)}
	for _, m := range step.Misses {
		lines = append(lines, m.Plain())
	}
	for i, h := range hints(step.Misses) {
		label := "try: "
		if i == 0 {
			label = "means: "
		}
		lines = append(lines, label+h)
	}
	if rules := s.deciding(at); len(rules) > 0 {
		lines = append(lines, "policy lines on the way: "+strings.Join(rules, ", "))
	}
	return strings.Join(lines, "\n")
}

// githubCommand writes a workflow command, escaped as GitHub's toolkit escapes it.
func githubCommand(b *strings.Builder, name string, properties [][2]string, message string) {
	data := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	property := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
	var all []string
	for _, p := range properties {
		all = append(all, p[0]+"="+property.Replace(paint(false).finish(p[1])))
	}
	if len(all) > 0 {
		name += " " + strings.Join(all, ",")
	}
	fmt.Fprintf(b, "::%s::%s\n", name, data.Replace(paint(false).finish(message)))
}
