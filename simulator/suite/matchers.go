package suite

import (
	"fmt"
	"slices"
	"strings"

	"github.com/onsi/gomega/format"
	"github.com/onsi/gomega/types"

	"rehearse/reports"
	"rehearse/reports/journal"
)

// Step is the first step of an actor that does something: Step(one, "alice", "sign
// in"). Where there is none it has neither actor nor outcome, which matchers say.
func Step(s *reports.Scenario, actor, action string) reports.Step {
	i := slices.IndexFunc(s.Steps, func(step reports.Step) bool { return step.Actor == actor && step.Action == action })
	if i < 0 {
		return reports.Step{}
	}
	return s.Steps[i]
}

// HavePassed matches a scenario all expectations of which held. Its failure message
// is what `rehearse run` would say.
func HavePassed() types.GomegaMatcher { return passed{} }

type passed struct{}

func (passed) Match(actual any) (bool, error) {
	s, err := scenarioOf(actual)
	return err == nil && s.Verdict == reports.Passed, err
}

func (passed) FailureMessage(actual any) string {
	s, _ := scenarioOf(actual) // Match has looked at it
	return fmt.Sprintf("%s (%s) did not come out as expected:\n%s", s.Name, s.File, s.FailureText())
}

func (passed) NegatedFailureMessage(actual any) string {
	s, _ := scenarioOf(actual)
	return fmt.Sprintf("%s (%s) came out as expected, and should not have", s.Name, s.File)
}

func scenarioOf(actual any) (*reports.Scenario, error) {
	switch s := actual.(type) {
	case *reports.Scenario:
		if s != nil {
			return s, nil
		}
	case reports.Scenario:
		return &s, nil
	}
	return nil, fmt.Errorf("want a reports.Scenario, as Play gives them, got\n%s", format.Object(actual, 1))
}

// Succeed matches a step, or an outcome, that ended in "ok".
func Succeed() types.GomegaMatcher { return EndAs(journal.OK) }

// EndAs matches a step, or an outcome, with a result: journal.Refused,
// journal.Aborted, journal.Timeout, ...
func EndAs(result journal.Result) types.GomegaMatcher {
	return outcome{"result " + string(result), func(o journal.Outcome) bool { return o.Result == result }}
}

// EndAt matches a step, or an outcome, that came as far as a stage:
// journal.StageRevocation, journal.StageRegister, ...
func EndAt(stage journal.Stage) types.GomegaMatcher {
	return outcome{"stage " + string(stage), func(o journal.Outcome) bool { return o.Stage == stage }}
}

// EndWith matches a step, or an outcome, with a code, such as CRYPT_E_REVOKED.
func EndWith(code string) types.GomegaMatcher {
	return outcome{"code " + code, func(o journal.Outcome) bool { return o.Code == code }}
}

// outcome matches what came of a step.
type outcome struct {
	want string
	is   func(journal.Outcome) bool
}

func (m outcome) Match(actual any) (bool, error) {
	o, _, err := outcomeOf(actual)
	return err == nil && m.is(o), err
}

func (m outcome) FailureMessage(actual any) string {
	o, what, _ := outcomeOf(actual) // Match has looked at it
	return fmt.Sprintf("%sended in %s (%q), want %s", what, o, o.Text, m.want)
}

func (m outcome) NegatedFailureMessage(actual any) string {
	o, what, _ := outcomeOf(actual)
	return fmt.Sprintf("%sended in %s (%q), want anything but %s", what, o, o.Text, m.want)
}

func outcomeOf(actual any) (o journal.Outcome, what string, err error) {
	switch a := actual.(type) {
	case journal.Outcome:
		return a, "", nil
	case reports.Step:
		if a.Actor == "" {
			return o, "", fmt.Errorf("there is no such step")
		}
		return a.Outcome, fmt.Sprintf("line %d: %s %s ", a.Line, a.Actor, a.Action), nil
	}
	return o, "", fmt.Errorf("want a reports.Step or a journal.Outcome, got\n%s", format.Object(actual, 1))
}

// HaveSeen matches a scenario in which an event happened: of a kind, such as
// "CertificateEmulated" (`rehearse list events` has them; "" is any), whose text
// contains a text.
func HaveSeen(kind, text string) types.GomegaMatcher { return seen{kind, text} }

type seen struct{ kind, text string }

func (m seen) Match(actual any) (bool, error) {
	s, err := scenarioOf(actual)
	if err != nil {
		return false, err
	}
	return slices.ContainsFunc(s.Evidence, func(e reports.Evidence) bool {
		return (m.kind == "" || e.Kind == m.kind) && strings.Contains(e.Text, m.text)
	}), nil
}

func (m seen) FailureMessage(actual any) string {
	s, _ := scenarioOf(actual)
	var of []string
	for _, e := range s.Evidence {
		if e.Kind == m.kind {
			of = append(of, "  "+e.Text)
		}
	}
	if len(of) == 0 {
		of = []string{"  none"}
	}
	return fmt.Sprintf("%s (%s): no %s with %q; there are\n%s", s.Name, s.File, m.name(), m.text, strings.Join(of, "\n"))
}

func (m seen) NegatedFailureMessage(actual any) string {
	s, _ := scenarioOf(actual)
	return fmt.Sprintf("%s (%s): there is an event, %s with %q", s.Name, s.File, m.name(), m.text)
}

func (m seen) name() string {
	if m.kind == "" {
		return "event"
	}
	return m.kind
}
