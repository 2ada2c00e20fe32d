package reports

import (
	"fmt"
	"slices"
	"strings"

	"rehearse/reports/journal"
)

// How many events of a failed step are told when not all are: the last ones,
// whatever they are, and of those before them the last that decided something.
const (
	lastEvents     = 8
	decidingEvents = 12
)

// deciding are the kinds of events in which somebody decides, or reads what others
// decided, as against those in which a protocol takes its course.
func deciding() []journal.Body {
	return []journal.Body{
		journal.Detected{}, journal.RuleMatched{}, journal.Decided{}, journal.ExceptionSent{}, journal.FlowHandled{}, journal.ApplianceChanged{},
		journal.CertificateEmulated{}, journal.CertificateSeen{}, journal.RevocationFetched{}, journal.RevocationJudged{},
		journal.AlertSent{}, journal.BytesReceived{}, journal.MediaFlowed{},
	}
}

// chosen are the indices of the events to tell, in order.
func chosen(all []Evidence) []int {
	var kinds []string
	for _, b := range deciding() {
		kinds = append(kinds, b.Kind())
	}
	var picked []int
	room := decidingEvents
	for i := len(all) - 1; i >= 0; i-- {
		switch {
		case len(all)-i <= lastEvents:
		case room > 0 && slices.Contains(kinds, all[i].Kind):
			room--
		default:
			continue
		}
		picked = append(picked, i)
	}
	slices.Reverse(picked)
	return picked
}

// evidence tells what happened in a step: for the verbose all of it, else what is
// likeliest to say why, with the gaps shown.
func (t *teller) evidence(g group, step int) {
	all := g[0].of(step)
	if len(all) == 0 {
		return
	}
	picked := chosen(all)
	if t.Verbose || len(all) <= lastEvents+decidingEvents {
		picked = nil
		for i := range all {
			picked = append(picked, i)
		}
	}
	head := "what happened"
	if len(g) > 1 {
		head += " with " + g[0].Variant.String()
	}
	if len(picked) < len(all) {
		head += fmt.Sprintf(", %d of %s (-v shows all)", len(picked), events(len(all)))
	}
	fmt.Fprintf(&t.out, "      %s:\n", head)
	t.events(all, picked)
}

// events writes events in columns: time, flow, actor, what. A gap is told.
func (t *teller) events(all []Evidence, picked []int) {
	flow, actor := 0, 0
	for _, i := range picked {
		flow, actor = max(flow, len(all[i].Flow)), max(actor, len(all[i].Actor))
	}
	next := 0
	for _, i := range picked {
		e := all[i]
		if gap := i - next; gap > 0 {
			fmt.Fprintf(&t.out, "      %s\n", t.paint.dim(fmt.Sprintf("%9s   %s", "...", events(gap))))
		}
		next = i + 1
		if !strings.Contains(e.Text, e.Rule) {
			e.Text += " (" + e.Rule + ")"
		}
		where := fmt.Sprintf("%9.3fs  %-*s", float64(e.AtMS)/1000, flow, e.Flow)
		fmt.Fprintf(&t.out, "      %s  %-*s  %s\n", t.paint.dim(where), actor, e.Actor, e.Text)
	}
}

func events(n int) string {
	if n == 1 {
		return "1 event"
	}
	return fmt.Sprintf("%d events", n)
}
