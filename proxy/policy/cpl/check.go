package cpl

import (
	"fmt"
	"slices"
	"strings"

	"rehearse/reports/diag"
)

// Options say for what policy is checked.
type Options struct {
	Environment
	Keyrings   []string // the appliance's, beyond those every appliance has
	Exceptions []string // names X of user-defined.X; nil when they are not known
}

// Check judges parsed files as one policy, as an appliance does that installs
// them together: names, values, layers, releases, references, and the order in
// which things become known. Only what the preprocessor keeps is judged. What
// Parse reported is not reported again.
func Check(files []*File, opt Options) diag.List {
	c := &checker{opt: opt, defs: map[defKey]*define{}, noted: map[notedKey]bool{}, hints: map[hintKey][]string{}}
	for _, f := range files {
		c.files = append(c.files, f.Resolve(opt.Environment))
		c.broken = c.broken || f.Broken
	}
	c.collect()
	for _, f := range c.files {
		for _, it := range f.Items {
			switch it := it.(type) {
			case *Layer:
				c.layer(it)
			case *Definition:
				c.definition(it)
			}
		}
	}
	c.cycles()
	c.unused()
	c.diags.Sort()
	return c.diags
}

// checker is one run of Check.
type checker struct {
	opt     Options
	files   []*File // as the preprocessor leaves them
	broken  bool    // some source could not be read
	defs    map[defKey]*define
	order   []*define
	diags   diag.List
	noted   map[notedKey]bool // what was called not modelled
	hints   map[hintKey][]string
	guesses int
}

// didYouMean is a hint with the candidate nearest to a name, nil for none.
func (c *checker) didYouMean(name string, kind Kind) []string {
	key := hintKey{kind, name}
	hints, ok := c.hints[key]
	if !ok {
		hints = c.guess(name, namesOf(kind))
		c.hints[key] = hints
	}
	return slices.Clone(hints)
}

// mostGuesses is for how many unknown names a near one is looked for.
const mostGuesses = 200

func (c *checker) guess(name string, candidates func(yield func(string) bool)) []string {
	if c.guesses++; c.guesses > mostGuesses {
		return nil
	}
	return didYouMean(name, candidates)
}

type hintKey struct {
	kind Kind
	name string
}

type notedKey struct{ file, name string }

func (c *checker) add(sev diag.Severity, id string, at diag.Span, msg string, hints ...string) *diag.Diagnostic {
	c.diags = append(c.diags, diag.Diagnostic{ID: id, Severity: sev, Span: at, Message: msg, Hints: hints})
	return &c.diags[len(c.diags)-1]
}

func (c *checker) fail(id string, at diag.Span, msg string, hints ...string) *diag.Diagnostic {
	return c.add(diag.Error, id, at, msg, hints...)
}

func (c *checker) warn(id string, at diag.Span, msg string, hints ...string) *diag.Diagnostic {
	return c.add(diag.Warning, id, at, msg, hints...)
}

func (c *checker) note(id string, at diag.Span, msg string, hints ...string) *diag.Diagnostic {
	return c.add(diag.Note, id, at, msg, hints...)
}

func remark(d *diag.Diagnostic, at diag.Span, format string, args ...any) {
	d.Notes = append(d.Notes, diag.Remark{Span: at, Message: fmt.Sprintf(format, args...)})
}

// layer judges one layer with all that stands in it.
func (c *checker) layer(l *Layer) {
	e := table().find(KindLayer, l.Type)
	if e == nil {
		c.fail("cpl-unknown-layer", l.At, fmt.Sprintf("layer type <%s> is unknown; SGOS has %s", l.Type, strings.Join(allTypes.names(), ", ")),
			c.didYouMean(l.Type, KindLayer)...)
	} else {
		c.modelled(e, l.At, "<"+e.Name+">")
	}
	c.terms(l.Guard, l.Type)
	rules := 0
	for _, s := range l.Sections {
		c.section(s, l)
		rules += len(s.Rules)
	}
	if rules == 0 && !c.broken {
		c.warn("cpl-empty-layer", l.At, fmt.Sprintf("layer %s has no rule and does nothing", LayerHeader(l)))
	}
	c.lateEarly(l)
	c.detectionOrder(l)
	c.unreachable(l)
	c.constants(l.Guard)
	for _, s := range l.Sections {
		c.constants(s.Guard)
		for _, r := range s.Rules {
			c.constants(r.Terms)
		}
	}
	c.serverNames(l)
}

