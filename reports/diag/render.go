package diag

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// Source gives the text of a file by the name that stands in spans, or nil.
type Source func(file string) []byte

// Render writes the diagnostics for people, each with its source line.
func Render(w io.Writer, list List, src Source) error {
	var b strings.Builder
	for _, d := range list {
		id := ""
		if d.ID != "" {
			id = " [" + d.ID + "]"
		}
		fmt.Fprintf(&b, "%s: %s: %s%s\n", d.Span, d.Severity, d.Message, id)
		b.WriteString(Excerpt(d.Span, src))
		for _, n := range d.Notes {
			if n.Span.Start.Line > 0 {
				fmt.Fprintf(&b, "%s: note: %s\n%s", n.Span, n.Message, Excerpt(n.Span, src))
				continue
			}
			fmt.Fprintf(&b, "note: %s\n", n.Message)
		}
		for _, h := range d.Hints {
			fmt.Fprintf(&b, "hint: %s\n", h)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// Excerpt is the line of s.Start, indented by four blanks, and below it a caret
// under the column with tildes to the end of the span. It is empty where the
// source or the line is not known.
func Excerpt(s Span, src Source) string {
	if src == nil || s.Start.Line < 1 {
		return ""
	}
	line, ok := lineOf(src(s.File), s.Start.Line)
	if !ok {
		return ""
	}
	col := min(max(s.Start.Col-1, 0), len(line))
	end := col + 1
	if s.End.Line == s.Start.Line && s.End.Col-1 > col {
		end = min(s.End.Col-1, len(line))
	} else if s.End.Line > s.Start.Line {
		end = len(line)
	}
	pad := strings.Map(func(r rune) rune {
		if r == '\t' {
			return '\t'
		}
		return ' '
	}, line[:col])
	width := 1
	if end > col {
		width = max(utf8.RuneCountInString(line[col:min(end, len(line))]), 1)
	}
	return fmt.Sprintf("    %s\n    %s^%s\n", line, pad, strings.Repeat("~", width-1))
}

func lineOf(text []byte, n int) (string, bool) {
	for ; n > 1; n-- {
		i := bytes.IndexByte(text, '\n')
		if i < 0 {
			return "", false
		}
		text = text[i+1:]
	}
	line, _, _ := bytes.Cut(text, []byte("\n"))
	return strings.TrimRight(string(line), "\r"), true
}
