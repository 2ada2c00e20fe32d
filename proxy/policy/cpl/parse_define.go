package cpl

import (
	"fmt"
	"strings"

	"rehearse/reports/diag"
)

// definition reads a define block up to its end.
func (p *parser) definition() {
	from := p.pos()
	d := &Definition{When: p.when}
	p.advance() // define
	if t := p.advance(); t.kind == tokenWord {
		d.Type = lower(t.text)
		p.advance()
	}
	if p.tok.kind == tokenWord && d.Type != "condition" && strings.EqualFold(p.tok.text, "condition") {
		d.Type += " condition"
		p.advance()
	}
	if p.tok.kind == tokenWord || p.tok.kind == tokenString {
		d.Name = p.tok.text
		p.advance()
	}
	if d.Type == "" || d.Name == "" {
		p.syntax(p.tok, fmt.Sprintf("want a type and a name after define, got %s", found(p.tok)), "define condition NAME")
	} else {
		p.endOfLine()
	}
	d.At = p.since(from)
	p.add(d)
	p.body(d)
}

// body reads the lines of d up to and with its end.
func (p *parser) body(d *Definition) {
	p.endLine()
	closed := p.endFollows()
	for p.nextLine() {
		if p.blockEnd(d) {
			return
		}
		if !closed && p.opensItem() {
			break
		}
		d.Lines = append(d.Lines, p.bodyLine(d))
	}
	p.report(diag.Error, "cpl-unterminated-definition", d.At, fmt.Sprintf("define %s %s has no end", d.Type, d.Name), "end")
	// What follows is read for its errors and is not policy.
	p.dropping, p.layer, p.section = true, nil, nil
	if p.off < len(p.src) {
		p.item()
	}
}

// opensItem says whether the line starts a layer or another definition.
func (p *parser) opensItem() bool {
	word := p.firstWord()
	return p.peek(0) == '<' || strings.EqualFold(word, "define") || strings.EqualFold(word, "restrict")
}

// endFollows says whether a line "end" stands before the next definition.
func (p *parser) endFollows() bool {
	for rest := p.src[p.off:]; rest != ""; {
		line, tail, _ := strings.Cut(rest, "\n")
		switch word := blankDelimited(strings.TrimLeft(line, " \t")); {
		case strings.EqualFold(word, "end"):
			return true
		case strings.EqualFold(word, "define"), strings.EqualFold(word, "restrict"):
			return false
		}
		rest = tail
	}
	return false
}

// blockEnd consumes a line end, end TYPE or end TYPE NAME.
func (p *parser) blockEnd(d *Definition) bool {
	if !strings.EqualFold(p.firstWord(), "end") {
		return false
	}
	p.advance()
	var words []token
	for t := p.advance(); t.kind == tokenWord || t.kind == tokenString; t = p.advance() {
		words = append(words, t)
	}
	kinds := len(strings.Fields(d.Type))
	for i, t := range words {
		want := d.Name
		if i < kinds {
			want = strings.Fields(d.Type)[i]
		}
		if i > kinds || !strings.EqualFold(t.text, want) {
			p.report(diag.Warning, "cpl-end-mismatch", p.spanOf(t), fmt.Sprintf("%s stands behind the end of define %s %s", found(t), d.Type, d.Name), fmt.Sprintf("end %s %s", d.Type, d.Name))
			break
		}
	}
	p.endOfLine()
	return true
}

// bodyLine reads one line in the way of the definition's type.
func (p *parser) bodyLine(d *Definition) *Line {
	from := p.pos()
	line := &Line{When: p.when}
	switch bodyOf(d.Type) {
	case bodyConditions:
		p.advance()
		line.Terms, _ = p.terms()
	case bodyPatterns:
		p.entry(line)
		p.advance()
		line.Terms, _ = p.terms()
	case bodyEntries:
		p.entry(line)
		p.advance()
		p.endOfLine()
	case bodyAddresses:
		line.Values = p.addresses()
	case bodyCalls:
		p.advance()
		line.Call = p.actionCall()
	case bodyString:
		p.stringLine(line)
	default:
		line.Text = p.text()
		p.tok = token{end: p.pos()}
		p.prev = p.pos()
	}
	line.At = p.since(from)
	return line
}

func (p *parser) entry(line *Line) {
	t := p.raw()
	p.tok = t
	line.Pattern = &Pattern{p.value(t)}
}

// addresses reads the entries of a subnet line.
func (p *parser) addresses() (values []Value) {
	for p.skipBlanks(); !p.atEOL() && p.peek(0) != ';'; p.skipBlanks() {
		t := p.raw()
		p.tok = t
		values = append(values, p.value(t))
	}
	p.advance()
	return values
}

// actionCall reads name(args) or "transform NAME" with p.tok on the name.
func (p *parser) actionCall() *Property {
	name := p.tok
	if name.kind != tokenWord {
		p.syntax(name, fmt.Sprintf("want an action such as set(...), got %s", found(name)))
		p.skipRest()
		return nil
	}
	call := &Property{Name: lower(name.text)}
	switch t := p.advance(); {
	case t.is("(") && t.glued:
		args, ok := p.args()
		if !ok {
			p.skipRest()
			return nil
		}
		call.Args = args
	case call.Name == "transform" && (t.kind == tokenWord || t.kind == tokenString):
		call.Args = []Value{p.value(t)}
		p.advance()
	default:
		p.syntax(t, fmt.Sprintf("want \"(\" behind %s, got %s", shown(name.text), found(t)))
		p.skipRest()
		return nil
	}
	call.At = p.since(name.start)
	p.endOfLine()
	return call
}

// stringLine reads the text behind the '>' of a line of define string; a ';'
// in it is text (KB 168722).
func (p *parser) stringLine(line *Line) {
	from := p.pos()
	if p.peek(0) != '>' {
		text := p.text()
		p.report(diag.Error, "cpl-syntax", p.span(from), fmt.Sprintf("a line of define string starts with \">\", got %s", shown(text)), ">"+text)
		p.prev = p.pos()
		return
	}
	p.off++
	line.Text = p.text()
	p.prev = p.pos()
}

// restrict reads an anonymous restrict dns or restrict rdns block.
func (p *parser) restrict() {
	from := p.pos()
	r := &Restrict{When: p.when}
	p.advance()
	if t := p.advance(); t.kind == tokenWord && (strings.EqualFold(t.text, "dns") || strings.EqualFold(t.text, "rdns")) {
		r.Type = lower(t.text)
		p.advance()
		p.endOfLine()
	} else {
		p.syntax(t, fmt.Sprintf("want dns or rdns after restrict, got %s", found(t)))
		p.skipRest()
	}
	r.At = p.since(from)
	p.add(r)
	p.restrictBody(r)
}

func (p *parser) restrictBody(r *Restrict) {
	d := &Definition{At: r.At, Type: "restrict " + r.Type}
	list := &r.List
	for p.nextLine() {
		if strings.EqualFold(p.firstWord(), "end") {
			p.blockEnd(d)
			return
		}
		if strings.EqualFold(p.firstWord(), "except") {
			p.advance()
			p.advance()
			p.endOfLine()
			list = &r.Except
			continue
		}
		*list = append(*list, p.addresses()...)
	}
	p.report(diag.Error, "cpl-unterminated-definition", r.At, "restrict "+r.Type+" has no end", "end")
}
