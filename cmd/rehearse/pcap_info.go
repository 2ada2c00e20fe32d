package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"rehearse/pcaps/story"
)

func (a *app) pcapInfo() *cobra.Command {
	var asJSON bool
	var keylog string
	c := &cobra.Command{
		Use:   "info FILE...",
		Short: "Tell what is in a capture: its flows, one line each",
		Long: `Read captures (pcap or pcapng, also gzipped; - is standard input) and tell each
TCP stream and UDP flow in one line: who with whom, which protocol, how it went.
Streams are numbered as tcp.stream and udp.stream in Wireshark. A damaged file
gives what stands before the damage, and where that is.

With --json one object a file, with counts and lists of all that was seen.`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, files []string) error {
			var keys []byte
			if keylog != "" {
				var err error
				if _, keys, err = a.text(keylog); err != nil {
					return err
				}
			}
			defer roomy()()
			for _, file := range files {
				if err := a.info(c.Context(), file, story.Options{KeyLog: keys}, asJSON, len(files) > 1); err != nil {
					return err
				}
			}
			return nil
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print an object")
	c.Flags().StringVar(&keylog, "keylog", "", "decrypt TLS with the key log `FILE` (SSLKEYLOGFILE); keys inside a capture are used without")
	return c
}

// roomy lets garbage lie for longer while captures are read, as long as there is
// memory enough; what it gives undoes that.
func roomy() (undo func()) {
	const percent, limit = 400, 1 << 30
	before, most := debug.SetGCPercent(percent), debug.SetMemoryLimit(limit)
	return func() {
		debug.SetGCPercent(before)
		debug.SetMemoryLimit(most)
	}
}

func (a *app) info(ctx context.Context, file string, opt story.Options, asJSON, several bool) error {
	s, err := a.readCapture(ctx, file, opt)
	if s == nil {
		return err
	}
	var printing error
	if asJSON {
		printing = json.NewEncoder(a.out).Encode(s)
	} else {
		printing = printFlows(a.out, s, several)
	}
	switch {
	case printing != nil:
		return unable(printing, "")
	case errors.Is(err, context.Canceled):
		return told(exitInterrupted)
	}
	return err
}

// printFlows prints a capture for people.
func printFlows(w io.Writer, s *story.Summary, named bool) error {
	var b strings.Builder
	if named {
		fmt.Fprintf(&b, "%s: ", s.File)
	}
	fmt.Fprintf(&b, "%s, %s, %s, %s", s.Kind, counted(s.Packets, "packet"), counted(s.TCPStreams, "TCP stream"), counted(s.UDPFlows, "UDP flow"))
	if s.First != nil {
		fmt.Fprintf(&b, ", %s from %s", span(s.Duration), s.First.Format("2006-01-02 15:04:05 UTC"))
	}
	b.WriteString("\n")
	for _, f := range s.Flows {
		fmt.Fprintf(&b, "%s %d  %s > %s", f.Transport, f.Number, f.Client, f.Server)
		if f.ServerName != "" {
			fmt.Fprintf(&b, " (%s)", f.ServerName)
		}
		fmt.Fprintf(&b, "  packets %d-%d", f.FirstPacket, f.LastPacket)
		if f.Protocol != "" {
			fmt.Fprintf(&b, "  %s", f.Protocol)
		}
		if f.Story != "" {
			fmt.Fprintf(&b, "  %s", f.Story)
		}
		if lost := f.LostC2S + f.LostS2C; lost > 0 {
			fmt.Fprintf(&b, "  (%d bytes were not captured)", lost)
		}
		b.WriteString("\n")
	}
	if s.Untold > 0 {
		fmt.Fprintf(&b, "%d more flows are counted, not told\n", s.Untold)
	}
	if s.Damage != "" {
		fmt.Fprintf(&b, "damaged: %s\n", s.Damage)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// span is a time in seconds, short.
func span(seconds float64) string {
	return time.Duration(seconds * float64(time.Second)).Round(time.Millisecond).String()
}

// progress is the live line at a terminal while a long capture is read.
type progress struct {
	status
	file string
}

func newProgress(w io.Writer, file string) *progress {
	return &progress{*newStatus(w, 0), file}
}

func (p *progress) update(packets int) {
	if p.w == nil || time.Since(p.began) < time.Second {
		return
	}
	p.shown = true
	fmt.Fprintf(p.w, "\r\x1b[K%s: %d packets", p.file, packets)
}
