package cpl

import (
	"strings"

	"rehearse/reports/diag"
)

// item is one piece of a line; after says that a line break stood before it.
type item struct {
	text    string
	joined  bool // a "\" stood before it
	setting bool // no condition
}

// header is the items of a header with its guard.
func header(text string, at diag.Span, guard []Term) []item {
	items := []item{{text: text}}
	line := at.Start.Line
	for _, t := range guard {
		items = append(items, item{text: termText(t, 8), joined: t.Span().Start.Line > line})
		line = t.Span().End.Line
	}
	return items
}

// ruleItems is a line of conditions and settings in two parts: its conditions,
// and what begins with the first setting. Lines go on at the indentation.
func ruleItems(p *Pattern, terms []Term, indent int) (lead, tail string) {
	var items []item
	line := 0
	if p != nil {
		items, line = append(items, item{text: p.source()}), p.At.End.Line
	}
	for _, t := range terms {
		at := t.Span()
		_, isCondition := t.(*Condition)
		items = append(items, item{termText(t, indent+4), line > 0 && at.Start.Line > line, !isCondition})
		line = at.End.Line
	}
	first := len(items)
	for i, it := range items {
		if it.setting {
			first = i
			break
		}
	}
	if first == len(items) || first == 0 || items[first].joined {
		return joinItems(items, indent), ""
	}
	return joinItems(items[:first], indent), joinItems(items[first:], indent)
}

// joinItems puts one blank between items, or a line break where one was.
func joinItems(items []item, indent int) string {
	var b strings.Builder
	for i, it := range items {
		switch {
		case i == 0:
		case it.joined:
			b.WriteString(lineBreak(indent))
		default:
			b.WriteByte(' ')
		}
		b.WriteString(it.text)
	}
	return b.String()
}

// lineBreak joins two lines, the second set in.
func lineBreak(indent int) string { return " \\\n" + strings.Repeat(" ", indent) }

// termText is a term as written; a long list of a condition keeps its lines.
func termText(t Term, indent int) string {
	c, ok := t.(*Condition)
	if !ok || c.At.Start.Line == c.At.End.Line {
		return SourceText(t)
	}
	list, ok := c.Expr.(*List)
	if !ok || len(list.Items) == 0 {
		return SourceText(t)
	}
	var b strings.Builder
	b.WriteString(c.Name + "=(")
	line := c.At.Start.Line
	for i, x := range list.Items {
		text := exprText(x, Value.source)
		switch at := x.Span(); {
		case at.Start.Line > line && i == 0:
			b.WriteString(strings.TrimPrefix(lineBreak(indent), " "))
		case at.Start.Line > line:
			b.WriteString("," + lineBreak(indent))
		case i > 0:
			b.WriteString(", ")
		}
		b.WriteString(text)
		line = x.Span().End.Line
	}
	return b.String() + ")"
}
