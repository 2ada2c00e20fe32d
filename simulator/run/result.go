package run

import (
	"rehearse/reports"
	"rehearse/reports/diag"
	"rehearse/reports/journal"
	"rehearse/simulator/scenario"
)

// add puts a step, its verdict and its evidence into the result.
func (o *result) add(index int, v verdict, h *hops, src diag.Source) {
	p := v.played
	step := reports.Step{
		Line: p.step.Span.Start.Line, Actor: p.step.Actor, Action: told(p.step),
		Outcome: p.outcome, Expected: expected(p.step.Expect), Verdict: v.verdict, Note: v.note,
	}
	o.report.Verdict = worse(o.report.Verdict, v.verdict)
	for _, m := range v.misses {
		step.Misses = append(step.Misses, reports.Miss{
			Span: m.want.Span, Excerpt: diag.Excerpt(m.want.Span, src), Field: m.want.Key,
			Got: m.got, Want: wanted(m.want), Hints: hints(p),
		})
	}
	o.report.Steps = append(o.report.Steps, step)
	for _, e := range p.log {
		way := h.of(e)
		o.report.Evidence = append(o.report.Evidence, reports.Evidence{
			Step: index, AtMS: e.At.Milliseconds(), Flow: e.Flow, Actor: e.Actor,
			Kind: e.Body.Kind(), Text: e.Body.String(), From: way.from, To: way.to, Rule: way.rule, Refusal: way.refusal,
		})
	}
}

// told is what a step does, as the scenario says it, with what is wrong meanwhile.
func told(s scenario.Step) string {
	if len(s.Faults) == 0 {
		return s.Action.String()
	}
	return s.Action.String() + ", while " + scenario.SetFaults{Faults: s.Faults}.String()
}

// expected is what a scenario states, by field.
func expected(wants []scenario.Want) map[string][]string {
	if len(wants) == 0 {
		return nil
	}
	all := map[string][]string{}
	for _, w := range wants {
		all[w.Key] = append(all[w.Key], wanted(w)...)
	}
	return all
}

// wanted is what an expectation would have been content with.
func wanted(w scenario.Want) []string {
	switch {
	case w.Duration > 0:
		return []string{w.Duration.String()}
	case len(w.Values) > 0:
		return w.Values
	}
	return []string{w.Kind}
}

// rule is the policy line behind an event.
func rule(b journal.Body) string {
	switch b := b.(type) {
	case journal.RuleMatched:
		return b.At
	case journal.Decided:
		return b.Rule
	case journal.ActionDone:
		return b.At
	}
	return ""
}
