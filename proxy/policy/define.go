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
	}
	return n
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
