package main

import (
	"context"
	"errors"
	"fmt"
	"runtime"

	"github.com/spf13/cobra"

	"rehearse/simulator/run"
)

// runFlags are the flags of `rehearse run`.
type runFlags struct {
	workers         int
	filter, shard   string
	reports         []string
	policy, release string
	traces          string
	timings         []string
	timingsOut      string
	retries         int
	watch, update   bool
	loaded          func(*inputs)   // is told what was read, if it is not nil
	only            map[string]bool // scenario files to be run; nil is all
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
			if err := f.checkUpdate(); err != nil {
				return err
			}
			if f.watch {
				return a.attend(c.Context(), paths, f)
			}
			err := a.runScenarios(c.Context(), paths, f)
			if wrong := (*failure)(nil); errors.As(err, &wrong) && wrong.code == exitInput {
				fmt.Fprintln(a.err, "nothing was run")
			}
			return err
		},
	}
	fl := c.Flags()
	fl.IntVarP(&f.workers, "jobs", "j", runtime.NumCPU(), "run `N` scenarios at a time")
	f.selects(fl)
	fl.IntVar(&f.retries, "retries", 0, "play a failed scenario up to `N` times more; one that passes then is told as flaky")
	fl.StringVar(&f.timingsOut, "timings-out", "", "write to `FILE` what each variant took in real time, for --timings of later runs")
	fl.StringVar(&f.traces, "traces", "", "write the traces that policies ask for (trace.request) to `DIR`, a folder a scenario")
	fl.BoolVar(&f.watch, "watch", false, "run again what a change of a file touches, until interrupted")
	fl.BoolVar(&f.update, "update", false, "rewrite expectations that did not hold to what came out, for you to review")
	f.capture.add(c)
	f.against.add(fl)
	completes(c)
	c.MarkFlagFilename("trust", "pem")
	c.MarkFlagDirname("estate")
	c.MarkFlagDirname("traces")
	return c
}

// runScenarios is the verb: select, check, run, report.
func (a *app) runScenarios(ctx context.Context, paths []string, f runFlags) error {
	switch {
	case f.workers < 1:
		return usage("-j 1", "--jobs %d: want at least 1", f.workers)
	case f.retries < 0:
		return usage("--retries 1", "--retries %d: want at least 0", f.retries)
	}
	if err := f.check(); err != nil {
		return err
	}
	if err := f.capture.check(f.against.at); err != nil {
		return err
	}
	p, err := a.prepare(paths, f)
	if err != nil {
		return err
	}
	against, err := a.against(ctx, f.against)
	if err != nil {
		return err
	}
	if against != nil {
		defer against.Close()
	}
	if err := p.to.open(a.out); err != nil {
		return err
	}
	return a.play(ctx, p, f, against)
}

// play runs and reports.
func (a *app) play(ctx context.Context, p prepared, f runFlags, against *run.Against) error {
	status := newStatus(a.err, len(p.chosen.scenarios))
	var traces run.Traces
	var timings run.Timings
	captured, err := f.capture.captures()
	if err != nil {
		return err
	}
	workers, bubble := f.workers, a.bubble
	if against != nil {
		workers, bubble = 1, nil
	}
	rep, interrupted := run.Run(ctx, p.chosen.scenarios, run.Options{
		Places: p.chosen.places, Selected: p.chosen.of, Against: against, Retries: f.retries,
		Workers: workers, Bubble: bubble, FailFast: f.failFast, Source: p.files.source, Tool: tool(),
		Progress: status.update, Timed: f.timed(&timings), Watch: f.watcher(&traces), Overrides: f.overrides(), Keep: captured.keep(),
	})
	status.clear()
	if err := captured.failure(); err != nil {
		return err
	}
	if err := writeTraces(f.traces, traces.Pages()); err != nil {
		return err
	}
	if err := f.writeTimings(&timings); err != nil {
		return err
	}
	err = a.conclude(rep, len(p.chosen.scenarios), interrupted, f, p.to)
	if f.update && interrupted == nil && rep.Totals.Failed > 0 {
		return a.revise(p, rep)
	}
	return err
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
