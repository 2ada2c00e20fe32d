package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"rehearse/proxy/policy"
	"rehearse/proxy/policy/cpl"
	"rehearse/reports/diag"
	"rehearse/simulator/run"
)

func (a *app) check() *cobra.Command {
	var release string
	c := &cobra.Command{
		Use:   "check [PATH...]",
		Short: "Show everything that is wrong with scenario and policy files; run nothing",
		Long: `Check scenario files and CPL policies and show all that is wrong, each at its
line. A policy by itself is checked at the newest release unless --release says
otherwise; the policies of a scenario are checked at every release they meet.
Without PATH the stock scenarios are checked.`,
		RunE: func(_ *cobra.Command, paths []string) error { return a.checkFiles(paths, release) },
	}
	c.Flags().StringVar(&release, "release", "", "check policies at release `R`")
	return c
}

func (a *app) checkFiles(paths []string, release string) error {
	at := cpl.Newest()
	if release != "" {
		r, err := cpl.ParseRelease(release)
		if err != nil {
			return usage("--release 6.5.10.1", "%v", err)
		}
		at = r
	}
	in, err := read(paths)
	if err != nil {
		return err
	}
	list := in.found
	for _, f := range in.policies {
		_, found := policy.Compile([]*cpl.File{f}, policy.Options{Release: at})
		list = append(list, found...)
	}
	for _, f := range in.scenarios {
		for _, s := range f.Variants {
			list = append(list, run.Check(s)...)
		}
	}
	list = run.Distinct(list)
	list.Sort()
	if err := diag.Render(a.out, list, in.source); err != nil {
		return unable(err, "")
	}
	fmt.Fprintf(a.out, "%s: %s\n", counted(len(in.scenarios)+len(in.policies), "file"), tally(list))
	if list.HasErrors() {
		return told(exitInput)
	}
	return nil
}

// tally counts diagnostics: "1 error, 2 warnings".
func tally(list diag.List) string {
	var n [3]int
	for _, d := range list {
		n[d.Severity]++
	}
	s := counted(n[diag.Error], "error") + ", " + counted(n[diag.Warning], "warning")
	if n[diag.Note] > 0 {
		s += ", " + counted(n[diag.Note], "note")
	}
	return s
}

func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
