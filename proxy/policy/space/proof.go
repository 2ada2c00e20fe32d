package space

import (
	"slices"
	"strings"
)

// Bounds of proofs: of boxes that a rule is taken apart into, and of steps that
// one proof may take. Past them nothing is claimed.
const (
	mostBoxes = 256
	mostSteps = 20000
)

// Impossible says whether no transaction at all has what a rule asks for, and
// because of which of its conditions: one that never holds where the layer is
// evaluated, or some that exclude each other.
func (v *View) Impossible(r *Rule) (because []string, proven bool) {
	if !v.never(r.Formula) {
		return nil, false
	}
	parts := []formula{v.takesPart(r.Layer.AST.Type)}
	tests := r.tests()
	for _, t := range tests {
		if v.never(v.s.and(parts[0], t.holds)) {
			return []string{t.text}, true
		}
	}
	for i, a := range tests {
		for _, b := range tests[i+1:] {
			if v.never(v.s.and(parts[0], a.holds, b.holds)) {
				return []string{a.text, b.text}, true
			}
		}
	}
	for _, t := range tests {
		because = append(because, t.text)
	}
	return because, true
}

// tests are all conditions that a rule needs, guards first.
func (r *Rule) tests() []test { return slices.Concat(r.Layer.guard, r.guard, r.own) }

// never says whether a formula holds for nothing.
func (v *View) never(f formula) bool {
	list, whole := v.s.boxes(f, mostBoxes)
	return whole && len(list) == 0
}

// Hidden says whether, wherever a rule holds, a rule that is tried before it in
// its layer holds too, and which do.
func (v *View) Hidden(r *Rule) (by []*Rule, proven bool) {
	own, whole := v.boxes(r)
	if !whole || len(own) == 0 {
		return nil, false
	}
	var cover []cover
	for _, o := range r.Layer.before(r) {
		cover = append(cover, v.cover(o, own)...)
	}
	p := &proof{s: v.s, cover: cover, used: map[*Rule]bool{}}
	for _, b := range own {
		if !p.covers(b, 0) {
			return nil, false
		}
	}
	return p.fewest(own), true
}

// cover is a box of a rule that may hide another.
type cover struct {
	Box
	rule *Rule
}

// cover are the boxes of a rule that meet any of some.
func (v *View) cover(o *Rule, own []Box) []cover {
	if !mayMeet(o.Formula, own) {
		return nil
	}
	var list []cover
	boxes, _ := v.boxes(o) // where there are too many, some of them do
	for _, b := range boxes {
		if slices.ContainsFunc(own, b.meets) {
			list = append(list, cover{b, o})
		}
	}
	return list
}

// boxes are those of a rule, made once.
func (v *View) boxes(r *Rule) ([]Box, bool) {
	if r.boxes == nil {
		r.boxes, r.whole = v.s.boxes(r.Formula, mostBoxes)
	}
	return r.boxes, r.whole
}

// mayMeet is a quick look at whether a formula's plain parts meet boxes.
func mayMeet(f formula, own []Box) bool {
	switch f := f.(type) {
	case truth:
		return bool(f)
	case literal:
		return slices.ContainsFunc(own, func(b Box) bool {
			in, ok := b.on(f.axis)
			return !ok || in.meets(f.in)
		})
	case all:
		for _, part := range f {
			if l, ok := part.(literal); ok && !mayMeet(l, own) {
				return false
			}
		}
	}
	return true
}

// proof shows that boxes are covered by others.
type proof struct {
	s     *Space
	cover []cover
	steps int
	used  map[*Rule]bool
}

// covers says whether a box is covered by those from a place on.
func (p *proof) covers(b Box, from int) bool {
	if p.steps++; p.steps > mostSteps {
		return false
	}
	for _, c := range p.cover[from:] {
		if b.within(c.Box) {
			p.used[c.rule] = true
			return true
		}
	}
	for i := from; i < len(p.cover); i++ {
		c := p.cover[i]
		if !b.meets(c.Box) {
			continue
		}
		for _, rest := range b.minus(c.Box, p.s.classes) {
			if !p.covers(rest, i+1) {
				return false
			}
		}
		p.used[c.rule] = true
		return true
	}
	return false
}

// fewest are the rules of a proof, without those that it does not need.
func (p *proof) fewest(own []Box) []*Rule {
	var rules []*Rule
	for r := range p.used {
		rules = append(rules, r)
	}
	slices.SortFunc(rules, func(a, b *Rule) int { return a.Number - b.Number })
	if len(rules) > 12 {
		return rules
	}
	for _, r := range slices.Backward(slices.Clone(rules)) {
		without := slices.DeleteFunc(slices.Clone(rules), func(o *Rule) bool { return o == r })
		q := &proof{s: p.s, used: map[*Rule]bool{}}
		for _, c := range p.cover {
			if slices.Contains(without, c.rule) {
				q.cover = append(q.cover, c)
			}
		}
		if !slices.ContainsFunc(own, func(b Box) bool { return !q.covers(b, 0) }) {
			rules = without
		}
	}
	return rules
}

// before are the rules of a layer that are tried before another one wherever
// both hold.
func (l *Layer) before(r *Rule) []*Rule {
	var list []*Rule
	for _, o := range l.Rules {
		if o != r && l.triedBefore(o, r) {
			list = append(list, o)
		}
	}
	return list
}

func (l *Layer) triedBefore(a, b *Rule) bool {
	if a.Section != b.Section {
		return slices.Index(l.AST.Sections, a.Section) < slices.Index(l.AST.Sections, b.Section)
	}
	if !a.hashed {
		return a.Number < b.Number
	}
	p, q := a.pattern, b.pattern
	switch {
	case p.Host == q.Host:
		return p.MoreSpecific(q) || !q.MoreSpecific(p) && a.Number < b.Number
	case q.Host == "":
		return true
	case p.Host == "":
		return false
	}
	return strings.HasSuffix(p.Host, "."+q.Host)
}

// Unserved says whether a rule asks for a service that an appliance with the
// services of the given names does not have.
func (v *View) Unserved(r *Rule, services []string) bool {
	f, ok := v.s.fields["service.name"].(*textField)
	if !ok || f.main < 0 || len(services) == 0 {
		return false
	}
	have := none(len(f.values))
	for _, name := range services {
		have.put(f.classify(name))
	}
	for c, value := range f.values {
		if value.kind == noText {
			have.put(c)
		}
	}
	return !v.never(r.Formula) && v.never(v.s.and(r.Formula, v.s.lit(f.main, have)))
}

// GuardImpossible says whether the header of a rule's layer, or of its section,
// already asks for what cannot be.
func (v *View) GuardImpossible(r *Rule) bool {
	parts := []formula{r.Layer.takesPart}
	for _, t := range r.Layer.guard {
		parts = append(parts, t.holds)
	}
	for _, t := range r.guard {
		parts = append(parts, t.holds)
	}
	return v.never(v.s.and(parts...))
}

// ByFlows says whether flows of clients could meet a rule at all: some rules are
// for transactions without a client, for management or for exceptions.
func (v *View) ByFlows(r *Rule) bool {
	switch r.Layer.AST.Type {
	case "Proxy", "SSL", "SSL-Intercept", "Cache", "Forward":
	default:
		return false
	}
	kinds := v.isKind(kindRequest, kindConnect, kindTCP, kindIntercept, kindSSL, kindInner)
	return !v.never(v.s.and(r.Formula, kinds))
}
