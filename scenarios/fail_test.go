package scenarios_test

import (
	"slices"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/proxy/policy/cpl"
	"rehearse/reports"
	"rehearse/simulator/run"
	"rehearse/simulator/scenario"
)

// Another world: what a scenario must not be content with.
var _ = Describe("every stock scenario is able to fail", func() {
	for _, file := range files() {
		It(file, func() {
			f := load(file)
			for i, s := range f.Variants {
				red := false
				for _, spoil := range spoilers() {
					other := load(file)
					spoil(other.Variants[i])
					if rehearse(other, other.Variants[i]).Scenarios[0].Verdict == reports.Failed {
						red = true
						break
					}
				}
				Expect(red).To(BeTrue(), "%s %v passes whatever is changed", s.Name, s.Variant)
			}
		})
	}
})

// spoilers are changes of a scenario's world: another policy, no policy, another
// release, no pointers, a fault. At least one of them has to show.
func spoilers() []func(*scenario.Scenario) {
	policy := func(name, text string) func(*scenario.Scenario) {
		p := scenario.Policy{Name: name, Source: []byte(text)}
		return func(s *scenario.Scenario) { run.Override{Policy: &p}.Apply(s) }
	}
	release := func(r string) func(*scenario.Scenario) {
		at := cpl.MustRelease(r)
		return func(s *scenario.Scenario) { run.Override{Release: &at}.Apply(s) }
	}
	return []func(*scenario.Scenario){
		policy("deny.cpl", "<Proxy>\n FORCE_DENY\n"),
		policy("none.cpl", "<SSL-Intercept>\n ssl.forward_proxy(no)\n"),
		policy("https.cpl", "<SSL-Intercept>\n ssl.forward_proxy(https)\n"),
		release("6.5.5.1"),
		release("7.3.11.1"),
		func(s *scenario.Scenario) { s.Appliance.Policy = nil },
		func(s *scenario.Scenario) { s.Appliance.Pointers = scenario.Pointers{CRL: true, OCSP: true} },
		func(s *scenario.Scenario) {
			s.Steps = slices.Insert(s.Steps, 0, scenario.Step{Actor: "faults", Action: scenario.SetFaults{Faults: []scenario.Fault{
				{Target: scenario.TargetNetwork, Kind: "reset", Host: "sipdir.online.lync.com"},
			}}})
		},
	}
}
