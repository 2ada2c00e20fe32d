package space

import (
	"slices"
	"strings"

	"rehearse/proxy/policy"
	"rehearse/proxy/policy/cpl"
)

// scope is a set of kinds of transactions that a condition applies to, as the
// engine has them.
type scope int

const (
	anywhere scope = iota
	inHTTP
	inResponse
	inServerTLS
	inClientTLS
	inException
)

// subject is what a condition is about: where its value is there, and where a
// pattern fits it.
type subject struct {
	scope scope
	there formula
	fits  func(cpl.Value) formula
}

// condition makes a test of a condition.
func (v *View) condition(c *cpl.Condition) test {
	t := test{text: cpl.TermText(c)}
	if row, ok := cpl.Lookup(cpl.KindCondition, c.Base); ok {
		t.first = row.At
	}
	switch c.Base {
	case "condition":
		t.first = policy.AtAccept
		t.named = v.namedExpr(c.Expr)
		t.holds = t.named.formula(v.s)
		t.first, t.waits = t.named.latest()
		return t
	case "release.version", "appliance.name":
		t.first = policy.AtAccept
		t.holds = v.constant(c)
		return t
	case "ssl.proxy_mode":
		t.first = policy.AtAccept
	case "client.protocol", "tunneled":
		t.waits, t.first = true, policy.AtFirstBytes
	}
	if v.unusable(c) {
		t.holds, t.dark = truth(false), true
		v.s.reasons["a regular expression that only Perl can run"] = true
		return t
	}
	about := v.subject(c)
	if about.scope != anywhere {
		t.scoped = v.inScope(about.scope)
	}
	t.holds = v.s.and(v.inScope(about.scope), about.there, v.expression(c.Expr, about.fits))
	return t
}

// expression puts together what patterns say.
func (v *View) expression(x cpl.Expr, fits func(cpl.Value) formula) formula {
	switch x := x.(type) {
	case *cpl.Pattern:
		return fits(x.Value)
	case *cpl.Not:
		return v.s.not(v.expression(x.X, fits))
	case *cpl.And:
		return v.s.and(v.expression(x.X, fits), v.expression(x.Y, fits))
	case *cpl.Or:
		return v.s.or(v.expression(x.X, fits), v.expression(x.Y, fits))
	case *cpl.List:
		list := make([]formula, len(x.Items))
		for i, item := range x.Items {
			list[i] = v.expression(item, fits)
		}
		return v.s.or(list...)
	}
	return truth(false)
}

// constant is a condition that is settled when policy is compiled.
func (v *View) constant(c *cpl.Condition) formula {
	if c.Base == "appliance.name" {
		if v.opt.Appliance == "" {
			return truth(false)
		}
		return v.expression(c.Expr, func(p cpl.Value) formula {
			t, ok := v.textTest(c, exact, p)
			return truth(ok && t.holds(v.opt.Appliance))
		})
	}
	release := v.Policy.Release()
	return v.expression(c.Expr, func(p cpl.Value) formula {
		low, high, err := cpl.ParseReleaseRange(p.Text)
		return truth(err == nil && release.Compare(low) >= 0 && release.Compare(high) <= 0)
	})
}

// unusable says whether the engine cannot run an expression of a condition.
func (v *View) unusable(c *cpl.Condition) bool {
	how, _ := v.comparison(c, exact)
	defaultRegex := c.Base == "url.query" || strings.HasSuffix(c.Base, "_header") || strings.HasSuffix(c.Base, ".header")
	if defaultRegex {
		how, _ = v.comparison(c, regex)
	}
	if how != regex || slices.ContainsFunc(c.Modifiers, func(m string) bool {
		return m == "exists" || m == "count" || m == "length" || m == "as_number" || m == "address"
	}) {
		return false
	}
	bad := false
	v.expression(c.Expr, func(p cpl.Value) formula {
		if _, err := compileRegex(p.Text, false); err != nil {
			bad = true
		}
		return truth(false)
	})
	return bad
}

