package space

import (
	"math/big"

	"rehearse/proxy/policy"
	"rehearse/proxy/policy/flow"
)

// mostRegions bounds the boxes of one rule that an exploration is restricted to.
const mostRegions = 400

// ExploreNear is Explore for the flows that could have to do with some rules, given
// by number for each view: those that a rule matches, or may still match while
// something is not known yet. Two policies that differ in these rules only come to
// the same everywhere else.
func (s *Space) ExploreNear(rules [][]int, most int, visit func(*Sample)) Extent {
	x := newExplorer(s, visit)
	x.near = rules
	shapes := flow.Shapes()
	pending := make([][]task, len(shapes))
	near := new(big.Int)
	for i, shape := range shapes {
		pending[i] = begins(x.region(shape))
		for _, t := range pending[i] {
			near.Add(near, s.size(t.box, x.choices))
		}
	}
	x.coverAll(shapes, pending, most)
	e := x.extent()
	e.Elsewhere = new(big.Int).Sub(e.Whole, near)
	e.Whole = near
	return e
}

// region are boxes that do not overlap and hold every flow of a shape that could
// meet one of the rules.
func (x *explorer) region(shape flow.Shape) []Box {
	var list []Box
	for n, v := range x.s.views {
		for _, number := range x.near[n] {
			boxes, whole := x.s.boxes(x.reachOf(shape, v, v.Rule(number)), mostRegions)
			if !whole {
				return []Box{x.all()}
			}
			for _, b := range boxes {
				both, ok := b.and(x.all())
				if !ok {
					continue
				}
				if list = x.joined(list, both); list == nil {
					return []Box{x.all()}
				}
			}
		}
	}
	return list
}

// joined adds what of a box is not in a list yet; nil where that would be too much.
func (x *explorer) joined(list []Box, b Box) []Box {
	fresh := []Box{b}
	for _, have := range list {
		var rest []Box
		for _, f := range fresh {
			rest = append(rest, f.minus(have, x.s.classes)...)
		}
		if fresh = rest; len(fresh) > mostRegions {
			return nil
		}
	}
	return append(append([]Box{}, list...), fresh...)
}

// reach says which flows of a shape could meet a rule: what is not the flow's own
// choice, or not known when policy is first asked, is taken to fit.
func (x *explorer) reach(shape flow.Shape, v *View, r *Rule) formula {
	return x.reachLine(shape, r.tests())
}

func (x *explorer) reachLine(shape flow.Shape, list []test) formula {
	parts := make([]formula, len(list))
	for i, t := range list {
		switch {
		case t.named != nil:
			parts[i] = x.reachNamed(shape, t.named)
		case t.first > policy.AtRequest || t.waits || t.dark:
			parts[i] = truth(true)
		default:
			parts[i] = x.project(shape, t.holds)
		}
	}
	return x.s.and(parts...)
}

func (x *explorer) reachNamed(shape flow.Shape, e *namedExpr) formula {
	if at, waits := e.latest(); at <= policy.AtRequest && !waits && !e.dark() {
		return x.project(shape, e.formula(x.s))
	}
	var parts []formula
	switch e.op {
	case "label":
		if e.label == nil {
			return truth(false)
		}
		for _, line := range e.label.lines {
			parts = append(parts, x.reachLine(shape, line))
		}
		return x.s.or(parts...)
	case "not":
		return truth(true)
	}
	for _, p := range e.parts {
		parts = append(parts, x.reachNamed(shape, p))
	}
	if e.op == "and" {
		return x.s.and(parts...)
	}
	return x.s.or(parts...)
}

// project says a formula of what a flow chooses; every other literal is taken to
// hold.
func (x *explorer) project(shape flow.Shape, f formula) formula {
	switch f := f.(type) {
	case literal:
		return x.projectLiteral(shape, f)
	case all:
		return x.s.and(x.projectEach(shape, f)...)
	case any:
		return x.s.or(x.projectEach(shape, f)...)
	}
	return f
}

func (x *explorer) projectEach(shape flow.Shape, list []formula) []formula {
	out := make([]formula, len(list))
	for i, f := range list {
		out[i] = x.project(shape, f)
	}
	return out
}

func (x *explorer) projectLiteral(shape flow.Shape, f literal) formula {
	axis := x.s.axes[f.axis]
	switch {
	case axis.alias >= 0:
		return x.s.lit(axis.alias, f.in)
	case axis.of == ofFlow:
		return f
	case axis.of == ofHost && !shape.Service.Kind.Transparent():
		return f
	case axis.of == ofLabels && !shape.Service.Kind.Transparent():
		return f
	case axis.of == ofPath && !f.in.Has(x.rooted(f.axis)):
		return f
	}
	return truth(true)
}
