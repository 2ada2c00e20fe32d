package cpl

import (
	"errors"
	"fmt"
	"strings"

	"rehearse/reports/diag"
)

// ErrBroken is a source that cannot be formatted because it cannot be read whole.
var ErrBroken = errors.New("the policy has syntax errors")

// Format is the source of f in one layout: names as the vocabulary spells them,
// one blank between terms, rules set in below their headers with what they do in
// one column, remarks in a column of their own, one empty line between layers
// and definitions.
//
// Every comment and preprocessor line stays, lines that a "\" joins stay apart,
// terms keep their order, and parsing the result gives the same tree. Formatting
// it again changes nothing.
func Format(f *File) (string, error) {
	if f.Broken {
		return "", fmt.Errorf("%s: %w", f.Name, ErrBroken)
	}
	p := newFormatter(f)
	p.read()
	p.settle()
	p.align()
	out := p.text()
	again, _ := Parse(f.Name, []byte(out))
	if again.Broken || Print(again) != Print(f) || len(again.Comments) != len(f.Comments) {
		return "", fmt.Errorf("%s: cannot be formatted without another meaning", f.Name)
	}
	return out, nil
}

// lineKind is what stands on a line.
type lineKind int

const (
	blankLine lineKind = iota
	commentLine
	directiveLine // #if, #else, #endif
	headerLine    // of a layer, definition or restrict block
	sectionLine
	ruleLine
	bodyLine // of a definition
	rawLine  // likewise, kept as it is
	exceptLine
	endLine
)

// sourceLine is one logical line on its way through the formatter.
type sourceLine struct {
	kind   lineKind
	indent int
	// lead and tail are the code: a rule's conditions, and what follows them. Both
	// may hold line breaks.
	lead, tail string
	gap        int    // blanks between them
	comment    string // with its ';'
	margin     int    // blanks before it
	opens      bool   // #if: what follows belongs to it
}

// code is the line without its comment.
func (l *sourceLine) code() string {
	if l.tail == "" || l.lead == "" {
		return l.lead + l.tail
	}
	return l.lead + strings.Repeat(" ", l.gap) + l.tail
}

// formatter lays out one file.
type formatter struct {
	scanner
	nodes    map[int]any // layers, sections, rules, definitions, lines, restricts by offset
	remarks  []Comment   // not yet placed
	explicit bool        // below a section header
	body     *Definition // below a definition's header
	lines    []*sourceLine
}

func newFormatter(f *File) *formatter {
	p := &formatter{nodes: map[int]any{}, remarks: f.Comments}
	p.scanner = scanner{file: f.Name, src: string(f.Source), line: 1, diags: &diag.List{}}
	if strings.HasPrefix(p.src, "\uFEFF") {
		p.off, p.bol = 3, 3
	}
	for _, it := range f.Items {
		p.nodes[it.Span().Start.Offset] = it
		switch it := it.(type) {
		case *Layer:
			for _, s := range it.Sections {
				if !s.Implicit {
					p.nodes[s.At.Start.Offset] = s
				}
				for _, r := range s.Rules {
					p.nodes[r.At.Start.Offset] = r
				}
			}
		case *Definition:
			for _, l := range it.Lines {
				p.nodes[l.At.Start.Offset] = l
			}
		}
	}
	return p
}

// read takes the source apart into logical lines.
func (p *formatter) read() {
	for p.off < len(p.src) {
		bol := p.off
		p.skipBlanks()
		from := p.pos()
		p.skipText()
		l := &sourceLine{gap: 1, margin: 1}
		end := p.off
		if len(p.remarks) > 0 && p.remarks[0].At.Start.Offset < end {
			c := p.remarks[0]
			p.remarks, end = p.remarks[1:], c.At.Start.Offset
			l.comment = trimComment(c.Text)
		}
		code := p.src[from.Offset:end]
		p.classify(l, from.Offset, bol, code)
		p.lines = append(p.lines, l)
		if n := p.newline(p.off); n > 0 {
			p.breakLine(n)
		}
	}
}

