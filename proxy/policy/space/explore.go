package space

import (
	"math/big"
	"slices"

	"rehearse/proxy/policy"
	"rehearse/proxy/policy/flow"
)

// Sample is a flow that stands for all of a box: in each, every policy does the
// same for the same reasons.
type Sample struct {
	Shape    flow.Shape
	Flow     *flow.Flow
	Outcomes []flow.Outcome // one a policy
	// Matched are the rules that matched on the way, one list a policy.
	Matched [][]int
	Visits  [][]flow.Visit
	// Stands is how many combinations of classes the flow stands for.
	Stands *big.Int
	// Odd is how many values of the flow policy had to ask for: the fewer, the
	// plainer an example it is.
	Odd int

	x    *explorer
	box  Box
	made assignment
}

// Twins are other flows that the sample stands for, for those who do not take
// its word: one that differs in each value that may.
func (s *Sample) Twins() []*flow.Flow {
	var list []*flow.Flow
	for _, axis := range s.x.choices {
		in, ok := s.box.on(axis)
		if !ok {
			in = s.x.s.real(axis)
		}
		in.each(func(c int) {
			a := slices.Clone(s.made)
			if a[axis] = c; c == s.made[axis] {
				return
			}
			if f, obstacle := s.x.make(s.Shape, a); obstacle == nil {
				list = append(list, f)
			}
		})
	}
	return list
}

// Extent says how much of a space has been gone through.
type Extent struct {
	Complete bool
	Flows    int      // that were made
	Stood    *big.Int // combinations of classes they stand for
	Whole    *big.Int // all combinations
	// Elsewhere are combinations that could not have to do with the rules that were
	// asked about; nil where all rules were.
	Elsewhere *big.Int
	Axes      int // values that policy tests
	Shapes    int
	// Lacking says why it is not complete.
	Lacking []string
}

// Explore goes through the flows that clients could make, box by box, most flows
// at most. Where that does not suffice for all it goes on with a sample: flows for
// the conditions of each rule, and for each class of each axis.
func (s *Space) Explore(most int, visit func(*Sample)) Extent {
	x := newExplorer(s, visit)
	shapes := flow.Shapes()
	pending := make([][]task, len(shapes))
	for i := range shapes {
		pending[i] = []task{begin(x.all())}
	}
	x.coverAll(shapes, pending, most)
	return x.extent()
}

// coverAll goes through boxes of every shape: each shape has its share of tries
// first, then what others have left.
func (x *explorer) coverAll(shapes []flow.Shape, pending [][]task, most int) {
	for i, shape := range shapes {
		pending[i] = x.cover(shape, pending[i], x.tries+(most-x.tries)/(len(shapes)-i))
	}
	for i, shape := range shapes {
		for _, t := range x.cover(shape, pending[i], most) {
			x.leave(t.box, "more kinds of flows than were to be tried")
		}
	}
	if x.left.Sign() > 0 {
		x.target(most)
	}
}

// all is the box of all flows.
func (x *explorer) all() Box {
	var b Box
	for _, axis := range x.choices {
		if real := x.s.real(axis); real.Count() < x.s.classes(axis) {
			b = b.replace(axis, real)
		}
	}
	return b
}

// explorer goes through a space of flows.
type explorer struct {
	s     *Space
	visit func(*Sample)
	near  [][]int // rules that the exploration is about, by view; nil: all

	kind     *kindField
	host     *hostField
	resolved *addressField
	spelling []int // axes that the text of a URL depends on
	choices  []int // axes that flows choose on
	usual    []int // of each axis, the class of an ordinary flow

	within  []Set // of each axis, what the box under study has; a Set without bits is all
	alive   map[*Layer][]*Rule
	reaches [2]map[*Rule]formula // for explicit and for transparent services
	roots   map[int]int          // classes of the path of a tunnel, by axis

	tries   int
	flows   int // that could be made
	stood   *big.Int
	left    *big.Int // combinations that no flow was made for
	lacking map[string]bool
	seen    map[string]bool // flows of the sample
}

func newExplorer(s *Space, visit func(*Sample)) *explorer {
	x := &explorer{s: s, visit: visit, stood: new(big.Int), left: new(big.Int), lacking: map[string]bool{}, seen: map[string]bool{},
		within: make([]Set, len(s.axes)), reaches: [2]map[*Rule]formula{{}, {}}, roots: map[int]int{}}
	x.kind, _ = s.fields["type"].(*kindField)
	x.host, _ = s.fields["url.host"].(*hostField)
	x.resolved, _ = s.fields["url.address"].(*addressField)
	for n, axis := range s.axes {
		if axis.alias < 0 && axis.of != ofStage && axis.of != ofURLText {
			x.choices = append(x.choices, n)
		}
		if axis.alias < 0 && (axis.of == ofHost || axis.of == ofPath) {
			x.spelling = append(x.spelling, n)
		}
	}
	if f, ok := s.fields["url.port"].(*numberField); ok && f.main >= 0 {
		x.spelling = append(x.spelling, f.main)
	}
	for reason := range s.reasons {
		x.lacking[reason] = true
	}
	return x
}

