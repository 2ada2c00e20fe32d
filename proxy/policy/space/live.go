package space

import (
	"slices"

	"rehearse/proxy/policy/flow"
)

// task is a box that is to be gone through, with the rules of each layer that some
// flow in a box around it could meet.
type task struct {
	box  Box
	live map[*Layer][]*Rule // nil: all rules
}

// begin makes a task of a box.
func begin(b Box) task { return task{box: b} }

func begins(boxes []Box) []task {
	list := make([]task, len(boxes))
	for i, b := range boxes {
		list[i] = begin(b)
	}
	return list
}

// enter has the explorer look at those rules only that a flow of a shape in the
// task's box could meet; what it finds holds for any box within.
func (x *explorer) enter(shape flow.Shape, t task) {
	clear(x.within)
	for _, side := range t.box {
		x.within[side.axis] = side.in
	}
	x.alive = make(map[*Layer][]*Rule, len(t.live))
	for _, v := range x.s.views {
		for _, l := range v.Layers {
			rules := l.Rules
			if t.live != nil {
				rules = t.live[l]
			}
			x.alive[l] = slices.Collect(func(yield func(*Rule) bool) {
				for _, r := range rules {
					if x.possible(x.reachOf(shape, v, r)) && !yield(r) {
						return
					}
				}
			})
		}
	}
}

// live are the rules of a layer that flows in the box under study could meet.
func (x *explorer) live(l *Layer) []*Rule { return x.alive[l] }

// possible says whether a formula may hold in the box that was entered, as far as
// its parts show it each for itself.
func (x *explorer) possible(f formula) bool {
	switch f := f.(type) {
	case truth:
		return bool(f)
	case literal:
		in := x.within[f.axis]
		return in.bits == nil || in.meets(f.in)
	case all:
		return !slices.ContainsFunc(f, func(part formula) bool { return !x.possible(part) })
	case any:
		return slices.ContainsFunc(f, x.possible)
	}
	return true
}

// reachOf is reach, made once for all shapes that see hosts alike.
func (x *explorer) reachOf(shape flow.Shape, v *View, r *Rule) formula {
	known := &x.reaches[0]
	if shape.Service.Kind.Transparent() {
		known = &x.reaches[1]
	}
	f, ok := (*known)[r]
	if !ok {
		f = x.reach(shape, v, r)
		(*known)[r] = f
	}
	return f
}
