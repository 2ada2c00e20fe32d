package why

import (
	"fmt"
	"slices"
	"strings"

	"rehearse/proxy/policy"
	"rehearse/proxy/policy/cpl"
	"rehearse/proxy/policy/txn"
	"rehearse/reports/diag"
)

// Expectations are the words for what may be expected: allow, deny, and the modes
// of ssl.forward_proxy.
func Expectations() []string {
	words := []string{"allow", "deny"}
	if row, ok := cpl.Lookup(cpl.KindProperty, "ssl.forward_proxy"); ok {
		for _, w := range row.Values {
			words = append(words, w.Text)
		}
	}
	return words
}

// AboutOutcome tells whether a transaction comes out as expected and, where it
// does not, which rule is nearest to making it so. Expectations lists the words.
func AboutOutcome(p *policy.Policy, tx *txn.Transaction, want string) (Answer, error) {
	want = strings.ToLower(want)
	if !slices.Contains(Expectations(), want) {
		return Answer{}, fmt.Errorf("%q cannot be expected; want one of %s", want, strings.Join(Expectations(), ", "))
	}
	q := ask(p, tx)
	q.outcome(want)
	return q.answer, nil
}

// outcome compares what was decided with what was expected.
func (q *question) outcome(want string) {
	got, at := q.got(want)
	if got == want {
		q.asExpected(got, at)
		return
	}
	if isMode(want) && q.end.Transaction.Type != policy.SSLIntercept {
		q.answer.Outcome = NoPart
		q.say(q.origin(at), fmt.Sprintf("a mode of interception is decided by ssl.intercept transactions, this is one of type %s", q.end.Transaction.Type))
		return
	}
	q.say(q.origin(at), fmt.Sprintf("the transaction ends with %s %s, not with %s", got, by(at), want))
	if want == "allow" && q.decision.Verdict.Forced {
		q.say(q.origin(at), "it is forced: whatever else matches, this rule must not")
	}
	number, ok := q.nearestRule(want)
	if !ok {
		q.answer.Outcome = NoRule
		q.say(q.origin(at), fmt.Sprintf("no rule of the policy would bring about %s", want))
		return
	}
	q.rule(number)
}

func (q *question) asExpected(got, at string) {
	q.answer.Outcome = AsExpected
	if i := q.setter(at); at != "" && i != nil {
		q.answer.Rule = view(i)
	}
	q.say(q.origin(at), fmt.Sprintf("the transaction ends with %s %s", got, by(at)))
}

// origin is where the rule stands that set something at a place; nowhere for a
// default.
func (q *question) origin(at string) diag.Span {
	if i := q.setter(at); at != "" && i != nil {
		return i.Source.At
	}
	return diag.Span{}
}

func by(at string) string {
	if at == "" {
		return "by default"
	}
	return "by the rule at " + at
}

func isMode(want string) bool { return want != "allow" && want != "deny" }

// got is what the transaction came to, in the words of what is expected.
func (q *question) got(want string) (word, at string) {
	if isMode(want) && q.end.Transaction.Type == policy.SSLIntercept {
		in := q.decision.Interception()
		return string(in.Mode), in.At
	}
	if q.decision.Verdict.Kind == policy.Allow {
		return "allow", q.decision.Verdict.At
	}
	return "deny", q.decision.Verdict.At
}

// nearestRule is, of the rules that would bring about what is expected, the one
// with the least in its way: tests that fail, and a rule that comes before it.
// Of equals it is the one with the most tests that hold, then the first.
func (q *question) nearestRule(want string) (number int, ok bool) {
	best, held := 0, 0
	for n := range q.policy.Rules() {
		i := q.inspect(n)
		if !brings(&i, want) {
			continue
		}
		distance, holds := q.distance(&i, n)
		if !ok || distance < best || distance == best && holds > held {
			number, ok, best, held = n, true, distance, holds
		}
	}
	return number, ok
}

// noPartDistance keeps rules of layers that take no part behind all others.
const noPartDistance = 1000

func (q *question) distance(i *policy.Inspection, number int) (failing, holds int) {
	for _, t := range i.Tests {
		switch {
		case t.Outcome.Fails():
			failing++
		case t.Outcome == policy.Held:
			holds++
		}
	}
	if _, other := q.steps(i, number); other != nil {
		failing++
	}
	if !i.Evaluated {
		failing += noPartDistance
	}
	return failing, holds
}

// brings says whether a rule sets what is expected.
func brings(i *policy.Inspection, want string) bool {
	switch want {
	case "allow":
		return i.Verdict != nil && i.Verdict.Kind == policy.Allow
	case "deny":
		return i.Verdict != nil && i.Verdict.Kind == policy.Exception
	}
	return slices.ContainsFunc(i.Settings, func(s policy.Setting) bool {
		return s.Name == "ssl.forward_proxy" && len(s.Args) > 0 && strings.EqualFold(s.Args[0], want)
	})
}
