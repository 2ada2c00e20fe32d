package main

import (
	"fmt"

	"rehearse/reports"
)

// conclude reports on a run, whoever played it, and ends in its exit code. What
// came out before an interrupt is reported too.
func (a *app) conclude(rep *reports.Report, selected int, interrupted error, f runFlags, to targets) error {
	if err := to.write(rep); err != nil {
		return err
	}
	people := a.out
	if to.onOutput() {
		people = a.err
	}
	console := reports.Console{Colour: colour(people), Verbose: f.verbose, Again: f.overrides(), Real: f.against.at != ""}
	if err := console.Write(people, rep); err != nil {
		return unable(err, "")
	}
	if left := selected - len(rep.Scenarios); left > 0 {
		why := "the first failure (--fail-fast)"
		if interrupted != nil {
			why = "the interrupt"
		}
		fmt.Fprintf(a.err, "%s not run, because of %s\n", counted(left, "variant was", "variants were"), why)
	}
	switch {
	case interrupted != nil:
		return told(exitInterrupted)
	case rep.Totals.Failed > 0:
		return told(exitFailed)
	}
	return nil
}
