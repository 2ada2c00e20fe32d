package fleet

import (
	"cmp"
	"context"

	"rehearse/reports"
	"rehearse/simulator/run"
	"rehearse/simulator/scenario"
)

// played is what came of a task: a shard's report, and captures by the places of
// their scenarios.
type played struct {
	report   *reports.Report
	captures map[int][]byte
}

// play plays a task, unless ctx ends before it.
func (p *player) play(ctx context.Context, t task) (*played, error) {
	var scenarios []*scenario.Scenario
	var places []int
	at := map[*scenario.Scenario]int{}
	for _, r := range t.Scenarios {
		s, err := p.scenario(r)
		if err != nil {
			return nil, err
		}
		scenarios, places = append(scenarios, s), append(places, r.Place)
		at[s] = r.Place
	}
	one := &played{captures: map[int][]byte{}}
	var failed error
	opt := run.Options{
		Workers: 1, Places: places, Selected: p.job.Selected, Bubble: p.bubble,
		Source: func(file string) []byte { return p.job.Texts[file] },
		Tool:   p.job.Tool, Overrides: p.job.Overrides,
	}
	if c := p.job.Capture; c != nil && p.make != nil {
		opt.Keep = func(r *run.Recording) string {
			if c.OnFail && r.Report.Verdict != reports.Failed {
				return ""
			}
			name, text, err := p.make(r, *c)
			failed = cmp.Or(failed, err)
			one.captures[at[r.Scenario]] = text
			return name
		}
	}
	var err error
	if one.report, err = run.Run(ctx, scenarios, opt); err == nil {
		err = failed
	}
	return one, err
}

// unplayable is the result of a task that cannot be played, and says why in each of
// its scenarios.
func (p *player) unplayable(t task, why string) *reports.Report {
	rep := &reports.Report{Schema: reports.Schema, Tool: p.job.Tool, Overrides: p.job.Overrides, Selected: p.job.Selected, PolicyCoverage: []reports.Coverage{}}
	for _, r := range t.Scenarios {
		one := reports.Scenario{
			Index: r.Place, File: r.File, Name: r.File, Labels: []string{}, Variant: reports.Variant{}, Verdict: reports.Failed,
			Problem: why, Steps: []reports.Step{}, Hosts: []reports.Host{}, Evidence: []reports.Evidence{},
		}
		if s, err := p.scenario(r); err == nil {
			one.Name, one.Labels = s.Name, append(one.Labels, s.Labels...)
			for _, v := range s.Variant {
				one.Variant = append(one.Variant, reports.Setting{Name: v.Name, Value: v.Value})
			}
		}
		rep.Scenarios = append(rep.Scenarios, one)
	}
	rep.Totals = reports.Count(rep.Scenarios)
	return rep
}
