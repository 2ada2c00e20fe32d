package write

import (
	"fmt"
	"net/netip"
	"time"

	"rehearse/reports/journal"
	"rehearse/simulator/run"
)

// Of is the capture of a recorded rehearsal: with its secrets, with the hosts' names,
// and with notes of the steps and of the policy's rules.
func Of(r *run.Recording) *Capture {
	c := &Capture{
		Packets: r.Packets, Lookups: r.Lookups, Secrets: r.Secrets,
		Clock: func(at time.Time) time.Time { return r.Scenario.Start.Add(at.Sub(r.Began)) },
		About: []string{"rehearsal of " + r.Report.File + ": " + r.Report.Name},
	}
	for _, s := range r.Report.Variant {
		c.About = append(c.About, s.Name+": "+s.Value)
	}
	if r.Full {
		c.About = append(c.About, "the rehearsal went on; what is beyond 256 MiB of payload is not in this file")
	}
	for _, h := range r.Hosts {
		c.Hosts = append(c.Hosts, Host(h))
	}
	for _, s := range r.Steps {
		c.Notes = append(c.Notes, step(r, s)...)
	}
	c.Notes = append(c.Notes, rules(r)...)
	return c
}

// step are the notes where a step begins and where it ended.
func step(r *run.Recording, s run.Span) []Note {
	told := r.Report.Steps[s.Step]
	number := fmt.Sprintf("step %d", s.Step+1)
	begin := Note{At: r.Began.Add(s.From), Text: fmt.Sprintf("%s (line %d): %s: %s", number, told.Line, told.Actor, told.Action)}
	if !s.Addr.IsValid() {
		return []Note{begin}
	}
	begin.Flow = netip.AddrPortFrom(s.Addr, 0)
	return []Note{begin, {At: r.Began.Add(s.To), Flow: begin.Flow, Last: true, Text: number + " ended: " + told.Outcome.String()}}
}

// rules are the notes on policy: what it decided about a flow, and what the
// interceptor sent in the origin's place.
func rules(r *run.Recording) []Note {
	var notes []Note
	seen := map[string]bool{}
	for _, e := range r.Log {
		text := ""
		switch b := e.Body.(type) {
		case journal.Decided:
			text = "policy: " + b.String()
		case journal.ExceptionSent:
			text = b.String()
		default:
			continue
		}
		at, err := netip.ParseAddrPort(e.Flow)
		if err != nil || seen[e.Flow+" "+text] {
			continue
		}
		seen[e.Flow+" "+text] = true
		notes = append(notes, Note{At: r.Began.Add(e.At), Flow: at, Text: text})
	}
	return notes
}
