package diag

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"unicode"
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
		fmt.Fprintf(&b, "%s: %s: %s%s\n", d.Span, d.Severity, Visible(d.Message), id)
		b.WriteString(Excerpt(d.Span, src))
		for _, n := range d.Notes {
			if n.Span.Start.Line > 0 {
				fmt.Fprintf(&b, "%s: note: %s\n%s", n.Span, Visible(n.Message), Excerpt(n.Span, src))
				continue
			}
			fmt.Fprintf(&b, "note: %s\n", Visible(n.Message))
		}
		for _, h := range d.Hints {
			fmt.Fprintf(&b, "hint: %s\n", Visible(h))
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// widest is how much of a source line an excerpt shows, in characters, and before
// how much of it begins at the most.
const (
	widest = 160
	before = 60
)

// Excerpt is the line of s.Start, indented by four blanks, and below it a caret
// under the column with tildes to the end of the span. Of a very long line it is the
// part around the caret; control characters are shown as a replacement character.
// It is empty where the source or the line is not known.
func Excerpt(s Span, src Source) string {
	if src == nil || s.Start.Line < 1 {
		return ""
	}
	line, ok := lineAt(src(s.File), s.Start)
	if !ok {
		return ""
	}
	col := min(max(s.Start.Col-1, 0), len(line))
	end := min(col+1, len(line))
	switch {
	case s.End.Line > s.Start.Line:
		end = len(line)
	case s.End.Line == s.Start.Line:
		end = min(max(s.End.Col-1, end), len(line))
	}
	head, marked, tail := window(line[:col], line[col:end], line[end:])
	pad := strings.Map(func(r rune) rune {
		if r == '\t' {
			return '\t'
		}
		return ' '
	}, head)
	width := max(utf8.RuneCountInString(marked), 1)
	return fmt.Sprintf("    %s%s%s\n    %s^%s\n", head, marked, tail, pad, strings.Repeat("~", width-1))
}

// window cuts the three parts of a line to what an excerpt shows of them.
func window(head, marked, tail string) (string, string, string) {
	if len(head)+len(marked)+len(tail) > widest {
		h, m, t := []rune(head), []rune(marked), []rune(tail)
		if len(h) > before {
			h = append([]rune("..."), h[len(h)-before:]...)
		}
		m = m[:min(len(m), widest-len(h))]
		if room := widest - len(h) - len(m); len(t) > room {
			t = append(t[:room:room], []rune("...")...)
		}
		head, marked, tail = string(h), string(m), string(t)
	}
	return Visible(head), Visible(marked), Visible(tail)
}

// Visible replaces control characters but tabs, so that text of others cannot
// command a terminal.
func Visible(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\t' {
			return utf8.RuneError
		}
		return r
	}, s)
}

// lineAt is the line of a position. The offset leads there at once, where the
// position has one that fits.
func lineAt(text []byte, at Pos) (string, bool) {
	bol := at.Offset - at.Col + 1
	if bol > 0 && at.Offset <= len(text) && at.Col > 0 && text[bol-1] == '\n' {
		text = text[bol:]
	} else {
		for n := at.Line; n > 1; n-- {
			i := bytes.IndexByte(text, '\n')
			if i < 0 {
				return "", false
			}
			text = text[i+1:]
		}
	}
	line, _, _ := bytes.Cut(text, []byte("\n"))
	return strings.TrimRight(string(line), "\r"), true
}
