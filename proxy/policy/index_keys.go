package policy

import (
	"net/netip"
	"slices"
	"strings"

	"rehearse/proxy/policy/cpl"
)

// When an index pays: so many rules in all, so many that test a field, and these
// one in so many. Measured: a field costs about as much as trying ten rules.
const (
	indexFrom   = 64
	indexFewest = 16
	indexShare  = 64
)

// want is what values a field must have for a condition to hold: one of keys, or
// any where unbound.
type want struct {
	keys    []string
	unbound bool
}

// either is what holds when one of two conditions does.
func (w want) or(o want) want {
	if w.unbound || o.unbound {
		return want{unbound: true}
	}
	return want{keys: append(slices.Clip(w.keys), o.keys...)}
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
	// section, when set, is key for the patterns of URL lists by their definition.
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
	case *cpl.Or:
		return c.wantExpr(a, cond, x.X).or(c.wantExpr(a, cond, x.Y))
	case *cpl.List:
		w := want{}
		for _, item := range x.Items {
			w = w.or(c.wantExpr(a, cond, item))
		}
		return w
	case *cpl.Pattern:
		if cond.Base == "condition" {
			return c.wantNamed(a, x.Text)
		}
		if k, ok := a.key(cond, x.Value); ok {
			return want{keys: []string{k}}
		}
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
		w = w.or(own)
	}
	a.named[key] = &w
	return w
}

// aspects are the fields of an index.
func aspects() []*aspect {
	list := []*aspect{hostAspect(asked), hostAspect(sent), categoryAspect(), addressAspect()}
	for _, t := range []struct {
		names []string
		read  func(*machine) ([]string, value)
	}{
		{[]string{"user"}, userNames},
		{[]string{"group"}, userGroups},
		{[]string{"realm"}, one(userRealm)},
		{[]string{"http.method", "method"}, inScope(inHTTP, one(method))},
		{[]string{"service.name"}, one(serviceName)},
		{[]string{"client.protocol"}, one(clientProtocol)},
		{[]string{"url.scheme"}, one(scheme(asked))},
		{[]string{"exception.id"}, inScope(inException, one(exceptionOf))},
	} {
		list = append(list, textAspect(t.names, t.read))
	}
	return list
}

// one lifts a single text to a list of one.
func one(read func(*machine) (string, value)) func(*machine) ([]string, value) {
	return func(m *machine) ([]string, value) {
		s, known := read(m)
		m.pair[0] = s
		return m.pair[:1], known
	}
}

func inScope(s scope, read func(*machine) ([]string, value)) func(*machine) ([]string, value) {
	return func(m *machine) ([]string, value) {
		if m.scopes&s == 0 {
			return nil, inapplicable
		}
		return read(m)
	}
}

// plain says whether a condition compares whole texts without regard to case.
func plain(cond *cpl.Condition) bool {
	return !slices.ContainsFunc(cond.Modifiers, func(m string) bool { return m != "exact" && m != "case_insensitive" && m != "case_sensitive" })
}

func textAspect(names []string, read func(*machine) ([]string, value)) *aspect {
	return &aspect{
		key: func(cond *cpl.Condition, v cpl.Value) (string, bool) {
			if cond.Base == "exception.id" {
				v.Text = exceptionID(v.Text)
			}
			return strings.ToLower(v.Text), slices.Contains(names, cond.Base) && plain(cond)
		},
		build: func(c *compiler, rules map[string][]int32, words int) func(*machine, []uint64) bool {
			f := &textField{rules: map[string]posting{}, read: read}
			if row, ok := cpl.Lookup(cpl.KindCondition, names[0]); ok {
				f.first = row.At
			}
			for k, list := range rules {
				f.rules[k] = newPosting(list, words)
			}
			return f.admit
		},
	}
}

// Keys of hosts say whether the host must be whole.
const (
	wholeKey  = "="
	domainKey = "."
)

func hostAspect(server bool) *aspect {
	family := "url"
	if server {
		family = "server_url"
	}
	pattern := func(text string, whole bool) (string, bool) {
		p := parseURLPattern(text, whole)
		if whole {
			return wholeKey + p.host, p.host != ""
		}
		return domainKey + p.host, p.host != ""
	}
	return &aspect{
		key: func(cond *cpl.Condition, v cpl.Value) (string, bool) {
			switch {
			case cond.Base == family+".host" && plain(cond):
				return wholeKey + strings.ToLower(v.Text), true
			case cond.Base == family && len(cond.Modifiers) == 0:
				return pattern(v.Text, true)
			case cond.Base == family+".domain":
				return pattern(v.Text, false)
			}
			return "", false
		},
		list: func(d *cpl.Definition, text string) (string, bool) {
			if strings.HasPrefix(d.Type, "server_") != server {
				return "", false
			}
			return pattern(text, d.Type == "url condition")
		},
		build: func(c *compiler, rules map[string][]int32, words int) func(*machine, []uint64) bool {
			f := &hostField{server: server, domains: map[int32]posting{}, whole: map[int32]posting{}}
			for k, list := range rules {
				to := f.domains
				if strings.HasPrefix(k, wholeKey) {
					to = f.whole
				}
				to[c.policy.hosts.number(k[1:])] = newPosting(list, words)
			}
			return f.admit
		},
	}
}

func categoryAspect() *aspect {
	return &aspect{
		key: func(cond *cpl.Condition, v cpl.Value) (string, bool) {
			return strings.ToLower(v.Text), (cond.Base == "category" || cond.Base == "url.category") && !strings.EqualFold(v.Text, "none")
		},
		build: func(c *compiler, rules map[string][]int32, words int) func(*machine, []uint64) bool {
			f := make(categoryField, len(c.policy.categories.in))
			for k, list := range rules {
				if n, ok := c.policy.categories.numbers[k]; ok {
					f[n] = newPosting(list, words)
				}
			}
			return f.admit
		},
	}
}

func addressAspect() *aspect {
	return &aspect{
		key: func(cond *cpl.Condition, v cpl.Value) (string, bool) {
			return cpl.LabelKey(v.Text), cond.Base == "client.address" || cond.Base == "client_address"
		},
		build: buildAddressField,
	}
}

// buildAddressField cuts the addresses where any wanted range starts or ends.
func buildAddressField(c *compiler, rules map[string][]int32, words int) func(*machine, []uint64) bool {
	sets := map[string]addressSet{}
	f := &addressField{}
	for k := range rules {
		sets[k] = c.addressSet([]cpl.Value{{Text: k}})
		for _, r := range sets[k] {
			f.starts = append(f.starts, r.low)
			if next := r.high.Next(); next.IsValid() {
				f.starts = append(f.starts, next)
			}
		}
	}
	slices.SortFunc(f.starts, netip.Addr.Compare)
	f.starts = slices.Compact(f.starts)
	lists := make([][]int32, len(f.starts))
	for k, numbers := range rules {
		for _, r := range sets[k] {
			i, _ := slices.BinarySearchFunc(f.starts, r.low, netip.Addr.Compare)
			for ; i < len(f.starts) && !r.high.Less(f.starts[i]); i++ {
				lists[i] = append(lists[i], numbers...)
			}
		}
	}
	for _, list := range lists {
		f.rules = append(f.rules, newPosting(list, words))
	}
	return f.admit
}
