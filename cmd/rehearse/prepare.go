package main

import (
	"runtime/debug"
	"slices"

	"github.com/spf13/pflag"

	"rehearse/reports"
	"rehearse/simulator/scenario"
)

// prepared is a run before it begins: what is to be played, read and checked, and
// where reports are to go.
type prepared struct {
	chosen selection
	files  *inputs
	to     targets
}

// selects puts on a verb the flags that say what is run and how it is told.
func (f *runFlags) selects(fl *pflag.FlagSet) {
	fl.StringVar(&f.filter, "filter", "", "run only variants that `EXPR` takes")
	fl.StringVar(&f.shard, "shard", "", "run only part i of n, `i/n`, or auto: as the CI system's variables say")
	fl.StringArrayVar(&f.timings, "timings", nil, "make shards that take equally long, by the times in `FILE`, or a JSON report; may be repeated")
	fl.StringArrayVar(&f.reports, "report", nil, "write a report too, `FORMAT=FILE` with a format of "+formatNames()+"; may be repeated")
	fl.StringVar(&f.policy, "policy", "", "install the policy in `FILE` in place of every one that scenarios name")
	fl.StringVar(&f.release, "release", "", "run every appliance at release `R`, upgrades included")
	fl.BoolVar(&f.failFast, "fail-fast", false, "start no further scenario after the first failed one")
	fl.BoolVarP(&f.verbose, "verbose", "v", false, "show every variant by itself, with all evidence of failed ones")
}

// prepare reads and checks what the command line names.
func (a *app) prepare(paths []string, f runFlags) (p prepared, err error) {
	if p.to, err = reportTargets(f.reports); err != nil {
		return p, err
	}
	if p.files, err = a.load(paths); err != nil {
		return p, err
	}
	if f.loaded != nil {
		f.loaded(p.files)
	}
	if f.only != nil {
		some := *p.files
		some.scenarios = slices.DeleteFunc(slices.Clone(some.scenarios), func(s *scenario.File) bool { return !f.only[s.Path] })
		p.files = &some
	}
	if p.chosen, err = a.choose(p.files, f); err != nil {
		return p, err
	}
	overridden, err := a.override(p.chosen.scenarios, p.files, f)
	if err == nil && !overridden {
		err = a.refuse(check(p.chosen.scenarios), p.files)
	}
	return p, err
}

// tool is this program, as reports name it.
func tool() reports.Tool { return reports.Tool{Name: "rehearse", Version: version()} }

// build tells builds of one version apart, as far as the build recorded what it was
// made of.
func build() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	all := info.Main.Sum
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			all += s.Value
		case s.Key == "vcs.modified" && s.Value == "true":
			all += " modified"
		}
	}
	return all
}
