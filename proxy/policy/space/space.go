// Package space reasons about all transactions at once.
//
// In come compiled policies with their trees. Every condition is taken apart
// into tests of single values (a domain, a range of ports, a subnet, a piece of
// a header), and the values of each are cut into classes within which no test
// tells one from another. A rule then is a formula over classes: rules can be
// held against each other without traffic, and the flows that a client could
// make can be gone through box by box, each box with one flow that stands for
// all in it.
//
// One thing to know: formulas say more possible than is. Where a test cannot be
// tied to others (an expression, the text of a whole URL) it is free. So what is
// impossible by formulas is impossible; what is possible is tried on the engine.
package space

import (
	"math/big"
	"slices"

	"rehearse/proxy/policy"
	"rehearse/proxy/policy/cpl"
)

// Space is the classes of the values that some policies test.
type Space struct {
	axes   []Axis
	fields map[string]field
	names  []string // of fields, in the order in which they were made
	frozen bool
	flows  bool // of flows, in which values hang together as the interceptor makes them
	// reasons say why flows of some classes cannot be made.
	reasons map[string]bool
	aliases map[[2]int]int

	views []*View
	reals []Set // by axis, once asked for

	lists map[string]int // numbers of lists of hosts
	list  int            // that formulas are being made for, from 1
}

// View is one policy as formulas over a space.
type View struct {
	Policy *policy.Policy
	Layers []*Layer

	s     *Space
	opt   policy.Options
	defs  definitions
	rules map[int]*Rule // by number
	watch map[string]bool
	// watched says, by line, where a line of a definition that is watched holds.
	watched map[string]formula
	lines   []string // in order
	// categories are those asked for so far, by what is asked and name.
	categories map[[2]string]formula
	// usualPort holds where a CONNECT leads to a port that needs no permission.
	usualPort formula
}

// Layer is a layer with its rules.
type Layer struct {
	AST       *cpl.Layer
	Rules     []*Rule // in source order
	Number    int     // from 1, as Step.LayerNumber
	guard     []test
	takesPart formula
}

// Rule is a rule as a formula.
type Rule struct {
	AST     *cpl.Rule
	Section *cpl.Section
	Layer   *Layer
	Number  int // among policy.Rules
	guard   []test
	own     []test
	// Formula says for which transactions of the layer's types it holds, with the
	// guards of its layer and section.
	Formula formula
	latest  policy.Checkpoint // when all that it tests is known
	waits   bool              // for the protocol
	boxes   []Box             // of the formula, once they are made
	whole   bool
	hashed  bool
	pattern policy.URLPattern // of a hashed section
}

// Source is a policy with the files it was compiled from.
type Source struct {
	Policy  *policy.Policy
	Files   []*cpl.File
	Options policy.Options
	// Watch are lines of definitions, "file:line", that tell flows apart by
	// themselves, though all that refers to them may be the same.
	Watch map[string]bool
}

// New makes the space of transactions of policies, whatever values they hold.
func New(sources ...Source) *Space { return newSpace(false, sources) }

// NewFlows makes the space of the flows that an interceptor makes of its clients'
// connections, where values hang together.
func NewFlows(sources ...Source) *Space { return newSpace(true, sources) }

func newSpace(flows bool, sources []Source) *Space {
	s := &Space{fields: map[string]field{}, flows: flows, reasons: map[string]bool{}, aliases: map[[2]int]int{}, lists: map[string]int{}}
	for _, src := range sources {
		s.views = append(s.views, newView(s, src))
	}
	for _, v := range s.views {
		v.flowTests()
		v.build() // notes every test
	}
	for _, name := range s.names {
		s.fields[name].freeze(s)
	}
	s.frozen = true
	for _, v := range s.views {
		v.build()
	}
	return s
}

// Views are the policies, in the order in which they were given.
func (s *Space) Views() []*View { return s.views }

// Axes are the axes, in the order in which policies first test them.
func (s *Space) Axes() []Axis { return s.axes }

// axis adds an axis and gives its number.
func (s *Space) axis(name string, of owner, classes []Class) int {
	lack := slices.IndexFunc(classes, func(c Class) bool { return c.lacks })
	s.axes = append(s.axes, Axis{Name: name, Classes: classes, of: of, lack: lack, alias: -1})
	return len(s.axes) - 1
}

// repeated is a formula of one part of a transaction said of another part that
// repeats its value: the host, as the certificate or the hello names it.
func (s *Space) repeated(f formula, of owner) formula {
	switch f := f.(type) {
	case literal:
		key := [2]int{f.axis, int(of)}
		n, ok := s.aliases[key]
		if !ok {
			original := s.axes[f.axis]
			n = s.axis(original.Name, of, original.Classes)
			s.axes[n].alias = f.axis
			s.aliases[key] = n
		}
		return literal{n, f.in}
	case all:
		return s.and(s.repeatEach(f, of)...)
	case any:
		return s.or(s.repeatEach(f, of)...)
	}
	return f
}

func (s *Space) repeatEach(list []formula, of owner) []formula {
	out := make([]formula, len(list))
	for i, f := range list {
		out[i] = s.repeated(f, of)
	}
	return out
}

func (s *Space) classes(axis int) int { return len(s.axes[axis].Classes) }

// real is the set of an axis's classes that flows have.
func (s *Space) real(axis int) Set {
	for n := len(s.reals); n < len(s.axes); n++ {
		s.reals = append(s.reals, where(s.classes(n), func(c int) bool { return !s.axes[n].Classes[c].Unreal }))
	}
	return s.reals[axis]
}

// size is how many combinations of classes a box over the given axes has.
func (s *Space) size(b Box, axes []int) *big.Int {
	n := big.NewInt(1)
	for _, axis := range axes {
		in, ok := b.on(axis)
		if !ok {
			in = s.real(axis)
		}
		n.Mul(n, big.NewInt(int64(in.Count())))
	}
	return n
}

// fieldOf is the field of a name, made when first asked for.
func fieldOf[F field](s *Space, name string, make func() F) F {
	if f, ok := s.fields[name]; ok {
		return f.(F)
	}
	f := make()
	s.fields[name] = f
	s.names = append(s.names, name)
	return f
}
