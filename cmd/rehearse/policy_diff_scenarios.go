package main

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"strings"

	"rehearse/proxy/policy/cpl"
	"rehearse/proxy/policy/diff"
	"rehearse/simulator/contrast"
	"rehearse/simulator/scenario"
)

// contrast runs scenarios with both policies.
func (a *app) contrast(ctx context.Context, pair *diff.Pair, old, new string, in *inputs, f diffFlags) (*contrast.Report, error) {
	files, err := a.load(f.scenarios)
	if err != nil {
		return nil, err
	}
	chosen, err := filtered(files, f.filter)
	if err != nil {
		return nil, err
	}
	opt := contrast.Options{Workers: runtime.NumCPU(), Bubble: a.bubble,
		Old: scenario.Policy{Name: old, Source: in.texts[old]}, New: scenario.Policy{Name: new, Source: in.texts[new]}}
	releases := pair.Releases()
	if f.policy.release != "" {
		opt.Release = [2]*cpl.Release{&releases[0], &releases[1]}
	} else if f.newRelease != "" {
		opt.Release[1] = &releases[1]
	}
	status := newStatus(a.err, 2*len(chosen))
	opt.Progress = status.update
	rep, err := contrast.Compare(ctx, pair, chosen, opt)
	status.clear()
	if err != nil {
		return nil, told(exitInterrupted)
	}
	return rep, nil
}

func printContrast(w io.Writer, rep *contrast.Report, in *inputs) {
	for _, g := range diff.Groups() {
		var flips []contrast.Flip
		for _, f := range rep.Flips {
			if f.Group == g {
				flips = append(flips, f)
			}
		}
		fmt.Fprintf(w, "%s: %s\n", groupTitles()[g], number(len(flips), "steps"))
		for i, f := range flips {
			if i == 0 || !f.Cause.Same(flips[i-1].Cause) || len(f.Cause.Edits) == 0 {
				fmt.Fprintln(w)
				if f.Why == "" {
					printCause(w, f.Group, f.Cause, in)
				}
			}
			printStep(w, &f)
		}
		if len(flips) > 0 {
			fmt.Fprintln(w)
		}
	}
	fmt.Fprintf(w, "unchanged: %s of %s\n", number(rep.Unchanged, "steps"), number(rep.Scenarios, "scenarios"))
}

func printStep(w io.Writer, f *contrast.Flip) {
	name := f.Scenario.Name
	for _, axis := range f.Scenario.Variant {
		name += ", " + axis.Name + " " + axis.Value
	}
	if f.Why != "" {
		fmt.Fprintf(w, "  %s: %s: %s\n", f.Scenario.File, name, f.Why)
		return
	}
	fmt.Fprintf(w, "  %s:%d: %s: %s %s\n", f.Scenario.File, f.Step.Line, name, f.Step.Actor, f.Step.Action)
	fmt.Fprintf(w, "    was: %s%s\n", stepOutcome(f, 0), byRule(f.Rules[0]))
	fmt.Fprintf(w, "    is:  %s%s\n", stepOutcome(f, 1), byRule(f.Rules[1]))
}

// stepOutcome is what a step came to on one side.
func stepOutcome(f *contrast.Flip, side int) string {
	o := f.From
	if side == 1 {
		o = f.To
	}
	text := strings.TrimSpace(fmt.Sprintf("%s %s %s", o.Stage, o.Result, o.Code))
	if o.Media != "" {
		text += ", media " + o.Media
	}
	if f.Decrypted[side] {
		return text + ", decrypted"
	}
	return text + ", not decrypted"
}

func byRule(at string) string {
	if at == "" {
		return ""
	}
	return ", by " + at
}

// contrastView is a comparison over scenarios as JSON.
type contrastView struct {
	NewlyDenied  []stepFlipView `json:"newly_denied"`
	NewlyAllowed []stepFlipView `json:"newly_allowed"`
	Otherwise    []stepFlipView `json:"changed_otherwise"`
	CannotDecide []stepFlipView `json:"cannot_evaluate"`
	Unchanged    int            `json:"unchanged"`
	Scenarios    int            `json:"scenarios"`
	Widens       bool           `json:"widens"`
}

type stepFlipView struct {
	File   string     `json:"file"`
	Line   int        `json:"line"`
	Name   string     `json:"name"`
	Actor  string     `json:"actor,omitempty"`
	Action string     `json:"action,omitempty"`
	From   any        `json:"from,omitempty"`
	To     any        `json:"to,omitempty"`
	Rules  [2]string  `json:"rules"` // that decided last, old and new
	Cause  []editView `json:"cause"`
	Tried  bool       `json:"verified"`
	Why    string     `json:"why,omitempty"`
}

func viewContrast(rep *contrast.Report) contrastView {
	v := contrastView{NewlyDenied: []stepFlipView{}, NewlyAllowed: []stepFlipView{}, Otherwise: []stepFlipView{}, CannotDecide: []stepFlipView{},
		Unchanged: rep.Unchanged, Scenarios: rep.Scenarios, Widens: rep.Widens()}
	for _, f := range rep.Flips {
		one := stepFlipView{File: f.Scenario.File, Name: f.Scenario.Name, Cause: []editView{}, Tried: f.Cause.Verified, Why: f.Why, Rules: f.Rules}
		if f.Why == "" {
			one.Line, one.Actor, one.Action, one.From, one.To = f.Step.Line, f.Step.Actor, f.Step.Action, f.From, f.To
		}
		for _, e := range f.Cause.Edits {
			one.Cause = append(one.Cause, editView{string(e.Kind), viewLines(e.Old), viewLines(e.New)})
		}
		to := map[diff.Group]*[]stepFlipView{diff.Denied: &v.NewlyDenied, diff.Allowed: &v.NewlyAllowed, diff.Otherwise: &v.Otherwise, diff.CannotDecide: &v.CannotDecide}[f.Group]
		*to = append(*to, one)
	}
	return v
}