func (c *checker) section(s *Section, l *Layer) {
	e := table().find(KindSection, s.Type)
	switch {
	case e == nil:
		c.fail("cpl-unknown-section", s.At, fmt.Sprintf("section type [%s] is unknown; there are Rule, url, url.domain, url.regex and server_url.domain", s.Type),
			c.didYouMean(s.Type, KindSection)...)
	case patternFirst(s.Type) && layerBit(l.Type)&(inAdmin|inForward) != 0 && !(l.Type == "Forward" && s.Type == "server_url.domain"):
		c.fail("cpl-section-not-allowed", s.At, fmt.Sprintf("section [%s] cannot stand in a <%s> layer", s.Type, l.Type))
	}
	c.terms(s.Guard, l.Type)
	for _, r := range s.Rules {
		if r.Pattern != nil {
			c.pattern(r.Pattern, s.Type)
		}
		c.terms(r.Terms, l.Type)
		c.setTwice(r)
	}
}

// pattern judges the first token of a line in a URL section or list.
func (c *checker) pattern(p *Pattern, typ string) {
	switch {
	case strings.HasSuffix(typ, "regex"):
		c.regex(p.Value)
	case strings.Contains(typ, "domain"):
		c.domain(p.Value)
	}
}

// terms judges what stands on one line; layer is "" in a definition, whose
// conditions are held against layers where it is used.
func (c *checker) terms(terms []Term, layer string) {
	for _, t := range terms {
		switch t := t.(type) {
		case *Condition:
			c.condition(t, layer)
		case *Property:
			c.property(t, layer)
		case *Verdict:
			c.verdict(t, layer)
		}
	}
}

// inLayer judges whether a name may stand in a layer.
func (c *checker) inLayer(e *Entry, at diag.Span, layer string) {
	bit := layerBit(layer)
	switch {
	case bit == 0 || e.Allows(layer):
	case e.Loose&bit != 0:
		c.warn("cpl-wrong-layer", at, fmt.Sprintf("%s has no effect in a <%s> layer; it belongs into %s", e.title(), layer, layersText(e)))
	default:
		d := c.fail("cpl-wrong-layer", at, fmt.Sprintf("%s cannot stand in a <%s> layer; it can in %s", e.title(), layer, layersText(e)))
		if alt := "server_" + e.Name; layer == "Forward" && e.Kind == KindCondition && table().find(KindCondition, alt) != nil {
			d.Hints = append(d.Hints, alt)
		}
	}
}

func layersText(e *Entry) string {
	names := e.LayerTypes()
	for i, n := range names {
		names[i] = "<" + n + ">"
	}
	return strings.Join(names, ", ")
}

// inRelease judges whether the release has a name.
func (c *checker) inRelease(e *Entry, at diag.Span) {
	if r := c.opt.release(); !e.Since.Has(r) {
		c.fail("cpl-needs-release", at, fmt.Sprintf("%s is unknown to release %s; it is known from %s on", e.title(), r, e.Since),
			fmt.Sprintf("#if release.version=%s..", e.Since))
	}
}

// title is an entry in a message: "condition url.host".
func (e *Entry) title() string { return string(e.Kind) + " " + e.Name }

// modelled notes, once a name and file, what is accepted without being modelled.
func (c *checker) modelled(e *Entry, at diag.Span, name string) {
	key := notedKey{at.File, name}
	if e.Modelled || c.noted[key] {
		return
	}
	c.noted[key] = true
	what := "it has no effect here"
	if e.Kind == KindCondition {
		what = "it holds only where a scenario or transaction gives its value"
	}
	c.note("cpl-not-modelled", at, fmt.Sprintf("%s is read and checked but not modelled: %s", name, what))
}
