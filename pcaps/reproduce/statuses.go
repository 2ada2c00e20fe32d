package reproduce

import (
	"fmt"
	"regexp"
	"slices"

	"rehearse/reports/journal"
)

// diagnosed is an answer of SIP with its ms-diagnostics ([MS-OCER] 2.2.1).
var diagnosed = regexp.MustCompile(`^ms-diagnostics ([0-9]{1,5});.*reason="([A-Za-z0-9 ]{1,60})"`)

// statuses are faults of the front end with which it answers as the capture shows.
func (g *guesser) statuses() []Fault {
	var all []Fault
	for _, e := range g.log {
		s, ok := e.Body.(journal.SIPSent)
		if !ok || len(s.Line) < 3 || s.Line[0] < '4' || s.Line[0] > '6' {
			continue
		}
		d := diagnosed.FindStringSubmatch(s.Note)
		if d == nil {
			continue
		}
		f := Fault{Target: "front_end", Text: fmt.Sprintf("{status: %q, diagnostics: %q}", s.Line[:3], d[1]+" "+d[2])}
		if !slices.Contains(all, f) {
			all = append(all, f)
		}
	}
	return all
}
