// Package run rehearses scenarios: it builds each one's world, plays its steps,
// holds what came of them against what was expected, and reports.
//
// In come scenario values, out comes one reports.Report in the order of the
// inputs, whatever the number of workers. Each scenario has a world of its own
// and, where the caller can give one, a bubble of virtual time.
package run

import (
	"context"
	"fmt"
	"sync"
	"time"

	"rehearse/reports"
	"rehearse/reports/diag"
	"rehearse/simulator/scenario"
)

// Options say how to run.
type Options struct {
	// Workers is how many scenarios run at a time; below 1 means 1.
	Workers int
	// Selected is the size of the selection of which the scenarios are a shard, and
	// Places are their places in it. Zero: they are the whole selection.
	Selected int
	Places   []int
	// Bubble runs a function in virtual time and returns when it is done. Nil
	// runs in real time.
	Bubble func(func())
	// Retries is how often a failed scenario is played again. In virtual time it comes
	// out the same; against a foreign interceptor it may not.
	Retries int
	// FailFast ends the run at the first failed scenario: later ones are not in the
	// report, whatever the number of workers.
	FailFast bool
	// Watch sees what policies decide; it may be nil.
	Watch Watcher
	// Progress is called after each scenario with the number of those done. It may
	// be nil; calls do not overlap.
	Progress func(done int, last *reports.Scenario)
	// Timed is told how long each scenario took in real time, retries included. It
	// may be nil; calls do not overlap.
	Timed func(s *scenario.Scenario, took time.Duration)
	// Source gives file texts by name, for excerpts.
	Source diag.Source
	Tool   reports.Tool
	// Overrides are the flags that changed what scenarios say, for the report.
	Overrides []string
	// Keep, if there is one, gets the recording of each scenario and gives the name of
	// the file that it was kept in, "" for none. It is called from many goroutines.
	Keep func(*Recording) string
	// Against is an interceptor made elsewhere, in the place of the reference
	// interceptor; nil is none. It wants one worker and no bubble.
	Against *Against
}

// Run plays scenarios and reports on them. When ctx ends, the report has those
// that were done by then and the error is ctx's.
func Run(ctx context.Context, scenarios []*scenario.Scenario, opt Options) (*reports.Report, error) {
	r := runner{scenarios: scenarios, opt: opt, results: make([]*result, len(scenarios)), last: len(scenarios) - 1}
	var wg sync.WaitGroup
	next := make(chan int)
	for range max(opt.Workers, 1) {
		wg.Go(func() {
			for i := range next {
				r.one(ctx, i)
			}
		})
	}
	for i := range scenarios {
		next <- i
	}
	close(next)
	wg.Wait()
	for i := r.last + 1; i < len(scenarios); i++ {
		r.results[i] = nil // began before the first failure was known
	}
	return collect(r.results, opt), ctx.Err()
}

// runner is one run, shared by its workers.
type runner struct {
	scenarios []*scenario.Scenario
	opt       Options

	mu      sync.Mutex
	results []*result
	done    int
	last    int // the last scenario to be run: with FailFast the first that failed
}

