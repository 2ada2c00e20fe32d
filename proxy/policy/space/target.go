package space

import (
	"fmt"

	"rehearse/proxy/policy/flow"
)

// target tries the flows that are most worth trying where not all can be: for
// each rule its conditions, on every shape that could meet it, and each class of
// each axis with everything else ordinary.
func (x *explorer) target(most int) {
	limit := x.flows + most
	for _, shape := range flow.Shapes() {
		x.usual = x.ordinary(shape)
		for _, v := range x.s.views {
			for _, l := range v.Layers {
				for _, r := range l.Rules {
					x.aim(shape, v, r, limit)
				}
			}
		}
		for _, axis := range x.choices {
			x.s.real(axis).each(func(c int) {
				x.try(shape, Box{{axis, just(x.s.classes(axis), c)}}, limit)
			})
		}
	}
}

// aim tries flows that have what a rule asks for, and such as just miss it.
func (x *explorer) aim(shape flow.Shape, v *View, r *Rule, limit int) {
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
	key := fmt.Sprint(shape, x.choose(box))
	if x.flows >= limit || x.seen[key] {
		return
	}
	x.seen[key] = true
	x.one(shape, box)
}
