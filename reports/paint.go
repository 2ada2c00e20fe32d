package reports

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// escape begins a change of colour, which ends with "m"; finish makes the
// terminal's sequence of it.
const escape = "\uE000"

// paint colours text for a terminal, or leaves it as it is.
type paint bool

func (p paint) with(code, s string) string {
	if !p || s == "" {
		return s
	}
	return escape + code + "m" + s + escape + "0m"
}

func (p paint) bold(s string) string   { return p.with("1", s) }
func (p paint) dim(s string) string    { return p.with("2", s) }
func (p paint) red(s string) string    { return p.with("31", s) }
func (p paint) green(s string) string  { return p.with("32", s) }
func (p paint) yellow(s string) string { return p.with("33", s) }

// finish makes a text fit for a terminal: colours become escape sequences,
// control characters that came with the report are replaced.
func (p paint) finish(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' {
			return utf8.RuneError
		}
		return r
	}, s)
	if !p {
		return s
	}
	return strings.ReplaceAll(s, escape, "\x1b[")
}

// mark shows a verdict in one character.
func (p paint) mark(v Verdict) string {
	switch v {
	case Passed:
		return p.green("✓")
	case Failed:
		return p.red("✗")
	}
	return p.yellow("–")
}

// columns is how wide a text is, colours aside.
func columns(s string) int {
	n := 0
	for {
		plain, rest, found := strings.Cut(s, escape)
		n += utf8.RuneCountInString(plain)
		if !found {
			return n
		}
		_, s, _ = strings.Cut(rest, "m")
	}
}
