package scenario

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"rehearse/reports/diag"
	"rehearse/reports/journal"
)

// expect reads what a step should end in: a mapping of fields, or a list of such
// mappings, each perhaps with a `when`. All those hold whose `when` fits the
// variant.
func (d *decoder) expect(n *node) []Want {
	var wants []Want
	hit := false
	for _, item := range each(n) {
		if cond := item.get("when"); cond != nil {
			if !d.when(cond) {
				d.wants(item) // for its diagnostics
				continue
			}
		}
		hit = true
		wants = d.join(wants, d.wants(item))
	}
	if !hit {
		d.report(diag.Diagnostic{
			ID: "scenario-expect-nothing", Severity: diag.Warning, Span: n.span,
			Message: "nothing is expected here: no `when` fits", Hints: []string{"add an entry without when"},
		})
	}
	return wants
}

// join adds wants, of which one field can be wanted once only.
func (d *decoder) join(wants, more []Want) []Want {
	for _, w := range more {
		i := slices.IndexFunc(wants, func(o Want) bool { return o.Key == w.Key })
		if i >= 0 && w.Key != "event" && w.Key != "no_event" {
			d.report(diag.Diagnostic{
				ID: "scenario-expect-twice", Span: w.Span, Message: fmt.Sprintf("%s is expected twice in one variant", w.Key),
				Notes: []diag.Remark{{Span: wants[i].Span, Message: "the other one"}},
			})
		}
	}
	return append(wants, more...)
}

// wants reads one mapping of expected fields.
func (d *decoder) wants(n *node) []Want {
	var wants []Want
	one := func(key string, read func(*node) string) func(*node) {
		return func(n *node) { wants = append(wants, d.want(key, n, read)) }
	}
	long := func(key string) func(*node) {
		return func(n *node) {
			wants = append(wants, Want{Span: n.span, Key: key, Duration: d.duration(n, key)})
		}
	}
	d.object(n, "expect", []key{
		{"stage", false, one("stage", d.among("stage", stages()))},
		{"result", false, one("result", d.among("result", results()))},
		{"code", false, one("code", d.code)},
		{"media", false, one("media", d.among("media", media()))},
		{"wire", false, one("wire", d.wire)},
		{"bytes", false, one("bytes", d.bytes)},
		{"within", false, long("within")},
		{"at_least", false, long("at_least")},
		{"events", false, func(n *node) { wants = append(wants, d.events(n, "event")...) }},
		{"no_events", false, func(n *node) { wants = append(wants, d.events(n, "no_event")...) }},
		{"when", false, func(*node) {}}, // looked at before
	})
	return wants
}

// want reads a field with its alternatives.
func (d *decoder) want(key string, n *node, read func(*node) string) Want {
	w := Want{Span: n.span, Key: key}
	for _, item := range each(n) {
		if v := read(item); v != "" {
			w.Values = append(w.Values, v)
		}
	}
	if len(each(n)) == 0 {
		d.bad(n, "scenario-type", fmt.Sprintf("%s wants a text or a list of alternatives, this list is empty", key))
	}
	return w
}

func (d *decoder) among(what string, words []string) func(*node) string {
	return func(n *node) string { return d.word(n, what, words) }
}

func (d *decoder) wire(n *node) string {
	words := []string{"alert", "FIN", "RST"}
	for _, w := range words {
		if strings.EqualFold(n.text, w) {
			return w
		}
	}
	return d.word(n, "wire", words)
}

func (d *decoder) bytes(n *node) string {
	s := d.text(n, "bytes")
	if _, err := hex.DecodeString(strings.ReplaceAll(s, " ", "")); err != nil {
		d.bad(n, "scenario-value", fmt.Sprintf("bytes %q, want bytes as hexadecimal digits", s), "15 03 01 00 02 02 28")
		return ""
	}
	return s
}

// code reads a code of an outcome. Policies and servers may have codes of their
// own, so an unknown one is an error only where it looks like a slip.
func (d *decoder) code(n *node) string {
	s := d.text(n, "code")
	if s == "" || KnownCode(s) {
		return s
	}
	found := diag.Diagnostic{ID: "scenario-code", Severity: diag.Warning, Span: n.span, Message: fmt.Sprintf("code %q is not known", s), Hints: suggest(s, codeNames())}
	switch {
	case found.Hints != nil:
		found.Severity = diag.Error
	default:
		found.Hints = []string{"rehearse list codes"}
	}
	d.report(found)
	return s
}

// events reads the events that should, or should not, be among a step's.
func (d *decoder) events(n *node, key string) []Want {
	var wants []Want
	for _, item := range each(n) {
		w := Want{Span: item.span, Key: key}
		d.object(item, "an event", d.eventTable(&w))
		if item.kind == mapping && len(item.fields) == 0 {
			d.bad(item, "scenario-missing", "an event that could be any", "{kind: RevocationFetched, contains: offline}")
		}
		wants = append(wants, w)
	}
	return wants
}

func (d *decoder) eventTable(w *Want) []key {
	return []key{
		{"kind", false, func(n *node) { w.Kind = d.word(n, "kind", EventKinds()) }},
		{"actor", false, func(n *node) { w.Actor = d.text(n, "actor") }},
		{"contains", false, func(n *node) { w.Values = d.texts(n, "contains") }},
	}
}

func stages() []string {
	var words []string
	for _, s := range journal.Stages {
		words = append(words, string(s))
	}
	return words
}

func results() []string {
	var words []string
	for _, r := range journal.Results {
		words = append(words, string(r))
	}
	return words
}

func media() []string {
	return []string{journal.MediaTCPRelay, journal.MediaUDPRelay, journal.MediaNone}
}
