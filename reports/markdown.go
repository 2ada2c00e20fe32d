package reports

import (
	"fmt"
	"io"
	"strings"
	"unicode"
)

// markdownRoom is how many bytes a report in Markdown has: a comment on GitHub
// takes 65,536 characters, a step summary 1 MiB.
const markdownRoom = 60_000

// writeMarkdown renders a summary for pull requests and step summaries: counts,
// then what broke, the worst cause first, each with one scenario's expectation,
// hints and ladder diagram. Causes for which there is no room are named only.
func writeMarkdown(w io.Writer, r *Report) error {
	var b strings.Builder
	v := htmlView{Report: r}
	fmt.Fprintf(&b, "## %s %s\n\n", paint(false).mark(v.State()), v.Title())
	fmt.Fprintf(&b, "%s in %s of virtual time", r.Totals, span(took(r.Scenarios)))
	if len(r.Overrides) > 0 {
		fmt.Fprintf(&b, ", run with %s", codeSpan(strings.Join(r.Overrides, " ")))
	}
	b.WriteString(".\n")
	if n := r.Missing(); n > 0 {
		fmt.Fprintf(&b, "\n**%s not in this report.**\n", counted(n, "selected scenario is", "selected scenarios are"))
	}
	b.WriteString(markdownFlaky(r))
	t := newTeller(Console{Again: r.Overrides})
	for i, c := range causes(r) {
		part := t.markdownCause(c, i == 0)
		if b.Len()+len(part) > markdownRoom {
			part = fmt.Sprintf("\n- %s: %s\n", markdownTitle(c), counted(len(c.Scenarios), "scenario", "scenarios"))
		}
		if b.Len()+len(part) > markdownRoom {
			b.WriteString("\nThere is no room for the other causes.\n")
			break
		}
		b.WriteString(part)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// markdownFlaky names what passed only when it was played again.
func markdownFlaky(r *Report) string {
	var b strings.Builder
	for i := range r.Scenarios {
		if s := &r.Scenarios[i]; s.Flaky() && b.Len() < markdownRoom/10 {
			fmt.Fprintf(&b, "\n- %s: %s\n", plainMarkdown(s.title()), plainMarkdown(s.attempts()))
		}
	}
	return b.String()
}

// markdownCause tells a cause by its first scenario, open or behind a fold.
func (t *teller) markdownCause(c *cause, open bool) string {
	var b strings.Builder
	state := ""
	if open {
		state = " open"
	}
	fmt.Fprintf(&b, "\n<details%s>\n<summary><b>%d</b> failed: %s</summary>\n\n", state, len(c.Scenarios), htmlText(c.Title))
	s := c.Scenarios[0]
	fmt.Fprintf(&b, "%s, %s\n\n", plainMarkdown(s.title()), codeSpan(s.File))
	if at := s.firstFailed(); at >= 0 {
		t.markdownStep(&b, s, at)
	}
	if s.Problem != "" {
		fmt.Fprintf(&b, "could not be played to its end: %s\n\n", plainMarkdown(s.Problem))
	}
	fmt.Fprintf(&b, "Run it again: %s\n", codeSpan(t.command(s)))
	if len(c.Scenarios) > 1 {
		fmt.Fprintf(&b, "\nThe same cause:\n\n")
	}
	for i, o := range c.Scenarios[1:] {
		if i == 20 {
			fmt.Fprintf(&b, "- and %d more\n", len(c.Scenarios)-1-i)
			break
		}
		fmt.Fprintf(&b, "- %s, %s\n", plainMarkdown(o.title()), codeSpan(o.File))
	}
	b.WriteString("\n</details>\n")
	return b.String()
}

func (t *teller) markdownStep(b *strings.Builder, s *Scenario, at int) {
	step := s.Steps[at]
	fmt.Fprintf(b, "**%s** %s: %s\n\n", plainMarkdown(step.Actor), plainMarkdown(step.Action), codeSpan(step.Outcome.String()))
	for _, l := range byLine(step.Misses) {
		for _, m := range l.Misses {
			fmt.Fprintf(b, "- %s (%s)\n", plainMarkdown(m.Plain()), plainMarkdown(m.Span.String()))
		}
		fmt.Fprintf(b, "\n%s\n", codeBlock("yaml", dedent(l.Excerpt)))
	}
	for i, h := range hints(step.Misses) {
		label := "try"
		if i == 0 {
			label = "means"
		}
		fmt.Fprintf(b, "- **%s** %s\n", label, plainMarkdown(h))
	}
	if rules := s.deciding(at); len(rules) > 0 {
		fmt.Fprintf(b, "- policy lines on the way: %s\n", codeSpan(strings.Join(rules, ", ")))
	}
	if ladder := mermaid(s, at); ladder != "" {
		fmt.Fprintf(b, "\n%s\n", codeBlock("mermaid", ladder))
	}
}

func markdownTitle(c *cause) string { return plainMarkdown(c.Title) }

// plainMarkdown is text that Markdown takes for nothing but text.
func plainMarkdown(text string) string {
	var b strings.Builder
	for _, r := range strings.Join(strings.Fields(text), " ") {
		switch {
		case unicode.IsControl(r):
			r = unicode.ReplacementChar
		case strings.ContainsRune("\\`*_{}[]<>#|~&@", r):
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// htmlText is text for an HTML element within Markdown.
func htmlText(text string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "@", "&#64;").Replace(paint(false).finish(strings.Join(strings.Fields(text), " ")))
}

// codeSpan is text as code, behind as many backticks as it needs.
func codeSpan(text string) string {
	text = paint(false).finish(strings.Join(strings.Fields(text), " "))
	fence := "`"
	for strings.Contains(text, fence) {
		fence += "`"
	}
	if len(fence) > 1 {
		return fence + " " + text + " " + fence
	}
	return fence + text + fence
}

// codeBlock is a fenced block.
func codeBlock(language, text string) string {
	fence := "```"
	for strings.Contains(text, fence) {
		fence += "`"
	}
	return fence + language + "\n" + strings.TrimRight(paint(false).finish(text), "\n") + "\n" + fence + "\n"
}
