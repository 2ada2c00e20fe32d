package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"rehearse/reports"
	"rehearse/simulator/load"
	"rehearse/simulator/run"
)

// loadFlags are the flags of `rehearse load`.
type loadFlags struct {
	clients, atOnce int
	rate            float64
	limits          []string
	filter          string
	report          string
	json            bool
	policy, release string
	real            crowdFlags
}

// stockLoad is the scenario that is played where none is named.
const stockLoad = "3-mend/everything-right.yaml"

func (a *app) loadTest() *cobra.Command {
	var f loadFlags
	c := &cobra.Command{
		Use:   "load [SCENARIO]",
		Short: "Have a crowd of clients take the steps of a scenario, or sign in at a real server",
		Long: `Play a scenario with a crowd in the place of each of its clients, and tell how many
a second did what, how it ended for how many, and how long each stage took. A step is
taken by the whole crowd, --rate of them beginning a second, before the next step
begins; what the scenario does to the appliance and to the network is done in between.
So "sign in", "wait: 10m", "appliance: restart", "stayed signed in" tells how a
thousand clients come back. Without SCENARIO it is a stock one: sign in, join, sign
out, through an appliance that is set up right. The world is in memory and time is
virtual: processors cost nothing, and two runs give the same numbers.

With --lab or --server the crowd goes to real servers in real time: it signs in,
joins a meeting each, stays for --hold, leaves and signs out. --lab DIR is where
"rehearse serve --dir DIR" wrote where everything is.

Times are counted from when a client was due to begin. A limit is [STAGE] VALUE<TIME
or failed<SHARE%, VALUE one of ` + strings.Join(load.Values(), ", ") + `; it holds for every step.
Exit status: 0 all as expected; 1 some step did not end as it should, unless a
"failed" limit allows it; 5 a limit was exceeded.`,
		Example: `  rehearse load --clients 500 --rate 50
  rehearse load office.yaml --clients 1000 --limit 'p99<5s' --json
  rehearse load --lab lab --clients 200 --rate 0 --at-once 50 --hold 30s
  rehearse load --server sip.example.com:443 --trust roots.pem --user alice@example.com --password W`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error { return a.runLoad(c.Context(), args, f) },
	}
	f.add(c)
	return c
}

func (f *loadFlags) add(c *cobra.Command) {
	fl := c.Flags()
	fl.IntVar(&f.clients, "clients", 100, "`N` clients in the place of each one of the scenario")
	fl.Float64Var(&f.rate, "rate", 50, "`R` of them begin a step a second; 0 is all at once")
	fl.IntVar(&f.atOnce, "at-once", 0, "at most `N` are in the midst of a step; 0 is no limit")
	fl.StringArrayVar(&f.limits, "limit", nil, "what may not be exceeded, `LIMIT` such as 'p99<2s', 'tls p90<300ms' or 'failed<1%'; may be repeated")
	fl.StringVar(&f.filter, "filter", "", "play the first variant of SCENARIO that `EXPR` takes")
	fl.StringVar(&f.report, "report", "", "write a report too, `json=FILE`")
	fl.BoolVar(&f.json, "json", false, "print one JSON object")
	fl.StringVar(&f.policy, "policy", "", "install the policy in `FILE` in place of every one that the scenario names")
	fl.StringVar(&f.release, "release", "", "play at release `R`, upgrades included")
	f.real.add(c)
	c.MarkFlagFilename("policy", "cpl")
}

// runLoad is the verb: check, play, report, judge.
func (a *app) runLoad(ctx context.Context, args []string, f loadFlags) error {
	limits, err := f.check(args)
	if err != nil {
		return err
	}
	to, err := f.file()
	if err != nil {
		return err
	}
	began := time.Now()
	progress := &load.Progress{}
	var rep *load.Report
	shown := a.watch(progress)
	if f.real.wanted() {
		rep, err = a.realLoad(ctx, f, progress)
	} else {
		rep, err = a.playedLoad(ctx, args, f, progress)
	}
	shown()
	if rep == nil {
		return err
	}
	if err := to.write(rep); err != nil {
		return unable(err, "")
	}
	return a.toldLoad(ctx, rep, err, limits, f, time.Since(began))
}

// check is what can be known to be wrong before anything runs.
func (f loadFlags) check(args []string) (limits []load.Limit, err error) {
	switch {
	case f.clients < 1:
		return nil, usage("--clients 100", "--clients %d: want at least 1", f.clients)
	case f.rate < 0:
		return nil, usage("--rate 50", "--rate %g: want 0, which is all at once, or more", f.rate)
	case f.atOnce < 0:
		return nil, usage("--at-once 50", "--at-once %d: want 0, which is no limit, or more", f.atOnce)
	case f.real.wanted() && len(args) > 0:
		return nil, usage("", "%s is played in a world in memory; --lab and --server are real", args[0])
	}
	for _, text := range f.limits {
		l, err := load.ParseLimit(text)
		if err != nil {
			return nil, usage("--limit 'p99<2s'", "--%v", err)
		}
		limits = append(limits, l)
	}
	return limits, nil
}

// playedLoad plays a scenario in memory.
func (a *app) playedLoad(ctx context.Context, args []string, f loadFlags, p *load.Progress) (*load.Report, error) {
	if len(args) == 0 {
		args = []string{stockLoad}
	}
	files, err := a.load(args)
	if err != nil {
		return nil, err
	}
	if n := len(files.scenarios); n > 1 {
		return nil, usage("rehearse load "+files.scenarios[0].Path, "%s: %d scenarios are there; a load plays one", args[0], n)
	}
	chosen, err := filtered(files, f.filter)
	if err != nil {
		return nil, err
	}
	chosen = chosen[:1]
	overridden, err := a.override(chosen, files, runFlags{policy: f.policy, release: f.release})
	if err != nil {
		return nil, err
	}
	if !overridden {
		if err := a.refuse(check(chosen), files); err != nil {
			fmt.Fprintln(a.err, "nothing was run")
			return nil, err
		}
	}
	rep, err := run.Load(ctx, chosen[0], run.LoadOptions{
		Clients: f.clients, Pace: load.Pace{Rate: f.rate, AtOnce: f.atOnce}, Bubble: a.bubble, Progress: p,
		Tool: reports.Tool{Name: "rehearse", Version: version()},
	})
	if err != nil && ctx.Err() == nil {
		return rep, unable(err, "")
	}
	return rep, nil
}

// toldLoad prints what came of it and gives the exit code.
func (a *app) toldLoad(ctx context.Context, rep *load.Report, err error, limits []load.Limit, f loadFlags, took time.Duration) error {
	if f.json {
		if err := writeJSON(a.out, rep); err != nil {
			return unable(err, "")
		}
	} else if err := writeLoad(a.out, rep); err != nil {
		return unable(err, "")
	}
	var over []load.Breach
	allowed := false // a limit says how many may fail
	for _, l := range limits {
		over = append(over, l.Breaches(rep)...)
		allowed = allowed || l.Failures()
	}
	for _, b := range over {
		fmt.Fprintf(a.err, "limit exceeded: %s: %s %s: %s\n", b.Limit, b.Step.Actor, b.Step.Action, b.Got)
	}
	fmt.Fprintf(a.err, "%s of clients in %s\n", counted(rep.Totals.Taken, "step", "steps"), took.Round(10*time.Millisecond))
	switch {
	case errors.As(err, new(*failure)):
		return err
	case ctx.Err() != nil:
		return told(exitInterrupted)
	case rep.Totals.Otherwise > 0 && !allowed:
		return told(exitFailed)
	case len(over) > 0:
		return told(exitGate)
	}
	return nil
}