// one runs a scenario, unless the run has ended before it.
func (r *runner) one(ctx context.Context, i int) {
	r.mu.Lock()
	over := i > r.last || ctx.Err() != nil
	r.mu.Unlock()
	if over {
		return
	}
	began := time.Now()
	one := persistent(ctx, r.scenarios[i], r.opt)
	if one == nil { // interrupted
		return
	}
	took := time.Since(began)
	if one.recording != nil {
		one.report.Capture = r.opt.Keep(one.recording)
		one.recording = nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.results[i] = one
	r.done++
	if r.opt.FailFast && one.report.Verdict == reports.Failed {
		r.last = min(r.last, i)
	}
	if r.opt.Timed != nil {
		r.opt.Timed(r.scenarios[i], took)
	}
	if r.opt.Progress != nil {
		r.opt.Progress(r.done, &one.report)
	}
}

// result is one scenario's part of the report, with what coverage needs.
type result struct {
	report reports.Scenario
	cover  []reports.Coverage
	// recording is nil where none is wanted.
	recording *Recording
}

// persistent runs a scenario until it does not fail, as often as it may be tried. It
// gives nil where ctx ended meanwhile.
func persistent(ctx context.Context, s *scenario.Scenario, opt Options) *result {
	one := isolated(ctx, s, opt)
	for tried := 0; one != nil && one.report.Verdict == reports.Failed && tried < opt.Retries; tried++ {
		before := append(one.report.Failures, one.report.Attempt())
		if one = isolated(ctx, s, opt); one != nil {
			one.report.Failures = before
		}
	}
	return one
}

// isolated runs one scenario in a bubble. It gives nil where ctx ended meanwhile.
func isolated(ctx context.Context, s *scenario.Scenario, opt Options) (one *result) {
	in := func() { one = rehearse(ctx, s, opt) }
	if opt.Bubble == nil {
		in()
	} else {
		opt.Bubble(in)
	}
	return one
}

// scenarioLimit bounds a whole scenario on its clock.
const scenarioLimit = 30 * 24 * time.Hour

func rehearse(ctx context.Context, s *scenario.Scenario, opt Options) *result {
	// The context of the bubble is one of its own: outside timers and channels do
	// not mix with virtual time. An interrupt takes effect between steps.
	outer := context.Background()
	if opt.Against != nil {
		outer = ctx // and takes effect at once where time is real
	}
	inner, cancel := context.WithTimeout(outer, scenarioLimit)
	defer cancel()
	one := &result{report: reports.Scenario{
		File: s.File, Name: s.Name, Labels: append([]string{}, s.Labels...), Verdict: reports.Passed,
		Steps: []reports.Step{}, Hosts: []reports.Host{}, Evidence: []reports.Evidence{},
		Variant: variant(s), Setup: opt.setup(s),
	}}
	r, err := opt.build(inner, s)
	if err != nil {
		return one.fail(fmt.Errorf("building the world: %w", err))
	}
	defer r.close()
	if opt.Keep != nil {
		r.record()
	}
	steps, err := r.play(inner, func() bool { return ctx.Err() != nil })
	if ctx.Err() != nil {
		return nil
	}
	h := newHops(r, steps)
	for i, p := range steps {
		one.add(i, r.held(p), h, opt.Source)
	}
	if r.tape != nil {
		one.recording = r.recording(&one.report, steps)
	}
	one.report.Hosts = r.hosts(one.report.Evidence)
	one.cover = r.coverage()
	if err != nil {
		return one.fail(err)
	}
	return one
}

func variant(s *scenario.Scenario) reports.Variant {
	v := reports.Variant{}
	for _, a := range s.Variant {
		v = append(v, reports.Setting{Name: a.Name, Value: a.Value})
	}
	return v
}

// fail marks a scenario that could not be played to its end.
func (o *result) fail(err error) *result {
	o.report.Verdict, o.report.Problem = reports.Failed, err.Error()
	return o
}

// collect puts the results together, in order.
func collect(results []*result, opt Options) *reports.Report {
	rep := &reports.Report{Schema: reports.Schema, Tool: opt.Tool, Overrides: opt.Overrides, Selected: len(results), Scenarios: []reports.Scenario{}}
	if opt.Selected > 0 {
		rep.Selected = opt.Selected
	}
	var covers [][]reports.Coverage
	for i, r := range results {
		if r == nil {
			continue
		}
		r.report.Index = i
		if opt.Selected > 0 {
			r.report.Index = opt.Places[i]
		}
		rep.Scenarios = append(rep.Scenarios, r.report)
		covers = append(covers, r.cover)
	}
	rep.PolicyCoverage = reports.MergeCoverage(covers...)
	rep.Totals = reports.Count(rep.Scenarios)
	return rep
}
