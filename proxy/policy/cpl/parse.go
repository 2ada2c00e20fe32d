package cpl

import (
	"fmt"
	"strings"

	"rehearse/reports/diag"
)

// parser builds the tree of one file. It never stops at an error: it reports
// it, gives up the logical line and goes on with the next.
type parser struct {
	scanner
	tree *File
	tok  token    // the current token
	prev diag.Pos // where the token before it ended

	when  []*Directive // the preprocessor blocks around the current line
	opens []diag.Span  // their #if lines

	layer   *Layer
	section *Section
	// dropping: what is read belongs to a definition without an end and is not
	// part of the tree.
	dropping bool
	homeless bool // a rule outside any layer was reported already
}

// Parse reads a policy source; name is what stands for the file in diagnostics
// and traces ("local", "vpm-cpl"). It always returns a tree: what could not be
// read is left out of it and stands in the diagnostics. Names and values are
// not judged here; see Check.
func Parse(name string, src []byte) (*File, diag.List) {
	var diags diag.List
	p := &parser{
		scanner: scanner{file: name, src: string(src), line: 1, diags: &diags},
		tree:    &File{Name: name, Source: src},
	}
	switch {
	case strings.HasPrefix(p.src, "\uFEFF"):
		p.off, p.bol = 3, 3
	case strings.HasPrefix(p.src, "\xff\xfe"), strings.HasPrefix(p.src, "\xfe\xff"):
		p.report(diag.Error, "cpl-syntax", diag.Span{File: name}, "the file is UTF-16, want UTF-8", "save it as UTF-8")
		p.off, p.bol = len(p.src), len(p.src)
	}
	for p.nextLine() {
		p.item()
	}
	for _, at := range p.opens {
		p.report(diag.Error, "cpl-unterminated-if", at, "#if without its #endif")
	}
	p.tree.Comments = p.comments
	p.tree.Broken = diags.HasErrors()
	diags.Sort()
	return p.tree, diags
}

// nextLine goes to the first token of the next logical line that is neither
// empty nor a comment nor a preprocessor line.
func (p *parser) nextLine() bool {
	if p.off > p.bol {
		p.endLine()
	}
	for {
		p.skipBlanks()
		switch {
		case p.off >= len(p.src):
			return false
		case p.peek(0) == ';':
			p.comment()
		case p.peek(0) == '#' && p.directive():
		case !p.atEOL():
			return true
		}
		p.endLine()
	}
}

func (p *parser) advance() token {
	p.prev = p.tok.end
	p.tok = p.next()
	return p.tok
}

// since is the span from a position to the end of the last token consumed.
func (p *parser) since(from diag.Pos) diag.Span {
	return diag.Span{File: p.file, Start: from, End: p.prev}
}

func (p *parser) spanOf(t token) diag.Span {
	return diag.Span{File: p.file, Start: t.start, End: t.end}
}

func (p *parser) syntax(t token, msg string, hints ...string) {
	if t.kind == tokenBad {
		return // reported where it was scanned
	}
	p.report(diag.Error, "cpl-syntax", p.spanOf(t), msg, hints...)
}

// found names a token for a message.
func found(t token) string {
	switch t.kind {
	case tokenEOL:
		return "the end of the line"
	case tokenString:
		return shown(t.text)
	}
	return shown(t.text)
}

// item reads one line at the top level of the file.
func (p *parser) item() {
	switch p.peek(0) {
	case '<':
		p.layerHeader()
		return
	case '[':
		p.sectionHeader()
		return
	}
	switch word := p.firstWord(); {
	case strings.EqualFold(word, "define"):
		p.dropping = false
		p.definition()
	case strings.EqualFold(word, "restrict"):
		p.dropping = false
		p.restrict()
	case strings.EqualFold(word, "end"):
		p.advance()
		p.report(diag.Error, "cpl-stray-end", p.spanOf(p.tok), `"end" closes no definition`)
		for p.tok.kind != tokenEOL {
			p.advance()
		}
	default:
		p.rule()
	}
}

// firstWord is the text up to the first blank, without consuming it.
func (p *parser) firstWord() string { return blankDelimited(p.src[p.off:]) }

