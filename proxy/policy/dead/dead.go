// Package dead finds the rules of a policy that nothing reaches, without traffic.
//
// In comes a compiled policy with its files, out goes a Report: rules proven dead
// for every transaction there could be, each with the rules or conditions that
// keep it from matching; and, by going through the flows that clients could make,
// rules that none of these reaches and rules whose settings never last. One thing
// to know: the first kind is proven by conditions alone, the others hold for the
// interceptor as package flow models it, and only where all of its flows could be
// gone through.
package dead

import (
	"cmp"
	"slices"
	"strings"

	"rehearse/proxy/policy"
	"rehearse/proxy/policy/cpl"
	"rehearse/proxy/policy/space"
	"rehearse/reports/diag"
)

// Kind is why a rule is reported.
type Kind string

// The kinds. The first five are proven.
const (
	Hidden        Kind = "hidden"          // where it holds, a rule tried before it holds too
	Contradiction Kind = "contradiction"   // its conditions exclude each other
	Never         Kind = "never"           // one condition never holds where the rule stands
	Release       Kind = "release"         // it is for other releases
	Service       Kind = "service"         // it is for services that the appliance does not have
	Unreached     Kind = "unreached"       // no flow of a client reaches it
	Overridden    Kind = "never-effective" // what it sets, a later layer always sets again
)

// Ref is a rule, or another line of policy.
type Ref struct {
	Span diag.Span
	Text string // as a trace prints it
}

// Finding is one rule with what is wrong with it.
type Finding struct {
	Kind  Kind
	Rule  Ref
	Layer string // header as a trace prints it
	// By are the rules that hide it, or that override what it sets.
	By []Ref
	// Because are the conditions that cannot hold.
	Because []string
	// Guard says that the header of its layer or section already cannot.
	Guard bool

	always bool // what hides it has no condition
}

// Block is a stretch of policy that the preprocessor leaves out.
type Block struct {
	Directive Ref
	Rules     int
}

// Report is what was found.
type Report struct {
	Dead       []Finding // proven
	Unreached  []Finding // by flows; proven for the interceptor's flows when Extent.Complete
	Overridden []Finding // only when Extent.Complete
	LeftOut    []Block
	Rules      int
	Extent     space.Extent
}

// Options say what is looked at.
type Options struct {
	// Services are the names of the appliance's services; nil: any.
	Services []string
	// Flows is how many flows are tried at most.
	Flows int
}

// Find studies a policy.
func Find(src space.Source, opt Options) Report {
	s := &study{src: src, opt: opt}
	s.leftOut()
	s.prove()
	s.explore()
	return s.report
}

// mostLines is up to how many lines of policy Shadowed looks at: what takes no time
// that anyone would notice.
const mostLines = 3000

// Shadowed are the rules of a policy that are proven dead, but for those that stand
// below a rule without conditions, and those for other releases, of which checking a
// policy tells anyway; and but for those of other appliances, where none is named. It
// gives none for a policy of many lines, which Find takes its time for.
func Shadowed(src space.Source) []Finding {
	if lines(src.Files) > mostLines {
		return nil
	}
	s := &study{src: src}
	s.prove()
	unnamed := func(condition string) bool {
		return src.Options.Appliance == "" && strings.HasPrefix(condition, "appliance.name")
	}
	return slices.DeleteFunc(s.report.Dead, func(f Finding) bool {
		return f.Kind == Release || f.always || slices.ContainsFunc(f.Because, unnamed)
	})
}

func lines(files []*cpl.File) int {
	n := 0
	for _, f := range files {
		for _, it := range f.Items {
			switch it := it.(type) {
			case *cpl.Layer:
				for _, sec := range it.Sections {
					n += 1 + len(sec.Rules)
				}
			case *cpl.Definition:
				n += len(it.Lines)
			}
		}
	}
	return n
}

type study struct {
	src    space.Source
	opt    Options
	report Report
	dead   map[int]bool // by rule number
}

// leftOut lists the blocks that do not hold for the release.
func (s *study) leftOut() {
	env := cpl.Environment{Release: s.src.Policy.Release(), Enforcement: s.src.Options.Enforcement}
	blocks := map[diag.Span]*Block{}
	note := func(when []*cpl.Directive, rules int) bool {
		for _, d := range when {
			if env.Keeps([]*cpl.Directive{d}) {
				continue
			}
			b, ok := blocks[d.At]
			if !ok {
				text := "#if " + d.Name + "=" + d.Value
				if d.Negated {
					text = "#else of " + text
				}
				b = &Block{Directive: Ref{d.At, text}}
				blocks[d.At] = b
			}
			b.Rules += rules
			return true
		}
		return false
	}
	for _, f := range s.src.Files {
		for _, it := range f.Items {
			l, ok := it.(*cpl.Layer)
			if !ok {
				continue
			}
			for _, sec := range l.Sections {
				for _, r := range sec.Rules {
					_ = note(r.When, 1) || note(sec.When, 1) || note(l.When, 1)
				}
			}
		}
	}
	for _, b := range blocks {
		s.report.LeftOut = append(s.report.LeftOut, *b)
	}
	slices.SortFunc(s.report.LeftOut, func(a, b Block) int { return byPlace(a.Directive, b.Directive) })
}

func byPlace(a, b Ref) int {
	return cmp.Or(cmp.Compare(a.Span.File, b.Span.File), cmp.Compare(a.Span.Start.Offset, b.Span.Start.Offset), cmp.Compare(a.Span.Start.Line, b.Span.Start.Line))
}

