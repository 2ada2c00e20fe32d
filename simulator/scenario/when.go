package scenario

import (
	"fmt"
	"slices"
	"strings"

	"rehearse/reports/diag"
)

// when says whether the variant has all the values that a condition names:
//
//	when: {deployment: explicit, release: [6.5.9.1, ">=6.5.10.1"]}
func (d *decoder) when(n *node) bool {
	if n.kind != mapping {
		d.bad(n, "scenario-type", "when wants axes with their values, this is "+describe(n), "when: {deployment: explicit}")
		return false
	}
	holds := true
	for _, f := range n.fields {
		holds = d.condition(f) && holds
	}
	return holds
}

// condition is one axis of a when. Deployment and release need not be axes.
func (d *decoder) condition(f field) bool {
	name := f.key.text
	i := slices.IndexFunc(d.axes, func(a axis) bool { return a.name == name })
	switch {
	case name == "release" || name == "appliance.release":
		return d.anyOf(f.value, d.releaseIs)
	case i >= 0:
		return d.anyOf(f.value, func(n *node) bool {
			return d.word(n, name, d.axes[i].names()) == d.variant[i].Value
		})
	case name == "deployment":
		return d.anyOf(f.value, func(n *node) bool {
			return d.word(n, name, deployments()) == string(d.out.Appliance.Deployment)
		})
	}
	names := []string{"deployment", "release"}
	for _, a := range d.axes {
		names = append(names, a.name)
	}
	d.report(diag.Diagnostic{
		ID: "scenario-when", Span: f.key.span, Message: fmt.Sprintf("%q is no axis of the matrix", name),
		Notes: []diag.Remark{{Message: "a condition can name " + allowed(names)}}, Hints: suggest(name, names),
	})
	return false
}

// anyOf says whether one of the values holds; all of them are read.
func (d *decoder) anyOf(n *node, holds func(*node) bool) bool {
	any := false
	for _, item := range each(n) {
		any = holds(item) || any
	}
	return any
}

// releaseIs compares the variant's release with "6.5.10.1", or ">=6.5.10.1" and
// the like.
func (d *decoder) releaseIs(n *node) bool {
	s := d.text(n, "release")
	op := s[:len(s)-len(strings.TrimLeft(s, "<>="))]
	bare := *n
	bare.text = strings.TrimSpace(s[len(op):])
	if s == "" {
		return false
	}
	r, ok := d.release(&bare, "release")
	c := d.out.Appliance.Release.Compare(r)
	switch op {
	case "", "=":
		return ok && c == 0
	case ">=":
		return ok && c >= 0
	case ">":
		return ok && c > 0
	case "<=":
		return ok && c <= 0
	case "<":
		return ok && c < 0
	}
	d.bad(n, "scenario-release", fmt.Sprintf("release %q, want a release, perhaps behind >=, >, <= or <", s))
	return false
}