func blankDelimited(s string) string {
	if n := strings.IndexAny(s, " \t\r\n;"); n >= 0 {
		return s[:n]
	}
	return s
}

func (p *parser) add(it Item) {
	if !p.dropping {
		p.tree.Items = append(p.tree.Items, it)
	}
}

func (p *parser) layerHeader() {
	from := p.advance().start
	l := &Layer{When: p.when}
	l.Type, l.Label = p.header(">")
	if name := layerType(l.Type); name != "" {
		l.Type = name
	}
	l.Guard, _ = p.terms()
	l.At = p.since(from)
	p.layer, p.section = l, nil
	p.add(l)
}

func (p *parser) sectionHeader() {
	from := p.advance().start
	s := &Section{When: p.when}
	s.Type, s.Label = p.header("]")
	if name := sectionType(s.Type); name != "" {
		s.Type = name
	}
	s.Guard, _ = p.terms()
	s.At = p.since(from)
	if p.layer == nil {
		p.report(diag.Error, "cpl-outside-layer", s.At, "a section needs a layer header such as <Proxy> above it")
		p.section, p.homeless = s, true // its rules are read and left out
		return
	}
	p.section = s
	p.layer.Sections = append(p.layer.Sections, s)
}

// header reads "type label>" with p.tok on the opening bracket; afterwards
// p.tok is the first token behind the closing one.
func (p *parser) header(closing string) (typ, label string) {
	if t := p.advance(); t.kind == tokenWord {
		typ = t.text
		p.advance()
	} else {
		p.syntax(t, fmt.Sprintf("want the type of a layer or section, got %s", found(t)))
	}
	from := p.tok
	words := 0
	for ; p.tok.kind == tokenWord || p.tok.kind == tokenString; words++ {
		if words > 0 {
			label += " "
		}
		label += p.tok.text
		p.advance()
	}
	if words > 1 && p.tok.is(closing) {
		p.report(diag.Error, "cpl-bad-label", p.since(from.start), "a label of several words has to be quoted", fmt.Sprintf("%q", label))
	}
	if !p.tok.is(closing) {
		p.syntax(p.tok, fmt.Sprintf("want %q at the end of the header, got %s", closing, found(p.tok)))
		p.skipRest()
		return typ, label
	}
	p.advance()
	return typ, label
}

// skipRest gives up the rest of the logical line.
func (p *parser) skipRest() {
	for p.tok.kind != tokenEOL {
		p.skipText()
		p.prev = p.tok.end
		p.tok = token{start: p.pos(), end: p.pos()}
	}
}

// endOfLine reports what is left on a line that should have ended.
func (p *parser) endOfLine() {
	if p.tok.kind != tokenEOL {
		p.syntax(p.tok, fmt.Sprintf("want the end of the line, got %s", found(p.tok)))
		p.skipRest()
	}
}

func (p *parser) rule() {
	r := &Rule{When: p.when}
	from := p.pos()
	if p.section != nil && patternFirst(p.section.Type) {
		t := p.raw()
		p.tok = t
		r.Pattern = &Pattern{p.value(t)}
		r.Broken = t.kind == tokenBad
	}
	p.advance()
	terms, ok := p.terms()
	r.Terms, r.Broken = terms, r.Broken || !ok
	r.At = p.since(from)
	switch {
	case p.layer == nil && !p.homeless:
		p.homeless = true
		p.report(diag.Error, "cpl-outside-layer", r.At, "a rule needs a layer header such as <Proxy> above it")
	case p.layer != nil:
		s := p.currentSection(r)
		s.Rules = append(s.Rules, r)
	}
}

func (p *parser) currentSection(first *Rule) *Section {
	if p.section == nil {
		p.section = &Section{Type: "Rule", Implicit: true, When: p.layer.When}
		p.section.At = diag.Span{File: p.file, Start: first.At.Start, End: first.At.Start}
		p.layer.Sections = append(p.layer.Sections, p.section)
	}
	return p.section
}

func (p *parser) value(t token) Value { return Value{At: p.spanOf(t), Text: t.text, Quote: t.quote} }

// patternFirst says whether the lines of a section start with a pattern.
func patternFirst(sectionType string) bool {
	return sectionType != "" && !strings.EqualFold(sectionType, "Rule")
}
