package scenario

import (
	"bytes"
	"regexp"
	"sort"
	"strconv"
	"unicode"
	"unicode/utf8"

	"rehearse/reports/diag"
)

var (
	yamlError = regexp.MustCompile(`^yaml: (?:line (\d+): )?(.*)`)
	// The YAML package counts lines from 0 in the errors of its grammar, from 1 in
	// those of its scanner.
	grammarError = regexp.MustCompile(`^did not find expected (key|node content|',' or|'-' indicator|<)`)
)

// syntax makes a diagnostic of an error of the YAML package, which knows the line.
func (s *source) syntax(err error) diag.Diagnostic {
	d := diag.Diagnostic{ID: "scenario-yaml", Span: diag.Span{File: s.shown}, Message: err.Error()}
	if m := yamlError.FindStringSubmatch(err.Error()); m != nil {
		d.Message = m[2]
		line, err := strconv.Atoi(m[1])
		switch {
		case grammarError.MatchString(m[2]):
			d.Span.Start.Line = min(line+1, len(s.lines))
		case err == nil:
			d.Span.Start.Line = min(line, len(s.lines))
		default:
			d.Span.Start = s.unplaced(m[2])
		}
	}
	d.Message = "the YAML cannot be read: " + d.Message
	return d
}

var unknownAnchor = regexp.MustCompile(`^unknown anchor '(.*)' referenced`)

// unplaced is where an error is that has no line: the YAML package leaves out the
// first one, and those of aliases and of bytes that are no text altogether.
func (s *source) unplaced(message string) diag.Pos {
	at := -1
	if m := unknownAnchor.FindStringSubmatch(message); m != nil {
		at = bytes.Index(s.text, []byte("*"+m[1]))
	}
	if at < 0 {
		at = noText(s.text)
	}
	if at < 0 {
		return diag.Pos{Line: 1}
	}
	line := sort.SearchInts(s.lines, at+1)
	return diag.Pos{Line: line, Col: at - s.lines[line-1] + 1, Offset: at}
}

// noText is the offset of the first byte that is no UTF-8 or a control character, -1
// for none.
func noText(text []byte) int {
	for i := 0; i < len(text); {
		r, n := utf8.DecodeRune(text[i:])
		if r == utf8.RuneError && n == 1 || unicode.IsControl(r) && r != '\t' && r != '\n' && r != '\r' && r != 0x85 {
			return i
		}
		i += n
	}
	return -1
}
