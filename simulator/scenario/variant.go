package scenario

import (
	"fmt"
	"strings"

	"rehearse/reports/diag"
)

// variants reads every variant of a scenario's text. A finding is reported once,
// with the variant where it is not one of all.
func (l *loader) variants(root *node) []*Scenario {
	axes := l.axes(root.get("matrix"))
	root = root.without("matrix")
	var all []*Scenario
	tally := tally{at: map[string]int{}}
	combine(axes, func(picked []choice) {
		d := &decoder{loader: l, axes: axes}
		for i, c := range picked {
			d.variant = append(d.variant, Axis{axes[i].name, c.name})
		}
		all = append(all, d.scenario(d.apply(root, picked)))
		tally.add(d)
	})
	for _, e := range tally.entries {
		if e.count < len(all) {
			e.d.Notes = append(e.d.Notes, diag.Remark{Message: "in the variant " + e.first})
		}
		l.report(e.d)
	}
	return all
}

// combine calls each for every combination of choices, the last axis fastest.
func combine(axes []axis, each func([]choice)) {
	picked := make([]choice, len(axes))
	var pick func(i int)
	pick = func(i int) {
		if i == len(axes) {
			each(picked)
			return
		}
		for _, c := range axes[i].choices {
			picked[i] = c
			pick(i + 1)
		}
	}
	pick(0)
}

// tally counts in how many variants each finding was made.
type tally struct {
	entries []*tallied
	at      map[string]int
}

type tallied struct {
	d     diag.Diagnostic
	count int
	first string // variant
}

func (t *tally) add(d *decoder) {
	seen := map[string]bool{}
	for _, found := range d.found {
		key := fmt.Sprint(found.Span, found.ID, found.Message)
		if seen[key] {
			continue
		}
		seen[key] = true
		if i, ok := t.at[key]; ok {
			t.entries[i].count++
			continue
		}
		t.at[key] = len(t.entries)
		t.entries = append(t.entries, &tallied{found, 1, variantName(d.variant)})
	}
}

// variantName is "deployment=transparent, release=6.5.10.1".
func variantName(v []Axis) string {
	var parts []string
	for _, a := range v {
		parts = append(parts, a.Name+"="+a.Value)
	}
	return strings.Join(parts, ", ")
}

// apply puts a variant's settings into the text. Those of services come last: until
// the deployment is known it is not known which services there are.
func (d *decoder) apply(root *node, picked []choice) *node {
	var late []setting
	for _, c := range picked {
		for _, s := range c.settings {
			if len(s.path) > 1 && s.path[0] == "appliance" && s.path[1] == "services" {
				late = append(late, s)
				continue
			}
			root = d.put(root, s)
		}
	}
	root = withServices(root)
	for _, s := range late {
		root = d.put(root, s)
	}
	return root
}

func (d *decoder) put(root *node, s setting) *node {
	out, ok := root.set(s.path, s)
	if !ok || strays(root, s.path) {
		d.report(diag.Diagnostic{ID: "scenario-matrix", Span: s.at.span, Message: fmt.Sprintf("the path %s leads to nothing in this scenario", strings.Join(s.path, "."))})
		return root
	}
	return out
}

// strays says whether a path leads to a client or server that does not exist:
// making one of a slip would hide it.
func strays(root *node, to []string) bool {
	if to[0] != "clients" && to[0] != "servers" || len(to) < 3 || to[1] == "*" {
		return false
	}
	for k := len(to); k > 1; k-- {
		if root.get(to[0]).get(strings.Join(to[1:k], ".")) != nil {
			return false
		}
	}
	return true
}
