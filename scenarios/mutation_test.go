package scenarios_test

import (
	"fmt"
	"slices"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/proxy/policy/cpl"
	"rehearse/reports"
	"rehearse/reports/diag"
	"rehearse/simulator/run"
	"rehearse/simulator/scenario"
)

// mutant is a change to a scenario: of its policy, its release, its services, its
// clients, or by faults.
type mutant struct {
	name   string
	change func(*scenario.Scenario)
}

func mutants() []mutant {
	revoked := func(target string) scenario.Fault { return scenario.Fault{Target: target, Kind: "revoked_leaf"} }
	return []mutant{
		{"everything is denied", policy("<Proxy>\n DENY\n")},
		{"no policy", policy("; nothing\n")},
		{"nothing is intercepted", policy("<SSL-Intercept>\n ssl.forward_proxy(no)\n")},
		{"HTTPS interception", policy("<SSL-Intercept>\n ssl.forward_proxy(https)\n")},
		{"automatic detection", policy("<SSL-Intercept>\n ssl.forward_proxy(yes)\n")},
		{"everything is allowed", policy("<SSL-Intercept>\n ssl.forward_proxy(yes)\n<SSL>\n server.certificate.validate(no)\n<Proxy>\n ALLOW\n")},
		{"release 6.5.5.1", release("6.5.5.1")},
		{"release 7.3.1.1", release("7.3.1.1")},
		{"Detect Protocol everywhere", detecting},
		{"nothing fails", healing},
		{"no network", failing(scenario.Fault{Target: scenario.TargetNetwork, Kind: "reset"})},
		{"all revoked", failing(revoked(scenario.TargetOCSP), revoked(scenario.TargetCRL), revoked(scenario.TargetOriginOCSP), revoked(scenario.TargetOriginCRL))},
		{"the edge is full", failing(scenario.Fault{Target: "edge", Kind: "edge_full"})},
		{"clients that ask nobody", profile("browser")},
		{"clients that ask", profile("skype-strict")},
	}
}

func policy(text string) func(*scenario.Scenario) {
	return run.Override{Policy: &scenario.Policy{Name: "mutant.cpl", Source: []byte(text)}}.Apply
}

func release(r string) func(*scenario.Scenario) {
	at := cpl.MustRelease(r)
	return run.Override{Release: &at}.Apply
}

func detecting(s *scenario.Scenario) {
	for i := range s.Appliance.Services {
		s.Appliance.Services[i].DetectProtocol = true
	}
}

// healing takes every fault away.
func healing(s *scenario.Scenario) {
	for i := range s.Steps {
		s.Steps[i].Faults = nil
		if _, ok := s.Steps[i].Action.(scenario.SetFaults); ok {
			s.Steps[i].Action = scenario.SetFaults{}
		}
	}
}

// failing adds faults to all steps of clients.
func failing(faults ...scenario.Fault) func(*scenario.Scenario) {
	return func(s *scenario.Scenario) {
		for i := range s.Steps {
			if slices.ContainsFunc(s.Clients, func(c scenario.Client) bool { return c.Name == s.Steps[i].Actor }) {
				s.Steps[i].Faults = append(slices.Clone(s.Steps[i].Faults), faults...)
			}
		}
	}
}

func profile(name string) func(*scenario.Scenario) {
	return func(s *scenario.Scenario) {
		for i := range s.Clients {
			s.Clients[i].Profile = name
		}
	}
}

// mutated is a copy of a scenario, changed.
func mutated(s *scenario.Scenario, m mutant) *scenario.Scenario {
	c := *s
	c.Clients, c.Steps, c.Appliance.Services = slices.Clone(s.Clients), slices.Clone(s.Steps), slices.Clone(s.Appliance.Services)
	m.change(&c)
	return &c
}

// expectation is one expected field of a step in one variant.
func expectation(step int, at diag.Span, field string) string {
	return fmt.Sprintf("step %d, %d:%d: %s", step, at.Start.Line, at.Start.Col, field)
}

// expectations are all that a variant states.
func expectations(s *scenario.Scenario) (all []string) {
	for i, step := range s.Steps {
		for _, w := range step.Expect {
			all = append(all, expectation(i, w.Span, w.Key))
		}
	}
	return all
}

// failed are the expectations that did not hold. Each shows its own line with a
// caret below it.
func failed(f *scenario.File, s reports.Scenario) (all []string) {
	for i, step := range s.Steps {
		for _, m := range step.Misses {
			all = append(all, expectation(i, m.Span, m.Field))
			Expect(m.Excerpt).To(MatchRegexp(`(?m)^ +\^~*$`))
			line := strings.Split(string(f.Source), "\n")[m.Span.Start.Line-1]
			Expect(m.Excerpt).To(ContainSubstring(strings.TrimSpace(line)))
			Expect(s.Verdict).To(Equal(reports.Failed))
		}
	}
	return all
}

// Every expectation of every stock variant is able to fail: some mutant of the
// variant does not meet it. There are no exceptions.
var _ = Describe("no mutant passes for the real thing", func() {
	for _, file := range files() {
		It("in "+file, func() {
			f := load(file)
			for _, s := range f.Variants {
				alive := expectations(s)
				Expect(alive).NotTo(BeEmpty())
				for _, m := range mutants() {
					if len(alive) == 0 {
						break
					}
					dead := failed(f, rehearse(f, mutated(s, m)).Scenarios[0])
					alive = slices.DeleteFunc(alive, func(e string) bool { return slices.Contains(dead, e) })
				}
				Expect(alive).To(BeEmpty(), "%v: these hold whatever is changed", s.Variant)
			}
		})
	}
})
