package reports

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"rehearse/reports/diag"
)

// Explanation tells what a diagnostic means and what to do about it.
type Explanation struct{ ID, Title, Text, Remedy string }

// Explanations has one row for every ID that Read reports.
func Explanations() []Explanation {
	return []Explanation{
		{"report-json", "the file is no JSON report",
			"Reports are read strictly: text that is no JSON, a field that no report has and a value of another type are errors.",
			"Name a file that `rehearse run --report json=FILE` wrote."},
		{"report-schema", "the report has another form than this program reads",
			"The number at \"schema\" changes when a field of the JSON report changes its meaning.",
			"Use the version of rehearse that wrote the report, or run anew."},
		{"report-value", "a report that contradicts itself",
			"Verdicts are a closed list, totals are counted, evidence belongs to a step, and each scenario has a place of its own.",
			"Write the report anew; reports are not for editing."},
	}
}

// Read reads a stored JSON report, strictly. The report is nil where the
// diagnostics have an error.
func Read(name string, text []byte) (*Report, diag.List) {
	src := reading{name, text}
	if !utf8.Valid(text) || bytes.IndexByte(text, 0) >= 0 {
		return nil, src.wrong("report-json", -1, "this is no text")
	}
	// The version comes first: whatever else is unknown may come from it.
	var head struct {
		Schema *int `json:"schema"`
	}
	if err := json.Unmarshal(text, &head); err != nil {
		return nil, src.broken(err)
	}
	switch {
	case head.Schema == nil:
		return nil, src.wrong("report-schema", 0, `no "schema": this is no report of rehearse`)
	case *head.Schema != Schema:
		at := bytes.Index(text, []byte(`"schema"`))
		return nil, src.wrong("report-schema", at, fmt.Sprintf("schema %d, want %d", *head.Schema, Schema))
	}
	r := &Report{}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(r); err != nil {
		return nil, src.broken(err)
	}
	if problems := r.problems(); len(problems) > 0 {
		var list diag.List
		for _, p := range problems {
			list = append(list, src.wrong("report-value", -1, p)...)
		}
		return nil, list
	}
	return r, nil
}

// reading is a report's text under its name.
type reading struct {
	name string
	text []byte
}

// wrong is one error at an offset, or in the whole file where that is negative.
func (s reading) wrong(id string, offset int, message string) diag.List {
	at := diag.Span{File: s.name}
	if offset >= 0 {
		before := s.text[:min(offset, len(s.text))]
		line := bytes.LastIndexByte(before, '\n') + 1
		at.Start = diag.Pos{Line: bytes.Count(before, []byte("\n")) + 1, Col: len(before) - line + 1, Offset: len(before)}
	}
	return diag.List{{ID: id, Severity: diag.Error, Span: at, Message: message}}
}

// broken is what the decoder had to say, at its place where that is known.
func (s reading) broken(err error) diag.List {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	message := strings.TrimPrefix(err.Error(), "json: ")
	switch {
	case len(bytes.TrimSpace(s.text)) == 0:
		return s.wrong("report-json", -1, "the file is empty")
	case errors.As(err, &syntax):
		return s.wrong("report-json", int(syntax.Offset)-1, "this is no JSON: "+message)
	case errors.As(err, &kind):
		return s.wrong("report-json", int(kind.Offset), fmt.Sprintf("%s is %s, want %s", kind.Field, kind.Value, kind.Type))
	}
	// The decoder does not say where an unknown field stands, only how it is called.
	if field, unknown := strings.CutPrefix(message, "unknown field "); unknown {
		list := s.wrong("report-json", bytes.Index(s.text, []byte(field)), message)
		list[0].Notes = []diag.Remark{{Message: "a newer version of rehearse may have written it"}}
		return list
	}
	return s.wrong("report-json", -1, message)
}

// problems are contradictions in what a report says.
func (r *Report) problems() []string {
	var all []string
	add := func(format string, args ...any) { all = append(all, fmt.Sprintf(format, args...)) }
	seen := map[int]bool{}
	for i, s := range r.Scenarios {
		switch {
		case s.Index < 0 || s.Index >= r.Selected:
			add("scenarios[%d]: index %d of %d selected", i, s.Index, r.Selected)
		case seen[s.Index]:
			add("scenarios[%d]: a second one with index %d", i, s.Index)
		}
		seen[s.Index] = true
		for _, p := range s.problems() {
			add("scenarios[%d]%s", i, p)
		}
	}
	if want := Count(r.Scenarios); len(all) == 0 && r.Totals != want {
		add("totals %+v, want %+v as counted", r.Totals, want)
	}
	return all
}

func (s *Scenario) problems() []string {
	var all []string
	verdict := func(where string, v Verdict) {
		if known := []Verdict{Passed, Failed, Unsupported}; !slices.Contains(known, v) {
			all = append(all, fmt.Sprintf("%s: verdict %q, want passed, failed or unsupported", where, v))
		}
	}
	verdict("", s.Verdict)
	for i, step := range s.Steps {
		verdict(fmt.Sprintf(".steps[%d]", i), step.Verdict)
	}
	for i, e := range s.Evidence {
		if e.Step < 0 || e.Step >= len(s.Steps) {
			all = append(all, fmt.Sprintf(".evidence[%d]: step %d of %d", i, e.Step, len(s.Steps)))
			break
		}
	}
	return all
}
