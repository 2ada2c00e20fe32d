// Package diff compares two policies by what clients see.
//
// In come two compiled policies with their files; each flow that clients could
// make, or each transaction of a list, is decided by both. Out goes a Report: what
// is newly denied, newly allowed, or changed otherwise, in groups by the lines
// that did it, each with an example; what cannot be evaluated; and how much of all
// there could be was gone through. One thing to know: a line is named as a cause
// because it was tried. The edits between the two policies are made one by one,
// and the one that turns the old outcome into the new one is the cause.
package diff

import (
	"cmp"
	"math/big"
	"slices"
	"strings"

	"rehearse/proxy/policy"
	"rehearse/proxy/policy/flow"
	"rehearse/proxy/policy/space"
	"rehearse/proxy/policy/txn"
)

// Group is in which direction an outcome changed.
type Group string

// The groups.
const (
	Denied       Group = "newly_denied"  // also: newly decrypted
	Allowed      Group = "newly_allowed" // also: newly bypassed
	Otherwise    Group = "changed_otherwise"
	CannotDecide Group = "cannot_evaluate"
)

// Groups lists the groups in the order of reports.
func Groups() []Group { return []Group{Denied, Allowed, Otherwise, CannotDecide} }

// Side is what one policy makes of a flow.
type Side struct {
	Outcome flow.Outcome
	// Line is the rule that decides: the one that the engine names, else the one
	// without which the outcome would be another; none by default.
	Line Line
}

// Flip is one way in which outcomes changed, for one reason.
type Flip struct {
	Group    Group
	From, To Side
	Cause    Cause
	Count    int      // flows or transactions
	Stands   *big.Int // combinations of classes they stand for; nil for transactions
	Example  Example
	// Why says why something cannot be evaluated.
	Why string
}

// Named is a flow that somebody gives, with what it is called.
type Named struct {
	Name string
	Flow *flow.Flow
}

// Example is the plainest flow or transaction of a flip.
type Example struct {
	Name        string      // of a flow that was given
	Shape       *flow.Shape // nil for what was given
	Flow        *flow.Flow
	Transaction *txn.Transaction
	odd         int
}

// Report is the comparison.
type Report struct {
	Flips     []Flip
	Unchanged int // flows or transactions
	Stands    *big.Int
	Edits     int
	Extent    *space.Extent // nil for transactions
}

// Widens says whether anything is newly allowed or bypassed.
func (r *Report) Widens() bool {
	return slices.ContainsFunc(r.Flips, func(f Flip) bool { return f.Group == Allowed })
}

// Flows compares over the flows that clients could make; most are made at most.
func (p *Pair) Flows(most int) Report {
	c := p.comparison()
	s := space.NewFlows(p.watched(0), p.watched(1))
	take := func(sample *space.Sample) {
		f := sample.Flow
		c.take(&item{
			from: sample.Outcomes[0], to: sample.Outcomes[1], matched: [2][]int{sample.Matched[0], sample.Matched[1]},
			trial:   func(v *Variant) string { return flow.Walk(v.Policy, f).String() },
			example: Example{Shape: &sample.Shape, Flow: f, odd: sample.Odd}, stands: sample.Stands,
			blind: [2]string{c.blind(0, sample.Visits[0]), c.blind(1, sample.Visits[1])},
		})
	}
	var extent space.Extent
	if rules := p.focus(); rules != nil {
		extent = s.ExploreNear(rules, most, take)
	} else {
		extent = s.Explore(most, take)
	}
	r := c.report()
	r.Extent = &extent
	return r
}

// mostWatched is how many lines of definitions are told apart by flows of their
// own.
const mostWatched = 200

// watched is one side with the lines of definitions that differ.
func (p *Pair) watched(side int) space.Source {
	src := p.sources[side]
	src.Watch = map[string]bool{}
	for _, e := range p.edits {
		for _, place := range [2][]int{e.old, e.new}[side] {
			if u := p.units[side][place]; u.kind == definitionLine && len(src.Watch) < mostWatched {
				src.Watch[p.line(side, place).At()] = true
			}
		}
	}
	return src
}

// Transactions compares over given transactions. One of a certain type, or with
// checkpoints of its own, is judged by itself; any other is led through as the
// flow of an explicit client, on a service that detects protocols unless the file
// says otherwise.
func (p *Pair) Transactions(list []*txn.Transaction) Report {
	c := p.comparison()
	for _, t := range list {
		c.take(c.item(t))
	}
	return c.report()
}

