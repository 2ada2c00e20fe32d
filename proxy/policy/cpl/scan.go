package cpl

import (
	"strings"

	"rehearse/reports/diag"
)

type tokenKind uint8

const (
	tokenEOL    tokenKind = iota // end of the logical line, also before a comment
	tokenWord                    // a word of the grammar
	tokenString                  // quoted text
	tokenPunct                   // ( ) < > [ ] ! = , && ||
	tokenBad                     // a character or quote that fits nowhere; already reported
)

type token struct {
	kind       tokenKind
	text       string // word, text without quotes, or the punctuation
	quote      byte
	start, end diag.Pos
	glued      bool // no blank before it
}

func (t token) is(punct string) bool { return t.kind == tokenPunct && t.text == punct }

// scanner reads tokens out of logical lines. A logical line is a physical line
// and those that a '\' at a line's end, with a blank before it, joins to it.
type scanner struct {
	file     string
	src      string
	off      int // of the next byte
	line     int // 1-based
	bol      int // offset of the line's first byte
	depth    int // open parentheses on this logical line: inside, a comma separates
	comments []Comment
	diags    *diag.List
}

func (s *scanner) pos() diag.Pos {
	return diag.Pos{Line: s.line, Col: s.off - s.bol + 1, Offset: s.off}
}

func (s *scanner) span(from diag.Pos) diag.Span {
	return diag.Span{File: s.file, Start: from, End: s.pos()}
}

func (s *scanner) report(sev diag.Severity, id string, at diag.Span, msg string, hints ...string) {
	*s.diags = append(*s.diags, diag.Diagnostic{ID: id, Severity: sev, Span: at, Message: msg, Hints: hints})
}

// peek is the byte n places on, 0 at the end of the text.
func (s *scanner) peek(n int) byte {
	if s.off+n < len(s.src) {
		return s.src[s.off+n]
	}
	return 0
}

// newline is the length of the line end at offset i, 0 for none.
func (s *scanner) newline(i int) int {
	switch {
	case i < len(s.src) && s.src[i] == '\n':
		return 1
	case i+1 < len(s.src) && s.src[i] == '\r' && s.src[i+1] == '\n':
		return 2
	}
	return 0
}

// continuation is the length of a '\' with its line end, 0 for none.
func (s *scanner) continuation() int {
	if s.peek(0) != '\\' || s.off == s.bol || !isBlank(s.src[s.off-1]) {
		return 0
	}
	if n := s.newline(s.off + 1); n > 0 {
		return 1 + n
	}
	return 0
}

// atEOL says whether the logical line ends here.
func (s *scanner) atEOL() bool { return s.off >= len(s.src) || s.newline(s.off) > 0 }

// breakLine passes n bytes that end a physical line.
func (s *scanner) breakLine(n int) {
	s.off += n
	s.line++
	s.bol = s.off
}

// endLine passes the rest of the logical line and its line end.
func (s *scanner) endLine() {
	s.skipText()
	if n := s.newline(s.off); n > 0 {
		s.breakLine(n)
	}
	s.depth = 0
}

// skipText passes everything up to the end of the logical line.
func (s *scanner) skipText() {
	for !s.atEOL() {
		if n := s.continuation(); n > 0 {
			s.breakLine(n)
			continue
		}
		s.off++
	}
}

func (s *scanner) skipBlanks() {
	for !s.atEOL() {
		if n := s.continuation(); n > 0 {
			s.breakLine(n)
		} else if isBlank(s.src[s.off]) {
			s.off++
		} else {
			return
		}
	}
}

// comment passes a comment, which runs to the end of the logical line:
// continuation comes first (CPL guide, SGOS 3, p. 23).
func (s *scanner) comment() {
	from, line := s.pos(), s.line
	s.skipText()
	s.comments = append(s.comments, Comment{At: s.span(from), Text: s.src[from.Offset:s.off]})
	if s.line == line {
		return
	}
	rest := strings.TrimLeft(s.src[s.bol:s.off], " \t")
	if rest == "" || rest[0] == ';' {
		return
	}
	s.report(diag.Warning, "cpl-comment-swallows-line", s.span(from),
		`the comment runs on to the next line because the line ends in "\": that line is not policy`,
		`take the "\" away, or put the comment behind the last of the joined lines`)
}

