package policy

import (
	"strings"

	"rehearse/proxy/policy/cpl"
)

// define takes note of a definition.
func (c *compiler) define(d *cpl.Definition) {
	key := cpl.LabelKey(d.Name)
	switch d.Type {
	case "condition", "url condition", "url.domain condition", "server_url.domain condition":
		c.conditions[key] = d
	case "subnet":
		for _, line := range d.Lines {
			c.subnets[key] = append(c.subnets[key], ranges(line.Values)...)
		}
	case "category":
		for _, line := range d.Lines {
			if line.Pattern != nil {
				c.policy.categories.define(c.policy.hosts, d.Name, line.Pattern.Text)
			}
		}
	case "action":
		c.policy.actions[key] = calls(d)
	}
}

func ranges(values []cpl.Value) (list []addressRange) {
	for _, v := range values {
		if r, ok := parseAddresses(v.Text); ok {
			list = append(list, r)
		}
	}
	return list
}

// named is the number of a named condition, compiled when first asked for; false
// where there is none, or where it refers to itself. Check reports both.
func (c *compiler) named(label string) (int, bool) {
	key := cpl.LabelKey(label)
	if n, ok := c.numbers[key]; ok {
		return n, n >= 0
	}
	d, ok := c.conditions[key]
	if !ok {
		return 0, false
	}
	c.numbers[key] = -1
	n := c.namedCondition(d)
	number := len(c.policy.named)
	c.policy.named = append(c.policy.named, n)
	c.numbers[key] = number
	return number, true
}

func (c *compiler) namedCondition(d *cpl.Definition) *namedCondition {
	n := &namedCondition{}
	if d.Type != "condition" {
		n.table = &urlTable{}
		n.server = strings.HasPrefix(d.Type, "server_")
	}
	for _, line := range d.Lines {
		conditions, _ := c.terms(line.Terms, effects{})
		if n.table != nil {
			if line.Pattern == nil {
				continue
			}
			n.table.add(c.policy.hosts, parseURLPattern(line.Pattern.Text, d.Type == "url condition"), int32(len(n.lines)))
		} else if len(conditions) == 0 {
			continue
		}
		n.lines = append(n.lines, conditionLine{at: place(line.At), conditions: conditions})
	}
	if n.table != nil {
		n.table.order()
	} else {
		c.hashDomains(n, d)
	}
	return n
}

// hashLines is from how many plain url.domain lines on a definition is hashed
// (facts: cpl-corpus section 3, rule 7; Modelled: the threshold).
const hashLines = 10

// hashDomains makes one look-up of the lines that are a url.domain= and nothing
// else.
func (c *compiler) hashDomains(n *namedCondition, d *cpl.Definition) {
	t := &urlTable{}
	var others []int32
	place := int32(0)
	for _, line := range d.Lines {
		if !hasConditions(line) {
			continue
		}
		if v, ok := domainAlone(line); ok {
			t.add(c.policy.hosts, parseURLPattern(v.Text, false), place)
		} else {
			others = append(others, place)
		}
		place++
	}
	if int(place)-len(others) >= hashLines {
		t.order()
		n.domains, n.others = t, others
	}
}

// domainAlone is the domain of a line that is one url.domain= of one domain.
func domainAlone(line *cpl.Line) (cpl.Value, bool) {
	if len(line.Terms) != 1 {
		return cpl.Value{}, false
	}
	cond, ok := line.Terms[0].(*cpl.Condition)
	if !ok || cond.Base != "url.domain" || len(cond.Modifiers) > 0 {
		return cpl.Value{}, false
	}
	p, ok := cond.Expr.(*cpl.Pattern)
	if !ok {
		return cpl.Value{}, false
	}
	return p.Value, true
}

func hasConditions(line *cpl.Line) bool {
	for _, t := range line.Terms {
		if _, ok := t.(*cpl.Condition); ok {
			return true
		}
	}
	return false
}

// restrict merges a restrict block into those before it. Modelled: reverse
// look-ups do not take place, so that restrict rdns changes nothing.
func (c *compiler) restrict(r *cpl.Restrict) {
	if r.Type != "dns" {
		return
	}
	out := &c.policy.restrict
	add := func(t *urlTable, list []cpl.Value) {
		for i, v := range list {
			t.add(c.policy.hosts, parseURLPattern(v.Text, false), int32(i))
		}
	}
	for _, v := range r.List {
		out.all = out.all || strings.EqualFold(v.Text, "all")
	}
	add(&out.list, r.List)
	add(&out.except, r.Except)
}
