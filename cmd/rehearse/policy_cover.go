package main

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"rehearse/proxy/policy"
	"rehearse/reports"
	"rehearse/simulator/run"
)

// coverFlags are the flags of `rehearse policy cover`.
type coverFlags struct {
	run       runFlags
	layout    string
	threshold float64
	json      bool
	mutate    bool
	mutants   int
}

func (a *app) policyCover() *cobra.Command {
	var f coverFlags
	c := &cobra.Command{
		Use:   "cover [PATH...]",
		Short: "Run scenarios and count what each policy line did; without PATH the built-in ones",
		Long: `Run scenarios and print how often each rule of their policies matched, and each
line of a named condition held. A transaction counts once, by the evaluation of
policy at its end.

With --layout appliance the page is the one that the appliance calls policy
coverage: the lines of a condition count where the condition is referred to, the
entries of a category never.

With --mutate small mistakes are made in the policies, one at a time: each rule is
deleted, swapped with the next one, each of its conditions negated or taken away. The
mistakes that no scenario notices are listed, and those that no client could notice
are told apart.

With --threshold the exit code is 5 when fewer of the rules matched, though every
scenario passed; it is 1 when one failed.`,
		Example: `  rehearse policy cover my-scenarios/ --threshold 90
  rehearse policy cover --policy tomorrow.cpl --layout appliance`,
		RunE: func(c *cobra.Command, paths []string) error { return a.cover(c.Context(), paths, f) },
	}
	fl := c.Flags()
	fl.IntVarP(&f.run.workers, "jobs", "j", runtime.NumCPU(), "scenarios to run at a time")
	fl.StringVar(&f.run.filter, "filter", "", "run only scenarios that `EXPR` takes")
	fl.StringVar(&f.run.policy, "policy", "", "install the policy in `FILE` in place of every one that scenarios name")
	fl.StringVar(&f.run.release, "release", "", "run every appliance at release `R`, upgrades included")
	fl.StringVar(&f.layout, "layout", "lines", "how to print it, `lines|appliance`")
	fl.Float64Var(&f.threshold, "threshold", 0, "end with exit code 5 when less than `PERCENT` of the rules matched")
	fl.BoolVar(&f.json, "json", false, "print JSON instead")
	fl.BoolVar(&f.mutate, "mutate", false, "list mistakes in the policies that no scenario notices")
	fl.IntVar(&f.mutants, "mutants", 1000, "with --mutate: try `N` mistakes at most")
	c.MarkFlagsMutuallyExclusive("json", "layout")
	c.MarkFlagsMutuallyExclusive("mutate", "layout")
	c.MarkFlagsMutuallyExclusive("mutate", "threshold")
	return c
}

// cover is the verb: run, count, print, judge.
func (a *app) cover(ctx context.Context, paths []string, f coverFlags) error {
	switch {
	case f.layout != "lines" && f.layout != "appliance":
		return usage("--layout appliance", "--layout %q: want lines or appliance", f.layout)
	case !(f.threshold >= 0 && f.threshold <= 100):
		return usage("--threshold 90", "--threshold %v: want a percentage from 0 to 100", f.threshold)
	}
	if f.mutate {
		if f.mutants < 1 {
			return usage("--mutants 1000", "--mutants %d: want at least 1", f.mutants)
		}
		return a.mutate(ctx, paths, f)
	}
	cover := &run.Cover{}
	rep, err := a.covered(ctx, paths, f.run, cover)
	if err != nil {
		return err
	}
	if err := a.printCover(cover, rep, f); err != nil {
		return err
	}
	for _, s := range rep.Scenarios {
		if s.Verdict == reports.Failed {
			fmt.Fprintf(a.err, "failed: %s: %s\n", s.File, s.Name)
		}
	}
	switch rate := percentage(run.Rate(cover.Files())); {
	case rep.Totals.Failed > 0:
		return &failure{code: exitFailed, err: fmt.Errorf("%s failed", counted(rep.Totals.Failed, "scenario")), hint: strings.TrimSpace("rehearse run " + strings.Join(paths, " "))}
	case rate < f.threshold:
		return &failure{code: exitGate, err: fmt.Errorf("%.1f%% of the rules matched, less than the threshold of %v%%", rate, f.threshold)}
	}
	return nil
}

