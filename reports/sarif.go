package reports

import (
	"bytes"
	"encoding/json"
	"io"
	"net/url"
	"strings"
	"unicode/utf8"

	"rehearse/reports/diag"
)

// SARIF is diagnostics as SARIF 2.1.0, which code hosts show beside the lines that
// they are about (OASIS SARIF 3.13 and following).
type SARIF struct {
	Tool Tool
	// Source gives a file's text, for columns: diagnostics count bytes, SARIF
	// characters.
	Source diag.Source
	// Explain says what a diagnostic's ID means, and what to do.
	Explain func(id string) (text string, remedies []string)
}

// Parts of a SARIF log, as far as they are used here.
type (
	sarifLog struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}
	sarifRun struct {
		Tool       sarifTool     `json:"tool"`
		ColumnKind string        `json:"columnKind"`
		Results    []sarifResult `json:"results"`
	}
	sarifTool struct {
		Driver sarifDriver `json:"driver"`
	}
	sarifDriver struct {
		Name    string      `json:"name"`
		Version string      `json:"version,omitempty"`
		Rules   []sarifRule `json:"rules"`
	}
	sarifRule struct {
		ID    string     `json:"id"`
		Short sarifText  `json:"shortDescription"`
		Help  *sarifText `json:"help,omitempty"`
	}
	sarifText struct {
		Text string `json:"text"`
	}
	sarifResult struct {
		RuleID    string          `json:"ruleId"`
		RuleIndex int             `json:"ruleIndex"`
		Level     string          `json:"level"`
		Message   sarifText       `json:"message"`
		Locations []sarifLocation `json:"locations"`
		Related   []sarifLocation `json:"relatedLocations,omitempty"`
	}
	sarifLocation struct {
		Physical sarifPhysical `json:"physicalLocation"`
		Message  *sarifText    `json:"message,omitempty"`
	}
	sarifPhysical struct {
		Artifact sarifArtifact `json:"artifactLocation"`
		Region   *sarifRegion  `json:"region,omitempty"`
	}
	sarifArtifact struct {
		URI string `json:"uri"`
	}
	sarifRegion struct {
		StartLine   int `json:"startLine"`
		StartColumn int `json:"startColumn,omitempty"`
		EndLine     int `json:"endLine,omitempty"`
		EndColumn   int `json:"endColumn,omitempty"`
	}
)

// Write renders diagnostics in their order, rules in order of their first one.
func (s SARIF) Write(w io.Writer, list diag.List) error {
	run := sarifRun{
		Tool:       sarifTool{sarifDriver{Name: s.Tool.Name, Version: s.Tool.Version, Rules: []sarifRule{}}},
		ColumnKind: "unicodeCodePoints", Results: []sarifResult{},
	}
	places := map[string]int{}
	for _, d := range list {
		at, known := places[d.ID]
		if !known {
			at = len(run.Tool.Driver.Rules)
			places[d.ID] = at
			run.Tool.Driver.Rules = append(run.Tool.Driver.Rules, s.rule(d.ID))
		}
		result := s.result(d)
		result.RuleIndex = at
		run.Results = append(run.Results, result)
	}
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(sarifLog{Schema: "https://json.schemastore.org/sarif-2.1.0.json", Version: "2.1.0", Runs: []sarifRun{run}})
}

func (s SARIF) rule(id string) sarifRule {
	text, remedies := s.Explain(id)
	r := sarifRule{ID: id, Short: sarifText{text}}
	if len(remedies) > 0 {
		r.Help = &sarifText{strings.Join(remedies, "\n")}
	}
	return r
}

func (s SARIF) result(d diag.Diagnostic) sarifResult {
	lines := []string{d.Message}
	var related []sarifLocation
	for _, n := range d.Notes {
		if n.Span.Start.Line > 0 {
			at := s.location(n.Span)
			at.Message = &sarifText{n.Message}
			related = append(related, at)
			continue
		}
		lines = append(lines, "note: "+n.Message)
	}
	for _, h := range d.Hints {
		lines = append(lines, "hint: "+h)
	}
	return sarifResult{
		RuleID: d.ID, Level: d.Severity.String(), Message: sarifText{strings.Join(lines, "\n")},
		Locations: []sarifLocation{s.location(d.Span)}, Related: related,
	}
}

func (s SARIF) location(at diag.Span) sarifLocation {
	l := sarifLocation{Physical: sarifPhysical{Artifact: sarifArtifact{(&url.URL{Path: at.File}).EscapedPath()}}}
	if at.Start.Line > 0 {
		l.Physical.Region = &sarifRegion{StartLine: at.Start.Line, StartColumn: s.column(at.File, at.Start)}
		if at.End.Line > 0 {
			l.Physical.Region.EndLine, l.Physical.Region.EndColumn = at.End.Line, s.column(at.File, at.End)
		}
	}
	return l
}

// column is a place's column in characters, 0 where the place has none.
func (s SARIF) column(file string, at diag.Pos) int {
	var text []byte
	if s.Source != nil {
		text = s.Source(file)
	}
	for range at.Line - 1 {
		_, text, _ = bytes.Cut(text, []byte("\n"))
	}
	if at.Col < 1 || at.Col-1 > len(text) {
		return max(at.Col, 0)
	}
	return utf8.RuneCount(text[:at.Col-1]) + 1
}