// prove holds rules against each other and against themselves.
func (s *study) prove() {
	s.dead = map[int]bool{}
	v := space.New(s.src).Views()[0]
	for _, l := range v.Layers {
		for _, r := range l.Rules {
			s.report.Rules++
			if f, ok := s.judge(v, r); ok {
				s.dead[r.Number] = true
				s.report.Dead = append(s.report.Dead, f)
			}
		}
	}
}

func (s *study) judge(v *space.View, r *space.Rule) (Finding, bool) {
	f := finding(r)
	if because, ok := v.Impossible(r); ok {
		f.Because, f.Guard = because, v.GuardImpossible(r)
		switch {
		case len(because) == 1 && strings.HasPrefix(because[0], "release.version="):
			f.Kind = Release
		case len(because) < 2:
			f.Kind = Never
		default:
			f.Kind = Contradiction
		}
		return f, true
	}
	if by, ok := v.Hidden(r); ok {
		f.Kind = Hidden
		for _, o := range by {
			f.By = append(f.By, ref(o.AST))
			f.always = f.always || o.AST.Pattern == nil && !slices.ContainsFunc(o.AST.Terms, func(t cpl.Term) bool {
				_, conditional := t.(*cpl.Condition)
				return conditional
			})
		}
		return f, true
	}
	if v.Unserved(r, s.opt.Services) {
		f.Kind = Service
		return f, true
	}
	return f, false
}

func finding(r *space.Rule) Finding {
	return Finding{Rule: ref(r.AST), Layer: cpl.LayerHeader(r.Layer.AST)}
}

func ref(r *cpl.Rule) Ref { return Ref{r.At, cpl.RuleText(r)} }

// explore goes through flows for what proofs by conditions cannot see.
func (s *study) explore() {
	sp := space.NewFlows(s.src)
	v := sp.Views()[0]
	e := newEffects(v)
	s.report.Extent = sp.Explore(s.opt.Flows, e.note)
	for _, l := range v.Layers {
		for _, r := range l.Rules {
			switch {
			case s.dead[r.Number]:
			case !e.reached[r.Number]:
				if v.ByFlows(r) {
					f := finding(r)
					f.Kind = Unreached
					s.report.Unreached = append(s.report.Unreached, f)
				}
			case s.report.Extent.Complete && e.sets(r) && !e.lasts(r):
				f := finding(r)
				f.Kind, f.By = Overridden, e.overridden(r)
				s.report.Overridden = append(s.report.Overridden, f)
			}
		}
	}
}

// effects note which lines had the last word in decisions.
type effects struct {
	view    *space.View
	reached map[int]bool
	last    map[string]bool             // "file:line" of settings and verdicts that lasted
	beaten  map[int]map[string]struct{} // by rule, lines that came after it
}

func newEffects(v *space.View) *effects {
	return &effects{view: v, reached: map[int]bool{}, last: map[string]bool{}, beaten: map[int]map[string]struct{}{}}
}

// note takes in one flow.
func (e *effects) note(sample *space.Sample) {
	for _, n := range sample.Matched[0] {
		e.reached[n] = true
	}
	for _, visit := range sample.Visits[0] {
		d := visit.Decision
		e.last[d.Verdict.At] = true
		for _, set := range d.Settings() {
			e.last[set.At] = true
		}
	}
	for _, visit := range sample.Visits[0] {
		for _, n := range visit.Decision.Matched {
			e.beat(n, visit.Decision)
		}
	}
}

// beat notes which lines set again what a rule set.
func (e *effects) beat(n int, d policy.Decision) {
	r := e.view.Rule(n)
	for _, t := range r.AST.Terms {
		switch t := t.(type) {
		case *cpl.Verdict:
			e.beatenBy(n, d.Verdict.At)
		case *cpl.Property:
			for _, set := range d.Settings() {
				if set.Name == propertyName(t) {
					e.beatenBy(n, set.At)
				}
			}
		}
	}
}

func (e *effects) beatenBy(n int, at string) {
	if at == "" {
		return
	}
	if e.beaten[n] == nil {
		e.beaten[n] = map[string]struct{}{}
	}
	e.beaten[n][at] = struct{}{}
}

func propertyName(p *cpl.Property) string {
	name := p.Name
	if name == "label" {
		name = "action"
	}
	if p.Arg != "" {
		name += "." + strings.ToLower(p.Arg)
	}
	return name
}

// sets says whether a rule sets anything itself.
func (e *effects) sets(r *space.Rule) bool {
	return slices.ContainsFunc(r.AST.Terms, func(t cpl.Term) bool {
		_, isCondition := t.(*cpl.Condition)
		return !isCondition
	})
}

// lasts says whether anything that a rule sets ever lasted.
func (e *effects) lasts(r *space.Rule) bool {
	return slices.ContainsFunc(r.AST.Terms, func(t cpl.Term) bool {
		_, isCondition := t.(*cpl.Condition)
		return !isCondition && e.last[place(t.Span())]
	})
}

// overridden are the rules whose lines came after a rule's.
func (e *effects) overridden(r *space.Rule) []Ref {
	var list []Ref
	for _, l := range e.view.Layers {
		for _, o := range l.Rules {
			for at := range e.beaten[r.Number] {
				if o != r && slices.ContainsFunc(o.AST.Terms, func(t cpl.Term) bool { return place(t.Span()) == at }) {
					list = append(list, ref(o.AST))
					break
				}
			}
		}
	}
	return list
}
