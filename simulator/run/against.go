package run

import (
	"context"
	"crypto/x509"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"rehearse/reports/journal"
	"rehearse/simulator/client"
	"rehearse/simulator/foreign"
	"rehearse/simulator/pki"
	"rehearse/simulator/scenario"
	"rehearse/simulator/server"
	"rehearse/simulator/world"
)

// Against is an interceptor made elsewhere in the place of the reference interceptor.
// It is taken as it is: a scenario's release, policy and settings are not asked of it.
//
// Scenarios run one at a time and in real time. What cannot be asked comes out as
// unsupported: a step that changes the appliance, or waits long, with all that follow
// it; a fault of what the appliance publishes; what the appliance recorded. So does an
// expectation that does not hold where the scenario sets the appliance up in a way
// that its outcome may come from.
type Against struct {
	*foreign.Interceptor
	// Configured: somebody has set the interceptor up as the scenarios say, so that an
	// expectation that does not hold has failed, whatever the scenario sets up.
	Configured bool
}

// Bounds in real time.
const (
	realStep = 45 * time.Second
	realWait = 5 * time.Second // the longest wait that is played
	realRest = 100 * time.Millisecond
)

// build makes the world of a scenario with the interceptor that the options name.
func (o Options) build(ctx context.Context, s *scenario.Scenario) (*rehearsal, error) {
	if o.Against != nil {
		return buildAgainst(ctx, s, o.Against)
	}
	return build(ctx, s, o.Watch)
}

