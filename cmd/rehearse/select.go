package main

import (
	"fmt"
	"slices"

	"rehearse/proxy/policy"
	"rehearse/proxy/policy/cpl"
	"rehearse/reports/diag"
	"rehearse/simulator/run"
	"rehearse/simulator/scenario"
)

// selection is what a run is about, and which part of it is to be run.
type selection struct {
	scenarios []*scenario.Scenario
	places    []int // of the scenarios, in the whole
	of        int   // size of the whole
}

// choose applies filter and shard to the variants of the files. A shard may be
// empty: there can be more of them than scenarios.
func (a *app) choose(files *inputs, f runFlags) (selection, error) {
	all, err := filtered(files, f.filter)
	if err != nil {
		return selection{}, err
	}
	places, err := a.part(all, f)
	if err != nil {
		return selection{}, err
	}
	chosen := selection{places: places, of: len(all)}
	for _, at := range places {
		chosen.scenarios = append(chosen.scenarios, all[at])
	}
	return chosen, nil
}

// filtered are the variants of the files that a filter takes; there is one at
// least.
func filtered(files *inputs, expr string) ([]*scenario.Scenario, error) {
	filter, err := run.ParseFilter(expr)
	if err != nil {
		return nil, usage("rehearse run --help", "--%v", err)
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
		return nil, &failure{code: exitNothing, err: fmt.Errorf("no scenario is selected by --filter %q", expr), hint: nearestLabel(expr, files)}
	}
	return all, nil
}

// nearestLabel is a hint for a filter that takes nothing.
func nearestLabel(filter string, files *inputs) string {
	var labels []string
	for _, f := range files.scenarios {
		labels = append(labels, f.Labels...)
	}
	if near := diag.Nearest(filter, slices.Values(labels)); near != "" && near != filter {
		return "--filter " + near
	}
	return "rehearse list labels"
}

// override puts the command line's release and policy into the scenarios.
func (a *app) override(chosen []*scenario.Scenario, files *inputs, f runFlags) (bool, error) {
	var o run.Override
	if f.release != "" {
		r, err := cpl.ParseRelease(f.release)
		if err != nil {
			return false, usage("--release 6.5.10.1", "--%v", err)
		}
		o.Release = &r
	}
	if f.policy != "" {
		p, err := a.candidate(f.policy, o.Release)
		if err != nil {
			return false, err
		}
		o.Policy, files.texts[p.Name] = p, p.Source
	}
	for _, s := range chosen {
		o.Apply(s)
	}
	return o.Release != nil || o.Policy != nil, nil
}

// candidate reads the policy of --policy. One that the newest release does not
// take, or the one that --release names, is refused before anything runs. Where a
// scenario's own release does not take it, the appliance refuses it there.
func (a *app) candidate(name string, release *cpl.Release) (*scenario.Policy, error) {
	in := &inputs{texts: map[string][]byte{}}
	if err := in.policy(name); err != nil {
		return nil, err
	}
	at := cpl.Newest()
	if release != nil {
		at = *release
	}
	list := in.found
	if !list.HasErrors() {
		_, list = policy.Compile(in.policies, policy.Options{Release: at})
	}
	return &scenario.Policy{Name: name, Source: in.texts[name]}, a.refuse(list, in)
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
		return told(exitInput)
	}
	return nil
}
