// Package reports is what a run has to say, and the forms in which it says it.
//
// In comes one Report: scenarios with their steps, verdicts, evidence and hints,
// all computed where the run was judged. Out goes text in one of the Formats.
// A renderer only renders: it computes no verdict and drops nothing silently.
package reports

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"

	"rehearse/reports/diag"
	"rehearse/reports/journal"
)

// Schema is the version of the JSON report's form.
const Schema = 1

// Report is the result of a run. Its JSON form is a contract; two runs of the
// same inputs give the same bytes.
type Report struct {
	Schema int  `json:"schema"`
	Tool   Tool `json:"tool"`
	// Overrides are the flags of the run that changed what scenarios say:
	// "--release", "6.5.5.1".
	Overrides []string `json:"overrides,omitempty"`
	// Selected is how many scenarios the run was about, over all its shards. Where
	// there are fewer Scenarios this is a shard, or the run was cut short.
	Selected  int        `json:"selected"`
	Scenarios []Scenario `json:"scenarios"`
	// PolicyCoverage tells for each policy file how often its rules decided.
	PolicyCoverage []Coverage `json:"policy_coverage"`
	Totals         Totals     `json:"totals"`
}

// Tool says what made the report.
type Tool struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

// Verdict is how a scenario or a step came out.
type Verdict string

// The verdicts.
const (
	Passed      Verdict = "passed"
	Failed      Verdict = "failed"
	Unsupported Verdict = "unsupported" // could not be asked of what was tested
)

// Totals counts scenarios by verdict; Count makes it.
type Totals struct {
	Passed      int `json:"passed"`
	Failed      int `json:"failed"`
	Unsupported int `json:"unsupported"`
	// Flaky are those among the passed that failed at first.
	Flaky int `json:"flaky,omitempty"`
}

// Count sums up scenarios.
func Count(scenarios []Scenario) Totals {
	var t Totals
	for i := range scenarios {
		s := &scenarios[i]
		switch s.Verdict {
		case Passed:
			t.Passed++
			if s.Flaky() {
				t.Flaky++
			}
		case Failed:
			t.Failed++
		case Unsupported:
			t.Unsupported++
		}
	}
	return t
}

// Scenario is one variant of one scenario file.
type Scenario struct {
	// Index is its place among all that were selected, from 0 on; shards are put
	// together by it.
	Index   int      `json:"index"`
	File    string   `json:"file"`
	Name    string   `json:"name"`
	Labels  []string `json:"labels"`
	Variant Variant  `json:"variant"`
	Setup   Setup    `json:"setup"`
	Verdict Verdict  `json:"verdict"`
	// Problem says why a scenario could not be played to its end, "" when it was.
	Problem string `json:"problem,omitempty"`
	// Failures are attempts that failed before the one that is told here.
	Failures []Attempt `json:"failures,omitempty"`
	Steps    []Step    `json:"steps"`
	// Hosts are those that the evidence speaks of, in the order of a ladder diagram.
	Hosts []Host `json:"hosts"`
	// Evidence is what happened, in order, step by step.
	Evidence []Evidence `json:"evidence"`
	// Capture is the file of a capture that was kept, "" when none was.
	Capture string `json:"capture,omitempty"`
}

// Flaky says whether a scenario passed that failed at first: one time or the other it
// says nothing about what was tested.
func (s *Scenario) Flaky() bool { return s.Verdict == Passed && len(s.Failures) > 0 }

// Attempt is a scenario that was played again because it failed.
type Attempt struct {
	// Why is the first expectation that did not hold, or why the scenario could not
	// be played to its end.
	Why string `json:"why"`
	// Text is how the console tells it, in plain text.
	Text string `json:"text"`
}

// Attempt is what is kept of a failed scenario that is played again.
func (s *Scenario) Attempt() Attempt {
	return Attempt{Why: cmp.Or(s.Problem, s.firstMiss(), "no step says why"), Text: s.FailureText()}
}

// attempts tells how a scenario came to its verdict, "" where it was played once.
func (s *Scenario) attempts() string {
	n := len(s.Failures)
	switch {
	case n == 0:
		return ""
	case s.Flaky():
		return fmt.Sprintf("flaky: it passed at attempt %d, after %s", n+1, s.Failures[0].Why)
	}
	return fmt.Sprintf("failed at each of %d attempts", n+1)
}