// comparison is how a condition compares texts, with its usual way.
func (v *View) comparison(c *cpl.Condition, usual comparison) (how comparison, sensitive bool) {
	how = usual
	for _, m := range c.Modifiers {
		switch m {
		case "exact":
			how = exact
		case "prefix":
			how = prefix
		case "suffix":
			how = suffix
		case "substring":
			how = substring
		case "regex":
			how = regex
		case "case_sensitive":
			sensitive = true
		}
	}
	return how, sensitive
}

func (v *View) textTest(c *cpl.Condition, usual comparison, p cpl.Value) (textTest, bool) {
	how, sensitive := v.comparison(c, usual)
	return newTextTest(how, p.Text, sensitive)
}

// text is the subject of a condition on a text field.
func (v *View) text(c *cpl.Condition, in scope, f *textField, usual comparison) subject {
	return subject{in, f.present(v.s), func(p cpl.Value) formula {
		t, ok := v.textTest(c, usual, p)
		if !ok {
			return truth(false)
		}
		return f.test(v.s, t)
	}}
}

// flag is the subject of a yes-or-no condition.
func (v *View) flag(in scope, there, yes formula) subject {
	return subject{in, there, func(p cpl.Value) formula {
		switch strings.ToLower(p.Text) {
		case "yes", "true", "on":
			return yes
		case "no", "false", "off":
			return v.s.not(yes)
		}
		return truth(false)
	}}
}

func (v *View) number(in scope, f *numberField) subject {
	return subject{in, f.present(v.s), func(p cpl.Value) formula {
		r, ok := parseSpan(p.Text)
		if !ok {
			return truth(false)
		}
		return f.test(v.s, r)
	}}
}

// inRanges says where an address is one of a pattern's: an address, a subnet, a
// label.
func (v *View) inRanges(p cpl.Value, test func(stretch) formula) formula {
	if r, err := cpl.ParseAddresses(p.Text); err == nil {
		return test(stretch{First: r.First.Unmap(), Last: r.Last.Unmap()})
	}
	var list []formula
	for _, entry := range v.defs.subnets[cpl.LabelKey(p.Text)] {
		f := test(entry.stretch)
		v.mark(entry.at, f)
		list = append(list, f)
	}
	return v.s.or(list...)
}

func (v *View) address(in scope, f *addressField) subject {
	return subject{in, f.present(v.s), func(p cpl.Value) formula {
		return v.inRanges(p, func(r stretch) formula { return f.test(v.s, r) })
	}}
}

// namedExpr is the expression of condition=: labels put together.
type namedExpr struct {
	op    string // "label", "not", "and", "or"
	label *namedCondition
	parts []*namedExpr
}

// namedCondition is a define condition: lines of which one has to hold.
type namedCondition struct {
	lines [][]test
	url   bool // a URL list, not known before the request
	holds formula
	// latest and waits are as a rule has them.
	latest policy.Checkpoint
	waits  bool
	dark   bool // has a test that cannot be evaluated
}

func (v *View) namedExpr(x cpl.Expr) *namedExpr {
	switch x := x.(type) {
	case *cpl.Pattern:
		return &namedExpr{op: "label", label: v.named(x.Text)}
	case *cpl.Not:
		return &namedExpr{op: "not", parts: []*namedExpr{v.namedExpr(x.X)}}
	case *cpl.And:
		return &namedExpr{op: "and", parts: []*namedExpr{v.namedExpr(x.X), v.namedExpr(x.Y)}}
	case *cpl.Or:
		return &namedExpr{op: "or", parts: []*namedExpr{v.namedExpr(x.X), v.namedExpr(x.Y)}}
	case *cpl.List:
		e := &namedExpr{op: "or"}
		for _, item := range x.Items {
			e.parts = append(e.parts, v.namedExpr(item))
		}
		return e
	}
	return &namedExpr{op: "or"}
}

