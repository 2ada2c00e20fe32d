package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"rehearse/pcaps/reproduce"
	"rehearse/pcaps/signature"
	"rehearse/simulator/scenario"
)

// verifyFlags are those of `rehearse pcap verify`.
type verifyFlags struct {
	keys, filter     string
	remedies, asJSON bool
}

func (a *app) pcapVerify() *cobra.Command {
	var f verifyFlags
	c := &cobra.Command{
		Use:   "verify CAPTURE SCENARIO",
		Short: "Prove that a scenario ends as a capture did",
		Long: `Rehearse a scenario, capture the rehearsal, and compare both captures field by
field: for each client and each thing that it wanted, whether it was reached, what
certificate was shown, how TLS and the connection ended, what was answered inside.
The fields of both are computed by the same code.

With --remedies every known remedy is tried on the scenario; of those after which
all steps end well, it is told what else they change in the stock scenarios.

Exit code 0: all fields are alike; 7: some are not.`,
		Example: `  rehearse pcap verify office.pcapng office.yaml
  rehearse pcap verify office.pcapng office.yaml --remedies`,
		Args: arguments(2, "a capture and a scenario file"),
		RunE: func(c *cobra.Command, args []string) error { return a.verifyCapture(c.Context(), args[0], args[1], f) },
	}
	fl := c.Flags()
	fl.StringVar(&f.keys, "keys", "", "decrypt TLS with the key log `FILE` (SSLKEYLOGFILE); keys inside a capture are used without")
	fl.StringVar(&f.filter, "filter", "", "take the variant that `EXPR` takes")
	fl.BoolVar(&f.remedies, "remedies", false, "try the known remedies on the scenario")
	fl.BoolVar(&f.asJSON, "json", false, "print an object")
	return c
}

// verified is the form of --json.
type verified struct {
	Capture     string                 `json:"capture"`
	Scenario    string                 `json:"scenario"`
	Equal       bool                   `json:"equal"`
	Same        int                    `json:"same"`
	Differences []signature.Difference `json:"differences"`
	Signature   signature.Signature    `json:"signature"` // of the capture
	Remedies    []treated              `json:"remedies,omitempty"`
}

// treated is a remedy in JSON.
type treated struct {
	ID     string   `json:"id"`
	Title  string   `json:"title"`
	Green  bool     `json:"green"`
	Steps  []string `json:"steps"`
	Mended []string `json:"mends_stock"`
	Broken []string `json:"breaks_stock"`
}

func (a *app) verifyCapture(ctx context.Context, capture, file string, f verifyFlags) error {
	s, err := a.withKeys(ctx, capture, f.keys)
	if err != nil {
		return err
	}
	one, err := a.oneVariant(file, f.filter)
	if err != nil {
		return err
	}
	bench := reproduce.Bench{Bubble: a.bubble, Secrets: s.Secrets || s.Decrypted != nil}
	r, err := bench.Rehearse(ctx, one)
	if err != nil {
		return unable(&nameError{file, err}, "")
	}
	v := verified{Capture: capture, Scenario: file, Signature: signature.Of(s), Differences: []signature.Difference{}}
	differences, same := signature.Compare(r.Signature, v.Signature)
	v.Differences, v.Same, v.Equal = append(v.Differences, differences...), same, len(differences) == 0
	if f.remedies {
		if v.Remedies, err = a.treat(ctx, bench, one); err != nil {
			return err
		}
	}
	var printing error
	if f.asJSON {
		printing = json.NewEncoder(a.out).Encode(v)
	} else {
		printing = printVerified(a.out, v)
	}
	switch {
	case printing != nil:
		return unable(printing, "")
	case !v.Equal:
		return told(exitNotReproduced)
	}
	return nil
}

// oneVariant is the one scenario of a file that a filter takes.
func (a *app) oneVariant(file, filter string) (*scenario.Scenario, error) {
	files, err := a.load([]string{file})
	if err != nil {
		return nil, err
	}
	all, err := filtered(files, filter)
	if err != nil {
		return nil, err
	}
	if len(all) != 1 {
		return nil, usage("--filter EXPR", "%s has %d variants, and a capture is of one", file, len(all))
	}
	return all[0], nil
}

// treat tries the remedies.
func (a *app) treat(ctx context.Context, bench reproduce.Bench, s *scenario.Scenario) ([]treated, error) {
	files, err := a.load(nil)
	if err != nil {
		return nil, err
	}
	var stock []*scenario.Scenario
	for _, f := range files.scenarios {
		stock = append(stock, f.Variants...)
	}
	found, err := bench.Treat(ctx, s, stock)
	if err != nil {
		return nil, unable(err, "")
	}
	var all []treated
	for _, t := range found {
		one := treated{ID: t.Remedy.ID, Title: t.Remedy.Title, Green: t.Green, Steps: []string{}, Mended: flipped(t.Mended), Broken: flipped(t.Broken)}
		for _, o := range t.Outcomes {
			one.Steps = append(one.Steps, o.String())
		}
		all = append(all, one)
	}
	return all, nil
}

func flipped(flips []reproduce.Flip) []string {
	all := []string{}
	for _, f := range flips {
		all = append(all, fmt.Sprintf("%s: %s: %s, was %s", f.Scenario, f.Step, f.To, f.From))
	}
	return all
}

// printVerified prints a comparison for people.
func printVerified(w io.Writer, v verified) error {
	var b strings.Builder
	if v.Equal {
		fmt.Fprintf(&b, "reproduced: %s ends as %s did, in all %d fields\n", v.Scenario, v.Capture, v.Same)
	} else {
		fmt.Fprintf(&b, "not reproduced: %s of %d\n", counted(len(v.Differences), "field differs", "fields differ"), len(v.Differences)+v.Same)
		for _, d := range v.Differences {
			fmt.Fprintf(&b, "  %s\n", d)
		}
	}
	for _, f := range v.Signature {
		if decisive(f.Key) && v.Equal {
			fmt.Fprintf(&b, "  packet %d  %s: %s\n", f.Packet, f.Name(), strings.Join(f.Values, ", "))
		}
	}
	if v.Remedies != nil {
		b.WriteString("\nremedies, tried on the scenario:\n")
	}
	for _, r := range v.Remedies {
		printTreated(&b, r)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// decisive says whether a field tells how it ended.
func decisive(key string) bool {
	return key == "alert" || key == "close" || key == "sip" || key == "media"
}

// maxFlips is how many steps of stock scenarios are told for each remedy.
const maxFlips = 3

func printTreated(b *strings.Builder, r treated) {
	if !r.Green {
		fmt.Fprintf(b, "  does not mend it  %s: %s (%s)\n", r.ID, r.Title, strings.Join(r.Steps, "; "))
		return
	}
	fmt.Fprintf(b, "  MENDS IT          %s: %s\n", r.ID, r.Title)
	fmt.Fprintf(b, "    in the stock scenarios it mends %s and breaks %d\n", counted(len(r.Mended), "step"), len(r.Broken))
	for i, f := range r.Broken {
		if i == maxFlips {
			fmt.Fprintf(b, "      and %d more\n", len(r.Broken)-maxFlips)
			break
		}
		fmt.Fprintf(b, "      breaks %s\n", f)
	}
}
