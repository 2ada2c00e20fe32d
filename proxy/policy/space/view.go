package space

import (
	"slices"
	"strconv"
	"strings"

	"rehearse/proxy/policy"
	"rehearse/proxy/policy/cpl"
	"rehearse/proxy/policy/flow"
	"rehearse/reports/diag"
)

// definitions are what policy defines, by cpl.LabelKey.
type definitions struct {
	conditions map[string]*cpl.Definition
	subnets    map[string][]subnetEntry
	categories map[string]*category
	order      []string // of categories
	restricts  []*cpl.Restrict
	named      map[string]*namedCondition
}

type category struct {
	name    string
	entries []categoryEntry
}

type categoryEntry struct {
	text string
	at   diag.Span
}

type subnetEntry struct {
	stretch
	at diag.Span
}

func newView(s *Space, src Source) *View {
	v := &View{Policy: src.Policy, s: s, opt: src.Options, rules: map[int]*Rule{}, watch: src.Watch, watched: map[string]formula{}}
	v.defs = definitions{
		conditions: map[string]*cpl.Definition{}, subnets: map[string][]subnetEntry{}, categories: map[string]*category{},
	}
	number := 0
	for _, f := range src.Files {
		for _, it := range f.Resolve(cpl.Environment{Release: src.Policy.Release(), Enforcement: src.Options.Enforcement}).Items {
			switch it := it.(type) {
			case *cpl.Layer:
				v.layer(it, &number)
			case *cpl.Definition:
				v.defs.add(it)
			case *cpl.Restrict:
				v.defs.restricts = append(v.defs.restricts, it)
			}
		}
	}
	return v
}

func (v *View) layer(l *cpl.Layer, number *int) {
	layer := &Layer{AST: l, Number: len(v.Layers) + 1}
	for _, sec := range l.Sections {
		for _, r := range sec.Rules {
			rule := &Rule{AST: r, Section: sec, Layer: layer, Number: *number, hashed: hashed(sec.Type)}
			if rule.hashed && r.Pattern != nil {
				rule.pattern = policy.ParseURLPattern(r.Pattern.Text, sec.Type == "url")
			}
			layer.Rules = append(layer.Rules, rule)
			v.rules[*number] = rule
			*number++
		}
	}
	v.Layers = append(v.Layers, layer)
}

func hashed(section string) bool {
	return section == "url" || section == "url.domain" || section == "server_url.domain"
}

func (d *definitions) add(def *cpl.Definition) {
	key := cpl.LabelKey(def.Name)
	switch def.Type {
	case "condition", "url condition", "url.domain condition", "server_url.domain condition":
		d.conditions[key] = def
	case "subnet":
		for _, line := range def.Lines {
			for _, value := range line.Values {
				if r, err := cpl.ParseAddresses(value.Text); err == nil {
					d.subnets[key] = append(d.subnets[key], subnetEntry{r, line.At})
				}
			}
		}
	case "category":
		c, ok := d.categories[key]
		if !ok {
			c = &category{name: key}
			d.categories[key] = c
			d.order = append(d.order, key)
		}
		for _, line := range def.Lines {
			if line.Pattern != nil {
				c.entries = append(c.entries, categoryEntry{line.Pattern.Text, line.At})
			}
		}
	}
}

// Rule is the rule of a number among policy.Rules.
func (v *View) Rule(number int) *Rule { return v.rules[number] }

// flowTests are what the interceptor itself asks of a flow, beside policy.
func (v *View) flowTests() {
	if !v.s.flows {
		return
	}
	v.kind()
	v.host("url")
	v.path("url")
	v.query("url")
	v.resolved()
	v.sni()
	v.fault()
	v.addressOf("client.address", flow.UsualClient(), true)
}

// setsValidation says whether policy says anything about judging certificates.
func (v *View) setsValidation() bool {
	sets := func(terms []cpl.Term) bool {
		return slices.ContainsFunc(terms, func(t cpl.Term) bool {
			p, ok := t.(*cpl.Property)
			return ok && (strings.HasPrefix(p.Name, "server.certificate.validate") || p.Name == "ssl.forward_proxy.preserve_untrusted")
		})
	}
	for _, l := range v.Layers {
		if sets(l.AST.Guard) {
			return true
		}
		for _, r := range l.Rules {
			if sets(r.Section.Guard) || sets(r.AST.Terms) {
				return true
			}
		}
	}
	return false
}

// mark notes where a line of a definition holds, if it is watched. Where several
// conditions refer to it the first one's reading stands.
func (v *View) mark(at diag.Span, f formula) {
	line := place(at)
	if !v.s.frozen || !v.watch[line] || v.watched[line] != nil {
		return
	}
	v.watched[line] = f
	v.lines = append(v.lines, line)
}

// place is "file:line".
func place(at diag.Span) string { return at.File + ":" + strconv.Itoa(at.Start.Line) }

// build makes the formulas of all rules.
func (v *View) build() {
	if v.s.flows {
		port := v.port("url")
		v.usualPort = v.s.or(port.test(v.s, span{443, 443}), port.test(v.s, span{80, 80}))
	}
	v.defs.named, v.categories = map[string]*namedCondition{}, map[[2]string]formula{}
	for _, l := range v.Layers {
		l.guard, l.takesPart = v.tests(l.AST.Guard), v.takesPart(l.AST.Type)
		sections := map[*cpl.Section][]test{}
		for _, r := range l.Rules {
			guard, ok := sections[r.Section]
			if !ok {
				guard = v.tests(r.Section.Guard)
				sections[r.Section] = guard
			}
			r.guard, r.own = guard, append(v.pattern(r), v.tests(r.AST.Terms)...)
			parts := []formula{l.takesPart}
			r.latest, r.waits = policy.AtAccept, false
			for _, t := range r.tests() {
				parts = append(parts, t.holds)
				r.latest, r.waits = max(r.latest, t.first), r.waits || t.waits
			}
			r.Formula = v.s.and(parts...)
		}
	}
}

// pattern is the first token of a line in a URL section.
func (v *View) pattern(r *Rule) []test {
	p := r.AST.Pattern
	switch {
	case p == nil:
		return nil
	case r.Section.Type == "url.regex":
		cond := &cpl.Condition{At: p.At, Name: "url.regex", Base: "url", Modifiers: []string{"regex"}, Expr: p}
		return []test{v.condition(cond)}
	}
	family := "url"
	if strings.HasPrefix(r.Section.Type, "server_") {
		family = "server_url"
	}
	return []test{{first: policy.AtRequest, holds: v.urlPattern(family, r.pattern, false), text: p.Text}}
}

// test is a condition as a formula.
type test struct {
	text   string            // as a trace prints it
	scoped formula           // the transactions it applies to; nil for all
	first  policy.Checkpoint // before it the value does not exist
	// waits says that it is late where the protocol, or tunneled, is not known yet.
	waits bool
	dark  bool // cannot be evaluated
	holds formula
	// named is set for condition=, whose parts may be late each for itself.
	named *namedExpr
}

func (v *View) tests(terms []cpl.Term) []test {
	var list []test
	for _, t := range terms {
		if c, ok := t.(*cpl.Condition); ok {
			list = append(list, v.condition(c))
		}
	}
	return list
}
