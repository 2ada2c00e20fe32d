// Package why tells why a rule of a policy did or did not decide a transaction,
// and which rule comes nearest to an outcome that was expected.
//
// In comes a compiled policy, a transaction and a question; out comes an Answer:
// one outcome, the one condition or rule that made it, and the story in plain
// sentences, each with the place in the policy that it is about. Everything is
// read off the policy's own evaluation; nothing here decides again.
package why

import (
	"strconv"
	"strings"

	"rehearse/proxy/policy"
	"rehearse/proxy/policy/cpl"
	"rehearse/proxy/policy/txn"
	"rehearse/reports/diag"
)

// Outcome is what became of a rule, or of an expectation.
type Outcome string

// The outcomes.
const (
	Decided    Outcome = "decided"     // the rule matched, and what it sets stands
	Overridden Outcome = "overridden"  // it matched, and another rule has the last word
	Missed     Outcome = "missed"      // it was tried, and a condition failed
	Guarded    Outcome = "guarded"     // a guard kept its layer or section from being looked at
	NotReached Outcome = "not reached" // an earlier rule ended the layer, or still may
	Waiting    Outcome = "waiting"     // a condition is not known at the transaction's end
	NoPart     Outcome = "no part"     // such transactions do not evaluate the layer
	AsExpected Outcome = "as expected" // the expectation holds
	NoRule     Outcome = "no rule"     // no rule would bring about what was expected
)

// Answer is the answer to one question.
type Answer struct {
	Outcome Outcome `json:"outcome"`
	// Rule is the one asked about, or the nearest one.
	Rule *Rule `json:"rule,omitempty"`
	// Checkpoint is the first one at which the outcome was settled.
	Checkpoint string `json:"checkpoint,omitempty"`
	// Condition is the one that failed or is waited for; in a named condition, the
	// innermost.
	Condition *Condition `json:"condition,omitempty"`
	// By is the rule that won or overrode.
	By    *Rule      `json:"by,omitempty"`
	Story []Sentence `json:"story"`
}

// Rule is a rule of the policy.
type Rule struct {
	At    string    `json:"at"` // "file:line"
	Layer string    `json:"layer"`
	Text  string    `json:"text"`
	Span  diag.Span `json:"span"`
}

// Condition is a condition that settled an answer.
type Condition struct {
	Text    string         `json:"text"`
	Outcome policy.Outcome `json:"outcome"`
	Saw     string         `json:"saw"` // the value it tested, "" where there was none
	Part    policy.Part    `json:"part"`
	// Through are the named conditions that lead from the rule to it.
	Through []string  `json:"through,omitempty"`
	Span    diag.Span `json:"span"`
}

// Sentence is one step of a story.
type Sentence struct {
	Text string    `json:"text"`
	Span diag.Span `json:"span"`
}

// question is an answer under work.
type question struct {
	policy   *policy.Policy
	tx       *txn.Transaction
	end      txn.Point
	decision policy.Decision
	own      map[int]*policy.Step // by rule
	ends     map[int]*policy.Step // by layer: the rule that matched in it, or is late
	answer   Answer
}

func ask(p *policy.Policy, tx *txn.Transaction) *question {
	end := tx.Last()
	q := &question{policy: p, tx: tx, end: end, decision: p.Explain(end.Transaction, end.At),
		own: map[int]*policy.Step{}, ends: map[int]*policy.Step{}}
	for n := range q.decision.Steps {
		s := &q.decision.Steps[n]
		if s.Number < 0 {
			continue
		}
		if q.own[s.Number] = s; s.Mark == policy.Match || s.Mark == policy.Late {
			q.ends[s.LayerNumber] = s
		}
	}
	return q
}

// AboutRule tells what became of a rule, by its place among the policy's Rules.
func AboutRule(p *policy.Policy, tx *txn.Transaction, number int) Answer {
	q := ask(p, tx)
	q.rule(number)
	return q.answer
}

// Find gives the place among the policy's Rules of the rule that stands on a line
// of a file; a rule may go on over several lines. Where no file has that name, one
// whose path ends in it is meant.
func Find(p *policy.Policy, files []*cpl.File, name string, line int) (number int, ok bool) {
	at, found := "", false
	for _, exact := range []bool{true, false} {
		for _, f := range files {
			if f.Name == name || !exact && strings.HasSuffix(f.Name, "/"+name) {
				at, found = ruleAt(f, line)
			}
			if found {
				break
			}
		}
	}
	for i, r := range p.Rules() {
		if found && r.At == at {
			return i, true
		}
	}
	return 0, false
}

func ruleAt(f *cpl.File, line int) (string, bool) {
	for _, it := range f.Items {
		l, ok := it.(*cpl.Layer)
		if !ok {
			continue
		}
		for _, s := range l.Sections {
			for _, r := range s.Rules {
				if r.At.Start.Line <= line && line <= r.At.End.Line {
					return f.Name + ":" + strconv.Itoa(r.At.Start.Line), true
				}
			}
		}
	}
	return "", false
}

func (q *question) inspect(number int) policy.Inspection {
	return q.policy.Inspect(q.end.Transaction, q.end.At, number)
}

func (q *question) say(at diag.Span, text string) {
	q.answer.Story = append(q.answer.Story, Sentence{text, at})
}

func view(i *policy.Inspection) *Rule {
	return &Rule{At: i.At, Layer: i.Layer, Text: i.Text, Span: i.Source.At}
}
