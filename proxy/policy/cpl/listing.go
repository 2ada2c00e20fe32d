package cpl

import (
	"slices"
	"strings"
	"time"
)

// ListingOptions say for what a listing is made.
type ListingOptions struct {
	Environment
	Compiled    time.Time // shown in its head, in universal time
	DefaultDeny bool
}

// The choices of the compiler that one public pair of source and listing leaves
// open (facts: cpl-corpus, section 3).
const (
	// hashLines: from how many plain url.domain lines on a condition is hashed.
	// Modelled: the pair says more than 3 and no more than 10 (rule 7).
	hashLines = 10
	// groupsLast: definitions that test who the user is stand behind all others.
	// Modelled: the pair has one of them (rule 10).
	groupsLast = true
)

// Listing is the compiled policy as the appliance shows it: the layers of all
// files, then the definitions, in the layout of SGOS 5.3 (cpl-corpus, section 3).
// Modelled: sections and guards, which the public pair does not have, and that
// the compiler leaves the order of conditions as it is.
func Listing(files []*File, opt ListingOptions) string {
	l := newListing(files, opt.Environment)
	verdict := "ALLOW"
	if opt.DefaultDeny {
		verdict = "DENY"
	}
	l.line("; Installed Policy -- compiled at: ", opt.Compiled.UTC().Format(time.RFC1123))
	l.line(";     Default proxy policy is ", verdict)
	l.line()
	l.line("; Policy Rules")
	for _, layer := range l.layers {
		l.layer(layer)
	}
	l.line()
	l.line("; Definitions")
	l.definitions()
	l.line()
	return l.b.String()
}

// listing prints what the compiler has made of a policy.
type listing struct {
	writer
	env       Environment
	layers    []*Layer
	order     []*Definition
	restricts []*Restrict
	named     map[string]*Definition // conditions by LabelKey
	twins     map[string]string      // of hashed conditions: the twin's name by LabelKey
}

func newListing(files []*File, env Environment) *listing {
	l := &listing{env: env, named: map[string]*Definition{}, twins: map[string]string{}}
	for _, f := range files {
		for _, it := range f.Resolve(env).Items {
			switch it := it.(type) {
			case *Layer:
				l.layers = append(l.layers, it)
			case *Restrict:
				kept := *it
				kept.When = nil // its block is resolved
				l.restricts = append(l.restricts, &kept)
			case *Definition:
				l.define(it)
			}
		}
	}
	return l
}

func (l *listing) define(d *Definition) {
	l.order = append(l.order, d)
	if d.Type != "condition" {
		return
	}
	l.named[LabelKey(d.Name)] = d
	if hashes(d) {
		l.twins[LabelKey(d.Name)] = d.Name + "_urld"
	}
}

// hashes says whether a definition gets a hashed twin (rule 7).
func hashes(d *Definition) bool {
	return len(d.Lines) >= hashLines && !slices.ContainsFunc(d.Lines, func(line *Line) bool { return plainDomain(line) == nil })
}

// plainDomain is the pattern of a line that is one url.domain=PATTERN.
func plainDomain(line *Line) *Pattern {
	if len(line.Terms) != 1 {
		return nil
	}
	c, ok := line.Terms[0].(*Condition)
	if !ok || c.Name != "url.domain" {
		return nil
	}
	p, _ := c.Expr.(*Pattern)
	return p
}

// layer prints a layer, without what is constant (KB 254731).
func (l *listing) layer(layer *Layer) {
	guard, kept := l.env.fold(layer.Guard)
	if !kept {
		return
	}
	l.line(LayerHeader(layer), l.guard(guard))
	for _, s := range layer.Sections {
		guard, kept := l.env.fold(s.Guard)
		if !kept {
			continue
		}
		if !s.Implicit {
			l.line("    ", SectionHeader(s), l.guard(guard))
		}
		for _, r := range s.Rules {
			terms, kept := l.env.fold(r.Terms)
			if !kept {
				continue
			}
			compiled := *r
			compiled.Terms = l.refer(terms)
			conditions, verdicts, rest := sortTerms(&compiled)
			l.items(slices.Concat(verdicts, conditions, rest))
		}
	}
	l.line()
}

// guard is what stands behind a header.
func (l *listing) guard(terms []Term) string {
	var b strings.Builder
	for _, t := range l.refer(terms) {
		b.WriteString(" " + TermText(t))
	}
	if b.Len() > 0 {
		b.WriteByte(' ')
	}
	return b.String()
}

// items prints one line of them, each with a blank behind it (rule 2).
func (l *listing) items(texts []string) {
	l.b.WriteString("    ")
	for _, text := range texts {
		l.b.WriteString(text)
		l.b.WriteByte(' ')
	}
	l.b.WriteByte('\n')
}

// refer replaces references to definitions that only name another (rule 4).
func (l *listing) refer(terms []Term) []Term {
	out := make([]Term, len(terms))
	for i, t := range terms {
		if out[i] = t; refersToCondition(t) {
			c := *t.(*Condition)
			c.Expr = mapValues(c.Expr, func(v Value) Value { v.Text = l.target(v.Text); return v })
			out[i] = &c
		}
	}
	return out
}

func refersToCondition(t Term) bool {
	c, ok := t.(*Condition)
	return ok && c.Base == "condition"
}

