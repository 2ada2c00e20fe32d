package main

import (
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"rehearse/proxy"
	"rehearse/reports"
)

// completes has shells propose what flags that select and report take, and the
// paths of a verb that runs scenarios.
func completes(c *cobra.Command) {
	c.ValidArgsFunction = scenarioPaths
	for flag, propose := range map[string]cobra.CompletionFunc{
		"report":  reportTargetsOf,
		"filter":  filterTerms,
		"shard":   cobra.FixedCompletions([]string{"auto"}, cobra.ShellCompDirectiveNoFileComp),
		"release": cobra.FixedCompletions(knownReleases(), cobra.ShellCompDirectiveNoFileComp),
		"timings": cobra.FixedCompletions([]string{"json"}, cobra.ShellCompDirectiveFilterFileExt),
		"policy":  cobra.FixedCompletions([]string{"cpl"}, cobra.ShellCompDirectiveFilterFileExt),
	} {
		if c.Flags().Lookup(flag) != nil {
			_ = c.RegisterFlagCompletionFunc(flag, propose) // fails where there is one already
		}
	}
}

// scenarioPaths proposes the built-in scenarios beside the files that shells find.
func scenarioPaths(_ *cobra.Command, _ []string, prefix string) ([]string, cobra.ShellCompDirective) {
	in, err := read(nil)
	if err != nil {
		return nil, cobra.ShellCompDirectiveDefault
	}
	var all []string
	for _, f := range in.scenarios {
		folder := filepath.Dir(f.Path)
		for _, p := range []string{folder, f.Path} {
			if strings.HasPrefix(p, prefix) && !slices.Contains(all, p) && (p == folder || strings.HasPrefix(prefix, folder)) {
				all = append(all, p)
			}
		}
	}
	return all, cobra.ShellCompDirectiveDefault
}

// reportTargetsOf proposes FORMAT= and then files.
func reportTargetsOf(_ *cobra.Command, _ []string, prefix string) ([]string, cobra.ShellCompDirective) {
	if strings.Contains(prefix, "=") {
		return nil, cobra.ShellCompDirectiveDefault
	}
	var all []string
	for _, f := range reports.Formats() {
		all = append(all, f.Name+"=")
	}
	return all, cobra.ShellCompDirectiveNoSpace | cobra.ShellCompDirectiveNoFileComp
}

// filterTerms proposes labels of the scenarios that are named so far, and what can be
// compared.
func filterTerms(_ *cobra.Command, paths []string, _ string) ([]string, cobra.ShellCompDirective) {
	all := []string{"release>=", "deployment=", "name~", "file~"}
	if in, err := read(paths); err == nil {
		for _, row := range labelRows(in) {
			all = append(all, row[0])
		}
	}
	return all, cobra.ShellCompDirectiveNoFileComp
}

// knownReleases are those that brought something.
func knownReleases() []string {
	var all []string
	for _, f := range proxy.Features() {
		for _, r := range strings.Split(releases(f.Since), ", ") {
			if !slices.Contains(all, r) {
				all = append(all, r)
			}
		}
	}
	return all
}
