package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"rehearse/proxy/policy/mutate"
	"rehearse/reports/diag"
	"rehearse/simulator/mutation"
)

// mostFlowsOfMutants is how many flows are made to see whether any client could
// tell a mutant from its policy.
const mostFlowsOfMutants = 5000

// mutate tries the scenarios on mutants of their policies.
func (a *app) mutate(ctx context.Context, paths []string, f coverFlags) error {
	files, err := a.load(paths)
	if err != nil {
		return err
	}
	chosen, err := filtered(files, f.run.filter)
	if err != nil {
		return err
	}
	overridden, err := a.override(chosen, files, f.run)
	if err != nil {
		return err
	}
	if !overridden {
		if err := a.refuse(check(chosen), files); err != nil {
			return err
		}
	}
	rep, err := mutation.Run(ctx, chosen, mutation.Options{Workers: f.run.workers, Bubble: a.bubble, Most: f.mutants, Flows: mostFlowsOfMutants})
	if err != nil {
		return told(exitInterrupted)
	}
	if f.json {
		return a.printJSON(viewMutation(rep))
	}
	w := &strings.Builder{}
	printMutation(w, rep, files.source)
	if _, err := io.WriteString(a.out, w.String()); err != nil {
		return unable(err, "")
	}
	return nil
}

func printMutation(w io.Writer, rep *mutation.Report, src diag.Source) {
	alike := 0
	for _, s := range rep.Survivors {
		note := ""
		if s.Alike {
			alike++
			note = ", nor could any client"
		}
		fmt.Fprintf(w, "%s: %s: no scenario notices when %s%s\n%s", s.At, s.Kind, mistake(s.Mutant), note, diag.Excerpt(s.At, src))
	}
	if len(rep.Survivors) > 0 {
		fmt.Fprintln(w)
	}
	fmt.Fprintf(w, "%s tried on %s: %d noticed, %d not", counted(rep.Mutants-rep.LeftOut, "mutant"), counted(rep.Scenarios, "scenario"), rep.Noticed, len(rep.Survivors))
	if alike > 0 {
		fmt.Fprintf(w, " (%d of them no client could tell)", alike)
	}
	fmt.Fprintf(w, ", %d that do not compile\n", rep.Broken)
	if rep.LeftOut > 0 {
		fmt.Fprintf(w, "%s more were left out; --mutants says how many are tried\n", counted(rep.LeftOut, "mutant"))
	}
	if rep.Failing > 0 {
		fmt.Fprintf(w, "%s failed without any mistake and were left out\n", counted(rep.Failing, "scenario"))
	}
}

// mistake says what a mutant does, in words.
func mistake(m mutate.Mutant) string {
	switch m.Kind {
	case mutate.Negate:
		return m.What + " is turned round"
	case mutate.Widen:
		return m.What + " is gone"
	case mutate.Swap:
		return "the rule stands below " + m.What
	}
	return "the rule is gone"
}

// mutationView is what came of mutants, as JSON.
type mutationView struct {
	Mutants   int            `json:"mutants"`
	Noticed   int            `json:"noticed"`
	Broken    int            `json:"do_not_compile"`
	LeftOut   int            `json:"left_out"`
	Scenarios int            `json:"scenarios"`
	Failing   int            `json:"failing_scenarios"`
	Survivors []survivorView `json:"survivors"`
}

type survivorView struct {
	Kind      string `json:"kind"`
	At        string `json:"at"`
	Rule      string `json:"rule"`
	What      string `json:"what,omitempty"`
	Scenarios int    `json:"scenarios"`
	Alike     bool   `json:"no_client_could_tell"`
}

func viewMutation(rep *mutation.Report) mutationView {
	v := mutationView{rep.Mutants, rep.Noticed, rep.Broken, rep.LeftOut, rep.Scenarios, rep.Failing, []survivorView{}}
	for _, s := range rep.Survivors {
		v.Survivors = append(v.Survivors, survivorView{string(s.Kind), lineOf(s.At), s.Rule, s.What, s.Scenarios, s.Alike})
	}
	return v
}
