package main

import (
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"rehearse/reports/diag"
)

func (a *app) list() *cobra.Command {
	long := "Show a table: one row a line, names first. Without TABLE the tables there are:\n"
	for _, t := range tables() {
		long += fmt.Sprintf("\n  %-12s %s", t.name, t.doc)
	}
	return &cobra.Command{
		Use: "list [TABLE [PATH...]]", Short: "Show a table: scenarios, labels, profiles, codes, faults ...",
		Long: long + "\n\nrehearse explain says more about any name in them.",
		Example: `  rehearse list scenarios
  rehearse list labels my-scenarios/
  rehearse list faults`,
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			if len(args) > 0 {
				return nil, cobra.ShellCompDirectiveDefault
			}
			return tableNames(), cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return a.print([]string{"TABLE", "CONTENTS"}, tableRows())
			}
			return a.listTable(args[0], args[1:])
		},
	}
}

func tableRows() (rows [][]string) {
	for _, t := range tables() {
		rows = append(rows, []string{t.name, t.doc})
	}
	return rows
}

func tableNames() (names []string) {
	for _, t := range tables() {
		names = append(names, t.name)
	}
	return names
}

func (a *app) listTable(name string, paths []string) error {
	i := slices.IndexFunc(tables(), func(t table) bool { return t.name == name })
	if i < 0 {
		hint := "rehearse list"
		if near := diag.Nearest(name, slices.Values(tableNames())); near != "" {
			hint += " " + near
		}
		return usage(hint, "no table %q; there are %s", name, strings.Join(tableNames(), ", "))
	}
	t := tables()[i]
	if t.ofFiles == nil {
		if len(paths) > 0 {
			return usage("rehearse list "+name, "list %s takes no paths, got %q", name, paths[0])
		}
		return a.print(t.columns, t.rows())
	}
	in, err := a.load(paths)
	if err != nil {
		return err
	}
	return a.print(t.columns, t.ofFiles(in))
}

// print writes rows in columns under their headings.
func (a *app) print(columns []string, rows [][]string) error {
	w := tabwriter.NewWriter(a.out, 0, 4, 2, ' ', 0)
	for _, r := range append([][]string{columns}, rows...) {
		fmt.Fprintln(w, strings.TrimRight(strings.Join(r, "\t"), "\t"))
	}
	if err := w.Flush(); err != nil {
		return unable(err, "")
	}
	return nil
}
