package reports

import (
	"fmt"
	"html/template"
	"path"
	"slices"
	"strings"
	"time"

	"rehearse/reports/journal"
)

// htmlView is a report as the template wants it.
type htmlView struct {
	*Report
	Style      template.CSS
	Script     template.JS
	ScriptHash string
	Causes     []*cause
	Chapters   []htmlChapter
	Policies   []htmlPolicy
	Cases      []htmlCase // for filter and matrix
	Ladders    htmlLadders
}

// htmlChapter is the scenario files of one folder.
type htmlChapter struct {
	Folder string
	Files  []htmlFile
}

type htmlFile struct {
	file
	Verdict  Verdict
	Variants []htmlScenario
	Open     bool // from the beginning
}

// htmlScenario is one variant.
type htmlScenario struct {
	*Scenario
	Steps []htmlStep
	Again string // the command that runs it by itself
	Open  bool   // from the beginning: the first that failed
}

type htmlStep struct {
	Step
	Index  int
	Sets   bool
	Text   string // that a user would have read
	Events int
	Took   time.Duration
	Stage  int // how far a client came, from 1 on; 0 for others
	SameAs int // line of the step before that failed alike, 0 where none did
}

func newHTMLView(r *Report) *htmlView {
	v := &htmlView{Report: r, Cases: []htmlCase{}, Causes: causes(r), Policies: htmlPolicies(r.PolicyCoverage), Ladders: newHTMLLadders(r)}
	for _, s := range r.Scenarios {
		for _, e := range s.Evidence {
			if href := v.RuleHref(e.Rule); href != "" {
				v.Ladders.Rules[e.Rule] = href
			}
		}
	}
	t := newTeller(Console{Again: r.Overrides})
	found := false
	for _, f := range byFile(r.Scenarios) {
		hf := htmlFile{file: f, Verdict: f.verdict(), Open: f.verdict() == Failed && len(f.variants) > 1}
		for _, s := range f.variants {
			first := s.Verdict == Failed && !found
			found, hf.Open = found || first, hf.Open || first
			hf.Variants = append(hf.Variants, htmlScenario{Scenario: s, Steps: htmlSteps(s), Again: t.command(s), Open: first})
			v.Cases = append(v.Cases, newHTMLCase(s))
		}
		folder := path.Dir(f.path)
		if n := len(v.Chapters); n == 0 || v.Chapters[n-1].Folder != folder {
			v.Chapters = append(v.Chapters, htmlChapter{Folder: folder})
		}
		last := &v.Chapters[len(v.Chapters)-1]
		last.Files = append(last.Files, hf)
	}
	return v
}

func htmlSteps(s *Scenario) []htmlStep {
	events := make([]int, len(s.Steps))
	for _, e := range s.Evidence {
		events[e.Step]++
	}
	var all []htmlStep
	for i, step := range s.Steps {
		h := htmlStep{Step: step, Index: i, Sets: step.sets(), Text: step.Outcome.Text, Events: events[i], Took: step.took()}
		if h.Sets && step.Outcome.Code == "" {
			h.Text = ""
		}
		if before := slices.IndexFunc(s.Steps[:i], step.repeats); before >= 0 && step.Verdict == Failed {
			h.SameAs = s.Steps[before].Line
		}
		if !h.Sets {
			h.Stage = step.Outcome.Stage.Rank() + 1
		}
		all = append(all, h)
	}
	return all
}

// Ended is the outcome in few words.
func (s htmlStep) Ended() string { return strings.TrimPrefix(s.Outcome.String(), "done ") }

// Stages is how many stages there are.
func (s htmlStep) Stages() int { return len(journal.Stages) }

// Gist is what the first failed step, or else the last one of a client, came to.
func (s htmlScenario) Gist() string {
	at := s.firstFailed()
	for i := len(s.Steps) - 1; i >= 0 && at < 0; i-- {
		if !s.Steps[i].Sets {
			at = i
		}
	}
	if at < 0 {
		return s.Problem
	}
	step := s.Steps[at]
	return fmt.Sprintf("%s %s: %s", step.Actor, step.Action, step.Ended())
}