// Given compares over given flows. A flow without a service is on the usual one for
// what it speaks, which detects protocols.
func (p *Pair) Given(list []Named) Report {
	c := p.comparison()
	for _, one := range list {
		f := *one.Flow
		flow.Place(&f)
		c.take(c.judged(&item{example: Example{Name: one.Name, Flow: &f}}, func(p *policy.Policy) (flow.Outcome, []flow.Visit) {
			return flow.Explain(p, &f)
		}))
	}
	return c.report()
}

// item decides a transaction by both policies.
func (c *comparison) item(t *txn.Transaction) *item {
	end := t.Last()
	one := &item{example: Example{Transaction: t}}
	judge := func(p *policy.Policy) (flow.Outcome, []flow.Visit) {
		v := flow.Visit{Transaction: end.Transaction, At: end.At, Decision: p.Explain(end.Transaction, end.At)}
		return flow.Judge(p, end.Transaction, end.At), []flow.Visit{v}
	}
	if !t.Says("type") && !t.Says("checkpoints") && end.Transaction.URL.Host != "" {
		protocol := ""
		if t.Says("client.protocol") {
			protocol = end.Transaction.ClientProtocol
		}
		f := flow.From(end.Transaction, protocol, !t.Says("detect_protocol") || end.Transaction.Detecting)
		one.example.Flow = f
		judge = func(p *policy.Policy) (flow.Outcome, []flow.Visit) { return flow.Explain(p, f) }
	}
	return c.judged(one, judge)
}

// judged has both policies decide an item.
func (c *comparison) judged(one *item, judge func(*policy.Policy) (flow.Outcome, []flow.Visit)) *item {
	for i, o := range []*flow.Outcome{&one.from, &one.to} {
		var visits []flow.Visit
		*o, visits = judge(c.sources[i].Policy)
		for _, v := range visits {
			for _, step := range v.Decision.Steps {
				if step.Mark == policy.Match && step.Number >= 0 {
					one.matched[i] = append(one.matched[i], step.Number)
				}
			}
		}
		slices.Sort(one.matched[i])
		one.matched[i] = slices.Compact(one.matched[i])
		one.blind[i] = c.blind(i, visits)
	}
	one.trial = func(v *Variant) string {
		o, _ := judge(v.Policy)
		return o.String()
	}
	return one
}

// comparison gathers what differs.
type comparison struct {
	*Pair
	rules     [2][]int // place of each rule among the units, by number
	blindness [2]*blindness
	pending   map[string]*bucket
	order     []string
	flips     []*Flip
	unchanged int
	stands    *big.Int
}

// item is one flow or transaction under comparison.
type item struct {
	from, to flow.Outcome
	matched  [2][]int
	trial    Trial
	example  Example
	stands   *big.Int
	blind    [2]string
}

// bucket holds items that look alike: the same outcomes by the same lines.
type bucket struct{ items []*item }

func (p *Pair) comparison() *comparison {
	c := &comparison{Pair: p, pending: map[string]*bucket{}, stands: new(big.Int)}
	for i := range p.sources {
		for place, u := range p.units[i] {
			if u.kind == ruleLine {
				c.rules[i] = append(c.rules[i], place)
			}
		}
		c.blindness[i] = newBlindness(p.sources[i])
	}
	return c
}

func (c *comparison) take(one *item) {
	same := one.from.Same(one.to)
	unseen := one.blind[0] != one.blind[1] || one.from.Way == flow.Pending || one.to.Way == flow.Pending
	if same && !unseen {
		c.unchanged++
		if one.stands != nil {
			c.stands.Add(c.stands, one.stands)
		}
		return
	}
	key := strings.Join([]string{string(groupOf(one, unseen)), one.from.String(), one.from.At, one.to.String(), one.to.At, one.blind[0], one.blind[1]}, "\x00")
	b, ok := c.pending[key]
	if !ok {
		b = &bucket{}
		c.pending[key] = b
		c.order = append(c.order, key)
	}
	b.items = append(b.items, one)
}

func groupOf(one *item, unseen bool) Group {
	switch from, to := one.from.Open(), one.to.Open(); {
	case unseen:
		return CannotDecide
	case to < from:
		return Denied
	case to > from:
		return Allowed
	}
	return Otherwise
}

