package fleet

import (
	"context"

	"rehearse/reports"
	"rehearse/simulator/run"
	"rehearse/simulator/scenario"
)

// play plays a task; its result is a shard's report. It is nil where ctx ended
// before the task.
func (p *player) play(ctx context.Context, t task) (*reports.Report, error) {
	var scenarios []*scenario.Scenario
	var places []int
	for _, r := range t.Scenarios {
		s, err := p.scenario(r)
		if err != nil {
			return nil, err
		}
		scenarios, places = append(scenarios, s), append(places, r.Place)
	}
	rep, err := run.Run(ctx, scenarios, run.Options{
		Workers: 1, Places: places, Selected: p.job.Selected, Bubble: p.bubble,
		Source: func(file string) []byte { return p.job.Texts[file] },
		Tool:   p.job.Tool, Overrides: p.job.Overrides,
	})
	if err != nil {
		return nil, err
	}
	return rep, nil
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
