package run

import (
	"context"
	"fmt"
	"time"

	"rehearse/proxy"
	"rehearse/proxy/policy/cpl"
	"rehearse/reports/diag"
	"rehearse/reports/journal"
	"rehearse/simulator/client"
	"rehearse/simulator/scenario"
)

// played is one step and what came of it.
type played struct {
	step     scenario.Step
	outcome  journal.Outcome
	from, to time.Duration // when, on the scenario's clock
	log      journal.Log   // what belongs to it, in order
	// unasked says why the step could not be taken, or not be judged; see Against.
	unasked string
}

// stepLimit bounds one step on the scenario's clock.
const stepLimit = 30 * time.Minute

// play runs the steps in order. It stops early when ctx ends, or when interrupted
// says so.
func (r *rehearsal) play(ctx context.Context, interrupted func() bool) ([]played, error) {
	var all []played
	for _, s := range r.scenario.Steps {
		if ctx.Err() != nil || interrupted() {
			return all, ctx.Err()
		}
		if why := r.cannot(s); why != "" {
			all = append(all, played{step: s, from: r.log.Now(), to: r.log.Now(), unasked: why})
			continue
		}
		p, err := r.step(ctx, s)
		if err != nil {
			return all, fmt.Errorf("%s: %w", s.Span, err)
		}
		// A moment between steps keeps what still flies apart from what comes, and lets
		// everybody write down what they saw at the step's last instant.
		time.Sleep(r.rest())
		p.log = r.about(s.Actor, p.from, p.to)
		all = append(all, p)
	}
	return all, nil
}

// step takes one step, its own faults around it.
func (r *rehearsal) step(ctx context.Context, s scenario.Step) (played, error) {
	lift, err := r.impose(s.Faults)
	if err != nil {
		return played{}, err
	}
	defer lift()
	ctx, cancel := context.WithTimeout(ctx, r.limit())
	defer cancel()
	p := played{step: s, from: r.log.Now()}
	if p.outcome, err = r.act(ctx, s); err != nil {
		return played{}, err
	}
	p.to = r.log.Now()
	p.outcome.VirtualMS = (p.to - p.from).Milliseconds()
	p.unasked = r.cutShort(p)
	return p, nil
}

// act does what a step says.
func (r *rehearsal) act(ctx context.Context, s scenario.Step) (journal.Outcome, error) {
	switch a := s.Action.(type) {
	case scenario.Wait:
		time.Sleep(a.For)
		return fine("waited"), nil
	case scenario.SetFaults:
		r.lift()
		lift, err := r.impose(a.Faults)
		r.lift = lift
		return fine(a.String()), err
	case scenario.Change:
		return r.change(a)
	}
	c, ok := r.clients[s.Actor]
	if !ok {
		return journal.Outcome{}, fmt.Errorf("no client %q", s.Actor)
	}
	step, err := clientStep(s.Action)
	if err != nil {
		return journal.Outcome{}, err
	}
	return c.Do(ctx, step), nil
}

func fine(text string) journal.Outcome {
	return journal.Outcome{Stage: journal.StageDone, Result: journal.OK, Text: text}
}

// clientStep is a scenario's action as the client knows it.
func clientStep(a scenario.Action) (client.Step, error) {
	switch a := a.(type) {
	case scenario.SignIn:
		return client.SignIn{}, nil
	case scenario.SignOut:
		return client.SignOut{}, nil
	case scenario.Leave:
		return client.Leave{}, nil
	case scenario.StayedSignedIn:
		return client.Status{}, nil
	case scenario.Join:
		return client.Join{Meeting: a.Meeting}, nil
	case scenario.Talk:
		return client.Talk{For: a.For}, nil
	case scenario.Browse:
		return client.Browse{URL: a.URL}, nil
	case scenario.Connect:
		return client.Connect{Target: a.Target, Speak: a.Speak}, nil
	}
	return nil, fmt.Errorf("no client does %q", a)
}

// change does an administrator's work. A policy that does not compile is refused
// as the appliance refuses it: the outcome says so, the old one goes on.
func (r *rehearsal) change(c scenario.Change) (journal.Outcome, error) {
	a := r.appliance
	if a == nil {
		return journal.Outcome{}, fmt.Errorf("this scenario has no appliance")
	}
	restart := c.Restart || c.Upgrade != nil || c.IntermediatePointers != nil
	if c.Upgrade != nil {
		a.state.Release = *c.Upgrade
	}
	if c.IntermediatePointers != nil {
		a.state.IntermediatePointers = *c.IntermediatePointers
	}
	if c.Pointers != nil {
		if refused := a.setPointers(*c.Pointers); refused != "" {
			return refusal(pointersRelease, refused), nil
		}
	}
	if list := a.change(c, restart); list.HasErrors() {
		return refusal(firstError(list)), nil
	}
	a.record(c.String())
	if restart {
		if err := a.restart(); err != nil {
			return journal.Outcome{}, err
		}
	}
	if len(c.Services) > 0 {
		if err := a.listen(c.Services); err != nil {
			return journal.Outcome{}, err
		}
	}
	if c.ColdCache {
		a.forge.Flush()
	}
	if c.Revoke != "" {
		a.forge.Revoke(c.Revoke)
	}
	return fine(c.String()), nil
}

// setPointers changes the pointers of emulated certificates from now on; those
// that are in the cache go. It says why where the release has no such thing.
func (a *appliance) setPointers(p scenario.Pointers) (refused string) {
	if !a.has(proxy.FeaturePointers) && (p.CRL || p.OCSP) {
		return noPointers(a.state.Release)
	}
	a.state.Pointers = p
	a.forge.SetPointers(a.pointers())
	a.forge.Flush()
	return ""
}

func noPointers(r cpl.Release) string {
	return fmt.Sprintf("revocation pointers need release %s, this is %s", proxy.FeaturePointers.Since, r)
}

// change installs the policy of a change; an upgrade compiles the present one anew.
func (a *appliance) change(c scenario.Change, restart bool) diag.List {
	sources := a.state.Policy
	switch {
	case c.NoPolicy:
		sources = nil
	case len(c.Policy) > 0:
		sources = c.Policy
	case !restart:
		return nil
	}
	list := a.install(sources)
	if !list.HasErrors() {
		a.state.Policy = sources
	}
	return list
}

func refusal(code, text string) journal.Outcome {
	return journal.Outcome{Stage: journal.StageDone, Result: journal.Refused, Code: code, Text: text}
}

func firstError(list diag.List) (code, text string) {
	for _, d := range list {
		if d.Severity == diag.Error {
			return d.ID, fmt.Sprintf("%s: %s", d.Span, d.Message)
		}
	}
	return "", ""
}