// Setup is how the scenario was set up at its beginning.
type Setup struct {
	Deployment string   `json:"deployment"`       // "explicit", "transparent", "none": without an appliance
	Release    string   `json:"release"`          // "" without an appliance
	Policy     []string `json:"policy,omitempty"` // names of the policy files
	// Against is where a foreign interceptor listened, in whose place the scenario's own
	// was not; "" where that was there.
	Against string `json:"against,omitempty"`
}

// Host is a column of a ladder diagram.
type Host struct {
	Name    string `json:"name"`
	Role    Role   `json:"role"`
	Profile string `json:"profile,omitempty"` // of a client
}

// Role is what a host is.
type Role string

// The roles of hosts.
const (
	RoleClient     Role = "client"
	RoleAppliance  Role = "appliance"
	RoleOrigin     Role = "origin"
	RoleRelay      Role = "relay"
	RoleRevocation Role = "revocation"
)

// Roles are all of them, in the order of a ladder's columns.
func Roles() []Role {
	return []Role{RoleClient, RoleAppliance, RoleOrigin, RoleRelay, RoleRevocation}
}

// Setting is one axis of a variant.
type Setting struct{ Name, Value string }

// Variant is the settings of a variant, in the order of the matrix; in JSON an
// object.
type Variant []Setting

// MarshalJSON writes an object whose keys keep their order.
func (v Variant) MarshalJSON() ([]byte, error) {
	b := []byte{'{'}
	for i, s := range v {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(appendText(b, s.Name), ':')
		b = appendText(b, s.Value)
	}
	return append(b, '}'), nil
}

// appendText appends a JSON string. Whether "<" is to be escaped is left to the
// encoder around it.
func appendText(b []byte, s string) []byte {
	var text bytes.Buffer
	e := json.NewEncoder(&text)
	e.SetEscapeHTML(false)
	_ = e.Encode(s) // a string and a buffer have nothing to fail on
	return append(b, bytes.TrimSuffix(text.Bytes(), []byte("\n"))...)
}

// UnmarshalJSON reads an object of texts, keeping the order of its keys.
func (v *Variant) UnmarshalJSON(text []byte) error {
	d := json.NewDecoder(bytes.NewReader(text))
	switch open, err := d.Token(); {
	case err != nil:
		return err
	case open == nil: // null
		*v = nil
		return nil
	case open != json.Delim('{'):
		return fmt.Errorf("variant: got %v, want an object", open)
	}
	read := Variant{}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return err
		}
		s := Setting{Name: name.(string)} // the decoder lets nothing else be a key
		if err := d.Decode(&s.Value); err != nil {
			return fmt.Errorf("variant: %s: %w", s.Name, err)
		}
		read = append(read, s)
	}
	if _, err := d.Token(); err != nil { // the end of the object
		return err
	}
	*v = read
	return nil
}

// Step is one step of a scenario.
type Step struct {
	Line    int             `json:"line"` // in the scenario's file
	Actor   string          `json:"actor"`
	Action  string          `json:"action"`
	Outcome journal.Outcome `json:"outcome"`
	// Expected is what the scenario states about the step: field to the values
	// any of which would do.
	Expected map[string][]string `json:"expected,omitempty"`
	Verdict  Verdict             `json:"verdict"`
	// Misses are the expectations that did not hold, in the order of the file.
	Misses []Miss `json:"misses,omitempty"`
	// Note says why a step is unsupported.
	Note string `json:"note,omitempty"`
}

// Miss is one expectation that did not hold.
type Miss struct {
	// Span is where the expected value stands; Excerpt is that line with a caret
	// under the value.
	Span    diag.Span `json:"span"`
	Excerpt string    `json:"excerpt"`
	Field   string    `json:"field"`
	Got     string    `json:"got"`
	Want    []string  `json:"want"`
	Hints   []string  `json:"hints,omitempty"`
}

// Evidence is one event, told.
type Evidence struct {
	Step  int    `json:"step"`  // index into Steps
	AtMS  int64  `json:"at_ms"` // since the scenario began, on its clock
	Flow  string `json:"flow,omitempty"`
	Actor string `json:"actor"`
	Kind  string `json:"kind"`
	Text  string `json:"text"`
	// From and To are hosts between which something went; "" for what an actor did
	// or saw by itself, and for the second record of what went.
	From string `json:"from,omitempty"`
	To   string `json:"to,omitempty"`
	// Rule is the policy line behind it, "file.cpl:12", where there is one.
	Rule string `json:"rule,omitempty"`
	// Refusal: somebody said no in it, or hung up.
	Refusal bool `json:"refusal,omitempty"`
}
