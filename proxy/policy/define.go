package policy

import (
	"fmt"
	"strings"

	"rehearse/proxy/policy/cpl"
)

// Call is one action of a define action block.
type Call struct {
	Name string   // "set", "rewrite", "redirect"
	Args []string // before substitution
	At   string   // "file:line"
}

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
	case "string":
		c.policy.strings[key] = text(d)
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

func calls(d *cpl.Definition) []Call {
	list := []Call{}
	for _, line := range d.Lines {
		if line.Call == nil {
			continue
		}
		call := Call{Name: line.Call.Name, At: place(line.Call.At)}
		for _, a := range line.Call.Args {
			call.Args = append(call.Args, a.Text)
		}
		list = append(list, call)
	}
	return list
}

// text is the body of define string, with line ends.
func text(d *cpl.Definition) string {
	var b strings.Builder
	for _, line := range d.Lines {
		b.WriteString(line.Text + "\n")
	}
	return b.String()
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
	n := &namedCondition{name: d.Name}
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

// CallsOf are the actions of a define action block.
func (p *Policy) CallsOf(label string) ([]Call, error) {
	if list, ok := p.actions[cpl.LabelKey(label)]; ok {
		return list, nil
	}
	return nil, fmt.Errorf("policy has no action %q", label)
}
