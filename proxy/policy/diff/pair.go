package diff

import (
	"slices"
	"strconv"

	"rehearse/proxy/policy"
	"rehearse/proxy/policy/cpl"
	"rehearse/proxy/policy/space"
	"rehearse/reports/diag"
)

// Line is a line of one of the two policies.
type Line struct {
	Span diag.Span
	Text string
}

// At is "file:line", "" for no line.
func (l Line) At() string {
	if l.Span.Start.Line == 0 {
		return ""
	}
	return l.Span.File + ":" + strconv.Itoa(l.Span.Start.Line)
}

// Edit is one difference between the two policies: a line that was removed,
// added, changed or moved, or the release.
type Edit struct {
	Kind     Kind
	Old, New []Line // of a whole layer that moved, all its lines
}

// Variant is the old policy with some of the edits made.
type Variant struct {
	Policy  *policy.Policy
	Text    []byte
	Options policy.Options
}

// Pair is two policies with the differences between them, and the policies in
// between. It is not safe for concurrent use.
type Pair struct {
	sources  [2]space.Source
	units    [2][]unit
	steps    []step
	edits    []edit
	editOf   [2]map[int]int // edit by place among the units of a side
	variants map[string]*Variant
	compiled int
}

// NewPair holds two policies against each other.
func NewPair(old, new space.Source) *Pair {
	p := &Pair{sources: [2]space.Source{old, new}, variants: map[string]*Variant{}}
	for i, src := range p.sources {
		p.units[i] = units(src.Files, cpl.Environment{Release: src.Policy.Release(), Enforcement: src.Options.Enforcement})
		p.editOf[i] = map[int]int{}
	}
	p.steps, p.edits = script(p.units[0], p.units[1])
	if old.Policy.Release() != new.Policy.Release() {
		p.edits = append(p.edits, edit{kind: Released, needs: -1})
	}
	if old.Options.DefaultDeny != new.Options.DefaultDeny {
		p.edits = append(p.edits, edit{kind: Default, needs: -1})
	}
	for n, e := range p.edits {
		for i, places := range [2][]int{e.old, e.new} {
			for _, u := range places {
				p.editOf[i][u] = n
			}
		}
	}
	return p
}

func (p *Pair) edit(n int) Edit {
	e := Edit{Kind: p.edits[n].kind}
	for _, u := range p.edits[n].old {
		e.Old = append(e.Old, p.line(0, u))
	}
	for _, u := range p.edits[n].new {
		e.New = append(e.New, p.line(1, u))
	}
	return e
}

func (p *Pair) line(side, place int) Line {
	u := p.units[side][place]
	return Line{u.at, trimmed(u.text)}
}

// variant is the old policy with the edits of a set made; nil where that does not
// compile. An edit that another one needs is made with it.
func (p *Pair) variant(made func(edit int) bool) *Variant {
	set := make([]bool, len(p.edits))
	key := make([]byte, len(p.edits))
	for i := range p.edits {
		set[i] = set[i] || made(i)
		if n := p.edits[i].needs; set[i] && n >= 0 {
			set[n] = true
		}
	}
	for i, on := range set {
		key[i] = '0'
		if on {
			key[i] = '1'
		}
	}
	if v, ok := p.variants[string(key)]; ok {
		return v
	}
	return p.keep(string(key), p.compile(p.between(set), p.options(set)))
}

// mostVariants is how many compiled policies are kept.
const mostVariants = 256

func (p *Pair) keep(key string, v *Variant) *Variant {
	if len(p.variants) >= mostVariants {
		clear(p.variants)
	}
	p.variants[key] = v
	return v
}

// between are the lines of the old policy with some edits made.
func (p *Pair) between(made []bool) []unit {
	var list []unit
	for _, s := range p.steps {
		oldEdit, inOld := p.editOf[0][s.old]
		newEdit, inNew := p.editOf[1][s.new]
		switch {
		case s.old >= 0 && s.new >= 0 && inNew && made[newEdit]:
			list = append(list, p.units[1][s.new])
		case s.old >= 0 && s.new >= 0:
			list = append(list, p.units[0][s.old])
		case s.old >= 0 && !(inOld && made[oldEdit]):
			list = append(list, p.units[0][s.old])
		case s.new >= 0 && inNew && made[newEdit]:
			list = append(list, p.units[1][s.new])
		}
	}
	return list
}

// options are those of the side whose release counts, with the default policy of the
// side whose default counts.
func (p *Pair) options(made []bool) policy.Options {
	opt, verdict := p.sources[0].Options, p.sources[0].Options.DefaultDeny
	for i, e := range p.edits {
		switch {
		case e.kind == Released && made[i]:
			opt = p.sources[1].Options
		case e.kind == Default && made[i]:
			verdict = p.sources[1].Options.DefaultDeny
		}
	}
	opt.DefaultDeny = verdict
	return opt
}

func (p *Pair) compile(list []unit, opt policy.Options) *Variant {
	p.compiled++
	text := source(list)
	f, _ := cpl.Parse("between.cpl", text)
	compiled, _ := policy.Compile([]*cpl.File{f}, opt)
	if compiled == nil {
		return nil
	}
	return &Variant{Policy: compiled, Text: text, Options: opt}
}

// without is one of the policies without a rule; nil where that does not compile.
func (p *Pair) without(side, place int) *Variant {
	key := strconv.Itoa(side) + "-" + strconv.Itoa(place)
	if v, ok := p.variants[key]; ok {
		return v
	}
	return p.keep(key, p.compile(slices.Delete(slices.Clone(p.units[side]), place, place+1), p.sources[side].Options))
}

// ruleAt is the place of the rule that stands at "file:line"; -1 for none. Where
// a header sets a default it is the header.
func (p *Pair) ruleAt(side int, at string) int {
	for i, u := range p.units[side] {
		if u.kind != ruleLine && u.kind != layerHeader && u.kind != sectionHeader {
			continue
		}
		last := max(u.at.End.Line, u.at.Start.Line)
		for line := u.at.Start.Line; line <= last; line++ {
			if at == u.at.File+":"+strconv.Itoa(line) {
				return i
			}
		}
	}
	return -1
}

// Affordable is how many flows can be compared within seconds.
func (p *Pair) Affordable() int { return space.Affordable(p.sources[:]...) }

// Releases are those of the old and of the new policy.
func (p *Pair) Releases() [2]cpl.Release {
	return [2]cpl.Release{p.sources[0].Policy.Release(), p.sources[1].Policy.Release()}
}