// buildAgainst makes the world of a scenario around a foreign interceptor.
func buildAgainst(ctx context.Context, s *scenario.Scenario, a *Against) (_ *rehearsal, err error) {
	now := *s
	now.Start = time.Now()
	log := journal.NewMemory()
	r := &rehearsal{
		scenario: &now, began: now.Start, log: log, recorder: func(string) journal.Recorder { return log }, against: a,
		sites: map[string]*server.RunningSite{}, clients: map[string]*client.Client{}, addrs: map[netip.Addr]string{}, lift: func() {}, legs: map[string]string{},
	}
	if r.place, err = a.Enter(scenario.ApplianceHost); err != nil {
		return nil, err
	}
	r.world = r.place
	r.closers = append(r.closers, r.place.Close)
	defer func() {
		if err != nil {
			r.close()
		}
	}()
	if r.pki, err = pki.New(pki.Config{Now: r.now, Key: s.Estate.Key, Root: a.Root()}); err != nil {
		return nil, err
	}
	if err = r.serveAgainst(); err != nil {
		return nil, err
	}
	for _, c := range s.Clients {
		if err = r.buildClient(c, netip.Addr{}); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// serveAgainst starts the estate and the other servers where the interceptor finds
// them.
func (r *rehearsal) serveAgainst() (err error) {
	conf := r.serverConfig()
	conf.Addr = r.place.EstateAddr()
	if r.estate, err = server.Start(conf); err != nil {
		return err
	}
	r.closers = append(r.closers, r.estate.Close)
	for i, s := range r.scenario.Servers {
		if err := r.buildSite(conf, s, r.place.SiteAddr(s.Host, i)); err != nil {
			return fmt.Errorf("server %s: %w", s.Host, err)
		}
	}
	return nil
}

// attach brings a client to the interceptor, if there is one. It gives the address of
// the explicit proxy, "" where the client knows of none.
func (r *rehearsal) attach(host world.Host) (explicit string) {
	switch {
	case r.appliance != nil:
		return r.appliance.attach(host)
	case r.intercepted():
		return r.place.Explicit()
	}
	return ""
}

// interceptorRoots are what clients trust for the interceptor's sake.
func (r *rehearsal) interceptorRoots() []*x509.Certificate {
	switch {
	case r.appliance != nil:
		return []*x509.Certificate{r.appliance.root.Certificate()}
	case r.intercepted():
		return r.against.CA()
	}
	return nil
}

// interceptor is the name of the interceptor's host, "" without one.
func (r *rehearsal) interceptor() string {
	if r.appliance != nil || r.intercepted() {
		return scenario.ApplianceHost
	}
	return ""
}

// intercepted says whether clients go through a foreign interceptor.
func (r *rehearsal) intercepted() bool {
	return r.against != nil && r.scenario.Appliance.Deployment != scenario.None
}

// rest is the moment between steps.
func (r *rehearsal) rest() time.Duration {
	if r.against != nil {
		return realRest
	}
	return time.Second
}

// limit bounds one step on the scenario's clock.
func (r *rehearsal) limit() time.Duration {
	if r.against != nil {
		return realStep
	}
	return stepLimit
}

// cutShort says that a step was ended by the bound in real time, "" when it was not:
// what would have come of it nobody knows.
func (r *rehearsal) cutShort(p played) string {
	if r.against == nil || p.to-p.from < realStep {
		return ""
	}
	return fmt.Sprintf("ended after %s; time is real here, and no step takes longer", realStep)
}

// cannot says why a step cannot be asked of the interceptor, "" when it can. What
// changes the world for the steps behind it is remembered: they cannot either.
func (r *rehearsal) cannot(s scenario.Step) string {
	if r.against == nil {
		return ""
	}
	if r.lost == "" {
		why, lasting := r.unaskable(s)
		if !lasting {
			return why
		}
		r.lost = fmt.Sprintf("behind line %d, which could not be played", s.Span.Start.Line)
		return why
	}
	return r.lost
}

// unaskable says why a step cannot be asked, and whether those behind it depend on it.
func (r *rehearsal) unaskable(s scenario.Step) (why string, lasting bool) {
	if d := r.scenario.Appliance.Deployment; r.intercepted() && (d == scenario.Transparent) != r.against.Transparent() {
		return fmt.Sprintf("the scenario's interceptor is %s, this one is not", d), false
	}
	switch a := s.Action.(type) {
	case scenario.Change:
		return "nobody can ask this of a foreign interceptor: " + a.String(), true
	case scenario.Wait:
		if a.For > realWait {
			return fmt.Sprintf("time is real here; no wait is longer than %s", realWait), true
		}
	case scenario.SetFaults:
		why := unaskableFault(a.Faults)
		return why, why != ""
	}
	return unaskableFault(s.Faults), false
}

// unaskableFault says why faults cannot be had around a foreign interceptor.
func unaskableFault(faults []scenario.Fault) string {
	for _, f := range faults {
		switch f.Target {
		case scenario.TargetOCSP, scenario.TargetCRL:
			return "what a foreign interceptor publishes cannot be made to fail: " + f.String()
		case scenario.TargetNetwork, scenario.TargetDNS:
			if f.Host == scenario.ApplianceHost || f.Host == scenario.StatusHost || f.Client != "" {
				return "the way between clients and a foreign interceptor cannot be made to fail: " + f.String()
			}
		}
	}
	return ""
}

// unseen says why an expectation cannot be held against a foreign interceptor, "" when
// it can.
func (r *rehearsal) unseen(w scenario.Want) string {
	if r.against == nil || w.Key != "event" && w.Key != "no_event" {
		return ""
	}
	inside := []journal.Body{
		journal.RuleMatched{}, journal.Decided{}, journal.ActionDone{}, journal.TraceWritten{}, journal.CertificateEmulated{}, journal.Detected{},
		journal.FlowHandled{}, journal.UpstreamOpened{}, journal.ExceptionSent{}, journal.ApplianceChanged{},
	}
	if w.Actor == scenario.ApplianceHost || slices.ContainsFunc(inside, func(b journal.Body) bool { return b.Kind() == w.Kind }) {
		return "what happens inside a foreign interceptor is not seen"
	}
	return ""
}

// excused says why an expectation that does not hold has not failed: the scenario asks
// the interceptor to be set up in a way that it was not asked for.
func (r *rehearsal) excused() string {
	if !r.intercepted() || r.against.Configured {
		return ""
	}
	asked := asks(r.scenario)
	if len(asked) == 0 {
		return ""
	}
	return "it may come from what was not asked: " + strings.Join(asked, ", ")
}

// asks are the settings of an interceptor that a scenario's outcomes may come from. A
// release alone is none: without policy and pointers nothing depends on it.
func asks(s *scenario.Scenario) []string {
	a := s.Appliance
	var all []string
	add := func(on bool, format string, args ...any) {
		if on {
			all = append(all, fmt.Sprintf(format, args...))
		}
	}
	for _, p := range a.Policy {
		add(true, "policy %s", p.Name)
	}
	add(a.DefaultDeny, "default policy deny")
	add(a.Pointers.CRL || a.Pointers.OCSP, "revocation pointers %s", a.Pointers)
	add(a.Intermediate, "an issuing intermediate")
	add(a.Staple, "stapled answers")
	add(len(a.Categories) > 0, "categories")
	add(slices.ContainsFunc(s.Clients, func(c scenario.Client) bool { return c.Realm != "" }), "authentication")
	add(len(all) > 0, "release %s", a.Release)
	return all
}
