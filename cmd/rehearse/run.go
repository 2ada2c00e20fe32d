package main

import (
	"context"
	"errors"
	"fmt"
	"runtime"

	"github.com/spf13/cobra"

	"rehearse/reports"
	"rehearse/simulator/run"
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
	capture         captureFlags
	against         againstFlags
}

func (a *app) run() *cobra.Command {
	var f runFlags
	c := &cobra.Command{
		Use:   "run [PATH...]",
		Short: "Run scenario files or folders; without PATH the built-in ones",
		Long: `Run scenarios, each in a world of its own and in virtual time, and say where an
expectation did not hold. PATHs are scenario files, or folders of them. Without
PATH the stock scenarios built into the binary run: the founding case, from the
symptom to the mend. A path of theirs, such as 3-mend, runs those.

A filter takes labels; settings of the matrix, deployment, name and file with =,
!= and ~ (contains); and release with = != < <= > >=. Join them by &&, ||, ! and
parentheses. A value with blanks or operators stands in double quotes.

A report goes to FILE, or with FILE - to standard output; what is for people goes
to standard error then.` + againstLong,
		Example: `  rehearse run
  rehearse run my-scenarios/ --report junit=results.xml
  rehearse run --filter 'founding-case && release>=6.5.10' -v
  rehearse run my-scenarios/ --policy candidate.cpl --shard 2/3
  rehearse run --against 127.0.0.1:3128 --trust squid-ca.pem --estate lab`,
		RunE: func(c *cobra.Command, paths []string) error {
			err := a.runScenarios(c.Context(), paths, f)
			if wrong := (*failure)(nil); errors.As(err, &wrong) && wrong.code == exitInput {
				fmt.Fprintln(a.err, "nothing was run")
			}
			return err
		},
	}
	fl := c.Flags()
	fl.IntVarP(&f.workers, "jobs", "j", runtime.NumCPU(), "run `N` scenarios at a time")
	fl.StringVar(&f.filter, "filter", "", "run only variants that `EXPR` takes")
	fl.StringVar(&f.shard, "shard", "", "run only part i of n, `i/n`")
	fl.StringArrayVar(&f.reports, "report", nil, "write a report too, `FORMAT=FILE` with a format of "+formatNames()+"; may be repeated")
	fl.StringVar(&f.policy, "policy", "", "install the policy in `FILE` in place of every one that scenarios name")
	fl.StringVar(&f.release, "release", "", "run every appliance at release `R`, upgrades included")
	fl.StringVar(&f.traces, "traces", "", "write the traces that policies ask for (trace.request) to `DIR`, a folder a scenario")
	f.capture.add(c)
	fl.BoolVar(&f.failFast, "fail-fast", false, "start no further scenario after the first failed one")
	fl.BoolVarP(&f.verbose, "verbose", "v", false, "show every variant by itself, with all evidence of failed ones")
	f.against.add(fl)
	c.MarkFlagFilename("policy", "cpl")
	c.MarkFlagFilename("trust", "pem")
	c.MarkFlagDirname("estate")
	c.MarkFlagDirname("traces")
	return c
}

// runScenarios is the verb: select, check, run, report.
func (a *app) runScenarios(ctx context.Context, paths []string, f runFlags) error {
	if f.workers < 1 {
		return usage("-j 1", "--jobs %d: want at least 1", f.workers)
	}
	if err := f.check(); err != nil {
		return err
	}
	if err := f.capture.check(f.against.at); err != nil {
		return err
	}
	to, err := reportTargets(f.reports)
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
	overridden, err := a.override(chosen.scenarios, files, f)
	if err != nil {
		return err
	}
	if !overridden {
		if err := a.refuse(check(chosen.scenarios), files); err != nil {
			return err
		}
	}
	against, err := a.against(ctx, f.against)
	if err != nil {
		return err
	}
	if against != nil {
		defer against.Close()
	}
	if err := to.open(a.out); err != nil {
		return err
	}
	return a.play(ctx, chosen, files, f, to, against)
}

// play runs and reports. What came out before an interrupt is reported too.
func (a *app) play(ctx context.Context, chosen selection, files *inputs, f runFlags, to targets, against *run.Against) error {
	status := newStatus(a.err, len(chosen.scenarios))
	var traces run.Traces
	captured, err := f.capture.captures()
	if err != nil {
		return err
	}
	workers, bubble := f.workers, a.bubble
	if against != nil {
		workers, bubble = 1, nil
	}
	rep, interrupted := run.Run(ctx, chosen.scenarios, run.Options{
		Places: chosen.places, Selected: chosen.of, Against: against,
		Workers: workers, Bubble: bubble, FailFast: f.failFast, Source: files.source,
		Tool:     reports.Tool{Name: "rehearse", Version: version()},
		Progress: status.update, Watch: f.watcher(&traces), Overrides: f.overrides(), Keep: captured.keep(),
	})
	status.clear()
	if err := captured.failure(); err != nil {
		return err
	}
	if err := to.write(rep); err != nil {
		return err
	}
	if err := writeTraces(f.traces, traces.Pages()); err != nil {
		return err
	}
	people := a.out
	if to.onOutput() {
		people = a.err
	}
	console := reports.Console{Colour: colour(people), Verbose: f.verbose, Again: f.overrides(), Real: against != nil}
	if err := console.Write(people, rep); err != nil {
		return unable(err, "")
	}
	if left := len(chosen.scenarios) - len(rep.Scenarios); left > 0 {
		why := "the first failure (--fail-fast)"
		if interrupted != nil {
			why = "the interrupt"
		}
		fmt.Fprintf(a.err, "%s not run, because of %s\n", counted(left, "variant was", "variants were"), why)
	}
	switch {
	case interrupted != nil:
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
	return append(flags, f.against.overrides()...)
}
