package why

import (
	"fmt"

	"rehearse/proxy/policy"
	"rehearse/proxy/policy/cpl"
	"rehearse/reports/diag"
)

// failed tells of the test that kept a rule from matching. lead stands before it
// where the rule's outcome is another one.
func (q *question) failed(i *policy.Inspection, t *policy.Test, lead string) {
	at := q.settled(i, t)
	if lead == "" {
		q.answer.Outcome, q.answer.Checkpoint = Missed, at
		lead = "it did not match: "
		switch t.Part {
		case policy.LayerGuard:
			q.answer.Outcome, lead = Guarded, "its layer was passed over: "
		case policy.SectionGuard:
			q.answer.Outcome, lead = Guarded, "its section was passed over: "
		}
	}
	span := placeOf(i, t)
	q.answer.Condition = &Condition{Text: written(t), Outcome: t.Outcome, Saw: t.Saw, Part: t.Part, Span: span}
	q.say(span, lead+q.reason(t)+fmt.Sprintf(", settled at checkpoint %q", at))
	q.inner(t, map[string]bool{})
}

// settled is the first checkpoint at which a test fails.
func (q *question) settled(i *policy.Inspection, t *policy.Test) string {
	place := 0
	for n := range i.Tests {
		if &i.Tests[n] == t {
			place = n
		}
	}
	number := 0
	for n, r := range q.policy.Rules() {
		if r.At == i.At {
			number = n
		}
	}
	for _, point := range q.tx.Points {
		at := q.policy.Inspect(point.Transaction, point.At, number)
		if at.Tests[place].Outcome.Fails() {
			return point.At.String()
		}
	}
	return q.end.At.String()
}

// written is a test as the source has it.
func written(t *policy.Test) string {
	if t.Source != nil && t.Part != policy.RulePattern {
		return cpl.SourceText(t.Source)
	}
	return t.Text
}

// placeOf is where a test stands.
func placeOf(i *policy.Inspection, t *policy.Test) diag.Span {
	switch {
	case t.Source != nil:
		return t.Source.At
	case i.Source.Pattern != nil:
		return i.Source.Pattern.At
	}
	return i.Source.At
}

// reason is why a test does not hold.
func (q *question) reason(t *policy.Test) string {
	text := written(t)
	switch t.Outcome {
	case policy.Unavailable:
		return text + " has no value to test, so that neither it nor its negation holds"
	case policy.Inapplicable:
		return fmt.Sprintf("%s does not apply to %s transactions that go as this one does", text, q.end.Transaction.Type)
	}
	if t.Part == policy.RulePattern {
		return fmt.Sprintf("its pattern %s does not cover %s", text, t.Saw)
	}
	if t.Saw == "" {
		return text + " does not hold"
	}
	return fmt.Sprintf("%s does not hold, the value is %s", text, quoted(t.Saw))
}

// quoted puts quotes around values that are not one plain word.
func quoted(s string) string {
	for _, r := range s {
		if r <= ' ' || r == ',' || r == '"' {
			return fmt.Sprintf("%q", s)
		}
	}
	return s
}

// inner follows a reference to named conditions to the condition that decides it.
func (q *question) inner(t *policy.Test, seen map[string]bool) {
	if t.Source == nil || t.Source.Base != "condition" {
		return
	}
	label, negated := q.reference(t.Source.Expr)
	if label == "" || seen[cpl.LabelKey(label)] {
		return
	}
	seen[cpl.LabelKey(label)] = true
	q.answer.Condition.Through = append(q.answer.Condition.Through, label)
	line := q.policy.Nearest(q.end.Transaction, q.end.At, label)
	switch {
	case line == nil && negated:
		q.say(t.Source.At, fmt.Sprintf("%s holds: a pattern of it covers %s", label, q.end.Transaction.URL))
	case line == nil:
		q.say(t.Source.At, fmt.Sprintf("%s does not hold: no pattern of it covers %s", label, q.end.Transaction.URL))
	case negated:
		q.holds(label, line)
	default:
		q.nearest(label, line, seen)
	}
}

// reference is the named condition that decides an expression: of several the
// first, and whether it is its negation that is tested.
func (q *question) reference(x cpl.Expr) (label string, negated bool) {
	switch x := x.(type) {
	case *cpl.Pattern:
		return x.Text, false
	case *cpl.Not:
		if list, ok := x.X.(*cpl.List); ok {
			return q.holding(list), true
		}
		label, negated = q.reference(x.X)
		return label, !negated
	case *cpl.List:
		if len(x.Items) > 0 {
			return q.reference(x.Items[0])
		}
	case *cpl.Or:
		return q.reference(x.X)
	case *cpl.And:
		return q.reference(x.X)
	}
	return "", false
}

// holding is the first name of a list that holds.
func (q *question) holding(list *cpl.List) string {
	for _, x := range list.Items {
		p, ok := x.(*cpl.Pattern)
		if !ok {
			continue
		}
		if line := q.policy.Nearest(q.end.Transaction, q.end.At, p.Text); line == nil || firstFailing(line.Tests) == nil {
			return p.Text
		}
	}
	return ""
}

// holds tells which line makes a condition hold whose negation is tested.
func (q *question) holds(label string, line *policy.NamedLine) {
	if len(line.Tests) > 0 && line.Tests[0].Source != nil {
		q.say(line.Tests[0].Source.At, fmt.Sprintf("%s holds by its line at %s", label, line.At))
	}
}

// nearest tells what keeps the nearest line of a condition from holding.
func (q *question) nearest(label string, line *policy.NamedLine, seen map[string]bool) {
	t := firstFailing(line.Tests)
	if t == nil {
		return
	}
	which := "its only line"
	if line.Of > 1 {
		which = fmt.Sprintf("the nearest of its %d lines", line.Of)
	}
	c := q.answer.Condition
	c.Text, c.Outcome, c.Saw, c.Span = written(t), t.Outcome, t.Saw, t.Source.At
	q.say(t.Source.At, fmt.Sprintf("%s does not hold: in %s %s", label, which, q.reason(t)))
	q.inner(t, seen)
}

func firstFailing(tests []policy.Test) *policy.Test {
	for i := range tests {
		if tests[i].Outcome.Fails() {
			return &tests[i]
		}
	}
	return nil
}

// waiting tells of a rule that is not decided at the transaction's end.
func (q *question) waiting(i *policy.Inspection) {
	q.answer.Outcome = Waiting
	t := i.Waiting()
	if t == nil {
		q.say(i.Source.At, "it was not tried")
		return
	}
	q.answer.Condition = &Condition{Text: written(t), Outcome: t.Outcome, Part: t.Part, Span: placeOf(i, t)}
	until := ""
	if t.Source != nil {
		if row, ok := cpl.Lookup(cpl.KindCondition, t.Source.Base); ok && row.At > q.end.At {
			until = fmt.Sprintf(" before checkpoint %q", row.At)
		}
	}
	q.say(placeOf(i, t), fmt.Sprintf("it is not decided: %s is not known%s; the transaction ends at checkpoint %q", written(t), until, q.end.At))
}
