package why

import (
	"fmt"
	"strings"

	"rehearse/proxy/policy"
)

// rule tells what became of one rule.
func (q *question) rule(number int) {
	i := q.inspect(number)
	q.answer.Rule = view(&i)
	q.say(i.Source.At, fmt.Sprintf("the rule in %s: %s", i.Layer, i.Text))
	own, other := q.steps(&i, number)
	switch {
	case !i.Evaluated:
		q.noPart(&i)
	case own != nil && own.Mark == policy.Match:
		q.matched(&i, number)
	case other != nil && !q.guardFails(&i):
		q.notReached(&i, other)
	case i.Failing() != nil:
		q.failed(&i, i.Failing(), "")
	default:
		q.waiting(&i)
	}
}

// steps finds the rule in the evaluation at the transaction's end: its own step,
// or the one that kept the layer from coming to it.
func (q *question) steps(i *policy.Inspection, number int) (own, other *policy.Step) {
	if own = q.own[number]; own != nil {
		return own, nil
	}
	return nil, q.ends[i.LayerNumber]
}

// guardFails says whether a guard above the rule does not hold.
func (q *question) guardFails(i *policy.Inspection) bool {
	f := i.Failing()
	return f != nil && (f.Part == policy.LayerGuard || f.Part == policy.SectionGuard)
}

func (q *question) noPart(i *policy.Inspection) {
	q.answer.Outcome = NoPart
	q.say(i.Source.At, fmt.Sprintf("it takes no part: %s transactions do not evaluate %s layers", q.end.Transaction.Type, layerType(i.Layer)))
}

// layerType is a header without its label.
func layerType(header string) string {
	typ, _, labelled := strings.Cut(header, " ")
	if labelled {
		typ += ">"
	}
	return typ
}

// notReached tells of a rule that the layer did not come to.
func (q *question) notReached(i *policy.Inspection, other *policy.Step) {
	by := q.inspect(other.Number)
	q.answer.Outcome, q.answer.By = NotReached, view(&by)
	q.answer.Checkpoint = q.firstStep(other.Number, other.Mark)
	if other.Mark == policy.Late {
		q.say(by.Source.At, fmt.Sprintf("it was not tried: the rule at %s comes first in the layer and waits for %s", other.At, other.Unknown))
	} else {
		q.say(by.Source.At, fmt.Sprintf("it was not tried: the rule at %s matched at checkpoint %q, and the first match ends the layer", other.At, q.answer.Checkpoint))
	}
	if f := i.Failing(); f != nil {
		q.failed(i, f, "it would not have matched either: ")
		return
	}
	if w := i.Waiting(); w == nil {
		q.say(i.Source.At, "by itself it would have matched")
	}
}

// firstStep is the first checkpoint at which a rule has a mark.
func (q *question) firstStep(number int, mark policy.Mark) string {
	for _, point := range q.tx.Points {
		for _, s := range q.policy.Explain(point.Transaction, point.At).Steps {
			if s.Number == number && s.Mark == mark {
				return point.At.String()
			}
		}
	}
	return q.end.At.String()
}

// matched tells what became of what a matching rule sets.
func (q *question) matched(i *policy.Inspection, number int) {
	q.answer.Checkpoint = q.firstStep(number, policy.Match)
	q.answer.Outcome = Decided
	lost, by := q.lost(i)
	if by != nil {
		q.answer.Outcome, q.answer.By = Overridden, view(by)
	}
	switch {
	case len(lost) > 0 && by != nil:
		order := "a later"
		if by.LayerNumber <= i.LayerNumber {
			order = "an earlier"
		}
		what := "the rule at " + by.At + " in " + order + " " + layerType(by.Layer) + " layer has the last word"
		if forced(by) {
			what = "the rule at " + by.At + " forced its verdict, which no other rule changes"
		}
		q.say(by.Source.At, fmt.Sprintf("it matched at checkpoint %q, but its %s: %s", q.answer.Checkpoint, giveWay(lost), what))
	case i.Verdict == nil && len(i.Settings) == 0:
		q.say(i.Source.At, fmt.Sprintf("it matched at checkpoint %q; it sets nothing, and ends its layer", q.answer.Checkpoint))
	default:
		q.say(i.Source.At, fmt.Sprintf("it matched at checkpoint %q, and what it sets stands", q.answer.Checkpoint))
	}
	if i.Verdict != nil && !q.decision.Final {
		q.say(i.Source.At, "its verdict is not final: a later rule is not decided yet")
	}
}

// giveWay says of one or more settings that they do.
func giveWay(lost []string) string {
	if len(lost) == 1 {
		return lost[0] + " gives way"
	}
	last := len(lost) - 1
	return strings.Join(lost[:last], ", ") + " and " + lost[last] + " give way"
}

func forced(i *policy.Inspection) bool { return i.Verdict != nil && i.Verdict.Forced }

// lost is what of a rule's settings another rule has overridden, and the rule that
// did so, the verdict's first.
func (q *question) lost(i *policy.Inspection) (lost []string, by *policy.Inspection) {
	take := func(what, at string) {
		lost = append(lost, what)
		if by == nil {
			by = q.setter(at)
		}
	}
	if v := i.Verdict; v != nil && q.decision.Verdict.At != v.At {
		take(verdictText(v), q.decision.Verdict.At)
	}
	last := map[string]policy.Setting{}
	for _, s := range q.decision.Settings() {
		last[s.Name] = s
	}
	own := map[string]policy.Setting{}
	for _, s := range i.Settings {
		own[s.Name] = s
	}
	for _, s := range i.Settings {
		if own[s.Name].At == s.At && last[s.Name].At != s.At {
			take(s.String(), last[s.Name].At)
		}
	}
	return lost, by
}

// setter is the matching rule with a verdict or setting at a place.
func (q *question) setter(at string) *policy.Inspection {
	for n := len(q.decision.Steps) - 1; n >= 0; n-- {
		s := q.decision.Steps[n]
		if s.Mark != policy.Match {
			continue
		}
		i := q.inspect(s.Number)
		if i.Verdict != nil && i.Verdict.At == at {
			return &i
		}
		for _, set := range i.Settings {
			if set.At == at {
				return &i
			}
		}
	}
	return nil
}

func verdictText(v *policy.Verdict) string {
	switch {
	case v.Kind == policy.Allow:
		return "ALLOW"
	case v.ID == "policy_denied" && v.Forced:
		return "FORCE_DENY"
	case v.ID == "policy_denied":
		return "DENY"
	case v.Forced:
		return "force_exception(" + v.ID + ")"
	}
	return "exception(" + v.ID + ")"
}