// Told is how the scenario came to its verdict, where it was played more than once.
func (s htmlScenario) Told() string { return s.attempts() }

// More is how many scenarios failed so, beside the first.
func (c *cause) More() int { return len(c.Scenarios) - 1 }

// Path is where the file is.
func (f htmlFile) Path() string { return f.path }

// Name is what the scenario is about.
func (f htmlFile) Name() string { return f.name }

// Tally counts the variants by verdict.
func (f htmlFile) Tally() string {
	var all []Scenario
	for _, v := range f.Variants {
		all = append(all, *v.Scenario)
	}
	return Count(all).String()
}

// Title is what the report comes to, in few words.
func (v *htmlView) Title() string {
	switch n := len(v.Scenarios); {
	case n == 0:
		return "Nothing was run"
	case v.Totals.Failed > 0:
		return fmt.Sprintf("%d of %s failed", v.Totals.Failed, counted(n, "scenario", "scenarios"))
	case v.Totals.Unsupported == n:
		return "Nothing could be asked of what was tested"
	case n == 1:
		return "The scenario passed"
	case v.Totals.Unsupported > 0:
		return fmt.Sprintf("%d of %d scenarios passed, none failed", v.Totals.Passed, n)
	default:
		return fmt.Sprintf("All %d scenarios passed", n)
	}
}

// State is the verdict that colours the head of the page.
func (v *htmlView) State() Verdict {
	switch {
	case v.Totals.Failed > 0:
		return Failed
	case v.Totals.Passed > 0:
		return Passed
	}
	return Unsupported
}

// Shares are the verdicts with their numbers and shares of a bar, none of which
// is empty.
func (v *htmlView) Shares() []htmlShare {
	var all []htmlShare
	for _, s := range []htmlShare{{Failed, v.Totals.Failed}, {Unsupported, v.Totals.Unsupported}, {Passed, v.Totals.Passed}} {
		if s.Count > 0 {
			all = append(all, s)
		}
	}
	return all
}

type htmlShare struct {
	Verdict Verdict
	Count   int
}

// Took is the virtual time of all scenarios, one after the other.
func (v *htmlView) Took() string { return span(took(v.Scenarios)) }

// Labels are those of any scenario, in alphabetical order.
func (v *htmlView) Labels() []string {
	var all []string
	for _, s := range v.Scenarios {
		for _, l := range s.Labels {
			if !slices.Contains(all, l) {
				all = append(all, l)
			}
		}
	}
	slices.Sort(all)
	return all
}

// htmlCase is what filter and matrix know of a variant.
type htmlCase struct {
	Index   int                 `json:"i"`
	Verdict Verdict             `json:"v"`
	Values  map[string][]string `json:"d"` // by dimension
}

// newHTMLCase takes the dimensions of a scenario from its setup, where that says
// more than the axes of its matrix, and from the axes.
func newHTMLCase(s *Scenario) htmlCase {
	c := htmlCase{Index: s.Index, Verdict: s.Verdict, Values: map[string][]string{
		"file": {s.File}, "folder": {path.Dir(s.File)},
	}}
	for _, v := range s.Variant {
		c.Values[v.Name] = []string{v.Value}
	}
	set := func(name string, values ...string) {
		if len(values) > 0 {
			c.Values[name] = values
		}
	}
	set("label", s.Labels...)
	if s.Setup.Deployment != "" {
		set("deployment", s.Setup.Deployment)
	}
	if s.Setup.Release != "" {
		set("release", s.Setup.Release)
		set("policy", "none")
		set("policy", s.Setup.Policy...)
	}
	var profiles []string
	for _, h := range s.Hosts {
		if h.Profile != "" && !slices.Contains(profiles, h.Profile) {
			profiles = append(profiles, h.Profile)
		}
	}
	set("client", profiles...)
	return c
}
