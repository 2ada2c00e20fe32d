package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"rehearse/proxy/policy"
	"rehearse/proxy/policy/cpl"
	"rehearse/proxy/policy/dead"
	"rehearse/proxy/policy/space"
	"rehearse/reports"
	"rehearse/reports/diag"
	"rehearse/simulator/run"
)

func (a *app) check() *cobra.Command {
	var release, sarif string
	c := &cobra.Command{
		Use:   "check [PATH...]",
		Short: "Show everything that is wrong with scenario and policy files; run nothing",
		Long: `Check scenario files and CPL policies and show all that is wrong, each at its
line. A policy by itself is checked at the newest release unless --release says
otherwise; the policies of a scenario are checked at every release they meet.
Rules that those above them hide, or whose conditions exclude each other, are noted
in policies of up to 3000 lines; "rehearse policy dead" finds them in any.
PATHs are files, or folders whose scenario files and policies are meant. Without
PATH the stock scenarios are checked. Warnings alone do not make the check fail.`,
		Example: `  rehearse check my-scenarios/
  rehearse check --release 6.5.9.1 policy.cpl`,
		RunE: func(_ *cobra.Command, paths []string) error { return a.checkFiles(paths, release, sarif) },
	}
	c.Flags().StringVar(&release, "release", "", "check policies at release `R`")
	c.Flags().StringVar(&sarif, "sarif", "", "also write what was found as SARIF to `FILE`, for code hosts; - is standard output")
	return c
}

func (a *app) checkFiles(paths []string, release, sarif string) error {
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
	if err := in.strays(); err != nil {
		return err
	}
	if len(in.scenarios)+len(in.policies) == 0 {
		return &failure{code: exitNothing, err: errors.New("there is no scenario file and no policy below " + strings.Join(paths, ", ")), hint: "their names end in .yaml, .yml or .cpl"}
	}
	list := in.found
	for _, f := range in.policies {
		list = append(list, checkPolicy(f, at)...)
	}
	for _, f := range in.scenarios {
		for _, s := range f.Variants {
			list = append(list, run.Check(s)...)
		}
	}
	list = run.Distinct(list)
	list.Sort()
	people := a.out
	if sarif != "" {
		if err := a.writeSARIF(sarif, list, in); err != nil {
			return unable(err, "give a FILE in a folder that can be written to")
		}
		if sarif == "-" {
			people = a.err
		}
	}
	if err := diag.Render(people, list, in.source); err != nil {
		return unable(err, "")
	}
	fmt.Fprintf(people, "%s: %s\n", in.size(), tally(list))
	if list.HasErrors() {
		return told(exitInput)
	}
	return nil
}

// checkPolicy compiles a policy at a release, and notes rules that others hide.
func checkPolicy(f *cpl.File, at cpl.Release) diag.List {
	opt := policy.Options{Release: at}
	p, found := policy.Compile([]*cpl.File{f}, opt)
	if p == nil {
		return found
	}
	for _, shadowed := range dead.Shadowed(space.Source{Policy: p, Files: []*cpl.File{f}, Options: opt}) {
		d := shadowed.Diagnostic()
		d.Severity = diag.Note
		found = append(found, d)
	}
	return found
}

// writeSARIF writes diagnostics for code hosts.
func (a *app) writeSARIF(file string, list diag.List, in *inputs) error {
	sarif := reports.SARIF{
		Tool: reports.Tool{Name: "rehearse", Version: version()}, Source: in.source,
		Explain: func(id string) (string, []string) {
			found := find(id)
			if len(found) == 0 {
				return id, nil
			}
			return found[0].text, found[0].mends
		},
	}
	if file == "-" {
		return sarif.Write(a.out, list)
	}
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	return errors.Join(sarif.Write(f, list), f.Close())
}

// size counts the inputs: "2 scenario files, 8 variants, 3 policies".
func (in *inputs) size() string {
	variants, policies := 0, map[string]bool{}
	for _, f := range in.scenarios {
		variants += len(f.Variants)
		for _, s := range f.Variants {
			for _, p := range s.Policies() {
				policies[p.Name] = true
			}
		}
	}
	for _, f := range in.policies {
		policies[f.Name] = true
	}
	var parts []string
	if n := len(in.scenarios); n > 0 {
		parts = append(parts, counted(n, "scenario file"))
	}
	if variants > 0 { // none where a file has errors
		parts = append(parts, counted(variants, "variant"))
	}
	if n := len(policies); n > 0 {
		parts = append(parts, counted(n, "policy", "policies"))
	}
	return strings.Join(parts, ", ")
}

// tally counts diagnostics: "1 error, 2 warnings".
func tally(list diag.List) string {
	var n [3]int
	for _, d := range list {
		n[d.Severity]++
	}
	var parts []string
	for severity, word := range [...]string{"error", "warning", "note"} {
		if n[severity] > 0 {
			parts = append(parts, counted(n[severity], word))
		}
	}
	if len(parts) == 0 {
		return "nothing wrong"
	}
	return strings.Join(parts, ", ")
}

// counted is a number of things: "1 policy", "2 policies". Without many, an "s" does.
func counted(n int, one string, many ...string) string {
	switch {
	case n == 1:
		return "1 " + one
	case len(many) > 0:
		return fmt.Sprintf("%d %s", n, many[0])
	}
	return fmt.Sprintf("%d %ss", n, one)
}
