package cpl

import (
	"fmt"
	"strings"

	"rehearse/reports/diag"
)

// expression reads the right side of c, with p.tok on its first token; nil
// after reporting why there is none.
func (p *parser) expression(c *Condition) Expr {
	from := p.tok
	x := p.unary(0)
	if x == nil {
		return nil
	}
	if p.tok.is("||") || p.tok.is("&&") {
		x = p.or(x, 0)
		if x != nil {
			p.loose(from, `"||" and "&&" belong into parentheses`)
		}
		return x
	}
	return p.looseList(c, from, x)
}

// or reads X { || Y }; x is its first operand when that has been read already.
func (p *parser) or(x Expr, depth int) Expr {
	if x = p.and(x, depth); x == nil {
		return nil
	}
	for n := 0; p.tok.is("||"); n++ {
		if p.tooLong(n) {
			return nil
		}
		p.advance()
		y := p.and(nil, depth)
		if y == nil {
			return nil
		}
		x = &Or{X: x, Y: y}
	}
	return x
}

func (p *parser) and(x Expr, depth int) Expr {
	if x == nil {
		if x = p.unary(depth); x == nil {
			return nil
		}
	}
	for n := 0; p.tok.is("&&"); n++ {
		if p.tooLong(n) {
			return nil
		}
		p.advance()
		y := p.unary(depth)
		if y == nil {
			return nil
		}
		x = &And{X: x, Y: y}
	}
	return x
}

// longestChain bounds how many values && or || may join, and with it the depth
// of the tree.
const longestChain = 10000

func (p *parser) tooLong(n int) bool {
	if n < longestChain {
		return false
	}
	p.syntax(p.tok, fmt.Sprintf("more than %d values are joined", longestChain), "write them as a list: (a, b)")
	return true
}

// unary reads a pattern, !X, or something in parentheses.
func (p *parser) unary(depth int) Expr {
	t := p.tok
	switch {
	case depth > deepest:
		p.syntax(t, fmt.Sprintf("parentheses nest deeper than %d", deepest))
		return nil
	case t.is("!"):
		p.advance()
		x := p.unary(depth + 1)
		if x == nil {
			return nil
		}
		return &Not{At: p.since(t.start), X: x}
	case t.is("("):
		return p.parentheses(depth + 1)
	case t.kind == tokenWord || t.kind == tokenString:
		p.advance()
		if t.kind == tokenWord && p.semicolonInWord(t) {
			return nil
		}
		return &Pattern{p.value(t)}
	}
	p.syntax(t, fmt.Sprintf("want a value, got %s", found(t)), "an empty text is \"\", an empty list is ()")
	return nil
}

// semicolonInWord reports a ';' right behind a word: it would cut the value.
func (p *parser) semicolonInWord(t token) bool {
	if t.end.Offset >= len(p.src) || p.src[t.end.Offset] != ';' {
		return false
	}
	p.report(diag.Error, "cpl-semicolon-in-word", p.spanOf(t), fmt.Sprintf(`";" cannot stand in the word that starts with %s, and a comment needs a blank before it`, shown(t.text)),
		`quote the value, or put a blank before the ";"`)
	return true
}

// parentheses reads (), (a, b), (a || b) or (a), with p.tok on "(".
func (p *parser) parentheses(depth int) Expr {
	open := p.tok
	list := &List{}
	if p.advance().is(")") {
		p.advance()
		list.At = p.since(open.start)
		return list
	}
	for {
		x := p.or(nil, depth)
		if x == nil {
			return nil
		}
		list.Items = append(list.Items, x)
		if !p.tok.is(",") {
			break
		}
		p.advance()
	}
	if !p.tok.is(")") {
		if p.tok.kind == tokenEOL {
			p.syntax(open, `"(" without its ")" on the line`)
		} else {
			p.syntax(p.tok, fmt.Sprintf(`want "," or ")" in the list, got %s`, found(p.tok)), "quote a text that holds blanks")
		}
		return nil
	}
	p.advance()
	if len(list.Items) == 1 {
		return list.Items[0]
	}
	list.At = p.since(open.start)
	return list
}

// looseList makes a list of what vendor texts write without parentheses:
// SSLV3,TLSV1 and "a","b". By the printed grammar a comma outside parentheses
// is a word character, so only conditions whose values hold no commas are split.
func (p *parser) looseList(c *Condition, from token, x Expr) Expr {
	first, ok := x.(*Pattern)
	if !ok {
		return x
	}
	parts := []Value{first.Value}
	for last := from; p.tok.glued && joinsList(last, p.tok); p.advance() {
		last = p.tok
		parts = append(parts, p.value(last))
	}
	if p.tok.glued && p.tok.kind != tokenEOL {
		p.syntax(p.tok, fmt.Sprintf("want a blank before %s", found(p.tok)))
		return nil
	}
	if len(parts) == 1 && (first.Quote != 0 || !strings.Contains(first.Text, ",") || !splitsAtComma(c)) {
		return x
	}
	items := splitAtCommas(parts)
	if len(items) == 0 {
		return x
	}
	p.loose(from, "a list of values belongs into parentheses")
	if len(items) == 1 {
		return items[0]
	}
	return &List{At: p.since(from.start), Items: items}
}

// joinsList says whether a comma stands between two tokens without a blank.
func joinsList(a, b token) bool {
	return a.kind == tokenString && b.kind == tokenWord && strings.HasPrefix(b.text, ",") ||
		a.kind == tokenWord && b.kind == tokenString && strings.HasSuffix(a.text, ",")
}

func (p *parser) loose(from token, msg string) {
	text := p.src[from.start.Offset:p.prev.Offset]
	p.report(diag.Warning, "cpl-loose-list", p.since(from.start), msg+"; read as such a list", "("+text+")")
}

// splitAtCommas cuts the words among parts at their commas; a quoted text is
// one piece.
func splitAtCommas(parts []Value) []Expr {
	var items []Expr
	for _, v := range parts {
		if v.Quote != 0 {
			items = append(items, &Pattern{v})
			continue
		}
		for at, rest := 0, v.Text; ; {
			word, tail, more := strings.Cut(rest, ",")
			if word != "" {
				items = append(items, &Pattern{Value{At: within(v.At, at, len(word)), Text: word}})
			}
			if !more {
				break
			}
			at, rest = at+len(word)+1, tail
		}
	}
	return items
}

// within is the span of n bytes, at bytes behind the start of s.
func within(s diag.Span, at, n int) diag.Span {
	s.Start.Col += at
	s.Start.Offset += at
	s.End = s.Start
	s.End.Col += n
	s.End.Offset += n
	return s
}