// trimComment is a comment without blanks at its end; where those keep a "\" from
// joining the next line they stay.
func trimComment(s string) string {
	s = strings.ReplaceAll(s, "\r\n", "\n")
	if short := strings.TrimRight(s, " \t\r\v\f"); !strings.HasSuffix(short, `\`) {
		return short
	}
	return s
}

// classify says what stands on a line, and prints its code.
func (p *formatter) classify(l *sourceLine, from, bol int, code string) {
	node, known := p.nodes[from]
	switch {
	case known:
		p.node(l, node, bol)
	case strings.TrimSpace(code) == "":
		if l.comment != "" {
			l.kind = commentLine
		}
	case code[0] == '#':
		l.kind, l.lead = directiveLine, directiveText(code)
		l.opens = strings.HasPrefix(l.lead, "#if")
	case strings.EqualFold(blankDelimited(code), "except"):
		l.kind, l.lead = exceptLine, "except"
	case strings.EqualFold(blankDelimited(code), "end"):
		l.kind, l.lead = endLine, entries(code)
		p.body = nil
	default: // addresses of a restrict block
		l.kind, l.indent, l.lead = bodyLine, 4, entries(code)
	}
}

// node prints a line of the tree.
func (p *formatter) node(l *sourceLine, node any, bol int) {
	switch n := node.(type) {
	case *Layer:
		p.explicit = false
		l.kind, l.lead = headerLine, joinItems(header(LayerHeader(n), n.At, n.Guard), 4)
	case *Section:
		p.explicit = true
		l.kind, l.indent, l.lead = sectionLine, 4, joinItems(header(SectionHeader(n), n.At, n.Guard), 8)
	case *Rule:
		l.kind, l.indent = ruleLine, 4
		if p.explicit {
			l.indent = 8
		}
		l.lead, l.tail = ruleItems(n.Pattern, n.Terms, l.indent+4)
	case *Definition:
		p.body = n
		l.kind, l.lead = headerLine, "define "+n.Type+" "+quotedLabel(n.Name)
	case *Restrict:
		l.kind, l.lead = headerLine, "restrict "+n.Type
	case *Line:
		p.definitionLine(l, n, bol)
	}
}

// definitionLine prints a line of a definition's body.
func (p *formatter) definitionLine(l *sourceLine, n *Line, bol int) {
	l.kind, l.indent = bodyLine, 4
	switch bodyOf(p.body.Type) {
	case bodyString:
		l.kind, l.indent, l.lead, l.comment = rawLine, 0, ">"+n.Text, ""
	case bodyText:
		l.kind, l.indent, l.lead, l.comment = rawLine, 0, strings.ReplaceAll(p.src[bol:p.off], "\r\n", "\n"), ""
	case bodyAddresses:
		l.lead = values(n.Values)
	case bodyCalls:
		w := writer{}
		w.bodyLine(p.body, n)
		l.lead = strings.TrimSpace(w.b.String())
	default:
		lead, tail := ruleItems(n.Pattern, n.Terms, 8)
		l.lead = strings.TrimSpace(lead + " " + tail)
	}
}

// directiveText is a preprocessor line with one blank and no blanks around "=".
func directiveText(code string) string {
	word, rest, _ := strings.Cut(strings.TrimSpace(unjoin(code)), " ")
	rest = strings.TrimSpace(rest)
	if name, value, ok := strings.Cut(rest, "="); ok && strings.EqualFold(word, "#if") {
		rest = strings.TrimSpace(name) + "=" + strings.TrimSpace(value)
	}
	return strings.TrimSpace(strings.ToLower(word) + " " + rest)
}

// unjoin puts a blank where a "\" joins lines, and in the place of tabs.
func unjoin(code string) string {
	return strings.NewReplacer("\\\r\n", " ", "\\\n", " ", "\t", " ").Replace(code)
}

// entries are words and quoted texts with one blank between them.
func entries(code string) string {
	s := scanner{src: code, line: 1, diags: &diag.List{}}
	var list []string
	for s.skipBlanks(); !s.atEOL(); s.skipBlanks() {
		t := s.raw()
		if t.start.Offset == s.off {
			break // a ';' that belongs to no comment
		}
		list = append(list, Value{Text: t.text, Quote: t.quote}.source())
	}
	return strings.Join(list, " ")
}
