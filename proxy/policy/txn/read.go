package txn

import (
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"

	"rehearse/proxy/policy"
	"rehearse/proxy/policy/cpl"
	"rehearse/reports/diag"
)

// transaction reads one object; nil after reporting what is wrong with it.
func (r *reader) transaction(n *node) *Transaction {
	before := len(r.diags)
	if n.kind != objectNode {
		r.fail(idShape, n.at, fmt.Sprintf("want a transaction as an object, got %s", n.kind), `{"url": "http://www.example.com/"}`)
		return nil
	}
	d := &draft{id: 1}
	points := r.members(d, n, false)
	t := &Transaction{At: diag.Span{File: n.at.File, Start: n.at.Start, End: n.at.Start}}
	if points == nil {
		for _, at := range Checkpoints()[1:] { // what asks policy has a request
			if !r.point(t, d, at, n.at) {
				break
			}
		}
	} else {
		r.points(t, d, points)
	}
	if len(r.diags) > before {
		return nil
	}
	t.Name, t.ID, t.Status = d.name, d.id, d.status
	t.says = map[string]bool{}
	for _, m := range n.members {
		t.says[strings.ToLower(m.name)] = true
	}
	return t
}

// members sets what an object says, the entry of a checkpoint or a whole
// transaction; it gives the value of "checkpoints".
func (r *reader) members(d *draft, n *node, entry bool) (checkpoints *node) {
	seen := map[string]bool{}
	for _, m := range n.members {
		key := strings.ToLower(m.name)
		switch {
		case seen[key]:
			r.fail(idDuplicate, m.at, fmt.Sprintf("%q stands there twice", m.name))
		case key == "checkpoints":
			checkpoints = m.value
		case entry && key == "at": // read by points
		default:
			r.member(d, m)
		}
		seen[key] = true
	}
	return checkpoints
}

// value is the value of a name, nil for none.
func (n *node) value(name string) *node {
	for _, m := range n.members {
		if strings.EqualFold(m.name, name) {
			return m.value
		}
	}
	return nil
}

// points reads "checkpoints": each entry has what is new at its point.
func (r *reader) points(t *Transaction, d *draft, n *node) {
	if n.kind != listNode || len(n.items) == 0 {
		r.fail(idShape, n.at, fmt.Sprintf("checkpoints: want a list of objects, got %s", empty(n)), `[{"at": "request"}, {"at": "first bytes", "tunneled": "no"}]`)
		return
	}
	last := policy.Checkpoint(-1)
	for _, item := range n.items {
		at, ok := r.checkpoint(item)
		if !ok {
			continue
		}
		if at <= last {
			r.fail(idOrder, item.value("at").at, fmt.Sprintf("checkpoint %q stands behind %q; they go from accept to response", at, last))
			continue
		}
		last = at
		d = d.clone()
		if inner := r.members(d, item, true); inner != nil {
			r.fail(idShape, inner.at, "checkpoints cannot stand inside checkpoints")
		}
		if !r.point(t, d, at, item.at) {
			return
		}
	}
}

func empty(n *node) string {
	if n.kind == listNode {
		return "an empty list"
	}
	return n.kind.String()
}

// checkpoint reads the "at" of an entry.
func (r *reader) checkpoint(n *node) (policy.Checkpoint, bool) {
	at := n.value("at")
	if n.kind != objectNode || at == nil || at.kind != textNode {
		r.fail(idShape, n.at, `want an object with "at", the name of a checkpoint`, `{"at": "first bytes", "tunneled": "no"}`)
		return 0, false
	}
	var names []string
	for _, c := range Checkpoints() {
		if strings.EqualFold(c.String(), at.text) || c == policy.AtClientHello && strings.EqualFold(at.text, "client hello") {
			return c, true
		}
		names = append(names, c.String())
	}
	r.wrong("at", at.at, unknownWord(at.text, slices.Values(names)))
	return 0, false
}

// point adds what is known at a checkpoint; false after reporting why it cannot.
func (r *reader) point(t *Transaction, d *draft, at policy.Checkpoint, where diag.Span) bool {
	tx, err := d.clone().finish()
	if err != nil {
		r.wrong("time", where, err)
		return false
	}
	t.Points = append(t.Points, Point{At: at, Transaction: tx})
	return true
}

// member sets one name.
func (r *reader) member(d *draft, m member) {
	f, argument := r.field(m)
	if f == nil {
		return
	}
	values, ok := r.values(m, f)
	if !ok {
		return
	}
	if argument != "" {
		values = append([]string{argument}, values...)
	}
	if err := f.set(d, values); err != nil {
		r.wrong(m.name, m.value.at, err)
	}
}

