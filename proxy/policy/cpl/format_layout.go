package cpl

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// How far columns go: longer conditions and lines do not take part.
const (
	widestLead = 60
	widestCode = 100
)

// settle decides about empty lines and the indentation of comments.
func (p *formatter) settle() {
	for i, l := range p.lines {
		if l.kind == commentLine {
			l.indent = p.commentIndent(i)
		}
	}
	var out []*sourceLine
	for i, l := range p.lines {
		if l.kind == blankLine {
			if len(out) > 0 && keepsBlank(out[len(out)-1].kind) && p.blankFits(i) {
				out = append(out, l)
			}
			continue
		}
		if l.kind == headerLine {
			out = setApart(out)
		}
		out = append(out, l)
	}
	for len(out) > 0 && out[len(out)-1].kind == blankLine {
		out = out[:len(out)-1]
	}
	p.lines = out
}

// keepsBlank says whether an empty line may stand behind a line.
func keepsBlank(k lineKind) bool { return k != blankLine && k != headerLine && k != sectionLine }

// blankFits says whether an empty line may stand before what follows.
func (p *formatter) blankFits(i int) bool {
	for _, l := range p.lines[i:] {
		if l.kind != blankLine {
			return l.kind != endLine
		}
	}
	return false
}

// setApart puts an empty line before a header that is to follow, above the
// comments and the #if that belong to it.
func setApart(out []*sourceLine) []*sourceLine {
	at := len(out)
	for at > 0 && (out[at-1].kind == commentLine || out[at-1].kind == directiveLine && out[at-1].opens) {
		at--
	}
	if at == 0 || out[at-1].kind == blankLine || out[at-1].lead == "#else" {
		return out
	}
	return slices.Insert(out, at, &sourceLine{})
}

// commentIndent is that of the code a comment is about: what follows, unless an
// empty line parts them and nothing parts it from what stands above.
func (p *formatter) commentIndent(i int) int {
	parted := false
	for _, l := range p.lines[i+1:] {
		switch l.kind {
		case commentLine, directiveLine:
			continue
		case blankLine:
			parted = true
			continue
		case endLine, exceptLine, rawLine:
			return 4
		case headerLine:
			if parted {
				return p.above(i)
			}
		}
		return l.indent
	}
	return p.above(i)
}

// above is the indentation of the lines right above a comment.
func (p *formatter) above(i int) int {
	for i--; i >= 0; i-- {
		switch l := p.lines[i]; l.kind {
		case commentLine, directiveLine:
		case ruleLine, bodyLine:
			return l.indent
		case headerLine:
			if strings.HasPrefix(l.lead, "<") {
				return 4
			}
			return 0
		default:
			return 0
		}
	}
	return 0
}

// align sets what rules do in one column, and comments behind code in another.
func (p *formatter) align() {
	p.blocks(func(l *sourceLine) bool { return l.kind == ruleLine }, alignTails)
	p.blocks(func(l *sourceLine) bool { return l.comment != "" && (l.kind == ruleLine || l.kind == bodyLine) }, alignComments)
}

// blocks calls a function for each run of neighbouring lines of a sort.
func (p *formatter) blocks(sort func(*sourceLine) bool, do func([]*sourceLine)) {
	for i := 0; i < len(p.lines); {
		j := i
		for j < len(p.lines) && sort(p.lines[j]) {
			j++
		}
		if j > i {
			do(p.lines[i:j])
		}
		i = max(j, i+1)
	}
}

func alignTails(block []*sourceLine) {
	width := func(l *sourceLine) int {
		if l.tail == "" || strings.Contains(l.lead+l.tail, "\n") {
			return 0
		}
		if n := utf8.RuneCountInString(l.lead); n <= widestLead {
			return n
		}
		return 0
	}
	column := 0
	for _, l := range block {
		column = max(column, width(l))
	}
	for _, l := range block {
		if n := width(l); n > 0 {
			l.gap = column - n + 1
		}
	}
}

func alignComments(block []*sourceLine) {
	width := func(l *sourceLine) int {
		code := l.code()
		if n := l.indent + utf8.RuneCountInString(code); n <= widestCode && !strings.Contains(code, "\n") {
			return n
		}
		return 0
	}
	column := 0
	for _, l := range block {
		column = max(column, width(l))
	}
	for _, l := range block {
		if n := width(l); n > 0 {
			l.margin = column - n + 1
		}
	}
}

// text is the lines as they are printed.
func (p *formatter) text() string {
	var b strings.Builder
	for _, l := range p.lines {
		line := l.code()
		if l.comment != "" {
			if line != "" {
				line += strings.Repeat(" ", l.margin)
			}
			line += l.comment
		}
		if line != "" {
			b.WriteString(strings.Repeat(" ", l.indent))
		}
		b.WriteString(line)
		if l.comment == "" && l.kind != rawLine && (line == `\` || strings.HasSuffix(line, ` \`)) {
			b.WriteByte(' ') // or it would join the next line
		}
		b.WriteByte('\n')
	}
	return b.String()
}
