package policy

import (
	"slices"
	"strconv"
	"strings"

	"rehearse/proxy/policy/cpl"
	"rehearse/reports/diag"
)

// Compile makes one policy of parsed files, in the order in which the appliance
// concatenates its sources. It checks them first. With any error there is no
// policy, nor with a file that Parse could not read whole: that file's errors
// stand in Parse's list. The list returned has warnings and notes too.
func Compile(files []*cpl.File, opt Options) (*Policy, diag.List) {
	diags := cpl.Check(files, cpl.Options{Environment: opt.environment(), Keyrings: opt.Keyrings})
	broken := slices.ContainsFunc(files, func(f *cpl.File) bool { return f.Broken })
	if broken || diags.HasErrors() {
		return nil, diags
	}
	c := newCompiler(opt)
	for _, f := range files {
		c.collect(f.Resolve(opt.environment()))
	}
	for _, l := range c.layers {
		c.layer(l)
	}
	c.policy.categories.urls.order()
	c.policy.index = c.index()
	c.policy.labels = c.numbers
	return c.policy, diags
}

// compiler turns trees into a Policy.
type compiler struct {
	policy   *Policy
	triggers map[string]trigger

	layers     []*cpl.Layer
	conditions map[string]*cpl.Definition
	numbers    map[string]int // of compiled named conditions; -1 while one is being compiled
	subnets    map[string][]addressRange
	sequential int // rules so far in sections without a table
	// Of the condition being compiled: it cannot be evaluated; what tells its value.
	unusable bool
	saw      func(*machine) string
}

func newCompiler(opt Options) *compiler {
	c := &compiler{
		policy:     &Policy{opt: opt, actions: map[string][]Call{}, hosts: hostTable{}, categories: newCategoryTable()},
		triggers:   map[string]trigger{},
		conditions: map[string]*cpl.Definition{}, numbers: map[string]int{}, subnets: map[string][]addressRange{},
	}
	for _, t := range triggers() {
		c.triggers[t.name] = t
	}
	return c
}

func (c *compiler) collect(f *cpl.File) {
	for _, it := range f.Items {
		switch it := it.(type) {
		case *cpl.Layer:
			c.layers = append(c.layers, it)
		case *cpl.Definition:
			c.define(it)
		case *cpl.Restrict:
			c.restrict(it)
		}
	}
}

func (c *compiler) layer(l *cpl.Layer) {
	out := layer{kind: kindOf(l.Type), header: cpl.LayerHeader(l), number: len(c.policy.layers) + 1, at: place(l.At), first: c.sequential}
	var defaults effects
	out.guard, defaults = c.terms(l.Guard, effects{})
	for _, s := range l.Sections {
		out.sections = append(out.sections, c.section(s, defaults))
		out.tables = out.tables || hashedSection(s.Type)
	}
	out.end = c.sequential
	c.policy.layers = append(c.policy.layers, out)
}

func (c *compiler) section(s *cpl.Section, defaults effects) section {
	out := section{at: place(s.At), server: s.Type == "server_url.domain"}
	if !s.Implicit {
		out.header = cpl.SectionHeader(s)
	}
	out.guard, defaults = c.terms(s.Guard, defaults)
	if hashedSection(s.Type) {
		out.table = &urlTable{}
	}
	if out.table == nil {
		out.first = c.sequential
		c.sequential += len(s.Rules)
	}
	for i, r := range s.Rules {
		rule := c.rule(r, s.Type, defaults)
		if out.table != nil && r.Pattern != nil {
			out.table.add(c.policy.hosts, parseURLPattern(r.Pattern.Text, s.Type == "url"), int32(i))
		}
		out.rules = append(out.rules, rule)
	}
	if out.table != nil {
		out.table.order()
	}
	return out
}

// hashedSection says whether a section's rules are found by the URL's hash.
func hashedSection(sectionType string) bool {
	return sectionType == "url" || sectionType == "url.domain" || sectionType == "server_url.domain"
}

// rule compiles a rule; in [url.regex] its pattern is a condition.
func (c *compiler) rule(r *cpl.Rule, sectionType string, defaults effects) *rule {
	out := &rule{number: len(c.policy.rules), at: place(r.At), text: cpl.RuleText(r), source: r}
	if sectionType == "url.regex" && r.Pattern != nil {
		out.conditions = append(out.conditions, c.condition(&cpl.Condition{At: r.Pattern.At, Name: "url.regex", Base: "url", Modifiers: []string{"regex"}, Expr: r.Pattern}))
	}
	conditions, own := c.terms(r.Terms, defaults)
	out.conditions = append(out.conditions, conditions...)
	out.effects, out.verdict = own.list, own.verdict
	c.policy.rules = append(c.policy.rules, out)
	return out
}

// effects are what the terms of a line set.
type effects struct {
	list    []effect
	verdict *verdictEffect
}

// terms compiles a line's conditions, and its settings on top of the defaults.
func (c *compiler) terms(list []cpl.Term, defaults effects) (conditions []*condition, own effects) {
	own.verdict = defaults.verdict
	own.list = append(own.list, defaults.list...)
	for _, t := range list {
		switch t := t.(type) {
		case *cpl.Condition:
			conditions = append(conditions, c.condition(t))
		case *cpl.Property:
			own.list = append(own.list, newEffect(t))
		case *cpl.Verdict:
			own.verdict = newVerdict(t)
		}
	}
	return conditions, own
}

func (c *compiler) condition(cond *cpl.Condition) *condition {
	out := &condition{text: cpl.TermText(cond), scope: anywhere}
	if row, ok := cpl.Lookup(cpl.KindCondition, cond.Base); ok && !early(cond.Base) {
		out.first = row.At
	}
	outer, outerSaw := c.unusable, c.saw
	c.unusable, c.saw = false, nil
	if t, ok := c.triggers[cond.Base]; ok {
		out.scope, out.match = t.scope, t.compile(c, cond)
	} else {
		out.match, out.first = otherTrigger(c, cond, out.first), AtAccept
	}
	if c.unusable {
		out.match = func(*machine) value { return unavailable }
	}
	out.about = &about{cond, c.saw}
	c.unusable, c.saw = outer, outerSaw
	return out
}

func newEffect(p *cpl.Property) effect {
	e := effect{name: p.Name, base: p.Name, arg: strings.ToLower(p.Arg), at: place(p.At)}
	if p.Name == "label" {
		e.name, e.base = "action", "action"
	}
	if p.Arg != "" {
		e.name += "." + e.arg
	}
	for _, a := range p.Args {
		e.args = append(e.args, a.Text)
	}
	return e
}

func newVerdict(v *cpl.Verdict) *verdictEffect {
	e := &verdictEffect{verdict: Verdict{Kind: Exception, ID: "policy_denied", At: place(v.At)}}
	argument := func(i int) string {
		if i < len(v.Args) {
			return v.Args[i].Text
		}
		return ""
	}
	switch v.Name {
	case "allow":
		e.verdict.Kind, e.verdict.ID = Allow, ""
	case "deny", "force_deny":
		e.verdict.Details = argument(0)
	case "deny.unauthorized":
		e.verdict.ID, e.verdict.Details = "authorization_failed", argument(0)
	case "exception", "force_exception":
		e.verdict.ID, e.verdict.Details = exceptionID(argument(0)), argument(1)
	}
	e.verdict.Forced = strings.HasPrefix(v.Name, "force_")
	e.substitute = strings.Contains(e.verdict.Details, "$(")
	return e
}

// place is "file:line".
func place(s diag.Span) string { return s.File + ":" + strconv.Itoa(s.Start.Line) }
