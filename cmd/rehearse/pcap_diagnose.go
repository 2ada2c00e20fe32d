package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"rehearse/pcaps/diagnose"
	"rehearse/pcaps/story"
)

func (a *app) pcapDiagnose() *cobra.Command {
	var asJSON bool
	var keys string
	c := &cobra.Command{
		Use:   "diagnose FILE",
		Short: "Name the causes of what failed in a capture, with their packets",
		Long: `Read a capture (pcap or pcapng, also gzipped; - is standard input) and name what
failed in it and why: the packets that speak for and against each cause, how sure
it is, what mends it, and a display filter of Wireshark that shows it. What cannot
be told is said, with what to record to be able to.

With keys (a key log of the client or of the interceptor, or secrets inside the
capture) TLS is read inside as well. rehearse explain ID tells more of a cause.

Exit code 0: nothing wrong was found; 1: something was; 6: the capture has nothing
in it that could be judged.`,
		Example: `  rehearse pcap diagnose office.pcapng
  rehearse pcap diagnose office.pcapng --keys sslkeys.log --json`,
		Args: arguments(1, "one capture"),
		RunE: func(c *cobra.Command, files []string) error {
			opt := story.Options{Events: true}
			if keys != "" {
				var err error
				if _, opt.KeyLog, err = a.text(keys); err != nil {
					return err
				}
			}
			return a.diagnose(c.Context(), files[0], opt, asJSON)
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print an object")
	c.Flags().StringVar(&keys, "keys", "", "decrypt TLS with the key log `FILE` (SSLKEYLOGFILE); keys inside a capture are used without")
	return c
}

// diagnosed is the form of --json.
type diagnosed struct {
	File    string `json:"file"`
	Packets int    `json:"packets"`
	Damage  string `json:"damage"`
	diagnose.Report
}

func (a *app) diagnose(ctx context.Context, file string, opt story.Options, asJSON bool) error {
	defer roomy()()
	s, err := a.readCapture(ctx, file, opt)
	if s == nil {
		return err
	}
	r := diagnose.Diagnose(s.Events)
	if s.EventsCut {
		r.Unknown = append(r.Unknown, diagnose.Gap{
			What: "the capture has more in it than is judged at once: only its first million events are", Record: "less, or cut it by time with editcap -A and -B",
		})
	}
	var printing error
	if asJSON {
		printing = json.NewEncoder(a.out).Encode(diagnosed{File: s.File, Packets: s.Packets, Damage: s.Damage, Report: r})
	} else {
		printing = printDiagnosis(a.out, s, r)
	}
	switch {
	case printing != nil:
		return unable(printing, "")
	case errors.Is(err, context.Canceled):
		return told(exitInterrupted)
	case err != nil:
		return err
	case len(r.Findings) > 0:
		return told(exitFailed)
	case r.Judged == 0:
		return told(exitNothing)
	}
	return nil
}

// printDiagnosis prints a diagnosis for people.
func printDiagnosis(w io.Writer, s *story.Summary, r diagnose.Report) error {
	var b strings.Builder
	for i, f := range r.Findings {
		if i > 0 {
			b.WriteByte('\n')
		}
		printFinding(&b, f)
	}
	switch {
	case r.Judged == 0:
		fmt.Fprintf(&b, "nothing to judge: %s without a connection or look-up\n", counted(s.Packets, "packet"))
	case len(r.Findings) == 0:
		b.WriteString("nothing wrong was found\n")
	}
	printList(&b, "what went well:", r.Works)
	if len(r.Unknown) > 0 {
		b.WriteString("\ncannot be told from this capture:\n")
		for _, g := range r.Unknown {
			fmt.Fprintf(&b, "%s\n%s\n", wrap(g.What, "  - "), wrap(g.Record, "    to be able to: "))
		}
	}
	if s.Damage != "" {
		fmt.Fprintf(&b, "\ndamaged: %s\n", s.Damage)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func printFinding(b *strings.Builder, f diagnose.Finding) {
	fmt.Fprintf(b, "%s: %s\n", hosts(f), f.Title)
	fmt.Fprintf(b, "  %s, confidence %s", f.Cause, f.Confidence)
	if n := len(f.Flows); n > 0 {
		fmt.Fprintf(b, ", %s", counted(n, "connection"))
	}
	b.WriteByte('\n')
	printEvidence(b, "for:     ", f.For)
	printEvidence(b, "against: ", f.Against)
	for _, o := range f.Could {
		fmt.Fprintf(b, "%s\n", wrap(o.Cause+": "+o.Why, "  could be "))
	}
	for i, m := range f.Remedies {
		lead := "  try:     "
		if i > 0 {
			lead = "           "
		}
		fmt.Fprintf(b, "%s\n", wrap(m, lead))
	}
	fmt.Fprintf(b, "  source:  %s\n", f.Source)
	if f.Filter != "" {
		fmt.Fprintf(b, "  filter:  %s\n", f.Filter)
	}
}

// hosts names the hosts of a finding, a few of many.
func hosts(f diagnose.Finding) string {
	const few = 3
	if more := len(f.Hosts) - few; more > 0 {
		return strings.Join(f.Hosts[:few], ", ") + fmt.Sprintf(" and %d more", more)
	}
	return strings.Join(f.Hosts, ", ")
}

func printEvidence(b *strings.Builder, lead string, list []diagnose.Evidence) {
	for _, e := range list {
		if e.Packet > 0 {
			fmt.Fprintf(b, "%s\n", wrap(e.Text, fmt.Sprintf("  %spacket %d: ", lead, e.Packet)))
		} else {
			fmt.Fprintf(b, "%s\n           not shown by: %s\n", wrap(e.Text, "  "+lead), e.Filter)
		}
		lead = strings.Repeat(" ", len(lead))
	}
}

func printList(b *strings.Builder, title string, list []diagnose.Evidence) {
	if len(list) == 0 {
		return
	}
	fmt.Fprintf(b, "\n%s\n", title)
	for _, e := range list {
		fmt.Fprintf(b, "%s\n", wrap(e.Text, fmt.Sprintf("  packet %d: ", e.Packet)))
	}
}

// causePages explain the causes of pcap diagnose.
func causePages() []page {
	var all []page
	for _, c := range diagnose.Causes() {
		p := page{id: c.ID, kind: "cause in a capture", text: sentence(c.Title) + ". " + c.Means, mends: c.Remedies, source: c.Source}
		if c.Code != "" {
			p.facts = []fact{{"outcome code in a rehearsal", c.Code}}
		}
		all = append(all, p)
	}
	return all
}
