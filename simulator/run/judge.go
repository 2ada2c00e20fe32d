package run

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"rehearse/reports"
	"rehearse/reports/journal"
	"rehearse/simulator/scenario"
)

// miss is one expectation that did not hold.
type miss struct {
	want scenario.Want
	got  string
}

// verdict is how a step came out.
type verdict struct {
	played
	verdict reports.Verdict
	misses  []miss
	note    string // why it could not be asked
}

// held holds a step against what the scenario expects of it. Around a foreign
// interceptor not all can be held.
func (r *rehearsal) held(p played) verdict {
	v := verdict{played: p, verdict: reports.Passed, note: p.unasked}
	if v.note != "" {
		v.verdict = reports.Unsupported
		return v
	}
	for _, m := range judge(p) {
		why := cmp.Or(r.unseen(m.want), r.excused())
		if v.misses = append(v.misses, m); why == "" {
			v.verdict = reports.Failed
		}
		v.note = cmp.Or(v.note, why)
	}
	for _, w := range p.step.Expect {
		v.note = cmp.Or(v.note, r.unseen(w))
	}
	if v.note != "" {
		v.verdict = worse(v.verdict, reports.Unsupported)
	}
	return v
}

// worse is the verdict of two that says more.
func worse(a, b reports.Verdict) reports.Verdict {
	order := []reports.Verdict{reports.Passed, reports.Unsupported, reports.Failed}
	return order[max(slices.Index(order, a), slices.Index(order, b))]
}

// judge holds a step's outcome and events against what the scenario expects.
func judge(p played) []miss {
	var misses []miss
	for _, w := range p.step.Expect {
		if got, ok := holds(w, p); !ok {
			misses = append(misses, miss{w, got})
		}
	}
	return misses
}

// holds says whether one expectation holds, and what there was in its place.
func holds(w scenario.Want, p played) (got string, ok bool) {
	switch w.Key {
	case "within":
		took := p.to - p.from
		return took.Round(time.Millisecond).String(), took <= w.Duration
	case "at_least":
		took := p.to - p.from
		return took.Round(time.Millisecond).String(), took >= w.Duration
	case "event":
		return "no such event", slices.ContainsFunc(p.log, func(e journal.Event) bool { return matches(w, e) })
	case "no_event":
		i := slices.IndexFunc(p.log, func(e journal.Event) bool { return matches(w, e) })
		if i < 0 {
			return "", true
		}
		return p.log[i].Body.String(), false
	case "bytes":
		seen := received(p)
		return strings.Join(seen, "; "), slices.ContainsFunc(w.Values, func(v string) bool { return slices.Contains(seen, spaced(v)) })
	}
	got = field(w.Key, p)
	return got, slices.Contains(w.Values, got)
}

// field is the value of one outcome field.
func field(key string, p played) string {
	switch key {
	case "stage":
		return string(p.outcome.Stage)
	case "result":
		return string(p.outcome.Result)
	case "code":
		return p.outcome.Code
	case "media":
		return p.outcome.Media
	case "wire":
		return ending(p)
	}
	return fmt.Sprintf("nothing is known as %q", key)
}

// ending is how the actor's last refusal looked on the wire: "alert", "FIN",
// "RST", or "" where the actor refused nobody. A FIN behind an alert is part of it.
func ending(p played) string {
	end, alerted := "", ""
	for _, e := range p.log {
		if e.Actor != p.step.Actor {
			continue
		}
		switch b := e.Body.(type) {
		case journal.AlertSent:
			if !b.Received {
				end, alerted = "alert", e.Flow
			}
		case journal.Closed:
			if b.By == "client" && e.Flow != alerted {
				end = b.How
			}
		}
	}
	return end
}

// matches says whether an event is what an event expectation describes.
func matches(w scenario.Want, e journal.Event) bool {
	if w.Kind != "" && e.Body.Kind() != w.Kind || w.Actor != "" && e.Actor != w.Actor {
		return false
	}
	return len(w.Values) == 0 || slices.ContainsFunc(w.Values, func(v string) bool { return strings.Contains(e.Body.String(), v) })
}

// received are the bytes that the actor took down as an answer that it did not
// expect, as spaced hexadecimal.
func received(p played) []string {
	var seen []string
	for _, e := range p.log {
		if b, ok := e.Body.(journal.BytesReceived); ok && e.Actor == p.step.Actor {
			seen = append(seen, b.Hex)
		}
	}
	return seen
}

// spaced brings hexadecimal into the form of BytesReceived.
func spaced(hex string) string {
	hex = strings.ToLower(strings.ReplaceAll(hex, " ", ""))
	var b strings.Builder
	for i := 0; i < len(hex); i += 2 {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(hex[i:min(i+2, len(hex))])
	}
	return b.String()
}
