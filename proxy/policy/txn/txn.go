// Package txn reads transactions from JSON: what is known of a request or of a
// TLS flow when policy is asked about it, without a client, a proxy or a network.
//
// In comes a JSON object, or a list of them, whose names are condition names of
// policy; out come Transactions that a compiled policy decides, point by point.
// Reading is strict and never stops at the first error: unknown names and values
// are diagnostics at their line and column. One thing to know: a value holds from
// the beginning, though a condition sees it no sooner than its kind of value is
// known in the life of a flow; a value that changes on the way stands under
// "checkpoints".
//
//	{
//	  "type": "http.proxy",
//	  "client.address": "10.1.0.11",
//	  "http.method": "CONNECT",
//	  "url": "https://sip.example.com/",
//	  "detect_protocol": true,
//	  "checkpoints": [
//	    {"at": "request"},
//	    {"at": "first bytes", "tunneled": "no"}
//	  ]
//	}
package txn

import (
	"rehearse/proxy/policy"
	"rehearse/proxy/policy/cpl"
	"rehearse/reports/diag"
)

// Transaction is one transaction at each checkpoint at which policy is evaluated.
type Transaction struct {
	At     diag.Span // of its opening brace
	Name   string    // "name" in the file, for reports; "" for none
	ID     int       // the transaction ID that a trace shows, 1 where the file says none
	Status int       // the HTTP status that the client got, 0 for none
	// Points are in the order of checkpoints; there is at least one. Where the file
	// names none they are all from the request on.
	Points []Point

	says map[string]bool
}

// Says tells whether the file gives a name at the top of the transaction, in
// whatever case; what it leaves out has been filled in by the type.
func (t *Transaction) Says(name string) bool { return t.says[name] }

// Point is what is known at one checkpoint.
type Point struct {
	At          policy.Checkpoint
	Transaction *policy.Transaction
}

// Last is the point at which the transaction ends: what a trace shows.
func (t *Transaction) Last() Point { return t.Points[len(t.Points)-1] }

// Explain is what a policy decides at each point.
func (t *Transaction) Explain(p *policy.Policy) []policy.Decision {
	list := make([]policy.Decision, len(t.Points))
	for i, point := range t.Points {
		list[i] = p.Explain(point.Transaction, point.At)
	}
	return list
}

// Checkpoints are the points that a file may name, in order.
func Checkpoints() []policy.Checkpoint {
	var list []policy.Checkpoint
	for at := policy.AtAccept; at <= policy.AtResponse; at++ {
		list = append(list, at)
	}
	return list
}

// Parse reads one transaction, or a list of them. name is the file's in
// diagnostics. Transactions with an error are left out.
func Parse(name string, src []byte) ([]*Transaction, diag.List) {
	r := &reader{document: document{file: name, src: src}, fields: map[string]*field{}}
	for _, f := range fields() {
		r.fields[f.name] = &f
	}
	root := r.tree()
	if root == nil {
		return nil, r.diags
	}
	var list []*Transaction
	objects := []*node{root}
	if root.kind == listNode {
		objects = root.items
	}
	for _, n := range objects {
		if t := r.transaction(n); t != nil {
			list = append(list, t)
		}
	}
	if len(objects) == 0 {
		r.fail(idShape, root.at, "the list holds no transaction", `[{"url": "http://www.example.com/"}]`)
	}
	r.diags.Sort()
	return list, r.diags
}

// reader makes transactions of one document.
type reader struct {
	document
	fields map[string]*field
	diags  diag.List
}

func (r *reader) fail(id string, at diag.Span, msg string, hints ...string) {
	r.diags = append(r.diags, diag.Diagnostic{ID: id, Severity: diag.Error, Span: at, Message: msg, Hints: hints})
}

// conditionKnown says whether policy has a condition of that name, and gives its
// row.
func conditionKnown(base string) (cpl.Entry, bool) { return cpl.Lookup(cpl.KindCondition, base) }
