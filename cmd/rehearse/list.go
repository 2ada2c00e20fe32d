package main

import (
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"rehearse/proxy"
	"rehearse/proxy/detect"
	"rehearse/proxy/policy/cpl"
	"rehearse/reports"
	"rehearse/reports/journal"
	"rehearse/simulator/client"
	"rehearse/simulator/pki"
	"rehearse/simulator/server"
)

// table is one thing that `rehearse list` shows.
type table struct {
	name, doc string
	rows      func(a *app) ([][]string, error)
}

// tables lists all of them; the rows come from where the program keeps them.
func tables() []table {
	return []table{
		{"scenarios", "the stock scenarios, or those of PATHs", nil},
		{"profiles", "client profiles", fixed(profileRows)},
		{"stages", "stages of a client's step, in order", fixed(stageRows)},
		{"results", "results of a client's step", fixed(resultRows)},
		{"codes", "outcome codes; rehearse explain CODE says more", fixed(codeRows)},
		{"exceptions", "the appliance's exceptions", fixed(exceptionRows)},
		{"features", "what releases have", fixed(featureRows)},
		{"protocols", "what detection knows, in order", fixed(protocolRows)},
		{"faults", "what can be made to fail", fixed(faultRows)},
		{"formats", "report formats", fixed(formatRows)},
		{"conditions", "CPL conditions", fixed(vocabularyRows(cpl.KindCondition))},
		{"properties", "CPL properties", fixed(vocabularyRows(cpl.KindProperty))},
		{"diagnostics", "IDs of diagnostics", fixed(diagnosticRows)},
	}
}

func fixed(rows func() [][]string) func(*app) ([][]string, error) {
	return func(*app) ([][]string, error) { return rows(), nil }
}

func (a *app) list() *cobra.Command {
	var names []string
	long := "Without an argument, list the tables:\n\n"
	for _, t := range tables() {
		names = append(names, t.name)
		long += fmt.Sprintf("  %-12s %s\n", t.name, t.doc)
	}
	return &cobra.Command{
		Use: "list [TABLE [PATH...]]", Short: "Show a table: scenarios, profiles, codes, faults ...", Long: long, ValidArgs: names,
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return a.print(tableRows())
			}
			return a.listTable(args[0], args[1:])
		},
	}
}

func tableRows() [][]string {
	var rows [][]string
	for _, t := range tables() {
		rows = append(rows, []string{t.name, t.doc})
	}
	return rows
}

func (a *app) listTable(name string, paths []string) error {
	var names []string
	for _, t := range tables() {
		names = append(names, t.name)
		if t.name != name {
			continue
		}
		if t.rows == nil {
			return a.listScenarios(paths)
		}
		if len(paths) > 0 {
			return usage("rehearse list "+name, "list %s takes no paths", name)
		}
		rows, err := t.rows(a)
		if err != nil {
			return err
		}
		return a.print(rows)
	}
	return usage("rehearse list", "no table %q; there are %s", name, strings.Join(names, ", "))
}

func (a *app) listScenarios(paths []string) error {
	in, err := a.load(paths)
	if err != nil {
		return err
	}
	var rows [][]string
	for _, f := range in.scenarios {
		rows = append(rows, []string{f.Path, counted(len(f.Variants), "variant"), f.Name, strings.Join(f.Labels, ", ")})
	}
	return a.print(rows)
}

// print writes rows in columns.
func (a *app) print(rows [][]string) error {
	w := tabwriter.NewWriter(a.out, 0, 4, 2, ' ', 0)
	for _, r := range rows {
		fmt.Fprintln(w, strings.TrimRight(strings.Join(r, "\t"), "\t"))
	}
	if err := w.Flush(); err != nil {
		return unable(err, "")
	}
	return nil
}

func profileRows() (rows [][]string) {
	for _, p := range client.Profiles {
		rows = append(rows, []string{p.Name, p.Doc})
	}
	return rows
}

func stageRows() (rows [][]string) {
	for _, s := range journal.Stages {
		rows = append(rows, []string{string(s)})
	}
	return rows
}

func resultRows() (rows [][]string) {
	for _, r := range journal.Results {
		rows = append(rows, []string{string(r)})
	}
	return rows
}

func codeRows() (rows [][]string) {
	for _, p := range codePages() {
		rows = append(rows, []string{p.id, p.text})
	}
	return rows
}

func exceptionRows() (rows [][]string) {
	for _, e := range proxy.Exceptions() {
		rows = append(rows, []string{e.ID, fmt.Sprint(e.Status), e.Summary})
	}
	return rows
}

func featureRows() (rows [][]string) {
	for _, f := range proxy.Features() {
		rows = append(rows, []string{f.Name, f.Since.String(), f.Doc})
	}
	return rows
}

func protocolRows() (rows [][]string) {
	for _, d := range detect.Outer() {
		rows = append(rows, []string{"first bytes of a flow", d.Protocol})
	}
	for _, d := range detect.Inner() {
		rows = append(rows, []string{"inside TLS", d.Protocol})
	}
	return rows
}

func faultRows() (rows [][]string) {
	for _, f := range pki.Faults() {
		rows = append(rows, []string{"ocsp, crl", f.Name, f.Doc})
	}
	for _, f := range server.Faults() {
		rows = append(rows, []string{"servers", f.Name, f.Doc})
	}
	return rows
}

func formatRows() (rows [][]string) {
	for _, f := range reports.Formats() {
		rows = append(rows, []string{f.Name, "." + f.Ext})
	}
	return rows
}

func vocabularyRows(kind cpl.Kind) func() [][]string {
	return func() (rows [][]string) {
		for e := range cpl.Vocabulary() {
			if e.Kind == kind {
				rows = append(rows, []string{e.Name, string(e.Mark), e.Since.String(), e.Doc})
			}
		}
		return rows
	}
}

func diagnosticRows() (rows [][]string) {
	for _, p := range diagnosticPages() {
		rows = append(rows, []string{p.id, p.text})
	}
	return rows
}
