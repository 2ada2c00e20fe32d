package main

import (
	"encoding/json"
	"time"

	"github.com/spf13/cobra"

	"rehearse/reports"
)

func (a *app) reportCompare() *cobra.Command {
	var slower time.Duration
	var asJSON bool
	c := &cobra.Command{
		Use:   "compare OLD NEW",
		Short: "What flipped, what came out otherwise and what got slower between two JSON reports",
		Long: `Hold a JSON report against an older one: scenarios that newly failed or passed,
steps that ended in another outcome, and steps that took longer on the scenario's
clock. The exit code is 1 where a scenario newly failed.`,
		Args: cobra.ExactArgs(2),
		RunE: func(_ *cobra.Command, args []string) error { return a.compare(args[0], args[1], slower, asJSON) },
	}
	c.ValidArgsFunction = cobra.FixedCompletions([]string{"json"}, cobra.ShellCompDirectiveFilterFileExt)
	c.Flags().DurationVar(&slower, "slower", time.Second, "tell steps that took longer by `DURATION` or more")
	c.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	return c
}

func (a *app) compare(old, now string, slower time.Duration, asJSON bool) error {
	if slower <= 0 {
		return usage("--slower 1s", "--slower %s: want more than nothing", slower)
	}
	before, err := a.stored(old)
	if err != nil {
		return err
	}
	after, err := a.stored(now)
	if err != nil {
		return err
	}
	c := reports.Compare(before, after, slower)
	if asJSON {
		e := json.NewEncoder(a.out)
		e.SetEscapeHTML(false)
		e.SetIndent("", "  ")
		err = e.Encode(c)
	} else {
		err = c.Write(a.out, colour(a.out))
	}
	if err != nil {
		return unable(err, "")
	}
	if len(c.NewlyFailed) > 0 {
		return told(exitFailed)
	}
	return nil
}