// cover goes through the flows of one shape in some boxes, up to a number of
// tries, and gives the boxes that are left.
func (x *explorer) cover(shape flow.Shape, pending []task, limit int) []task {
	x.usual = x.ordinary(shape)
	for len(pending) > 0 && x.tries < limit {
		t := pending[len(pending)-1]
		pending = pending[:len(pending)-1]
		x.enter(shape, t)
		for _, rest := range t.box.minus(x.one(shape, t.box), x.s.classes) {
			pending = append(pending, task{rest, x.alive})
		}
	}
	return pending
}

// leave notes that no flow was made for a box.
func (x *explorer) leave(box Box, why string) {
	x.left.Add(x.left, x.s.size(box, x.choices))
	x.lacking[why] = true
}

// one makes a flow of a box and gives the part of it that the flow stands for.
func (x *explorer) one(shape flow.Shape, box Box) Box {
	x.tries++
	a := x.choose(box)
	f, obstacle := x.make(shape, a)
	if obstacle != nil {
		part := x.pinned(box, a, obstacle.axes)
		if !obstacle.natural {
			x.leave(part, obstacle.why)
		}
		return part
	}
	sample := &Sample{Shape: shape, Flow: f, x: x, made: a}
	r, agrees := x.newReason(a, box), true
	for _, v := range x.s.views {
		visits := x.follow(v, sample)
		for i := range visits {
			r.see = x.see(f, r.a, &visits[i])
			agrees = agrees && slices.Equal(r.rules(v, &visits[i]), visits[i].Decision.Matched)
			x.because(r, v, f, &visits[i])
		}
	}
	sample.box = r.box(box)
	if !agrees {
		x.lacking["rules that are decided otherwise than was reckoned"] = true
		sample.box = x.pinned(box, a, x.choices)
	}
	x.show(sample)
	return sample.box
}

// show gives a sample to whoever looks at them.
func (x *explorer) show(sample *Sample) {
	sample.Stands = x.s.size(sample.box, x.choices)
	sample.Odd = x.odd(sample.made)
	x.stood.Add(x.stood, sample.Stands)
	x.flows++
	x.visit(sample)
}

// follow leads the flow through a policy.
func (x *explorer) follow(v *View, sample *Sample) []flow.Visit {
	o, visits := flow.Follow(v.Policy, sample.Flow)
	var matched []int
	for _, visit := range visits {
		matched = append(matched, visit.Decision.Matched...)
	}
	slices.Sort(matched)
	sample.Outcomes = append(sample.Outcomes, o)
	sample.Matched = append(sample.Matched, slices.Compact(matched))
	sample.Visits = append(sample.Visits, visits)
	return visits
}

// because keeps what the interceptor itself goes by, beside the rules.
func (x *explorer) because(r *reason, v *View, f *flow.Flow, visit *flow.Visit) {
	tx := visit.Transaction
	for _, line := range v.lines {
		r.because(v.watched[line])
	}
	if tx.Method == "CONNECT" && !tx.Detecting {
		r.because(v.usualPort)
	}
	if tx.ServerCertificate != nil {
		if fault, ok := x.s.fields["certificate"].(*kindField); ok {
			r.pin(fault.main)
		}
	}
	if tx.Type == policy.SSLIntercept && f.Transparent() {
		r.pin(x.s.fields["SNI"].(*kindField).main)
	}
	if f.Transparent() {
		r.keep[x.host.main] = r.narrowed(x.host.main, x.host.names(), !isAddress(f.Host))
	}
	for _, label := range visit.Decision.Actions() {
		if calls, _ := v.Policy.CallsOf(label); slices.ContainsFunc(calls, func(c policy.Call) bool { return c.Name == "redirect" }) {
			x.lacking["expressions of redirects"] = true
			for _, axis := range x.spelling {
				r.pin(axis)
			}
		}
	}
}

// box is the part of a box that the reason holds for.
func (r *reason) box(within Box) Box {
	out := within
	for axis, in := range r.keep {
		if in.bits == nil {
			continue
		}
		if have, ok := out.on(axis); ok {
			in = have.and(in)
		}
		out = out.replace(axis, in)
	}
	return out
}

// pinned is a box with the chosen class on some axes.
func (x *explorer) pinned(box Box, a assignment, axes []int) Box {
	for _, axis := range axes {
		box = box.replace(axis, just(x.s.classes(axis), a[axis]))
	}
	return box
}

// choose takes the most ordinary class of a box on each axis.
func (x *explorer) choose(box Box) assignment {
	a := make(assignment, len(x.s.axes))
	copy(a, x.usual)
	for _, side := range box {
		if !side.in.Has(a[side.axis]) {
			a[side.axis] = side.in.and(x.s.real(side.axis)).First()
		}
	}
	return a
}

// odd is how many choices are not ordinary.
func (x *explorer) odd(a assignment) int {
	n := 0
	for _, axis := range x.choices {
		if a[axis] != x.usual[axis] {
			n++
		}
	}
	return n
}

func (x *explorer) extent() Extent {
	e := Extent{Flows: x.flows, Stood: x.stood, Whole: new(big.Int), Axes: len(x.choices), Shapes: len(flow.Shapes())}
	e.Whole.Mul(x.s.size(Box{}, x.choices), big.NewInt(int64(e.Shapes)))
	for reason := range x.lacking {
		e.Lacking = append(e.Lacking, reason)
	}
	slices.Sort(e.Lacking)
	e.Complete = len(e.Lacking) == 0
	return e
}
