package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"rehearse/simulator/load"
)

// watch shows progress at a terminal, on work over a second, until it is called off.
func (a *app) watch(p *load.Progress) (off func()) {
	f, ok := a.err.(*os.File)
	if !ok || !terminal(f) {
		return func() {}
	}
	done, gone := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(gone)
		tick := time.NewTicker(time.Second / 4)
		defer tick.Stop()
		for began := time.Now(); ; {
			select {
			case <-tick.C:
				if time.Since(began) >= time.Second {
					fmt.Fprintf(f, "\r\x1b[K%s", p)
				}
			case <-done:
				fmt.Fprint(f, "\r\x1b[K")
				return
			}
		}
	}()
	return func() {
		close(done)
		<-gone
	}
}

// writeLoad prints a load's report for people: a block for each step.
func writeLoad(w io.Writer, rep *load.Report) error {
	var b strings.Builder
	title := rep.Scenario
	for _, s := range rep.Variant {
		title += fmt.Sprintf("  %s=%s", s.Name, s.Value)
	}
	if rep.Server != "" {
		title = rep.Server
	}
	fmt.Fprintf(&b, "%s\n%s, %s\n", title, counted(rep.Clients, "client"), pace(rep))
	for _, s := range rep.Steps {
		writeLoadStep(&b, s)
	}
	if rep.Problem != "" {
		fmt.Fprintf(&b, "\nnot played to its end: %s\n", rep.Problem)
	}
	fmt.Fprintf(&b, "\n%d of %s as expected, times are %s\n", rep.Totals.AsExpected, counted(rep.Totals.Taken, "step"), rep.Clock)
	_, err := io.WriteString(w, b.String())
	return err
}

// pace is how the crowd goes about a step, in words.
func pace(rep *load.Report) string {
	words := "all at once"
	if rep.Rate > 0 {
		words = fmt.Sprintf("%g of them begin a step a second", rep.Rate)
	}
	if rep.AtOnce > 0 {
		words += fmt.Sprintf(", at most %d at a time", rep.AtOnce)
	}
	return words
}

func writeLoadStep(b *strings.Builder, s load.Step) {
	if s.Outcome != nil {
		fmt.Fprintf(b, "\n%s: %s\n", strings.TrimPrefix(s.Actor+" "+s.Action, "wait "), s.Outcome)
		return
	}
	fmt.Fprintf(b, "\n%s %s: %d taken in %s, %d as expected, %.4g a second\n", s.Actor, s.Action, s.Taken, shortTime(s.LastedMS), s.AsExpected, s.PerSecond)
	for _, e := range s.Ends {
		if e.Expected && len(s.Ends) == 1 {
			continue
		}
		mark := "✓"
		if !e.Expected {
			mark = "✗"
		}
		line := fmt.Sprintf("%s %s", e.Stage, e.Result)
		if e.Code != "" {
			line += " " + e.Code
		}
		if e.Media != "" {
			line += ", media " + e.Media
		}
		fmt.Fprintf(b, "  %s %6d  %s\n", mark, e.Count, line)
	}
	if s.Audio != nil {
		lost := float64(s.Audio.Sent-s.Audio.Received) / float64(s.Audio.Sent) * 100
		fmt.Fprintf(b, "  audio: %d packets sent, %.3g%% of them did not come back\n", s.Audio.Sent, lost)
	}
	if s.Taken == 0 {
		return
	}
	var table strings.Builder
	t := tabwriter.NewWriter(&table, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(t, "\tcount\tp50\tp90\tp99\tmax\t\n")
	for _, stage := range s.Stages {
		fmt.Fprintf(t, "%s\t%s\n", stage.Stage, spread(stage.MS))
	}
	fmt.Fprintf(t, "all\t%s\n", spread(s.MS))
	t.Flush()
	for line := range strings.Lines(table.String()) {
		b.WriteString("  " + line)
	}
}

func spread(s load.Spread) string {
	return fmt.Sprintf("%d\t%s\t%s\t%s\t%s\t", s.Count, shortTime(s.P50), shortTime(s.P90), shortTime(s.P99), shortTime(s.Max))
}

// shortTime is milliseconds in three digits or so: "0.21 ms", "35.2 ms", "15.1 s".
func shortTime(ms float64) string {
	switch {
	case ms >= 1e5:
		return fmt.Sprintf("%.0f s", ms/1e3)
	case ms >= 1e3:
		return fmt.Sprintf("%.3g s", ms/1e3)
	case ms >= 100:
		return fmt.Sprintf("%.0f ms", ms)
	}
	return fmt.Sprintf("%.3g ms", ms)
}

// loadFile is where a load's report goes beside the console; nil is nowhere.
type loadFile struct{ to *os.File }

// file opens what --report names, before the work whose result it is to hold.
func (f loadFlags) file() (*loadFile, error) {
	if f.report == "" {
		return nil, nil
	}
	format, name, ok := strings.Cut(f.report, "=")
	if !ok || name == "" || format != "json" {
		return nil, usage("--report json=load.json", "--report %q: want json=FILE", f.report)
	}
	to, err := os.Create(name)
	if err != nil {
		return nil, unable(err, "give a FILE in a folder that can be written to")
	}
	return &loadFile{to}, nil
}

func (f *loadFile) write(rep *load.Report) error {
	if f == nil {
		return nil
	}
	defer f.to.Close()
	return writeJSON(f.to, rep)
}
