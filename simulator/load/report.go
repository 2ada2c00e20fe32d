package load

import (
	"cmp"
	"math"
	"slices"
	"time"

	"rehearse/reports"
	"rehearse/reports/journal"
)

// Schema is the version of the report's form.
const Schema = 1

// The clocks that a report's times are by.
const (
	Virtual = "virtual"
	Real    = "real"
)

// Report is what came of a load. In virtual time two runs of the same inputs give
// the same.
type Report struct {
	Schema int          `json:"schema"`
	Tool   reports.Tool `json:"tool"`
	// Scenario is the file that was played, Server the "host:port" that real clients
	// went to; one of them is empty.
	Scenario string `json:"scenario,omitempty"`
	Server   string `json:"server,omitempty"`
	// Variant says which of the scenario's.
	Variant reports.Variant `json:"variant,omitempty"`
	Clock   string          `json:"clock"`
	// Clients are in the place of each client of the scenario.
	Clients int     `json:"clients"`
	Rate    float64 `json:"rate"`    // that begin a step a second; 0 is all at once
	AtOnce  int     `json:"at_once"` // at most, of one step; 0 is no limit
	Steps   []Step  `json:"steps"`
	Totals  Totals  `json:"totals"`
	// Problem is why the load could not be brought to its end.
	Problem string `json:"problem,omitempty"`
}

// Totals are the sums over the steps of clients.
type Totals struct {
	Taken      int `json:"taken"`
	AsExpected int `json:"as_expected"`
	Otherwise  int `json:"otherwise"`
}

// Step is one step as a crowd took it. Those of nobody's crowd, a change of the
// appliance or faults, have an outcome and no numbers.
type Step struct {
	Line   int    `json:"line,omitempty"` // of the scenario
	Actor  string `json:"actor"`
	Action string `json:"action"`
	// Outcome is that of a step that is no client's.
	Outcome *journal.Outcome `json:"outcome,omitempty"`
	Taken   int              `json:"taken"`
	// AsExpected of those taken ended as they should.
	AsExpected int `json:"as_expected"`
	// LastedMS is from the first beginning to the last end; PerSecond is how many
	// ended as expected in a second of it.
	LastedMS  float64 `json:"lasted_ms"`
	PerSecond float64 `json:"per_second"`
	// Ends are the ways in which it ended, the most frequent first.
	Ends []End `json:"ends,omitempty"`
	// MS are the times from when a client was due to when it had ended.
	MS     Spread  `json:"ms"`
	Stages []Stage `json:"stages,omitempty"` // in order
	Audio  *Audio  `json:"audio,omitempty"`
}

// End is one way in which clients ended a step.
type End struct {
	Stage    journal.Stage  `json:"stage"`
	Result   journal.Result `json:"result"`
	Code     string         `json:"code"`
	Media    string         `json:"media,omitempty"`
	Text     string         `json:"text"` // of the first of them
	Expected bool           `json:"expected"`
	Count    int            `json:"count"`
}

// Stage is what one stage took those who came to it.
type Stage struct {
	Stage journal.Stage `json:"stage"`
	// Ended is how many did not come further.
	Ended int    `json:"ended"`
	MS    Spread `json:"ms"`
}

// Audio is how many packets of audio were sent and came back.
type Audio struct {
	Sent     int `json:"sent"`
	Received int `json:"received"`
}

// ending is how one member ended a step.
type ending struct {
	outcome        journal.Outcome
	expected       bool
	took           time.Duration
	laps           map[journal.Stage]time.Duration
	sent, received int
}

// sum makes one Step of what its members came to; nil are those that did not begin.
func sum(action string, all []*ending, lasted time.Duration) Step {
	s := Step{Action: action, LastedMS: millis(lasted)}
	all = slices.DeleteFunc(slices.Clone(all), func(e *ending) bool { return e == nil })
	s.Taken = len(all)
	var took []time.Duration
	for _, e := range all {
		took = append(took, e.took)
		if e.expected {
			s.AsExpected++
		}
		s.count(e)
	}
	if lasted > 0 {
		s.PerSecond = math.Round(float64(s.AsExpected)/lasted.Seconds()*100) / 100
	}
	slices.SortStableFunc(s.Ends, func(a, b End) int { return cmp.Compare(b.Count, a.Count) })
	s.MS, s.Stages = SpreadOf(took), stages(all)
	return s
}

// count enters how a member ended, and its audio.
func (s *Step) count(e *ending) {
	o := e.outcome
	i := slices.IndexFunc(s.Ends, func(x End) bool {
		return x.Stage == o.Stage && x.Result == o.Result && x.Code == o.Code && x.Media == o.Media && x.Expected == e.expected
	})
	if i < 0 {
		i = len(s.Ends)
		s.Ends = append(s.Ends, End{Stage: o.Stage, Result: o.Result, Code: o.Code, Media: o.Media, Text: o.Text, Expected: e.expected})
	}
	s.Ends[i].Count++
	if e.sent > 0 {
		if s.Audio == nil {
			s.Audio = &Audio{}
		}
		s.Audio.Sent += e.sent
		s.Audio.Received += e.received
	}
}

// stages are the spreads of those stages that somebody came to.
func stages(all []*ending) (list []Stage) {
	for _, stage := range journal.Stages {
		var took []time.Duration
		ended := 0
		for _, e := range all {
			if d, ok := e.laps[stage]; ok {
				took = append(took, d)
			}
			if e.outcome.Stage == stage && stage != journal.StageDone {
				ended++
			}
		}
		if len(took) > 0 {
			list = append(list, Stage{Stage: stage, Ended: ended, MS: SpreadOf(took)})
		}
	}
	return list
}

// Count enters the totals of the steps.
func (r *Report) Count() {
	r.Totals = Totals{}
	for _, s := range r.Steps {
		r.Totals.Taken += s.Taken
		r.Totals.AsExpected += s.AsExpected
	}
	r.Totals.Otherwise = r.Totals.Taken - r.Totals.AsExpected
}
