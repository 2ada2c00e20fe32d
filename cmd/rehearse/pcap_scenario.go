package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"rehearse/pcaps/reproduce"
	"rehearse/pcaps/story"
)

// scenarioFlags are those of `rehearse pcap scenario`.
type scenarioFlags struct {
	keys, out, release, policy string
}

func (a *app) pcapScenario() *cobra.Command {
	var f scenarioFlags
	c := &cobra.Command{
		Use:   "scenario FILE",
		Short: "Make a scenario of a capture, one that ends as the capture did",
		Long: `Read a capture and write a scenario that fails in the same way, offline. What the
capture shows is taken from it: clients, the way to the interceptor, certificates,
names. The rest (release, policy, kinds of clients, faults) is found by trying: each
hypothesis is rehearsed and captured, and both captures are compared. Behind each
value stands where it comes from: a packet, what you gave, an assumption.

Exit code 0: the scenario ends as the capture did; 7: the nearest that was found does
not, and what differs is told on standard error.`,
		Example: `  rehearse pcap scenario office.pcapng -o office.yaml
  rehearse pcap scenario office.pcapng --policy today.cpl --release 6.5.9.1`,
		Args: arguments(1, "one capture"),
		RunE: func(c *cobra.Command, files []string) error { return a.makeScenario(c.Context(), files[0], f) },
	}
	fl := c.Flags()
	fl.StringVar(&f.keys, "keys", "", "decrypt TLS with the key log `FILE` (SSLKEYLOGFILE); keys inside a capture are used without")
	fl.StringVarP(&f.out, "output", "o", "-", "write the scenario to `FILE`")
	fl.StringVar(&f.release, "release", "", "the appliance's release was `R`")
	fl.StringVar(&f.policy, "policy", "", "the appliance's policy was that in `FILE`")
	c.MarkFlagFilename("policy", "cpl")
	return c
}

func (a *app) makeScenario(ctx context.Context, file string, f scenarioFlags) error {
	opt := reproduce.Options{Bench: reproduce.Bench{Bubble: a.bubble}, Given: reproduce.Given{Release: f.release, Name: f.policy}}
	if f.policy != "" {
		_, text, err := a.text(f.policy)
		if err != nil {
			return err
		}
		opt.Given.Policy = string(text)
	}
	s, err := a.withKeys(ctx, file, f.keys)
	if err != nil {
		return err
	}
	line := newStatus(a.err, 0)
	opt.Progress = func(tried, differences int) {
		line.note(fmt.Sprintf("%d hypotheses tried, %d differences", tried, differences))
	}
	found, err := reproduce.Scenario(ctx, s, opt)
	line.clear()
	switch {
	case errors.Is(err, context.Canceled):
		return told(exitInterrupted)
	case errors.Is(err, reproduce.ErrNothing):
		return &failure{code: exitNothing, err: &nameError{file, err}, hint: "rehearse pcap info tells what is in it"}
	case err != nil:
		return unable(&nameError{file, err}, "")
	}
	if err := a.writeText(f.out, found.Plan.YAML()); err != nil {
		return err
	}
	return a.tellReproduced(file, f.out, found)
}

// withKeys reads a capture with its events, decrypted where there are keys.
func (a *app) withKeys(ctx context.Context, file, keys string) (*story.Summary, error) {
	opt := story.Options{Events: true}
	if keys != "" {
		var err error
		if _, opt.KeyLog, err = a.text(keys); err != nil {
			return nil, err
		}
	}
	return a.readCapture(ctx, file, opt)
}

// writeText writes to a file, or to standard output for "-".
func (a *app) writeText(to, text string) error {
	if to == "-" {
		_, err := fmt.Fprint(a.out, text)
		if err != nil {
			err = unable(err, "")
		}
		return err
	}
	if err := os.WriteFile(to, []byte(text), 0o644); err != nil {
		return unable(err, "give --output a file that can be written")
	}
	return nil
}

// tellReproduced says how near the scenario comes.
func (a *app) tellReproduced(file, out string, f *reproduce.Found) error {
	if len(f.Differences) == 0 {
		fmt.Fprintf(a.err, "the scenario ends as the capture did, in all %d fields; %s tried\n", f.Same, counted(f.Tried, "hypothesis was", "hypotheses were"))
		if out != "-" {
			fmt.Fprintf(a.err, "next: rehearse pcap verify %s %s\n", file, out)
		}
		return nil
	}
	fmt.Fprintf(a.err, "not reproduced: %s of %d; %s tried\n", counted(len(f.Differences), "field differs", "fields differ"), len(f.Differences)+f.Same, counted(f.Tried, "hypothesis was", "hypotheses were"))
	for _, d := range f.Differences {
		fmt.Fprintf(a.err, "  %s\n", d)
	}
	return told(exitNotReproduced)
}

// note shows a text in the live line, once the work is long.
func (s *status) note(text string) {
	if s.w == nil || time.Since(s.began) < time.Second {
		return
	}
	s.shown = true
	fmt.Fprintf(s.w, "\r\x1b[K%s", text)
}
