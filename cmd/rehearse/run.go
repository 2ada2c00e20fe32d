package main

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"runtime"
	"slices"

	"github.com/spf13/cobra"

	"rehearse/proxy/policy/cpl"
	"rehearse/reports"
	"rehearse/reports/diag"
	"rehearse/simulator/run"
	"rehearse/simulator/scenario"
)

// runFlags are the flags of `rehearse run`.
type runFlags struct {
	workers         int
	filter, shard   string
	reports         []string
	policy, release string
	traces          string
	failFast        bool
	verbose         bool
}

func (a *app) run() *cobra.Command {
	var f runFlags
	c := &cobra.Command{
		Use:   "run [PATH...]",
		Short: "Run scenario files or folders; without PATH the built-in ones",
		Long: `Run scenarios, each in a world of its own and in virtual time, and say where an
expectation did not hold. Without PATH the stock scenarios built into the binary
run: the founding case, from the symptom to the mend.

A filter takes labels, release comparisons and matrix settings:

  --filter founding-case
  --filter 'release>=6.5.10 && deployment=explicit'
  --filter 'name~bypass || !sign-in'`,
		RunE: func(c *cobra.Command, paths []string) error { return a.runScenarios(c.Context(), paths, f) },
	}
	fl := c.Flags()
	fl.IntVarP(&f.workers, "jobs", "j", runtime.NumCPU(), "scenarios to run at a time")
	fl.StringVar(&f.filter, "filter", "", "run only scenarios that `EXPR` takes")
	fl.StringVar(&f.shard, "shard", "", "run only the i-th of n parts, `i/n`")
	fl.StringArrayVar(&f.reports, "report", nil, "also write a report, `FORMAT=FILE`; formats: "+formatNames()+"; may be repeated")
	fl.StringVar(&f.policy, "policy", "", "install the policy in `FILE` in place of every one that scenarios name")
	fl.StringVar(&f.release, "release", "", "run every appliance at release `R`, upgrades included")
	fl.StringVar(&f.traces, "traces", "", "write the traces that policies ask for (trace.request) to `DIR`, a folder a scenario")
	fl.BoolVar(&f.failFast, "fail-fast", false, "start no further scenario after the first failed one")
	fl.BoolVarP(&f.verbose, "verbose", "v", false, "show the steps of passed scenarios too")
	return c
}

// runScenarios is the verb: select, check, run, report.
func (a *app) runScenarios(ctx context.Context, paths []string, f runFlags) error {
	targets, err := reportTargets(f.reports)
	if err != nil {
		return err
	}
	files, err := a.load(paths)
	if err != nil {
		return err
	}
	chosen, err := choose(files, f)
	if err != nil {
		return err
	}
	overridden, err := override(chosen.scenarios, f)
	if err != nil {
		return err
	}
	if !overridden {
		if err := a.refuse(check(chosen.scenarios), files); err != nil {
			return err
		}
	}
	return a.play(ctx, chosen, files, f, targets)
}

func (a *app) play(ctx context.Context, chosen selection, files *inputs, f runFlags, targets []target) error {
	status := newStatus(a.err, len(chosen.scenarios))
	var traces run.Traces
	rep, err := run.Run(ctx, chosen.scenarios, run.Options{
		Places: chosen.places, Selected: chosen.of,
		Workers: f.workers, Bubble: a.bubble, FailFast: f.failFast, Source: files.source,
		Tool:     reports.Tool{Name: "rehearse", Version: version()},
		Progress: status.update, Watch: f.watcher(&traces), Overrides: f.overrides(),
	})
	status.clear()
	for _, t := range targets {
		if err := t.write(rep); err != nil {
			return unable(err, "give a FILE in a folder that can be written to")
		}
	}
	if err := writeTraces(f.traces, traces.Pages()); err != nil {
		return err
	}
	console := reports.Console{Colour: colour(a.out), Verbose: f.verbose, Again: f.overrides()}
	if err := console.Write(a.out, rep); err != nil {
		return unable(err, "")
	}
	switch {
	case err != nil:
		return told(exitInterrupted)
	case rep.Totals.Failed > 0:
		return told(exitFailed)
	}
	return nil
}

// watcher is traces where the command line wants them.
func (f runFlags) watcher(traces *run.Traces) run.Watcher {
	if f.traces == "" {
		return nil
	}
	return traces
}

// overrides are the flags that change what scenarios say.
func (f runFlags) overrides() []string {
	var flags []string
	if f.release != "" {
		flags = append(flags, "--release", f.release)
	}
	if f.policy != "" {
		flags = append(flags, "--policy", f.policy)
	}
	return flags
}

// selection is what a run is about, and which part of it is to be run.
type selection struct {
	scenarios []*scenario.Scenario
	places    []int // of the scenarios, in the whole
	of        int   // size of the whole
}

// choose applies filter and shard to the variants of the files. A shard may be
// empty: there can be more of them than scenarios.
func choose(files *inputs, f runFlags) (selection, error) {
	filter, err := run.ParseFilter(f.filter)
	if err != nil {
		return selection{}, usage("rehearse run --help", "%v", err)
	}
	var all []*scenario.Scenario
	for _, file := range files.scenarios {
		for _, s := range file.Variants {
			if filter.Takes(s) {
				all = append(all, s)
			}
		}
	}
	if len(all) == 0 {
		return selection{}, &failure{code: exitNothing, err: fmt.Errorf("no scenario is selected"), hint: "rehearse list scenarios"}
	}
	places, err := run.Shard(len(all), cmp.Or(f.shard, "1/1"))
	if err != nil {
		return selection{}, usage("--shard 1/3", "%v", err)
	}
	chosen := selection{places: places, of: len(all)}
	for _, at := range places {
		chosen.scenarios = append(chosen.scenarios, all[at])
	}
	return chosen, nil
}

// override puts the command line's release and policy into the scenarios.
func override(chosen []*scenario.Scenario, f runFlags) (bool, error) {
	var o run.Override
	if f.release != "" {
		r, err := cpl.ParseRelease(f.release)
		if err != nil {
			return false, usage("--release 6.5.10.1", "%v", err)
		}
		o.Release = &r
	}
	if f.policy != "" {
		text, err := os.ReadFile(f.policy)
		if err != nil {
			return false, unable(err, "give the path of a CPL file")
		}
		o.Policy = &scenario.Policy{Name: f.policy, Source: text}
	}
	for _, s := range chosen {
		o.Apply(s)
	}
	return o.Release != nil || o.Policy != nil, nil
}

// check is what can be known to be wrong before anything runs.
func check(chosen []*scenario.Scenario) diag.List {
	var list diag.List
	for _, s := range chosen {
		list = append(list, run.Check(s)...)
	}
	return run.Distinct(list)
}

// refuse ends the run when errors are among the diagnostics, and shows them.
// Warnings are for `rehearse check`: a scenario may be about what they warn of.
func (a *app) refuse(list diag.List, files *inputs) error {
	list = slices.DeleteFunc(slices.Clone(list), func(d diag.Diagnostic) bool { return d.Severity != diag.Error })
	if err := diag.Render(a.err, list, files.source); err != nil {
		return unable(err, "")
	}
	if list.HasErrors() {
		fmt.Fprintln(a.err, "nothing was run")
		return told(exitInput)
	}
	return nil
}
