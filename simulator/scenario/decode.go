package scenario

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"rehearse/proxy/policy/cpl"
	"rehearse/reports/diag"
)

// decoder reads one variant. Its methods report what is wrong and go on with the
// zero value.
type decoder struct {
	loader  *loader
	axes    []axis
	variant []Axis
	found   diag.List
	out     *Scenario
}

func (d *decoder) report(found diag.Diagnostic) { d.found = append(d.found, found) }

// bad reports an error at a node. Hints are for typing.
func (d *decoder) bad(n *node, id, message string, hints ...string) {
	d.report(diag.Diagnostic{ID: id, Span: n.span, Message: message, Hints: hints})
}

// key is one key that a mapping may have.
type key struct {
	name     string
	required bool
	read     func(*node)
}

// object reads a mapping by its table of keys. what names the thing in messages.
func (d *decoder) object(n *node, what string, keys []key) {
	if n.kind != mapping {
		d.bad(n, "scenario-type", fmt.Sprintf("%s wants a mapping, this is %s", what, describe(n)), fmt.Sprintf("{%s: ...}", keys[0].name))
		return
	}
	for _, f := range n.fields {
		i := slices.IndexFunc(keys, func(k key) bool { return k.name == f.key.text })
		switch {
		case i < 0:
			d.unknownKey(f.key, what, keys)
		case f.value.null:
			d.bad(f.key, "scenario-type", fmt.Sprintf("%s has no value", f.key.text))
		default:
			keys[i].read(f.value)
		}
	}
	for _, k := range keys {
		if k.required && keyIn(n, k.name) == nil {
			d.bad(n, "scenario-missing", fmt.Sprintf("%s lacks %q", what, k.name), k.name+": ...")
		}
	}
}

func (d *decoder) unknownKey(n *node, what string, keys []key) {
	var names []string
	for _, k := range keys {
		names = append(names, k.name)
	}
	d.report(diag.Diagnostic{
		ID: "scenario-unknown-key", Span: n.span, Message: fmt.Sprintf("%s has no key %q", what, n.text),
		Notes: []diag.Remark{{Message: "the keys are " + strings.Join(names, ", ")}}, Hints: suggest(n.text, names),
	})
}

// text reads a scalar.
func (d *decoder) text(n *node, what string) string {
	if n.kind != scalar || n.null || n.text == "" {
		d.bad(n, "scenario-type", fmt.Sprintf("%s wants a text, this is %s", what, describe(n)))
		return ""
	}
	return n.text
}

// texts reads a list of scalars, or one alone.
func (d *decoder) texts(n *node, what string) []string {
	if n.kind == mapping {
		d.bad(n, "scenario-type", fmt.Sprintf("%s wants a text or a list of texts, this is %s", what, describe(n)))
		return nil
	}
	var all []string
	for _, item := range each(n) {
		if s := d.text(item, what); s != "" {
			all = append(all, s)
		}
	}
	return all
}

// each is the items of a list, or what is no list alone.
func each(n *node) []*node {
	if n.kind == list {
		return n.items
	}
	return []*node{n}
}

// word reads one of the words of a closed vocabulary; "" after an error.
func (d *decoder) word(n *node, what string, words []string) string {
	s := d.text(n, what)
	if s == "" || slices.Contains(words, s) {
		return s
	}
	d.report(diag.Diagnostic{
		ID: "scenario-value", Span: n.span, Message: fmt.Sprintf("%s %q, want %s", what, s, allowed(words)), Hints: suggest(s, words),
	})
	return ""
}

// yes reads true or false.
func (d *decoder) yes(n *node, what string) bool {
	return d.word(n, what, []string{"true", "false"}) == "true"
}

// only reports everything but true, for keys that are no choice.
func (d *decoder) only(n *node, what string) bool {
	return d.word(n, what, []string{"true"}) == "true"
}

func (d *decoder) duration(n *node, what string) time.Duration {
	s := d.text(n, what)
	if s == "" {
		return 0
	}
	v, err := time.ParseDuration(s)
	switch {
	case err == nil && v > 0 && v <= maxDuration:
		return v
	case err == nil:
		d.bad(n, "scenario-duration", fmt.Sprintf("%s %q, want more than nothing and no more than %s", what, s, maxDuration))
	default:
		var hints []string
		if _, err := strconv.ParseFloat(s, 64); err == nil {
			hints = []string{s + "s", s + "ms"}
		}
		d.bad(n, "scenario-duration", fmt.Sprintf("%s %q is no duration, want a number with a unit such as 250ms, 15s, 20m or 4h", what, s), hints...)
	}
	return 0
}

// maxDuration is the longest that anything may take on a scenario's clock.
const maxDuration = 30 * 24 * time.Hour

func (d *decoder) port(n *node, what string) uint16 {
	s := d.text(n, what)
	if s == "" {
		return 0
	}
	p, err := strconv.ParseUint(s, 10, 16)
	if err != nil || p == 0 {
		d.bad(n, "scenario-address", fmt.Sprintf("%s %q, want a port from 1 to 65535", what, s))
		return 0
	}
	return uint16(p)
}

// host reads the name of a host or domain.
func (d *decoder) host(n *node, what string) string {
	s := d.text(n, what)
	if s != "" && !hostName(s) {
		d.bad(n, "scenario-address", fmt.Sprintf("%s %q, want the name of a host such as sip.contoso.test", what, s))
		return ""
	}
	return s
}

func hostName(s string) bool {
	if len(s) > 253 {
		return false
	}
	for label := range strings.SplitSeq(s, ".") {
		bad := func(r rune) bool {
			return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_')
		}
		if label == "" || len(label) > 63 || strings.ContainsFunc(label, bad) {
			return false
		}
	}
	return true
}

func (d *decoder) release(n *node, what string) (cpl.Release, bool) {
	s := d.text(n, what)
	if s == "" {
		return cpl.Release{}, false
	}
	r, err := cpl.ParseRelease(s)
	if err != nil {
		d.bad(n, "scenario-release", err.Error())
		return cpl.Release{}, false
	}
	return r, true
}
