package cpl

import (
	"fmt"
	"strings"
)

// cycles reports named conditions that need themselves.
func (c *checker) cycles() {
	for _, d := range c.order {
		if d.space == defCondition {
			c.visit(d, nil)
		}
	}
}

// named is the definition a condition refers to, nil for none.
func (c *checker) named(t *Condition) []*define {
	if t.Base != "condition" {
		return nil
	}
	var defs []*define
	eachValue(t.Expr, func(v Value) {
		if d := c.defs[defKey{defCondition, LabelKey(v.Text)}]; d != nil {
			defs = append(defs, d)
		}
	})
	return defs
}

// visit walks the named conditions below d, with path those above it, and
// gathers what they need.
func (c *checker) visit(d *define, path []*define) {
	switch d.state {
	case 2:
		return
	case 1:
		c.cycle(d, path)
		return
	}
	d.state, d.depth, d.at = 1, len(path), AtAccept
	d.layers = patternLayers(d.Type)
	d.host = d.layers == inURL
	path = append(path, d)
	for _, t := range d.uses {
		if e := table().find(KindCondition, t.Base); e != nil {
			d.needs(layersOf(e), e.At, t)
			d.host = d.host || testsHost(t)
		}
		for _, below := range c.named(t) {
			c.visit(below, path)
			if below.state == 2 {
				d.needs(below.layers, below.at, below.late)
				d.host = d.host || below.host
			}
		}
	}
	d.state = 2
}

// needs adds what one condition of d asks for.
func (d *define) needs(layers Layers, at When, t *Condition) {
	d.layers &= layers
	if at > d.at && t != nil && !decidesItself(t) {
		d.at, d.late = at, t
	}
}

func layersOf(e *Entry) Layers {
	if e.Layers == anywhere {
		return allTypes
	}
	return e.Layers
}

func patternLayers(definitionType string) Layers {
	switch definitionType {
	case "url condition", "url.domain condition":
		return inURL
	case "server_url.domain condition":
		return inServerURL
	}
	return allTypes
}

func (c *checker) cycle(d *define, path []*define) {
	if d.circular {
		return
	}
	d.circular = true
	var names []string
	for i, p := range path[d.depth:] {
		if i == 8 {
			names = append(names, "...")
			break
		}
		names = append(names, p.Name)
	}
	c.fail("cpl-condition-cycle", d.At, fmt.Sprintf("condition %s needs itself: %s", shown(d.Name), strings.Join(append(names, d.Name), " needs ")))
}

// useInLayer reports a named condition that tests what its layer cannot.
func (c *checker) useInLayer(t *Condition, layer string) {
	bit := layerBit(layer)
	for _, d := range c.named(t) {
		if c.visit(d, nil); bit == 0 || d.state != 2 || d.layers&bit != 0 {
			continue
		}
		msg := fmt.Sprintf("condition=%s cannot stand in a <%s> layer", d.Name, layer)
		culprit := c.culprit(d, bit)
		if culprit == nil {
			c.fail("cpl-wrong-layer", t.At, fmt.Sprintf("%s: it is a list of %s", msg, strings.TrimSuffix(d.Type, " condition")))
			continue
		}
		e := table().find(KindCondition, culprit.Base)
		remark(c.fail("cpl-wrong-layer", t.At, fmt.Sprintf("%s: it tests %s, which can stand in %s", msg, culprit.Name, layersText(e))), culprit.At, "tested here")
	}
}

// culprit is the first condition below d that may not stand in the layer.
func (c *checker) culprit(d *define, bit Layers) *Condition {
	if t, ok := d.culprits[bit]; ok {
		return t
	}
	if d.culprits == nil {
		d.culprits = map[Layers]*Condition{}
	}
	d.culprits[bit] = nil
	for _, t := range d.uses {
		found := t
		if e := table().find(KindCondition, t.Base); e == nil || layersOf(e)&bit != 0 {
			found = nil
		}
		for _, below := range c.named(t) {
			if found == nil && below.layers&bit == 0 {
				found = c.culprit(below, bit)
			}
		}
		if found != nil {
			d.culprits[bit] = found
			return found
		}
	}
	return nil
}

// eachValue calls f for every value of an expression.
func eachValue(x Expr, f func(Value)) {
	switch x := x.(type) {
	case *Pattern:
		f(x.Value)
	case *Not:
		eachValue(x.X, f)
	case *And:
		eachValue(x.X, f)
		eachValue(x.Y, f)
	case *Or:
		eachValue(x.X, f)
		eachValue(x.Y, f)
	case *List:
		for _, it := range x.Items {
			eachValue(it, f)
		}
	}
}
