package client

import (
	"crypto/rand"
	"net/netip"
	"time"

	"rehearse/reports/journal"
	"rehearse/simulator/ice"
)

const (
	// checkLimit is how long a candidate pair may take to answer. Modelled:
	// pidgin-sipe waits 120 s for all.
	checkLimit = 5 * time.Second
	checkRTO   = 500 * time.Millisecond
)

// connect finds the path for the call's audio: the first allocation through which
// a candidate of the conferencing server answers a check. The path is then told to
// the server in a second INVITE and made the relay's active destination.
func (c *call) connect(w *walk) error {
	w.reach(c.session.flow.name, journal.StageMedia)
	for _, a := range c.allocations {
		for _, r := range c.remote {
			fits := r.Transport == ice.UDP && !a.stream || r.Transport == ice.TCPPassive && a.stream
			if !fits || r.Component != ice.RTP {
				continue
			}
			ok, err := c.check(w, a, r.Addr)
			if err != nil && w.ctx.Err() != nil {
				return err
			}
			if ok {
				return c.choose(w, a, r.Addr)
			}
		}
	}
	return w.refuse(codeNoMedia, "no candidate answered a connectivity check")
}

// choose puts the call on a path.
func (c *call) choose(w *walk, a *allocation, to netip.AddrPort) error {
	c.path, c.to = a, to
	res, err := c.session.invite(w, &request{dialog: c.audio, method: "INVITE", content: sdpType, body: c.offer()})
	if err != nil {
		return err
	}
	if err := c.answered(w, res.Body()); err != nil {
		return err
	}
	return a.activate(w, to)
}

// check sends a connectivity check to a candidate until it is answered.
func (c *call) check(w *walk, a *allocation, to netip.AddrPort) (bool, error) {
	check := ice.Check{
		Username: c.keys.remoteUfrag + ":" + c.keys.ufrag, Controlling: true, TieBreaker: 1, UseCandidate: true, Microsoft: true,
		Priority: ice.Priority(ice.PeerReflexive, ice.UDP, ice.RTP),
	}
	rand.Read(check.Transaction[:]) // never fails
	request := check.Append(nil, c.keys.remotePassword)
	a.record(a.name, journal.TURNSent{Message: "connectivity check", Note: "to " + to.String()})
	began := time.Now()
	for patience := checkRTO; time.Since(began) < checkLimit; patience *= 2 {
		if err := a.send(to, request); err != nil {
			return false, a.broken(err)
		}
		if a.stream {
			patience = checkLimit
		}
		answered, err := a.await(w, min(patience, checkLimit-time.Since(began)), func(p packet) bool {
			return p.check != nil && p.check.Transaction == check.Transaction
		})
		if err != nil {
			return false, err
		}
		if answered {
			if err := w.pause(think); err != nil {
				return false, err
			}
			a.record(a.name, journal.TURNSent{Received: true, Message: "connectivity check answered", Note: "by " + to.String()})
			return true, nil
		}
	}
	return false, nil
}

// await takes what arrives until one packet is wanted or the time is over.
func (a *allocation) await(w *walk, limit time.Duration, wanted func(packet) bool) (bool, error) {
	t := time.NewTimer(limit)
	defer t.Stop()
	for {
		select {
		case p := <-a.arrived:
			if wanted(p) {
				return true, nil
			}
		case <-a.done:
			return false, a.err
		case <-w.ctx.Done():
			return false, w.ctx.Err()
		case <-t.C:
			return false, nil
		}
	}
}