// formula says where the expression holds.
func (e *namedExpr) formula(s *Space) formula {
	switch e.op {
	case "label":
		if e.label == nil {
			return truth(false)
		}
		return e.label.holds
	case "not":
		return s.not(e.parts[0].formula(s))
	}
	list := make([]formula, len(e.parts))
	for i, p := range e.parts {
		list[i] = p.formula(s)
	}
	if e.op == "and" {
		return s.and(list...)
	}
	return s.or(list...)
}

// latest is when everything in the expression is known, and whether it waits for
// the protocol.
func (e *namedExpr) latest() (at policy.Checkpoint, waits bool) {
	if e.label != nil {
		at, waits = e.label.latest, e.label.waits
	}
	for _, p := range e.parts {
		later, also := p.latest()
		at, waits = max(at, later), waits || also
	}
	return at, waits
}

// dark says whether anything in the expression cannot be evaluated.
func (e *namedExpr) dark() bool {
	return e.label != nil && e.label.dark || slices.ContainsFunc(e.parts, (*namedExpr).dark)
}

// settle puts the lines together.
func (n *namedCondition) settle(s *Space) {
	lines := make([]formula, len(n.lines))
	for i, line := range n.lines {
		parts := make([]formula, len(line))
		for j, t := range line {
			parts[j] = t.holds
			n.latest, n.waits = max(n.latest, t.first), n.waits || t.waits
			n.dark = n.dark || t.dark || t.named != nil && t.named.dark()
		}
		lines[i] = s.and(parts...)
	}
	n.holds = s.or(lines...)
}

// named is a named condition by its label, nil where there is none or where it
// refers to itself.
func (v *View) named(label string) *namedCondition {
	key := cpl.LabelKey(label)
	if n, ok := v.defs.named[key]; ok {
		return n
	}
	d, ok := v.defs.conditions[key]
	if !ok {
		return nil
	}
	v.defs.named[key] = nil // it does not hold in itself
	n := &namedCondition{url: d.Type != "condition"}
	key = v.listKey("condition", key)
	for _, line := range d.Lines {
		list := v.lineTests(key, line)
		switch {
		case n.url && line.Pattern == nil, !n.url && len(list) == 0:
			continue
		case n.url:
			family := "url"
			if strings.HasPrefix(d.Type, "server_") {
				family = "server_url"
			}
			p := policy.ParseURLPattern(line.Pattern.Text, d.Type == "url condition")
			holds := formula(nil)
			if plainHost(p) && len(list) == 0 && !v.watch[place(line.At)] {
				holds = v.s.among(key, func() formula { return v.urlPattern(family, p, false) })
			} else {
				holds = v.urlPattern(family, p, false)
			}
			list = append([]test{{first: policy.AtRequest, holds: holds, text: line.Pattern.Text}}, list...)
		}
		n.lines = append(n.lines, list)
		parts := make([]formula, len(list))
		for i, t := range list {
			parts[i] = t.holds
		}
		v.mark(line.At, v.s.and(parts...))
	}
	n.settle(v.s)
	v.defs.named[cpl.LabelKey(label)] = n
	return n
}

// lineTests are the conditions of a line of a definition; one that is no more than
// a domain is an entry of a list.
func (v *View) lineTests(list string, line *cpl.Line) (tests []test) {
	if c, ok := onlyCondition(line); ok && c.Name == "url.domain" && !v.watch[place(line.At)] {
		if p, ok := c.Expr.(*cpl.Pattern); ok && plainHost(policy.ParseURLPattern(p.Text, false)) {
			v.s.among(list, func() formula {
				tests = v.tests(line.Terms)
				return nil
			})
			return tests
		}
	}
	return v.tests(line.Terms)
}

// onlyCondition is the condition of a line that has nothing else.
func onlyCondition(line *cpl.Line) (*cpl.Condition, bool) {
	if line.Pattern != nil || len(line.Terms) != 1 {
		return nil, false
	}
	c, ok := line.Terms[0].(*cpl.Condition)
	return c, ok
}
