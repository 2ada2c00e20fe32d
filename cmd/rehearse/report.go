package main

import (
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"rehearse/reports"
	"rehearse/reports/diag"
)

func (a *app) report() *cobra.Command {
	c := &cobra.Command{
		Use: "report", Short: "Render, merge and compare stored JSON reports", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(a.reportShow(), a.reportMerge(), a.reportCompare())
	return c
}

func (a *app) reportShow() *cobra.Command {
	var formats []string
	var verbose bool
	c := &cobra.Command{
		Use:   "show FILE",
		Short: "Render a stored JSON report again; at the console without --report",
		Long: `Render a JSON report, as "rehearse run --report json=FILE" wrote it, in other
formats. Nothing is run and no verdict is computed anew: the exit code is 0 even
where scenarios failed. FILE - is standard input.`,
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			targets, err := reportTargets(formats)
			if err != nil {
				return err
			}
			rep, err := a.stored(args[0])
			if err != nil {
				return err
			}
			return a.render(rep, targets, verbose)
		},
	}
	reportFlag(c, &formats)
	c.Flags().BoolVarP(&verbose, "verbose", "v", false, "show every variant, step and event")
	return c
}

func (a *app) reportMerge() *cobra.Command {
	var formats []string
	var partial bool
	c := &cobra.Command{
		Use:   "merge FILE...",
		Short: "Put the JSON reports of shards together",
		Long: `Put the JSON reports that the shards of one run wrote together, in any order.
The result of all shards is the report of the whole run, to the byte. Where
scenarios are in none of the files the result is written and the exit code is 1,
unless --partial says that this is known.`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error { return a.merge(args, formats, partial) },
	}
	reportFlag(c, &formats)
	c.Flags().BoolVar(&partial, "partial", false, "scenarios may be missing")
	return c
}

// reportFlag puts --report on a verb of stored reports.
func reportFlag(c *cobra.Command, formats *[]string) {
	c.Flags().StringArrayVar(formats, "report", nil, "write the report, `FORMAT=FILE`; formats: "+formatNames()+"; may be repeated; FILE - is standard output")
	completes(c)
	c.ValidArgsFunction = cobra.FixedCompletions([]string{"json"}, cobra.ShellCompDirectiveFilterFileExt)
}

func (a *app) merge(files, formats []string, partial bool) error {
	targets, err := reportTargets(formats)
	if err != nil {
		return err
	}
	var parts []*reports.Report
	for _, f := range files {
		part, err := a.stored(f)
		if err != nil {
			return err
		}
		parts = append(parts, part)
	}
	whole, err := reports.Merge(parts)
	if err != nil {
		return &failure{code: exitInput, err: err, hint: "give the files of one run, each once, as `rehearse run --shard i/n --report json=FILE` wrote them"}
	}
	if err := a.render(whole, targets, false); err != nil {
		return err
	}
	if n := whole.Missing(); n > 0 && !partial {
		return &failure{
			code: exitFailed, err: fmt.Errorf("%s in none of the files", counted(n, fmt.Sprintf("scenario of %d selected is", whole.Selected), fmt.Sprintf("scenarios of %d selected are", whole.Selected))),
			hint: "add the reports of the other shards, or say --partial",
		}
	}
	return nil
}

// stored reads a JSON report; what is wrong with it is shown at its place.
func (a *app) stored(file string) (*reports.Report, error) {
	var text []byte
	var err error
	if file == "-" {
		text, err = io.ReadAll(a.in)
	} else {
		text, err = os.ReadFile(file)
	}
	if err != nil {
		return nil, unable(err, "give the path of a report that `rehearse run --report json=FILE` wrote")
	}
	rep, list := reports.Read(file, text)
	if err := diag.Render(a.err, list, func(string) []byte { return text }); err != nil {
		return nil, unable(err, "")
	}
	if list.HasErrors() {
		return nil, told(exitInput)
	}
	return rep, nil
}

// render writes a report to its targets, or to the console where there are none.
func (a *app) render(rep *reports.Report, to targets, verbose bool) error {
	if len(to) > 0 {
		if err := to.open(a.out); err != nil {
			return err
		}
		return to.write(rep)
	}
	if err := (reports.Console{Colour: colour(a.out), Verbose: verbose, Again: rep.Overrides}).Write(a.out, rep); err != nil {
		return unable(err, "")
	}
	return nil
}
