package cpl

import (
	"fmt"
	"strings"

	"rehearse/reports/diag"
)

// deepest is how far parentheses and #if blocks may nest; policies written by
// people or programs stay below five.
const deepest = 100

// terms reads conditions, properties and verdicts to the end of the line, with
// p.tok on the first. At a syntax error it gives up the line.
func (p *parser) terms() (terms []Term, ok bool) {
	for p.tok.kind != tokenEOL {
		t := p.term()
		if t == nil {
			p.skipRest()
			return terms, false
		}
		terms = append(terms, t)
	}
	return terms, true
}

// term reads one item, nil after reporting why there is none.
func (p *parser) term() Term {
	name := p.tok
	if name.kind != tokenWord {
		p.syntax(name, fmt.Sprintf("want a condition, a property or a verdict, got %s", found(name)))
		return nil
	}
	switch t := p.advance(); {
	case t.is("="):
		return p.condition(name, false)
	case t.is("!") && t.glued && p.peek(0) == '=':
		p.advance()
		p.report(diag.Warning, "cpl-not-equal", p.since(name.start), fmt.Sprintf(`"%s!=" is read as "%s=!"; the printed grammar does not have it`, name.text, name.text), name.text+"=!")
		return p.condition(name, true)
	case t.is("(") && t.glued:
		args, ok := p.args()
		if !ok {
			return nil
		}
		return p.call(name, args)
	}
	return p.bare(name)
}

// condition reads what follows "=", with p.tok on it.
func (p *parser) condition(name token, negated bool) Term {
	equals := p.tok
	c := &Condition{}
	c.Name, c.Base, c.Arg, c.Modifiers = splitCondition(name.text)
	p.advance()
	if p.tok.kind != tokenEOL && (!equals.glued || !p.tok.glued) {
		p.report(diag.Warning, "cpl-blank-around-equals", p.spanOf(equals), `blanks around "=" are not in the printed grammar`, fmt.Sprintf("%s=%s", name.text, p.tok.text))
	}
	x := p.expression(c)
	if x == nil {
		return nil
	}
	if negated {
		x = &Not{At: diag.Span{File: p.file, Start: equals.start, End: p.prev}, X: x}
	}
	c.Expr, c.At = x, p.since(name.start)
	return c
}

// call makes a property or verdict of name(args).
func (p *parser) call(name token, args []Value) Term {
	at := p.since(name.start)
	if v := verdictName(name.text); v != "" {
		return &Verdict{At: at, Name: v, Args: args}
	}
	prop := &Property{At: at, Args: args}
	prop.Name, prop.Arg = splitProperty(name.text)
	return prop
}

// bare makes a verdict of a word that has neither "=" nor "(" behind it.
func (p *parser) bare(name token) Term {
	v := verdictName(name.text)
	switch msg := fmt.Sprintf("want a condition, a property or a verdict, got the word %s", shown(name.text)); {
	case p.tok.is("("):
		p.syntax(p.tok, fmt.Sprintf("no blank may stand between %s and %s", shown(name.text), found(p.tok)))
	case v != "":
		return &Verdict{At: p.since(name.start), Name: v}
	case name.text == `\`:
		p.syntax(name, `a "\" that joins lines has to be the last character of its line`, `take away what follows it, blanks too`)
	default:
		p.syntax(name, msg, bareHints(name.text)...)
	}
	return nil
}

// args reads "(a, b)" with p.tok on the parenthesis.
func (p *parser) args() (args []Value, ok bool) {
	open := p.tok
	for first := true; ; first = false {
		p.skipBlanks()
		t, ok := p.arg()
		if !ok {
			return nil, false
		}
		if p.prev = t.end; t.kind != tokenEOL {
			args = append(args, p.value(t))
		}
		p.skipBlanks()
		switch {
		case p.peek(0) == ')' && (t.kind != tokenEOL || first):
			p.off++
			p.depth = 0
			p.tok = token{kind: tokenPunct, text: ")", start: p.pos(), end: p.pos()}
			p.advance()
			return args, true
		case p.peek(0) == ',' && t.kind != tokenEOL:
			p.off++
		case p.atEOL() || p.peek(0) == ';':
			p.syntax(open, `"(" without its ")" on the line`)
			return nil, false
		default:
			at := token{kind: tokenPunct, start: p.pos(), end: p.pos()}
			if t.kind == tokenEOL {
				p.syntax(at, "an argument is missing here")
			} else {
				p.syntax(at, `want "," or ")" after an argument`, "quote a text that holds blanks")
			}
			return nil, false
		}
	}
}

// arg reads one argument of a property: a quoted text, or everything up to a
// blank, "," or ")", where parentheses may nest: $(url.host). It is a tokenEOL
// when there is nothing.
func (p *parser) arg() (token, bool) {
	if c := p.peek(0); c == '"' || c == '\'' {
		t := p.next()
		return t, t.kind == tokenString
	}
	t := token{start: p.pos()}
	from, depth := p.off, 0
	for !p.atEOL() {
		c := p.src[p.off]
		if c == ';' || depth == 0 && (c == ',' || c == ')' || isBlank(c)) {
			break
		}
		switch c {
		case '(':
			depth++
		case ')':
			depth--
		case '"', '\'':
			inner := token{start: p.pos()}
			if p.quoted(&inner, c); inner.kind == tokenBad {
				return t, false
			}
			continue
		}
		p.off++
	}
	if t.end = p.pos(); p.off > from {
		t.kind, t.text = tokenWord, p.src[from:p.off]
	}
	return t, true
}

// bareHints guesses what a lone word was meant to be.
func bareHints(word string) []string {
	if strings.HasSuffix(word, ",") || strings.HasPrefix(word, ",") {
		return []string{"a list stands in parentheses: trigger=(a, b)"}
	}
	return nil
}
