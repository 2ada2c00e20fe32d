package cpl

import (
	"fmt"
	"slices"
	"strings"
)

// The namespaces of labels.
const (
	defCondition   = "condition"
	defSubnet      = "subnet"
	defCategory    = "category"
	defAction      = "action"
	defString      = "string"
	defTransformer = "transformer"
)

type defKey struct{ space, label string }

// define is what is known of a definition.
type define struct {
	*Definition
	space    string
	used     bool
	circular bool // a circle through it was reported
	// uses are the conditions that stand in it, in order.
	uses []*Condition
	// state is for the search of cycles and for facts: 0 not visited, 1 being visited, 2 done.
	state  int
	depth  int        // while it is being visited, how many stand above it
	layers Layers     // where its conditions may stand, and those of the conditions it names
	late   *Condition // the one that becomes known last, nil for none
	at     When       // of late
	host   bool       // it tests the host of the URL
	// culprits are the conditions that keep it out of a layer.
	culprits map[Layers]*Condition
}

func spaceOf(definitionType string) string {
	switch bodyOf(definitionType) {
	case bodyConditions, bodyPatterns:
		return defCondition
	case bodyAddresses:
		return defSubnet
	case bodyEntries:
		return defCategory
	case bodyCalls:
		return defAction
	case bodyString:
		return defString
	}
	return defTransformer
}

// collect enters all definitions into the table of labels.
func (c *checker) collect() {
	for _, f := range c.files {
		for _, it := range f.Items {
			d, ok := it.(*Definition)
			if !ok || d.Name == "" {
				continue
			}
			def := &define{Definition: d, space: spaceOf(d.Type)}
			key := defKey{def.space, LabelKey(d.Name)}
			if first := c.defs[key]; first != nil {
				remark(c.fail("cpl-duplicate-definition", d.At, fmt.Sprintf("%s %s is defined twice", def.space, shown(d.Name))), first.At, "first defined here")
				continue
			}
			c.defs[key] = def
			c.order = append(c.order, def)
		}
	}
	for _, def := range c.order {
		for _, l := range def.Lines {
			for _, t := range l.Terms {
				if cond, ok := t.(*Condition); ok {
					def.uses = append(def.uses, cond)
				}
			}
		}
	}
}

// use marks a label as used; false when nothing has it.
func (c *checker) use(space, label string) bool {
	d := c.defs[defKey{space, LabelKey(label)}]
	if d == nil {
		return false
	}
	d.used = true
	return true
}

// reference judges a reference to a label.
func (c *checker) reference(space string, v Value) {
	if !c.use(space, v.Text) {
		c.undefined(space, v)
	}
}

func (c *checker) undefined(space string, v Value) {
	c.fail("cpl-undefined", v.At, fmt.Sprintf("%s %s is not defined", space, shown(v.Text)), c.guess(v.Text, c.labels(space))...)
}

func (c *checker) labels(space string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for _, d := range c.order {
			if d.space == space && !yield(d.Name) {
				return
			}
		}
	}
}

// definition judges the body of a definition.
func (c *checker) definition(d *Definition) {
	e := table().find(KindDefinition, d.Type)
	if e == nil {
		c.fail("cpl-unknown-definition", d.At, fmt.Sprintf("define %s is unknown", d.Type), c.didYouMean(d.Type, KindDefinition)...)
		return
	}
	c.modelled(e, d.At, "define "+e.Name)
	if bodyOf(d.Type) == bodyCalls && strings.Trim(strings.ToLower(d.Name), "abcdefghijklmnopqrstuvwxyz0123456789_-") != "" {
		c.fail("cpl-bad-label", d.At, fmt.Sprintf("the label of an action holds letters, digits, \"_\" and \"-\" only, got %s", shown(d.Name)))
	}
	for _, l := range d.Lines {
		c.definitionLine(d, l)
	}
}

func (c *checker) definitionLine(d *Definition, l *Line) {
	switch bodyOf(d.Type) {
	case bodyConditions, bodyPatterns:
		if l.Pattern != nil {
			c.pattern(l.Pattern, strings.TrimSuffix(d.Type, " condition"))
		}
		c.onlyConditions(d, l.Terms)
		c.terms(l.Terms, "")
	case bodyAddresses:
		for _, v := range l.Values {
			if _, err := ParseAddresses(v.Text); err != nil && !c.use(defSubnet, v.Text) {
				c.fail("cpl-bad-address", v.At, err.Error()+"; want such as 10.0.0.0/8")
			}
		}
	case bodyEntries:
		if l.Pattern != nil {
			c.use(defCategory, l.Pattern.Text)
		}
	case bodyCalls:
		if l.Call != nil {
			c.call(l.Call)
		}
	case bodyString:
		c.substitutions(Value{At: l.At, Text: l.Text})
	}
}

func (c *checker) onlyConditions(d *Definition, terms []Term) {
	for _, t := range terms {
		if _, ok := t.(*Condition); !ok {
			c.fail("cpl-not-a-condition", t.Span(), fmt.Sprintf("define %s holds conditions only, got %s", d.Type, SourceText(t)), "set it in a rule with condition="+d.Name)
		}
	}
}

// call judges one action of an action block.
func (c *checker) call(p *Property) {
	e := table().find(KindAction, p.Name)
	if e == nil {
		c.fail("cpl-unknown-action", nameSpan(p.At, p.Name), fmt.Sprintf("action %s is unknown", shown(p.Name)), c.didYouMean(p.Name, KindAction)...)
		return
	}
	c.modelled(e, nameSpan(p.At, p.Name), "action "+p.Name)
	if !c.argCount(e, p.At, p.Name, len(p.Args)) {
		return
	}
	switch p.Name {
	case "redirect":
		if !slices.Contains([]string{"301", "302", "305", "307"}, p.Args[0].Text) {
			c.fail("cpl-unknown-value", p.Args[0].At, fmt.Sprintf("redirect has the codes 301, 302, 305 and 307, got %s", p.Args[0].Text))
		}
		c.regex(p.Args[1])
	case "rewrite", "delete_matching":
		c.regex(p.Args[1])
	case "transform":
		c.reference(defTransformer, p.Args[0])
		return
	}
	for _, v := range p.Args {
		c.substitutions(v)
	}
}

// unused notes definitions that nothing refers to.
func (c *checker) unused() {
	if c.broken {
		return // what was left out may use them
	}
	for _, d := range c.order {
		if !d.used {
			c.note("cpl-unused-definition", d.At, fmt.Sprintf("nothing uses %s %s", d.space, shown(d.Name)))
		}
	}
}
