package run

import (
	"net/netip"
	"time"

	"rehearse/reports/journal"
)

// about is the part of the log that belongs to one actor's step: what the actor
// recorded, what others recorded about the actor's flows, and what was done to the
// appliance meanwhile. A flow has another name beyond the interceptor, on its upstream leg; here it gets its first one.
// Beyond a foreign interceptor nobody knows whose flow it is; there all that happens
// meanwhile belongs to the step.
func (r *rehearsal) about(actor string, from, to time.Duration) journal.Log {
	for _, e := range r.log.Between(r.legsUntil, to) {
		if up, ok := e.Body.(journal.UpstreamOpened); ok && up.Leg != "" {
			r.legs[up.Leg] = e.Flow
		}
	}
	r.legsUntil = to
	var own journal.Log
	for _, e := range r.log.Between(from, to) {
		if first, ok := r.legs[e.Flow]; ok {
			e.Flow = first
		}
		_, change := e.Body.(journal.ApplianceChanged)
		if change || e.Actor == actor || r.flowOf(e.Flow) == actor || r.intercepted() {
			own = append(own, e)
		}
	}
	return own
}

// flowOf is the client whose flow it is, by the flow's address.
func (r *rehearsal) flowOf(flow string) string {
	at, err := netip.ParseAddrPort(flow)
	if err != nil {
		return ""
	}
	return r.addrs[at.Addr()]
}