// covered runs the scenarios under the eyes of cover.
func (a *app) covered(ctx context.Context, paths []string, f runFlags, cover *run.Cover) (*reports.Report, error) {
	files, err := a.load(paths)
	if err != nil {
		return nil, err
	}
	chosen, err := filtered(files, f.filter)
	if err != nil {
		return nil, err
	}
	overridden, err := a.override(chosen, files, f)
	if err != nil {
		return nil, err
	}
	if !overridden {
		if err := a.refuse(check(chosen), files); err != nil {
			return nil, err
		}
	}
	status := newStatus(a.err, len(chosen))
	rep, err := run.Run(ctx, chosen, run.Options{
		Workers: f.workers, Bubble: a.bubble, Source: files.source, Watch: cover, Progress: status.update,
		Tool: reports.Tool{Name: "rehearse", Version: version()},
	})
	status.clear()
	if err != nil {
		return rep, told(exitInterrupted)
	}
	return rep, nil
}

func percentage(matched, rules int) float64 {
	if rules == 0 {
		return 100
	}
	return 100 * float64(matched) / float64(rules)
}

func (a *app) printCover(c *run.Cover, rep *reports.Report, f coverFlags) (err error) {
	switch {
	case f.json:
		return a.printJSON(viewCover(c.Files(), rep, f.threshold))
	case f.layout == "appliance":
		err = writeAppliancePages(a.out, c.Programs())
	default:
		err = writeCover(a.out, c.Files(), len(rep.Scenarios))
	}
	if err != nil {
		return unable(err, "")
	}
	return nil
}

// coverView is coverage as JSON.
type coverView struct {
	Files     []run.FileCover `json:"files"`
	Rules     int             `json:"rules"`
	Matched   int             `json:"matched"`
	Percent   float64         `json:"percent"`
	Threshold float64         `json:"threshold"`
	Scenarios reports.Totals  `json:"scenarios"`
}

func viewCover(files []run.FileCover, rep *reports.Report, threshold float64) coverView {
	v := coverView{Files: append([]run.FileCover{}, files...), Threshold: threshold, Scenarios: rep.Totals}
	v.Matched, v.Rules = run.Rate(files)
	v.Percent, _ = strconv.ParseFloat(fmt.Sprintf("%.2f", percentage(v.Matched, v.Rules)), 64)
	return v
}

// writeAppliancePages writes one page a policy. Where there are several, a comment
// above each names its files.
func writeAppliancePages(w io.Writer, programs []*run.Covered) error {
	for i, p := range programs {
		if len(programs) > 1 {
			var names []string
			for _, f := range p.Files {
				names = append(names, f.Name)
			}
			if i > 0 {
				fmt.Fprintln(w)
			}
			fmt.Fprintf(w, "; %s\n", strings.Join(names, ", "))
		}
		if err := policy.WriteCoverage(w, p.Files, p.Options, p.Counts); err != nil {
			return err
		}
	}
	return nil
}

// writeCover writes every line with its count, file by file.
func writeCover(w io.Writer, files []run.FileCover, scenarios int) error {
	var b strings.Builder
	for _, f := range files {
		matched, rules := run.Rate([]run.FileCover{f})
		fmt.Fprintf(&b, "%s: %d of %s matched\n", f.File, matched, counted(rules, "rule"))
		writeLines(&b, f.Rules, func(within string) string { return within })
		writeLines(&b, f.Conditions, func(within string) string { return "define condition " + within })
		b.WriteByte('\n')
	}
	matched, rules := run.Rate(files)
	fmt.Fprintf(&b, "%d of %s matched (%.1f%%) in %s\n", matched, counted(rules, "rule"), percentage(matched, rules), counted(scenarios, "scenario"))
	_, err := io.WriteString(w, b.String())
	return err
}

func writeLines(b *strings.Builder, lines []run.LineCover, header func(string) string) {
	within := ""
	for i, l := range lines {
		if i == 0 || l.Within != within {
			within = l.Within
			fmt.Fprintf(b, "  %s\n", header(within))
		}
		count := strconv.FormatInt(l.Matches, 10)
		if l.Matches == 0 {
			count = "never"
		}
		fmt.Fprintf(b, "  %5d  %6s  %s\n", l.Line, count, l.Text)
	}
}
