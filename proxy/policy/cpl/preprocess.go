package cpl

import (
	"fmt"
	"slices"
	"strings"

	"rehearse/reports/diag"
)

// Environment is what preprocessor lines and release gates depend on.
type Environment struct {
	Release Release // zero: Newest
	// Enforcement is "appliance" or "wss"; "" is "appliance". A block for
	// "universal" is kept by both. Modelled: KB 377362 shows the values only.
	Enforcement string
}

// Newest is the newest release this vocabulary knows, and the one policy is
// read for where nobody says which.
func Newest() Release { return Release{7, 3, 11, 1} }

func (e Environment) release() Release {
	if e.Release == (Release{}) {
		return Newest()
	}
	return e.Release
}

// Keeps says whether all the preprocessor conditions hold.
func (e Environment) Keeps(when []*Directive) bool {
	return !slices.ContainsFunc(when, func(d *Directive) bool { return e.holds(d) == d.Negated })
}

func (e Environment) holds(d *Directive) bool {
	switch d.Name {
	case "release.version":
		lo, hi, err := ParseReleaseRange(d.Value)
		return err == nil && e.release().Compare(lo) >= 0 && e.release().Compare(hi) <= 0
	case "enforcement":
		own := e.Enforcement
		if own == "" {
			own = "appliance"
		}
		return strings.EqualFold(d.Value, own) || strings.EqualFold(d.Value, "universal")
	}
	return true // release.id: builds are not modelled, the block is kept
}

// ParseReleaseRange reads "A..B", "A..", "..B" or "A". A left-out part of the
// upper end, or of a single release, stands for every value: 6.5 is 6.5.0.0 to 6.5.x.
func ParseReleaseRange(s string) (lo, hi Release, err error) {
	low, high, isRange := strings.Cut(s, "..")
	if !isRange {
		high = low
	}
	if hi = (Release{999, 999, 999, 999}); high != "" {
		if hi, err = ParseRelease(high); err != nil {
			return lo, hi, err
		}
		for i := strings.Count(high, ".") + 1; i < len(hi); i++ {
			hi[i] = 999
		}
	}
	if low != "" {
		lo, err = ParseRelease(low)
	}
	if err == nil && low == "" && high == "" {
		err = fmt.Errorf("release range %s is empty; want A..B, A.. or ..B with releases such as 6.5.10.1", shown(s))
	}
	return lo, hi, err
}

// Resolve is the file as the environment's preprocessor leaves it: without the
// blocks that do not hold. A rule that is kept while the header above it is
// not goes to the layer before, as it would in the text. The trees share what
// did not change.
func (f *File) Resolve(e Environment) *File {
	out := &File{Name: f.Name, Source: f.Source, Comments: f.Comments, Broken: f.Broken}
	var layer *Layer
	for _, it := range f.Items {
		switch it := it.(type) {
		case *Layer:
			layer = e.layer(out, it, layer)
		case *Definition:
			if e.Keeps(it.When) {
				out.Items = append(out.Items, e.definition(it))
			}
		case *Restrict:
			if e.Keeps(it.When) {
				out.Items = append(out.Items, it)
			}
		}
	}
	return out
}

// layer adds what is kept of l to out and returns the layer that is open then.
func (e Environment) layer(out *File, l, open *Layer) *Layer {
	if e.Keeps(l.When) {
		kept := *l
		kept.Sections = nil
		open = &kept
		out.Items = append(out.Items, open)
	}
	for _, s := range l.Sections {
		e.section(open, s)
	}
	return open
}

func (e Environment) section(l *Layer, s *Section) {
	if l == nil {
		return
	}
	var rules []*Rule
	for _, r := range s.Rules {
		if e.Keeps(r.When) {
			rules = append(rules, r)
		}
	}
	last := len(l.Sections) - 1
	if header := !s.Implicit && e.Keeps(s.When); header || last < 0 {
		kept := *s
		kept.Rules = rules
		if !header && !s.Implicit {
			kept = Section{At: s.At, Type: "Rule", Implicit: true, Rules: rules}
		}
		l.Sections = append(l.Sections, &kept)
		return
	}
	l.Sections[last].Rules = append(l.Sections[last].Rules, rules...)
}

func (e Environment) definition(d *Definition) *Definition {
	drops := func(l *Line) bool { return !e.Keeps(l.When) }
	if !slices.ContainsFunc(d.Lines, drops) {
		return d
	}
	kept := *d
	kept.Lines = slices.DeleteFunc(slices.Clone(d.Lines), drops)
	return &kept
}

// directive reads a preprocessor line; false when the line is none.
func (p *parser) directive() bool {
	word := strings.ToLower(blankDelimited(p.src[p.off:]))
	from := p.pos()
	switch word {
	case "#if", "#else", "#endif":
	default:
		return false
	}
	p.off += len(word)
	p.skipBlanks()
	text := p.raw().text
	p.skipBlanks()
	if p.peek(0) == ';' {
		p.comment()
	} else if rest := p.text(); rest != "" {
		text += rest
	}
	at := p.span(from)
	switch word {
	case "#if":
		p.openIf(at, text)
	case "#else":
		p.turnIf(at)
	case "#endif":
		p.closeIf(at)
	}
	return true
}

func (p *parser) openIf(at diag.Span, text string) {
	name, value, _ := strings.Cut(text, "=")
	d := &Directive{At: at, Name: strings.ToLower(strings.TrimSpace(name)), Value: strings.TrimSpace(value)}
	if p.opens = append(p.opens, at); len(p.opens) > deepest {
		p.report(diag.Error, "cpl-bad-directive", at, fmt.Sprintf("#if blocks nest deeper than %d", deepest))
		return
	}
	p.when = append(slices.Clip(p.when), d)
	switch d.Name {
	case "release.version":
		if _, _, err := ParseReleaseRange(d.Value); err != nil {
			p.report(diag.Error, "cpl-bad-directive", at, err.Error(), "#if release.version=6.5.10.1..")
		}
	case "release.id":
	case "enforcement":
		if !slices.Contains([]string{"appliance", "wss", "universal"}, strings.ToLower(d.Value)) {
			p.report(diag.Error, "cpl-bad-directive", at, fmt.Sprintf("enforcement %s is unknown; want appliance, wss or universal", shown(d.Value)))
		}
	default:
		p.report(diag.Error, "cpl-bad-directive", at, fmt.Sprintf("#if knows release.version, release.id and enforcement, got %s", shown(text)), "#if release.version=6.5.10.1..")
	}
}

func (p *parser) turnIf(at diag.Span) {
	switch {
	case len(p.opens) == 0:
		p.report(diag.Error, "cpl-stray-directive", at, "#else without its #if")
		return
	case len(p.opens) > deepest:
		return
	}
	last := *p.when[len(p.when)-1]
	if last.Negated {
		p.report(diag.Error, "cpl-stray-directive", at, "a second #else for one #if")
		return
	}
	last.Negated, last.At = true, at
	p.when = append(slices.Clone(p.when[:len(p.when)-1]), &last)
}

func (p *parser) closeIf(at diag.Span) {
	if len(p.opens) == 0 {
		p.report(diag.Error, "cpl-stray-directive", at, "#endif without its #if")
		return
	}
	if len(p.opens) <= deepest {
		p.when = slices.Clip(p.when[:len(p.when)-1])
	}
	p.opens = p.opens[:len(p.opens)-1]
}
