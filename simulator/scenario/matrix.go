package scenario

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"rehearse/reports/diag"
)

// maxVariants bounds what a matrix multiplies to.
const maxVariants = 1000

// axis is one line of a matrix.
type axis struct {
	name    string
	choices []choice
}

func (a axis) names() []string {
	var names []string
	for _, c := range a.choices {
		names = append(names, c.name)
	}
	return names
}

// choice is one value of an axis: its name and the settings that it makes.
type choice struct {
	name     string
	settings []setting
}

// setting puts a value at a path into the text.
type setting struct {
	path  []string
	at    *node // where the path stands, for diagnostics
	value *node
}

// axes reads the matrix.
func (l *loader) axes(n *node) []axis {
	if n == nil {
		return nil
	}
	if n.kind != mapping || len(n.fields) == 0 {
		l.report(diag.Diagnostic{ID: "scenario-type", Span: n.span, Message: "matrix wants axes with their values, this is " + describe(n), Hints: []string{"matrix: {deployment: [explicit, transparent]}"}})
		return nil
	}
	var axes []axis
	total := 1
	for _, f := range n.fields {
		a, ok := l.axis(f)
		if !ok {
			continue
		}
		if total *= len(a.choices); total > maxVariants {
			l.report(diag.Diagnostic{ID: "scenario-matrix", Span: f.key.span, Message: fmt.Sprintf("the matrix has more than %d variants with this axis", maxVariants)})
			return nil
		}
		axes = append(axes, a)
	}
	return axes
}

func (l *loader) axis(f field) (axis, bool) {
	a := axis{name: f.key.text}
	to := settingPath(f.key.text)
	switch {
	case to == nil && (f.value.kind != mapping || !allMappings(f.value)):
		l.report(diag.Diagnostic{
			ID: "scenario-matrix", Span: f.key.span, Message: fmt.Sprintf("axis %q is no setting of a scenario", f.key.text),
			Notes: []diag.Remark{{Message: "an axis is a path such as clients.alice.profile, a setting of the appliance such as release, or a name whose values are mappings of such paths"}},
			Hints: suggest(f.key.text, slices.Concat(settingRoots(), applianceKeys())),
		})
		return a, false
	case f.value.kind == list:
		for _, v := range f.value.items {
			a.choices = append(a.choices, l.plainChoice(f.key, to, v))
		}
	case f.value.kind == mapping:
		for _, v := range f.value.fields {
			a.choices = append(a.choices, l.namedChoice(f.key, to, v))
		}
	}
	if len(a.choices) == 0 {
		l.report(diag.Diagnostic{ID: "scenario-type", Span: f.value.span, Message: fmt.Sprintf("axis %q wants a list of values, or a mapping of names to values; this is %s", a.name, describe(f.value))})
		return a, false
	}
	l.distinct(a, f)
	return a, true
}

func allMappings(n *node) bool {
	return !slices.ContainsFunc(n.fields, func(f field) bool { return f.value.kind != mapping })
}

// distinct reports two choices of one name.
func (l *loader) distinct(a axis, f field) {
	names := a.names()
	for i, name := range names {
		if slices.Index(names, name) < i {
			l.report(diag.Diagnostic{ID: "scenario-matrix", Span: f.key.span, Message: fmt.Sprintf("axis %q has two values named %q", a.name, name), Hints: []string{fmt.Sprintf("%s: {NAME: VALUE, ...}", a.name)}})
			return
		}
	}
}

// plainChoice is a value that names itself.
func (l *loader) plainChoice(key *node, to []string, v *node) choice {
	name := valueName(v)
	if name == "" {
		l.report(diag.Diagnostic{ID: "scenario-matrix", Span: v.span, Message: fmt.Sprintf("a value of axis %q needs a name: it is %s", key.text, describe(v)), Hints: []string{fmt.Sprintf("%s: {NAME: VALUE, ...}", key.text)}})
	}
	return choice{name, []setting{{to, key, v}}}
}

