// Package diag holds diagnostics: what is wrong with an input, at its line and
// column, with what was got and what is allowed.
//
// A reader of an input collects diagnostics in a List and goes on; one pass
// shows all of them. Render prints each with its source line and a caret:
//
//	policy.cpl:4:5: error: unknown condition "url.domian" [cpl-unknown-name]
//	    url.domian=a.test DENY
//	    ^~~~~~~~~~
//	note: ...
//	hint: did you mean "url.domain"?
package diag

import (
	"cmp"
	"fmt"
	"slices"
)

// Pos is a place in a text.
type Pos struct {
	Line   int `json:"line"`   // 1-based; 0 means no place
	Col    int `json:"col"`    // 1-based, in bytes
	Offset int `json:"offset"` // 0-based, in bytes
}

// Span is a stretch of one file. End is exclusive; a zero End means a point.
type Span struct {
	File  string `json:"file"`
	Start Pos    `json:"start"`
	End   Pos    `json:"end"`
}

// String is "file:line:col", or what of it is known.
func (s Span) String() string {
	switch {
	case s.Start.Line == 0:
		return s.File
	case s.Start.Col == 0:
		return fmt.Sprintf("%s:%d", s.File, s.Start.Line)
	}
	return fmt.Sprintf("%s:%d:%d", s.File, s.Start.Line, s.Start.Col)
}

// Severity is how much a diagnostic matters.
type Severity int

// The severities. An Error keeps the input from being used.
const (
	Error Severity = iota
	Warning
	Note
)

func (s Severity) String() string { return [...]string{"error", "warning", "note"}[s] }

// Diagnostic is one finding about an input.
type Diagnostic struct {
	ID       string // stable, "cpl-unknown-name"; `rehearse explain ID` tells more
	Severity Severity
	Span     Span
	Message  string   // lower case, no full stop, the offending value quoted
	Notes    []Remark // facts
	Hints    []string // something to type
}

// Remark is a fact beside a diagnostic, with an optional place of its own.
type Remark struct {
	Span    Span
	Message string
}

// List is a collection of diagnostics.
type List []Diagnostic

// HasErrors says whether any diagnostic is an Error.
func (l List) HasErrors() bool {
	return slices.ContainsFunc(l, func(d Diagnostic) bool { return d.Severity == Error })
}

// Sort orders by file, then place; equal places keep their order.
func (l List) Sort() {
	slices.SortStableFunc(l, func(a, b Diagnostic) int {
		return cmp.Or(cmp.Compare(a.Span.File, b.Span.File), cmp.Compare(a.Span.Start.Offset, b.Span.Start.Offset), cmp.Compare(a.Span.Start.Line, b.Span.Start.Line))
	})
}