// target is the definition that a reference to name comes to in the end.
func (l *listing) target(name string) string {
	for range l.named { // a chain is no longer than there are definitions
		next := l.alias(name)
		if next == "" {
			break
		}
		name = next
	}
	return name
}

// alias is the name that a definition only stands for, "" where it has a body of
// its own.
func (l *listing) alias(name string) string {
	key := LabelKey(name)
	if twin, ok := l.twins[key]; ok {
		return twin
	}
	d := l.named[key]
	if d == nil {
		return ""
	}
	c := soleCondition(d)
	if c == nil || !refersToCondition(c) {
		return ""
	}
	if p, ok := c.Expr.(*Pattern); ok {
		return p.Text
	}
	return ""
}

// soleCondition is the one trigger of a definition that has no other.
func soleCondition(d *Definition) *Condition {
	if d.Type != "condition" || len(d.Lines) != 1 || len(d.Lines[0].Terms) != 1 {
		return nil
	}
	c, _ := d.Lines[0].Terms[0].(*Condition)
	return c
}

// inline replaces, in a definition, a reference to a definition of one trigger by
// that trigger (rule 5).
func (l *listing) inline(terms []Term) []Term {
	out := l.refer(terms)
	for i, t := range out {
		if !refersToCondition(t) {
			continue
		}
		p, ok := t.(*Condition).Expr.(*Pattern)
		if !ok {
			continue
		}
		if d := l.named[LabelKey(p.Text)]; d != nil {
			if c := soleCondition(d); c != nil && !refersToCondition(c) {
				out[i] = c
			}
		}
	}
	return out
}

// definitions prints them: in source order, then the twins, then those about
// users (rules 3 and 10).
func (l *listing) definitions() {
	var groups []*Definition
	for _, d := range l.order {
		if groupsLast && testsUser(d) {
			groups = append(groups, d)
			continue
		}
		l.definition(d)
	}
	for _, r := range l.restricts {
		l.restrict(r)
		l.line()
	}
	for _, d := range l.order {
		if twin, ok := l.twins[LabelKey(d.Name)]; ok && d.Type == "condition" {
			l.twin(d, twin)
		}
	}
	for _, d := range groups {
		l.definition(d)
	}
}

func (l *listing) definition(d *Definition) {
	l.line("define ", d.Type, " ", quotedLabel(d.Name))
	if twin, ok := l.twins[LabelKey(d.Name)]; ok && d.Type == "condition" {
		l.items([]string{"condition=" + quoteIfNeeded(twin)})
	} else {
		for _, line := range d.Lines {
			l.body(d, line)
		}
	}
	l.line("end")
	l.line()
}

func (l *listing) body(d *Definition, line *Line) {
	switch bodyOf(d.Type) {
	case bodyConditions:
		l.items(texts(l.inline(line.Terms)))
	case bodyPatterns:
		l.items(append([]string{listedEntry(line.Pattern)}, texts(l.inline(line.Terms))...))
	case bodyEntries:
		l.items([]string{listedEntry(line.Pattern)})
	case bodyAddresses:
		l.items([]string{values(line.Values)})
	default:
		l.bodyLine(d, line)
	}
}

func (l *listing) twin(d *Definition, name string) {
	l.line("; Condition generated by optimizer")
	l.line("define url.domain condition ", quotedLabel(name))
	for _, line := range d.Lines {
		l.items([]string{listedEntry(plainDomain(line))})
	}
	l.line("end")
	l.line()
}

func texts(terms []Term) (list []string) {
	for _, t := range terms {
		list = append(list, TermText(t))
	}
	return list
}

// listedEntry is an entry of a list of domains, or of a category: a domain as
// //host/ (rule 8), the name of another category as it is.
func listedEntry(p *Pattern) string {
	if p == nil {
		return ""
	}
	if strings.Contains(p.Text, "://") || !strings.ContainsAny(p.Text, "./") {
		return p.source()
	}
	return ListedDomain(p.Text)
}

// testsUser says whether a definition tests who the user is.
func testsUser(d *Definition) bool {
	return d.Type == "condition" && slices.ContainsFunc(d.Lines, func(line *Line) bool {
		return slices.ContainsFunc(line.Terms, func(t Term) bool {
			c, ok := t.(*Condition)
			if !ok {
				return false
			}
			e := table().find(KindCondition, c.Base)
			return e != nil && e.At == AtUser
		})
	})
}

// mapValues is an expression with each of its values replaced.
func mapValues(x Expr, to func(Value) Value) Expr {
	switch x := x.(type) {
	case *Pattern:
		return &Pattern{to(x.Value)}
	case *Not:
		return &Not{At: x.At, X: mapValues(x.X, to)}
	case *And:
		return &And{X: mapValues(x.X, to), Y: mapValues(x.Y, to)}
	case *Or:
		return &Or{X: mapValues(x.X, to), Y: mapValues(x.Y, to)}
	case *List:
		out := &List{At: x.At}
		for _, item := range x.Items {
			out.Items = append(out.Items, mapValues(item, to))
		}
		return out
	}
	return x
}

// LineText is a line of a definition as the compiler prints it, without the
// blank that listings put at the end.
func LineText(d *Definition, line *Line) string {
	l := &listing{}
	l.body(d, line)
	return strings.TrimSpace(l.b.String())
}
