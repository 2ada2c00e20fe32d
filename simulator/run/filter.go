package run

import (
	"fmt"
	"slices"
	"strings"

	"rehearse/proxy/policy/cpl"
	"rehearse/simulator/scenario"
)

// Filter chooses scenarios. The zero value takes all.
type Filter struct {
	text  string
	match func(*scenario.Scenario) bool
}

// Takes says whether the filter takes a scenario.
func (f Filter) Takes(s *scenario.Scenario) bool { return f.match == nil || f.match(s) }

// ParseFilter reads a filter expression:
//
//	label                 scenarios with that label
//	release>=6.5.10       by release; also < <= > >= = !=
//	AXIS=VALUE            variants of a matrix; also != ; deployment and name always work
//	NAME~TEXT             the value contains the text
//	!a  a && b  a || b  (a)
//
// A value with blanks or operators in it stands in double quotes.
func ParseFilter(text string) (Filter, error) {
	if strings.TrimSpace(text) == "" {
		return Filter{}, nil
	}
	p := filterParser{text: text, rest: text}
	match, err := p.or()
	if err == nil && strings.TrimSpace(p.rest) != "" {
		err = p.fail("&&, || or the end")
	}
	if err != nil {
		return Filter{}, err
	}
	return Filter{text, match}, nil
}

type predicate = func(*scenario.Scenario) bool

type filterParser struct{ text, rest string }

func (p *filterParser) fail(want string) error {
	got := strings.TrimSpace(p.rest)
	if got == "" {
		got = "the end"
	} else {
		got = fmt.Sprintf("%q", got)
	}
	return fmt.Errorf("filter %q: at column %d: got %s, want %s", p.text, len(p.text)-len(p.rest)+1, got, want)
}

func (p *filterParser) eat(token string) bool {
	rest := strings.TrimLeft(p.rest, " ")
	if !strings.HasPrefix(rest, token) {
		return false
	}
	p.rest = rest[len(token):]
	return true
}

func (p *filterParser) or() (predicate, error) {
	return p.chain("||", p.and, func(a, b predicate) predicate {
		return func(s *scenario.Scenario) bool { return a(s) || b(s) }
	})
}

func (p *filterParser) and() (predicate, error) {
	return p.chain("&&", p.term, func(a, b predicate) predicate {
		return func(s *scenario.Scenario) bool { return a(s) && b(s) }
	})
}

func (p *filterParser) chain(op string, next func() (predicate, error), join func(a, b predicate) predicate) (predicate, error) {
	left, err := next()
	for err == nil && p.eat(op) {
		var right predicate
		if right, err = next(); err == nil {
			left = join(left, right)
		}
	}
	return left, err
}

func (p *filterParser) term() (predicate, error) {
	if p.eat("!") {
		t, err := p.term()
		return func(s *scenario.Scenario) bool { return !t(s) }, err
	}
	if p.eat("(") {
		t, err := p.or()
		if err == nil && !p.eat(")") {
			err = p.fail(`")"`)
		}
		return t, err
	}
	name := p.word()
	if name == "" {
		return nil, p.fail("a label, NAME=VALUE or release>=RELEASE")
	}
	for _, op := range []string{">=", "<=", "!=", "=", "~", ">", "<"} {
		if p.eat(op) {
			return p.comparison(name, op)
		}
	}
	return func(s *scenario.Scenario) bool { return slices.Contains(s.Labels, name) }, nil
}

// word takes a text in double quotes, or a run of characters that cannot be an
// operator.
func (p *filterParser) word() string {
	rest := strings.TrimLeft(p.rest, " ")
	if quoted, after, closed := strings.Cut(strings.TrimPrefix(rest, `"`), `"`); closed && strings.HasPrefix(rest, `"`) {
		p.rest = after
		return quoted
	}
	end := strings.IndexAny(rest, " ()!=<>~&|")
	if end < 0 {
		end = len(rest)
	}
	p.rest = rest[end:]
	return rest[:end]
}

func (p *filterParser) comparison(name, op string) (predicate, error) {
	at := *p
	value := p.word()
	if value == "" && p.rest == strings.TrimLeft(at.rest, " ") {
		return nil, p.fail("a value")
	}
	if name == "release" {
		want, err := cpl.ParseRelease(value)
		if err != nil || op == "~" {
			return nil, at.fail("a release such as 6.5.10.1")
		}
		return func(s *scenario.Scenario) bool { return compares(s.Appliance.Release.Compare(want), op) }, nil
	}
	switch op {
	case "=", "!=", "~":
		return func(s *scenario.Scenario) bool {
			got := setting(s, name)
			return op == "~" && strings.Contains(got, value) || op != "~" && (got == value) == (op == "=")
		}, nil
	}
	return nil, fmt.Errorf("filter %q: %q compares only release; use =, != or ~ with %q", p.text, op, name)
}

func compares(c int, op string) bool {
	switch op {
	case "<":
		return c < 0
	case "<=":
		return c <= 0
	case ">":
		return c > 0
	case ">=":
		return c >= 0
	case "!=":
		return c != 0
	}
	return c == 0
}

// setting is the value of an axis, or of what every scenario has.
func setting(s *scenario.Scenario, name string) string {
	for _, a := range s.Variant {
		if a.Name == name {
			return a.Value
		}
	}
	switch name {
	case "deployment":
		return string(s.Appliance.Deployment)
	case "name":
		return s.Name
	case "file":
		return s.File
	}
	return ""
}
