package run

import (
	"rehearse/proxy/policy"
	"rehearse/proxy/policy/cpl"
	"rehearse/simulator/scenario"
)

// Program is a policy as an appliance has it in force, with what it was made of.
type Program struct {
	*policy.Policy
	Files   []*cpl.File
	Options policy.Options
}

// Watcher sees what the policies of scenarios do. Its methods are called from
// many goroutines, of several scenarios at a time.
type Watcher interface {
	// Installed tells of a policy that came into force.
	Installed(s *scenario.Scenario, p *Program)
	// Finished tells of a transaction at its end. The trace's decision knows its
	// policy.
	Finished(s *scenario.Scenario, t policy.Trace)
}

// watchProgram tells the watcher of the policy that is in force now.
func (a *appliance) watchProgram() {
	if a.r.watch != nil {
		a.r.watch.Installed(a.r.scenario, a.program)
	}
}

// finished is what the interceptor hands transactions to; nil where nobody
// watches.
func (a *appliance) finished() func(policy.Trace) {
	if a.r.watch == nil {
		return nil
	}
	return func(t policy.Trace) { a.r.watch.Finished(a.r.scenario, t) }
}
