package run

import (
	"fmt"
	"strings"

	"rehearse/simulator/pki"
	"rehearse/simulator/scenario"
	"rehearse/simulator/server"
	"rehearse/simulator/world"
)

// impose puts faults in force; lift ends them, the last one first. An error means
// that none is in force.
func (r *rehearsal) impose(faults []scenario.Fault) (lift func(), err error) {
	var lifts []func()
	lift = func() {
		for i := len(lifts) - 1; i >= 0; i-- {
			lifts[i]()
		}
		lifts = nil
	}
	for _, f := range faults {
		one, err := r.imposeOne(f)
		if err != nil {
			lift()
			return func() {}, fmt.Errorf("%s: fault %s: %w", f.Span, f, err)
		}
		lifts = append(lifts, one)
	}
	return lift, nil
}

func (r *rehearsal) imposeOne(f scenario.Fault) (lift func(), err error) {
	switch f.Target {
	case scenario.TargetDNS, scenario.TargetNetwork:
		peer := f.Client
		peers := r.standIns[f.Client]
		if peers != nil {
			peer = ""
		}
		return r.world.Impose(world.Fault{
			Kind: world.FaultKind(f.Kind), Host: f.Host, Peer: peer, Peers: peers, Port: f.Port, Proto: f.Protocol,
			Delay: f.Delay, Rate: f.Rate, Addr: f.Addr,
		}), nil
	case scenario.TargetOCSP, scenario.TargetCRL, scenario.TargetOriginOCSP, scenario.TargetOriginCRL:
		return r.imposeStatus(f)
	}
	return r.imposeServer(f)
}

// imposeStatus makes a revocation endpoint fail: the appliance's, or with
// "origin_" the public PKI's.
func (r *rehearsal) imposeStatus(f scenario.Fault) (func(), error) {
	what, public := strings.CutPrefix(f.Target, "origin_")
	fault := pki.Fault{What: what, Kind: f.Kind, Delay: f.Delay}
	if err := fault.Check(); err != nil {
		return nil, err
	}
	switch {
	case public:
		return r.pki.Impose(fault), nil
	case r.appliance == nil:
		return nil, fmt.Errorf("this scenario has no appliance")
	}
	return r.appliance.faulty.Impose(fault), nil
}

// imposeServer makes a server of the estate, or one of the scenario's own, fail.
func (r *rehearsal) imposeServer(f scenario.Fault) (func(), error) {
	name := f.Host
	for _, t := range scenario.ServerTargets() {
		if t[0] == f.Target {
			name = t[1]
		}
	}
	fault := server.Fault{Server: name, Kind: f.Kind, Value: f.Value, Delay: f.Delay}
	if site, ok := r.sites[name]; ok {
		return site.Impose(fault)
	}
	return r.estate.Impose(fault)
}
