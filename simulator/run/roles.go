package run

import (
	"slices"
	"strings"

	"rehearse/reports"
	"rehearse/simulator/scenario"
	"rehearse/simulator/server"
)

// setup is how a scenario is set up at its beginning.
func (o Options) setup(s *scenario.Scenario) reports.Setup {
	set := reports.Setup{Deployment: string(s.Appliance.Deployment)}
	switch {
	case s.Appliance.Deployment == scenario.None:
		return set
	case o.Against != nil:
		set.Against = o.Against.At().String()
		return set
	}
	set.Release = s.Appliance.Release.String()
	for _, p := range s.Appliance.Policy {
		set.Policy = append(set.Policy, p.Name)
	}
	return set
}

// hosts are those that evidence speaks of, in the order of a ladder's columns:
// clients, the appliance, origins, relays, who answers for revocation. Within a
// role they stand as the scenario names them or as they came in.
func (r *rehearsal) hosts(evidence []reports.Evidence) []reports.Host {
	var all []reports.Host
	for _, c := range r.scenario.Clients {
		all = append(all, reports.Host{Name: c.Name, Role: reports.RoleClient, Profile: c.Profile})
	}
	add := func(name string) {
		if name != "" && !slices.ContainsFunc(all, func(h reports.Host) bool { return h.Name == name }) {
			all = append(all, reports.Host{Name: name, Role: r.role(name)})
		}
	}
	for _, e := range evidence {
		add(e.Actor)
		add(e.From)
		add(e.To)
	}
	slices.SortStableFunc(all, func(a, b reports.Host) int {
		return slices.Index(reports.Roles(), a.Role) - slices.Index(reports.Roles(), b.Role)
	})
	return all
}

// role is what a host that is no client is.
func (r *rehearsal) role(name string) reports.Role {
	at := r.estate.Endpoints()
	switch {
	case name == r.interceptor():
		return reports.RoleAppliance
	case name == statusHost, name == at[server.Status].Host:
		return reports.RoleRevocation
	case name == at[server.Edge].Host, name == at[server.TURN].Host:
		return reports.RoleRelay
	}
	for _, s := range r.scenario.Servers {
		if s.Host == name && strings.Contains(s.Speaks, "turn") {
			return reports.RoleRelay
		}
	}
	return reports.RoleOrigin
}
