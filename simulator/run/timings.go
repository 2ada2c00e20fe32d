package run

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"time"

	"rehearse/reports"
	"rehearse/simulator/scenario"
)

// Timings are how long scenarios took in real time, for shards that take equally
// long. They are no part of a report: two runs give the same report and never the
// same times. Time on a scenario's own clock says nothing here, for waiting costs
// nothing.
type Timings struct {
	Version   int      `json:"timings"`
	Scenarios []Timing `json:"scenarios"`
}

// Timing is what one variant took.
type Timing struct {
	File    string          `json:"file"`
	Name    string          `json:"name"`
	Variant reports.Variant `json:"variant"`
	MS      float64         `json:"ms"`
}

// timingsVersion is that of the form of Timings.
const timingsVersion = 1

// Add notes what a scenario took.
func (t *Timings) Add(s *scenario.Scenario, took time.Duration) {
	t.Version = timingsVersion
	ms := float64(took.Microseconds()) / 1000
	t.Scenarios = append(t.Scenarios, Timing{File: s.File, Name: s.Name, Variant: variant(s), MS: ms})
}

// Write stores the timings as JSON, in order of files, names and variants.
func (t *Timings) Write(w io.Writer) error {
	sorted := Timings{Version: timingsVersion, Scenarios: slices.Clone(t.Scenarios)}
	if sorted.Scenarios == nil {
		sorted.Scenarios = []Timing{}
	}
	slices.SortStableFunc(sorted.Scenarios, func(a, b Timing) int { return cmp.Compare(a.key(), b.key()) })
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(sorted)
}

// ReadTimings reads stored timings, or a JSON report: that has no times, and its
// scenarios count by how much happened in them, about a tenth of a millisecond an
// event.
func ReadTimings(text []byte) (*Timings, error) {
	var t Timings
	if err := json.Unmarshal(text, &t); err == nil && t.Version == timingsVersion {
		return &t, nil
	}
	rep, list := reports.Read("", bytes.TrimSpace(text))
	if rep == nil {
		return nil, fmt.Errorf("neither timings of version %d nor a JSON report: %s", timingsVersion, list[0].Message)
	}
	t = Timings{Version: timingsVersion}
	for _, s := range rep.Scenarios {
		t.Scenarios = append(t.Scenarios, Timing{File: s.File, Name: s.Name, Variant: s.Variant, MS: float64(len(s.Evidence)+1) / 10})
	}
	return &t, nil
}

func (t Timing) key() string { return fmt.Sprintf("%s\x00%s\x00%s", t.File, t.Name, t.Variant) }

// Costs are what scenarios will take, in microseconds, as far as these timings tell;
// what is not among them costs as much as the one in the middle.
func (t *Timings) Costs(scenarios []*scenario.Scenario) []int64 {
	known := map[string]int64{}
	var all []int64
	for _, one := range t.Scenarios {
		cost := max(int64(one.MS*1000), 1)
		known[one.key()] = cost
		all = append(all, cost)
	}
	slices.Sort(all)
	middle := int64(1)
	if len(all) > 0 {
		middle = all[len(all)/2]
	}
	var costs []int64
	for _, s := range scenarios {
		key := Timing{File: s.File, Name: s.Name, Variant: variant(s)}.key()
		costs = append(costs, cmp.Or(known[key], middle))
	}
	return costs
}