// namedChoice is NAME: VALUE or, on an axis that is no setting itself, NAME: {PATH: VALUE}.
func (l *loader) namedChoice(key *node, to []string, v field) choice {
	if to != nil {
		return choice{v.key.text, []setting{{to, key, v.value}}}
	}
	c := choice{name: v.key.text}
	for _, f := range v.value.fields {
		to := settingPath(f.key.text)
		if to == nil {
			l.report(diag.Diagnostic{ID: "scenario-matrix", Span: f.key.span, Message: fmt.Sprintf("%q is no setting of a scenario", f.key.text), Hints: suggest(f.key.text, slices.Concat(settingRoots(), applianceKeys()))})
			continue
		}
		c.settings = append(c.settings, setting{to, f.key, f.value})
	}
	return c
}

// valueName is the name of a value in a variant: its text, of a policy file the
// base name, of a list the names with + between them.
func valueName(v *node) string {
	switch {
	case v.kind == mapping || v.null:
		return ""
	case v.kind == scalar:
		if base, ok := strings.CutSuffix(path.Base(v.text), ".cpl"); ok {
			return base
		}
		return v.text
	case len(v.items) == 0:
		return "none"
	}
	var names []string
	for _, item := range v.items {
		name := valueName(item)
		if name == "" {
			return ""
		}
		names = append(names, name)
	}
	return strings.Join(names, "+")
}

// settingPath reads an axis as a path; nil where it is none. A word of the
// appliance may stand alone.
func settingPath(text string) []string {
	to := strings.Split(text, ".")
	switch {
	case slices.Contains(to, ""):
		return nil
	case slices.Contains(settingRoots(), to[0]):
		return to
	case slices.Contains(applianceKeys(), to[0]):
		return append([]string{"appliance"}, to...)
	}
	return nil
}

// set gives the tree with a value put at a path. Keys that are not there are made;
// that they mean something is seen when the result is read. It is false where the
// path leads to nothing.
func (n *node) set(to []string, s setting) (*node, bool) {
	if len(to) == 0 {
		return s.value, true
	}
	switch n.kind {
	case list:
		return n.setItem(to, s)
	case scalar:
		return nil, false
	}
	if to[0] == "*" {
		return n.setEach(to, s)
	}
	// A key may have dots in it, as names of hosts have.
	for k := len(to); k > 0; k-- {
		name := strings.Join(to[:k], ".")
		if key := keyIn(n, name); key != nil {
			child, ok := n.get(name).set(to[k:], s)
			if !ok {
				return nil, false
			}
			return n.with(key, child), true
		}
	}
	key := &node{text: to[0], src: s.at.src, span: s.at.span}
	child, ok := (&node{kind: mapping, src: s.at.src, span: s.at.span}).set(to[1:], s)
	if !ok {
		return nil, false
	}
	return n.with(key, child), true
}

// setEach sets in every field of a mapping.
func (n *node) setEach(to []string, s setting) (*node, bool) {
	out := n
	for _, f := range n.fields {
		child, ok := f.value.set(to[1:], s)
		if !ok {
			return nil, false
		}
		out = out.with(f.key, child)
	}
	return out, len(n.fields) > 0
}

// setItem sets in the items of a list that * or a name, id or number mean.
func (n *node) setItem(to []string, s setting) (*node, bool) {
	out := *n
	out.items = slices.Clone(n.items)
	hit := false
	for i, item := range n.items {
		if !itemIs(item, i, to[0]) {
			continue
		}
		child, ok := item.set(to[1:], s)
		if !ok {
			return nil, false
		}
		out.items[i], hit = child, true
	}
	return &out, hit
}

func itemIs(item *node, i int, name string) bool {
	if name == "*" || name == strconv.Itoa(i) {
		return true
	}
	for _, key := range []string{"name", "id"} {
		if v := item.get(key); v != nil && v.kind == scalar && v.text == name {
			return true
		}
	}
	return false
}