// next is the next token of the logical line.
func (s *scanner) next() token {
	at := s.off
	s.skipBlanks()
	t := token{start: s.pos(), glued: s.off == at && s.off > s.bol}
	c := s.peek(0)
	switch {
	case s.atEOL():
		t.kind = tokenEOL
	case c == ';':
		s.comment()
		t.kind = tokenEOL
	case c == '"' || c == '\'':
		s.quoted(&t, c)
	case isWordByte(c) && (c != ',' || s.depth == 0):
		t.kind, t.text = tokenWord, s.word()
	default:
		s.punct(&t, c)
	}
	t.end = s.pos()
	return t
}

func (s *scanner) word() string {
	from := s.off
	for s.off < len(s.src) {
		c := s.src[s.off]
		if c == '[' && s.off > from && s.src[s.off-1] == '.' && s.bracketed() {
			continue
		}
		if !isWordByte(c) || c == ',' && s.depth > 0 {
			break
		}
		s.off++
	}
	return s.src[from:s.off]
}

// bracketed passes the list of a name such as access_log.[main,ssl].
func (s *scanner) bracketed() bool {
	n := strings.IndexAny(s.src[s.off:], "]\n;\"")
	if n < 0 || s.src[s.off+n] != ']' {
		return false
	}
	s.off += n + 1
	return true
}

// quoted reads a string; there is no escape, and a line end does not belong to one.
func (s *scanner) quoted(t *token, quote byte) {
	var joined strings.Builder
	s.off++
	from := s.off
	for !s.atEOL() && s.src[s.off] != quote {
		if n := s.continuation(); n > 0 {
			joined.WriteString(s.src[from:s.off])
			s.breakLine(n)
			from = s.off
			continue
		}
		s.off++
	}
	t.kind, t.quote, t.text = tokenString, quote, joined.String()+s.src[from:s.off]
	if s.atEOL() {
		t.kind = tokenBad
		s.report(diag.Error, "cpl-unterminated-quote", s.span(t.start),
			"the quoted text that starts with "+string(quote)+" has no closing "+string(quote)+" on its line",
			"close the quote; a text may hold the other kind of quote, there is no escape character")
		return
	}
	s.off++
}

func (s *scanner) punct(t *token, c byte) {
	t.kind, t.text = tokenPunct, s.src[s.off:s.off+1]
	switch c {
	case '(':
		s.depth++
	case ')':
		s.depth = max(s.depth-1, 0)
	case '&', '|':
		if s.peek(1) == c {
			s.off++
			t.text = s.src[s.off-1 : s.off+1]
		} else {
			t.kind = tokenBad
			t.end = s.pos()
			s.off++
			s.report(diag.Error, "cpl-syntax", s.span(t.start), `"`+t.text+`" stands alone; "and" is "&&", "or" is "||"`,
				"quote the text if the character belongs to it")
			return
		}
	}
	s.off++
}

// raw reads text up to a blank, or up to the ';' of a comment: an entry of a
// category, or the pattern of a line in a URL section.
func (s *scanner) raw() token {
	s.skipBlanks()
	if c := s.peek(0); c == '"' || c == '\'' {
		return s.next()
	}
	t := token{kind: tokenWord, start: s.pos()}
	from := s.off
	for !s.atEOL() && !isBlank(s.src[s.off]) && s.src[s.off] != ';' {
		s.off++
	}
	t.text, t.end = s.src[from:s.off], s.pos()
	return t
}

// text reads the rest of the physical line as it stands.
func (s *scanner) text() string {
	from := s.off
	s.skipText()
	return s.src[from:s.off]
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f' }

// isWordByte follows the printed rule with its vertical bar (cpl-corpus, finding 1).
func isWordByte(c byte) bool {
	switch c {
	case ' ', '\t', '\r', '\n', '\v', '\f', '&', '|', '(', ')', '<', '>', '[', ']', ';', '!', '=', '"', '\'', 0:
		return false
	}
	return true
}
