package run

import (
	"rehearse/proxy/policy/cpl"
	"rehearse/simulator/scenario"
)

// Override is what a command line puts in the place of what scenarios say.
type Override struct {
	Release *cpl.Release     // at the beginning and at every upgrade
	Policy  *scenario.Policy // at the beginning and at every installation
}

// Apply changes a scenario. A setting that the release does not have is then
// refused while the scenario runs, as the appliance would, and the expectations
// say what comes of it.
func (o Override) Apply(s *scenario.Scenario) {
	if o.Release != nil {
		s.Appliance.Release = *o.Release
	}
	if o.Policy != nil {
		s.Appliance.Policy = []scenario.Policy{*o.Policy}
	}
	for i := range s.Steps {
		c, ok := s.Steps[i].Action.(scenario.Change)
		if !ok {
			continue
		}
		if o.Release != nil && c.Upgrade != nil {
			c.Upgrade = o.Release
		}
		if o.Policy != nil && len(c.Policy) > 0 {
			c.Policy = []scenario.Policy{*o.Policy}
		}
		s.Steps[i].Action = c
	}
}