func (r *reader) wrong(name string, at diag.Span, err error) {
	var w *wordError
	if errors.As(err, &w) {
		r.fail(idValue, at, name+": "+w.msg, w.hint)
		return
	}
	r.fail(idValue, at, name+": "+err.Error())
}

// field finds the row of a name, and the free part of one such as
// request.header.NAME; nil after reporting why there is none.
func (r *reader) field(m member) (*field, string) {
	name := strings.ToLower(m.name)
	if f := r.fields[alias(name)]; f != nil && f.name != "request.header" && f.name != "response.header" {
		return f, ""
	}
	base, argument, modifiers := cpl.ConditionName(m.name)
	row, known := conditionKnown(base)
	switch instead, derived := follows(base); {
	case !known:
		r.unknown(m)
	case row.Free != "" && !row.FreeOptional && argument == "":
		r.fail(idName, m.at, fmt.Sprintf("%s needs a name behind it", base), fmt.Sprintf("%q: ...", base+"."+row.Free))
	case len(modifiers) > 0:
		r.fail(idName, m.at, fmt.Sprintf("%q is a test; want the value that it tests", m.name), fmt.Sprintf("%q: ...", strings.TrimSuffix(name, "."+strings.Join(modifiers, "."))))
	case derived:
		r.fail(idName, m.at, fmt.Sprintf("the value of %s follows from %s", base, instead), fmt.Sprintf("%q: ...", instead))
	case r.fields[alias(base)] != nil:
		return r.fields[alias(base)], argument
	case policy.Evaluates(base) && base != "health_check":
		r.fail(idName, m.at, fmt.Sprintf("%s is nothing that a transaction could say: %s", base, row.Doc))
	default:
		return other(row, base, argument), ""
	}
	return nil, ""
}

// other is the row of a condition that policy takes from Transaction.Other.
func other(row cpl.Entry, base, argument string) *field {
	name := base
	if argument != "" {
		name += "." + argument
	}
	return &field{name: name, many: true, set: func(d *draft, v []string) error {
		if d.other == nil {
			d.other = map[string][]string{}
		}
		d.other[name] = v
		return nil
	}}
}

func (r *reader) unknown(m member) {
	names := func(yield func(string) bool) {
		for _, f := range fields() {
			if !yield(f.name) {
				return
			}
		}
		if !yield("checkpoints") {
			return
		}
		for e := range conditionNames() {
			if !yield(e) {
				return
			}
		}
	}
	var hints []string
	if near := diag.Nearest(m.name, names); near != "" {
		hints = append(hints, fmt.Sprintf("did you mean %q?", near))
	}
	r.fail(idName, m.at, fmt.Sprintf("unknown name %q; want the name of a condition, or one of type, name, transaction.id, time, detect_protocol, checkpoints", m.name), hints...)
}

func conditionNames() iter.Seq[string] {
	return func(yield func(string) bool) {
		for e := range cpl.Vocabulary() {
			if e.Kind == cpl.KindCondition && !yield(e.Name) {
				return
			}
		}
	}
}

// values are the texts of a member, checked against the words that its condition
// knows.
func (r *reader) values(m member, f *field) ([]string, bool) {
	items := []*node{m.value}
	if m.value.kind == listNode {
		if !f.many {
			r.fail(idValue, m.value.at, fmt.Sprintf("%s: want one value, got a list", m.name))
			return nil, false
		}
		items = m.value.items
	}
	values := make([]string, 0, len(items))
	for _, n := range items {
		if n.kind != textNode {
			r.fail(idValue, n.at, fmt.Sprintf("%s: want a text, a number or true or false, got %s", m.name, n.kind))
			return nil, false
		}
		if err := r.word(f, n.text); err != nil {
			r.wrong(m.name, n.at, err)
			return nil, false
		}
		values = append(values, n.text)
	}
	return values, true
}

// word holds a value against the closed set of its condition, where it has one.
func (r *reader) word(f *field, text string) error {
	row, ok := conditionKnown(f.name)
	if !ok || len(row.Values) == 0 {
		return nil
	}
	words := func(yield func(string) bool) {
		for _, w := range row.Values {
			if !yield(w.Text) {
				return
			}
		}
	}
	for w := range words {
		if strings.EqualFold(w, text) {
			return nil
		}
	}
	return unknownWord(text, words)
}