// report finds the causes and puts flips together that have the same.
func (c *comparison) report() Report {
	for _, key := range c.order {
		group := Group(key[:strings.IndexByte(key, 0)])
		c.explain(group, c.pending[key].items)
	}
	rank := map[Group]int{}
	for i, g := range Groups() {
		rank[g] = i
	}
	slices.SortStableFunc(c.flips, func(a, b *Flip) int {
		return cmp.Or(rank[a.Group]-rank[b.Group], slices.Compare(a.Cause.places, b.Cause.places))
	})
	r := Report{Unchanged: c.unchanged, Stands: c.stands, Edits: len(c.edits)}
	for _, f := range c.flips {
		r.Flips = append(r.Flips, *f)
	}
	return r
}

// explain finds the cause of alike items. Where the first one's does not explain
// another, that one is looked at by itself.
func (c *comparison) explain(group Group, items []*item) {
	slices.SortStableFunc(items, func(a, b *item) int { return a.example.odd - b.example.odd })
	for len(items) > 0 {
		lead := items[0]
		f := c.flip(group, lead)
		var rest []*item
		for _, one := range items[1:] {
			if group == CannotDecide || c.Explains(f.Cause, one.trial) {
				count(f, one)
			} else {
				rest = append(rest, one)
			}
		}
		c.merge(f)
		items = rest
	}
}

func count(f *Flip, one *item) {
	f.Count++
	if one.stands != nil {
		f.Stands.Add(f.Stands, one.stands)
	}
}

// flip makes the flip of an item.
func (c *comparison) flip(group Group, one *item) *Flip {
	f := &Flip{Group: group, Example: one.example}
	if one.stands != nil {
		f.Stands = new(big.Int)
	}
	count(f, one)
	f.From, f.To = Side{Outcome: one.from}, Side{Outcome: one.to}
	if group == CannotDecide {
		f.Why = why(one)
	}
	if !one.from.Same(one.to) {
		f.From.Line, f.To.Line = c.decider(0, one, one.from), c.decider(1, one, one.to)
		f.Cause = c.Cause(one.trial, c.near(one, f))
	}
	return f
}

func why(one *item) string {
	for i, name := range []string{"the old policy", "the new policy"} {
		if one.blind[i] != "" && one.blind[i] != one.blind[1-i] {
			return name + " tests " + one.blind[i]
		}
	}
	return "it is not decided at the last point that is given"
}

// decider is the rule that decides on one side.
func (c *comparison) decider(side int, one *item, o flow.Outcome) Line {
	if place := c.ruleAt(side, o.At); place >= 0 {
		return c.line(side, place)
	}
	before := o.String()
	for _, number := range slices.Backward(one.matched[side]) {
		if number >= len(c.rules[side]) {
			continue
		}
		place := c.rules[side][number]
		if v := c.without(side, place); v != nil && one.trial(v) != before {
			return c.line(side, place)
		}
	}
	return Line{}
}

// near are the lines that a change of outcome is likely to have to do with.
func (c *comparison) near(one *item, f *Flip) map[string]bool {
	lines := map[string]bool{f.From.Line.At(): true, f.To.Line.At(): true}
	for side, numbers := range one.matched {
		for _, number := range numbers {
			if number < len(c.rules[side]) {
				lines[c.line(side, c.rules[side][number]).At()] = true
			}
		}
	}
	delete(lines, "")
	return lines
}

// merge adds a flip to those that say the same.
func (c *comparison) merge(f *Flip) {
	for _, o := range c.flips {
		if o.Group == f.Group && o.Why == f.Why && slices.Equal(o.Cause.places, f.Cause.places) && len(f.Cause.places) > 0 &&
			o.From.Outcome.Same(f.From.Outcome) && o.To.Outcome.Same(f.To.Outcome) && o.From.Line == f.From.Line && o.To.Line == f.To.Line {
			o.Count += f.Count
			if o.Stands != nil && f.Stands != nil {
				o.Stands.Add(o.Stands, f.Stands)
			}
			if f.Example.odd < o.Example.odd {
				o.Example = f.Example
			}
			o.Cause.Verified = o.Cause.Verified && f.Cause.Verified
			return
		}
	}
	c.flips = append(c.flips, f)
}
