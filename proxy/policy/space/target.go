package space

import "rehearse/proxy/policy/flow"

// target tries the flows that are most worth trying where not all can be: for
// each rule its conditions, on every shape that could meet it, and each class of
// each axis with everything else ordinary.
func (x *explorer) target(most int) {
	limit := x.tries + most
	for _, shape := range flow.Shapes() {
		x.usual = x.ordinary(shape)
		for n, v := range x.s.views {
			for _, number := range x.about(n) {
				x.aim(shape, v, v.Rule(number), limit)
			}
		}
		if x.near != nil {
			continue
		}
		for _, axis := range x.choices {
			x.s.real(axis).each(func(c int) {
				x.try(shape, Box{{axis, just(x.s.classes(axis), c)}}, limit)
			})
		}
	}
}

// about are the rules that the exploration is about.
func (x *explorer) about(view int) []int {
	if x.near != nil {
		return x.near[view]
	}
	list := make([]int, len(x.s.views[view].rules))
	for i := range list {
		list[i] = i
	}
	return list
}

// aim tries flows that have what a rule asks for, and such as just miss it.
func (x *explorer) aim(shape flow.Shape, v *View, r *Rule, limit int) {
	if x.tries >= limit {
		return
	}
	const most = 8
	boxes, _ := x.s.boxes(r.Formula, most)
	for _, b := range boxes {
		chosen := x.chosenOnly(b)
		x.try(shape, chosen, limit)
		for i, side := range chosen {
			outside := x.s.real(side.axis).minus(side.in)
			if c := outside.First(); c >= 0 {
				near := append(Box{}, chosen...)
				near[i].in = just(x.s.classes(side.axis), c)
				x.try(shape, near, limit)
			}
		}
	}
}

// chosenOnly is a box without the axes that no flow chooses on.
func (x *explorer) chosenOnly(b Box) Box {
	var out Box
	for _, side := range b {
		if alias := x.s.axes[side.axis].alias; alias >= 0 {
			side.axis = alias
		}
		if of := x.s.axes[side.axis].of; of == ofStage || of == ofURLText || !side.in.meets(x.s.real(side.axis)) {
			continue
		}
		if have, ok := out.on(side.axis); ok {
			side.in = have.and(side.in)
		}
		if !side.in.Empty() {
			out = out.replace(side.axis, side.in)
		}
	}
	return out
}

// try makes one flow of a box, unless the sample has it.
func (x *explorer) try(shape flow.Shape, box Box, limit int) {
	if x.tries >= limit {
		return
	}
	key := x.key(shape, x.choose(box))
	if x.seen[key] {
		return
	}
	x.seen[key] = true
	x.alone(shape, box)
}

// alone makes a flow of a box that stands for itself only.
func (x *explorer) alone(shape flow.Shape, box Box) {
	x.tries++
	a := x.choose(box)
	f, obstacle := x.make(shape, a)
	if obstacle != nil {
		return
	}
	sample := &Sample{Shape: shape, Flow: f, x: x, made: a, box: x.pinned(Box{}, a, x.choices)}
	for _, v := range x.s.views {
		x.follow(v, sample)
	}
	x.show(sample)
}

// key tells flows of the sample apart.
func (x *explorer) key(shape flow.Shape, a assignment) string {
	b := []byte(shape.String())
	for _, c := range a {
		b = append(b, byte(c), byte(c>>8), byte(c>>16))
	}
	return string(b)
}
