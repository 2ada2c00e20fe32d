package cpl

import (
	"slices"
	"strings"
)

// Print is a file's tree as text: parsing it again gives the same tree but for
// positions. Comments are not printed.
func Print(f *File) string {
	w := &writer{}
	for i, it := range f.Items {
		switch it := it.(type) {
		case *Layer:
			w.layer(it)
		case *Definition:
			w.definition(it)
		case *Restrict:
			w.restrict(it)
		}
		if i < len(f.Items)-1 {
			w.b.WriteByte('\n')
		}
	}
	w.within(nil)
	return w.b.String()
}

// writer prints lines, each inside the preprocessor blocks it needs.
type writer struct {
	b    strings.Builder
	open []*Directive
}

func (w *writer) line(parts ...string) {
	for _, p := range parts {
		w.b.WriteString(p)
	}
	w.b.WriteByte('\n')
}

// within closes and opens preprocessor blocks until those of when are open.
func (w *writer) within(when []*Directive) {
	same := 0
	for same < min(len(w.open), len(when)) && equalDirective(w.open[same], when[same]) {
		same++
	}
	for range w.open[same:] {
		w.line("#endif")
	}
	for _, d := range when[same:] {
		w.line("#if ", d.Name, "=", d.Value)
		if d.Negated {
			w.line("#else")
		}
	}
	w.open = slices.Clip(when)
}

func equalDirective(a, b *Directive) bool {
	return a.Name == b.Name && a.Value == b.Value && a.Negated == b.Negated
}

func (w *writer) layer(l *Layer) {
	w.within(l.When)
	w.line(LayerHeader(l), terms(" ", l.Guard))
	for _, s := range l.Sections {
		if !s.Implicit {
			w.within(s.When)
			w.line("    ", SectionHeader(s), terms(" ", s.Guard))
		}
		for _, r := range s.Rules {
			w.within(r.When)
			w.line(leading(r.Pattern, r.Terms))
		}
	}
}

// leading is a line that may start with a pattern, with its indentation.
func leading(p *Pattern, list []Term) string {
	if p == nil {
		return terms("    ", list)
	}
	return "    " + p.source() + terms(" ", list)
}

// terms prints terms as written, each with a blank before it; the first with indent.
func terms(indent string, list []Term) string {
	var b strings.Builder
	for i, t := range list {
		if i == 0 {
			b.WriteString(indent)
		} else {
			b.WriteByte(' ')
		}
		b.WriteString(SourceText(t))
	}
	return b.String()
}

func (w *writer) definition(d *Definition) {
	w.within(d.When)
	w.line("define ", d.Type, " ", quotedLabel(d.Name))
	for _, l := range d.Lines {
		w.within(l.When)
		w.bodyLine(d, l)
	}
	w.within(d.When)
	w.line("end")
}

// quotedLabel is the name of a definition as its header has it.
func quotedLabel(name string) string {
	if blankDelimited(name) != name || quoteIfNeeded(name) != name {
		return quoteAlways(name)
	}
	return name
}

func (w *writer) bodyLine(d *Definition, l *Line) {
	switch bodyOf(d.Type) {
	case bodyString:
		w.line(">", l.Text)
	case bodyText:
		w.line("    ", l.Text)
	case bodyAddresses:
		w.line("    ", values(l.Values))
	case bodyCalls:
		switch {
		case l.Call == nil:
		case l.Call.Name == "transform" && len(l.Call.Args) == 1:
			w.line("    transform ", l.Call.Args[0].source())
		default:
			w.line("    ", SourceText(l.Call))
		}
	default:
		w.line(leading(l.Pattern, l.Terms))
	}
}

func values(list []Value) string {
	texts := make([]string, len(list))
	for i, v := range list {
		texts[i] = v.source()
	}
	return strings.Join(texts, " ")
}

func (w *writer) restrict(r *Restrict) {
	w.within(r.When)
	w.line("restrict ", r.Type)
	for _, v := range r.List {
		w.line("    ", v.source())
	}
	if r.Except != nil {
		w.line("except")
		for _, v := range r.Except {
			w.line("    ", v.source())
		}
	}
	w.line("end")
}
