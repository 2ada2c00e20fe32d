package reports

import (
	"fmt"
	"slices"
	"strings"

	"rehearse/reports/journal"
)

// How many events of a failed step are told when not all are: the last ones,
// whatever they are, and before them such as decided something, first those on
// the flow on which the step ended; any others only where that leaves room.
const (
	toldEvents   = 24
	lastEvents   = 8
	endingEvents = 10
)

// deciding are the kinds of events in which somebody decides, or reads what others
// decided, as against those in which a protocol takes its course.
func deciding() []journal.Body {
	return []journal.Body{
		journal.Detected{}, journal.RuleMatched{}, journal.Decided{}, journal.ExceptionSent{}, journal.FlowHandled{},
		journal.ActionDone{}, journal.ApplianceChanged{}, journal.CertificateEmulated{}, journal.CertificateSeen{},
		journal.RevocationFetched{}, journal.RevocationJudged{}, journal.AlertSent{}, journal.BytesReceived{}, journal.MediaFlowed{},
	}
}

// chosen are the places of the events to tell, in order.
func chosen(all []Evidence) []int {
	told := make([]bool, len(all))
	pick := func(room int, takes func(e Evidence) bool) (left int) {
		for i := len(all) - 1; i >= 0 && room > 0; i-- {
			if !told[i] && takes(all[i]) {
				told[i] = true
				room--
			}
		}
		return room
	}
	whatever := func(Evidence) bool { return true }
	if len(all) <= toldEvents {
		pick(len(all), whatever)
	} else {
		var kinds []string
		for _, b := range deciding() {
			kinds = append(kinds, b.Kind())
		}
		ending := endingFlow(all)
		room := toldEvents - lastEvents - endingEvents
		room += pick(lastEvents, whatever)
		room += pick(endingEvents, func(e Evidence) bool { return e.Flow == ending && slices.Contains(kinds, e.Kind) })
		room = pick(room, func(e Evidence) bool { return slices.Contains(kinds, e.Kind) })
		pick(room, whatever)
	}
	var picked []int
	for i := range all {
		if told[i] {
			picked = append(picked, i)
		}
	}
	return picked
}

// endingFlow is the flow on which a step ended: that of its actor's last event on
// any.
func endingFlow(all []Evidence) string {
	actor := all[len(all)-1].Actor
	for i := len(all) - 1; i >= 0; i-- {
		if all[i].Kind == (journal.StepEnded{}).Kind() {
			actor = all[i].Actor
		}
		if all[i].Flow != "" && all[i].Actor == actor {
			return all[i].Flow
		}
	}
	return ""
}

// evidence tells what happened in a step: for the verbose all of it, else what is
// likeliest to say why, with the gaps shown.
func (t *teller) evidence(g group, step int) {
	all := g[0].of(step)
	if len(all) == 0 {
		return
	}
	picked := all
	if !t.Verbose {
		picked = nil
		for _, i := range chosen(all) {
			picked = append(picked, all[i])
		}
	}
	head := "what happened"
	if len(g) > 1 {
		head += " in " + g[0].Variant.String()
	}
	if len(picked) < len(all) {
		head += fmt.Sprintf(" (%d of %s, -v shows all)", len(picked), counted(len(all), "event", "events"))
	}
	t.detail("%s:", head)
	t.events(picked)
}

// events writes events in columns: time, flow, actor, what.
func (t *teller) events(list []Evidence) {
	flow, actor := 0, 0
	for _, e := range list {
		flow, actor = max(flow, len(e.Flow)), max(actor, len(e.Actor))
	}
	for _, e := range list {
		if !strings.Contains(e.Text, e.Rule) {
			e.Text += " (" + e.Rule + ")"
		}
		where := fmt.Sprintf("%9.3fs  %-*s", float64(e.AtMS)/1000, flow, e.Flow)
		t.detail("%s  %-*s  %s", t.paint.dim(where), actor, e.Actor, e.Text)
	}
}
