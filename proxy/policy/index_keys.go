package policy

import "rehearse/proxy/policy/cpl"

// When an index pays: so many rules in all, so many that test a field, and these
// one in so many. Measured: a field costs about as much as trying ten rules. A
// rule that wants more than indexKeys values of a field is left out of it.
const (
	indexFrom   = 64
	indexFewest = 16
	indexShare  = 64
	indexKeys   = 512
)

// want is what values a field must have for a condition to hold: one of keys, or
// any where unbound.
type want struct {
	keys    []string
	unbound bool
}

// add makes w what holds when either does. It must not be called on a want that
// is kept elsewhere.
func (w *want) add(o want) {
	if w.unbound || o.unbound || len(w.keys)+len(o.keys) > indexKeys {
		*w = want{unbound: true}
		return
	}
	w.keys = append(w.keys, o.keys...)
}

// and is what holds when both do: the narrower of the two is enough.
func (w want) and(o want) want {
	if w.unbound || !o.unbound && len(o.keys) < len(w.keys) {
		return o
	}
	return w
}

// aspect is a field before its rules are known: which patterns of which
// conditions are keys of it.
type aspect struct {
	// key is the key of a pattern of the condition; false where the condition is
	// about something else or its patterns are no keys.
	key func(*cpl.Condition, cpl.Value) (string, bool)
	// list, when set, is key for the patterns of URL lists by their definition.
	list  func(definition *cpl.Definition, pattern string) (string, bool)
	build func(c *compiler, rules map[string][]int32, words int) func(*machine, []uint64) bool

	named map[string]*want // by label; nil while one is being worked out
}

// index makes the index of the policy's rules, nil where it would not pay.
func (c *compiler) index() *index {
	if c.sequential < indexFrom {
		return nil
	}
	x := &index{words: (c.sequential + 63) / 64}
	for _, a := range aspects() {
		if f, ok := c.field(a, x.words); ok {
			x.fields = append(x.fields, f)
		}
	}
	if len(x.fields) == 0 {
		return nil
	}
	return x
}

// field sorts the rules by the keys they want.
func (c *compiler) field(a *aspect, words int) (field, bool) {
	a.named = map[string]*want{}
	f := field{open: make([]uint64, words)}
	rules := map[string][]int32{}
	number, bound := int32(0), 0
	for _, l := range c.layers {
		guard := c.wantAll(a, l.Guard)
		for _, s := range l.Sections {
			if hashedSection(s.Type) {
				continue
			}
			both := guard.and(c.wantAll(a, s.Guard))
			for _, r := range s.Rules {
				w := both.and(c.wantAll(a, r.Terms))
				if w.unbound {
					set(f.open, number)
				} else {
					bound++
				}
				for _, k := range w.keys {
					if last := len(rules[k]) - 1; last < 0 || rules[k][last] != number {
						rules[k] = append(rules[k], number)
					}
				}
				number++
			}
		}
	}
	if bound < indexFewest || bound*indexShare < int(number) {
		return f, false
	}
	f.admit = a.build(c, rules, words)
	return f, true
}

// wantAll is what a line of conditions wants.
func (c *compiler) wantAll(a *aspect, list []cpl.Term) want {
	w := want{unbound: true}
	for _, t := range list {
		if cond, ok := t.(*cpl.Condition); ok {
			w = w.and(c.wantExpr(a, cond, cond.Expr))
		}
	}
	return w
}

func (c *compiler) wantExpr(a *aspect, cond *cpl.Condition, x cpl.Expr) want {
	switch x := x.(type) {
	case *cpl.And:
		return c.wantExpr(a, cond, x.X).and(c.wantExpr(a, cond, x.Y))
	case *cpl.Not:
		return want{unbound: true}
	}
	patterns, rest := alternatives(x, nil, nil)
	w := want{}
	for _, v := range patterns {
		w.add(c.wantPattern(a, cond, v))
	}
	for _, r := range rest {
		w.add(c.wantExpr(a, cond, r))
	}
	return w
}

func (c *compiler) wantPattern(a *aspect, cond *cpl.Condition, v cpl.Value) want {
	if cond.Base == "condition" {
		return c.wantNamed(a, v.Text)
	}
	if k, ok := a.key(cond, v); ok {
		return want{keys: []string{k}}
	}
	return want{unbound: true}
}

// wantNamed is what a named condition wants: what one of its lines does.
func (c *compiler) wantNamed(a *aspect, label string) want {
	key := cpl.LabelKey(label)
	if w, ok := a.named[key]; ok {
		if w == nil {
			return want{unbound: true}
		}
		return *w
	}
	d, ok := c.conditions[key]
	if !ok {
		return want{unbound: true}
	}
	a.named[key] = nil
	w := want{}
	for _, line := range d.Lines {
		own := c.wantAll(a, line.Terms)
		if line.Pattern != nil && a.list != nil {
			if k, ok := a.list(d, line.Pattern.Text); ok {
				own = own.and(want{keys: []string{k}})
			}
		}
		w.add(own)
	}
	a.named[key] = &w
	return w
}
