package run

import (
	"context"
	"fmt"
	"maps"
	"strconv"
	"strings"
	"time"

	"rehearse/reports"
	"rehearse/reports/journal"
	"rehearse/simulator/client"
	"rehearse/simulator/load"
	"rehearse/simulator/scenario"
	"rehearse/simulator/world"
)

// LoadOptions say how a scenario is played by crowds.
type LoadOptions struct {
	// Clients are in the place of each of the scenario's; below 1 means 1.
	Clients int
	Pace    load.Pace
	// Bubble runs a function in virtual time, as in Options; nil runs in real time.
	Bubble   func(func())
	Progress *load.Progress // may be nil
	Tool     reports.Tool
}

// Load plays a scenario with a crowd in the place of each of its clients. A step of
// a client is one of its whole crowd, and the next step begins when all have ended;
// what is done to the appliance and to the network is done once, in between.
//
// Of what a step expects, stage, result, code, media and times count for each member.
// Events and bytes do not: nobody keeps them for a crowd. Where nothing is expected,
// ok is. When ctx ends, the report has the steps that were taken by then and the
// error is ctx's.
func Load(ctx context.Context, s *scenario.Scenario, opt LoadOptions) (rep *load.Report, err error) {
	opt.Clients = max(opt.Clients, 1)
	rep = &load.Report{
		Schema: load.Schema, Tool: opt.Tool, Scenario: s.File, Variant: variant(s), Clock: load.Virtual,
		Clients: opt.Clients, Rate: opt.Pace.Rate, AtOnce: opt.Pace.AtOnce, Steps: []load.Step{},
	}
	in := func() { err = playLoad(ctx, s, opt, rep) }
	if opt.Bubble == nil {
		rep.Clock = load.Real
		in()
	} else {
		opt.Bubble(in)
	}
	rep.Count()
	if err != nil {
		rep.Problem = err.Error()
		return rep, err
	}
	return rep, ctx.Err()
}

// loading is a load in its world while it runs.
type loading struct {
	*rehearsal
	crowds map[string]*load.Crowd // by the client that one stands for
	stop   func() bool
}

func playLoad(outer context.Context, s *scenario.Scenario, opt LoadOptions, rep *load.Report) error {
	ctx, cancel := context.WithTimeout(context.Background(), scenarioLimit)
	defer cancel()
	copies := multiply(s, opt.Clients)
	watches := map[string]*load.Stopwatch{}
	for _, c := range copies.Clients {
		watches[c.Name] = &load.Stopwatch{}
	}
	r, err := buildWith(ctx, copies, nil, journal.NewMemory(), func(actor string) journal.Recorder {
		if w, ok := watches[actor]; ok {
			return w
		}
		return journal.Discard
	})
	if err != nil {
		return fmt.Errorf("building the world: %w", err)
	}
	defer r.close()
	l := &loading{rehearsal: r, crowds: map[string]*load.Crowd{}, stop: func() bool { return outer.Err() != nil }}
	l.gather(s, opt, watches)
	for _, step := range s.Steps {
		if l.stop() {
			return nil
		}
		one, err := l.take(ctx, step)
		if err != nil {
			return fmt.Errorf("%s: %w", step.Span, err)
		}
		rep.Steps = append(rep.Steps, one)
		time.Sleep(time.Second) // as between the steps of one client
	}
	return nil
}

// gather makes the crowds of a scenario's clients.
func (l *loading) gather(s *scenario.Scenario, opt LoadOptions, watches map[string]*load.Stopwatch) {
	all := map[string]bool{}
	l.standIns = map[string]map[string]bool{}
	for _, c := range s.Clients {
		crowd := &load.Crowd{Pace: opt.Pace, Progress: opt.Progress}
		crowd.Pace.Limit = stepLimit
		names := map[string]bool{}
		for i := range opt.Clients {
			name := member(c.Name, i)
			names[name], all[name] = true, true
			crowd.Members = append(crowd.Members, &load.Member{Client: l.clients[name], Watch: watches[name]})
		}
		l.crowds[c.Name], l.standIns[c.Name] = crowd, names
	}
	if s.Network.UDPBlocked { // by one fault for all, for each packet asks every fault
		l.world.Impose(world.Fault{Kind: world.Blackhole, Peers: all, Proto: "udp"})
	}
}

// take takes one step, its own faults around it.
func (l *loading) take(ctx context.Context, s scenario.Step) (load.Step, error) {
	lift, err := l.impose(l.forAll(s.Faults))
	if err != nil {
		return load.Step{}, err
	}
	defer lift()
	crowd, ok := l.crowds[s.Actor]
	if !ok {
		return l.once(ctx, s)
	}
	action, err := clientStep(s.Action)
	if err != nil {
		return load.Step{}, err
	}
	one := crowd.Take(ctx, load.Task{
		Name: s.Action.String(), Do: func(int) client.Step { return action },
		Expected: func(o journal.Outcome, took time.Duration) bool { return asExpected(s, o, took) },
	}, l.stop)
	one.Line, one.Actor, one.Action = s.Span.Start.Line, s.Actor, told(s)
	return one, nil
}

// once is a step that is nobody's crowd's.
func (l *loading) once(ctx context.Context, s scenario.Step) (load.Step, error) {
	if set, ok := s.Action.(scenario.SetFaults); ok {
		s.Action = scenario.SetFaults{Faults: l.forAll(set.Faults)}
	}
	began := time.Now()
	out, err := l.act(ctx, s)
	out.VirtualMS = time.Since(began).Milliseconds()
	return load.Step{Line: s.Span.Start.Line, Actor: s.Actor, Action: s.Action.String(), Outcome: &out, LastedMS: float64(out.VirtualMS)}, err
}

// asExpected says whether an outcome is one that a step expects; ok, where it says
// nothing about outcomes.
func asExpected(s scenario.Step, o journal.Outcome, took time.Duration) bool {
	p := played{step: s, outcome: o, to: took}
	said := false
	for _, w := range s.Expect {
		switch w.Key {
		case "stage", "result", "code", "media":
			said = true
		case "within", "at_least":
		default:
			continue
		}
		if _, ok := holds(w, p); !ok {
			return false
		}
	}
	return said || o.Result == journal.OK
}

// forAll has faults of one client be those of its whole crowd.
func (l *loading) forAll(faults []scenario.Fault) (all []scenario.Fault) {
	for _, f := range faults {
		crowd, ok := l.crowds[f.Client]
		if !ok {
			all = append(all, f)
			continue
		}
		for i := range crowd.Members {
			one := f
			one.Client = member(f.Client, i)
			all = append(all, one)
		}
	}
	return all
}

// member is the name of one of a client's crowd: "alice-1" is the first.
func member(name string, i int) string { return name + "-" + strconv.Itoa(i+1) }

// multiply is a scenario with n clients in the place of each, who are users of their
// own with the password of the one that they stand for.
func multiply(s *scenario.Scenario, n int) *scenario.Scenario {
	out := *s
	out.Network.UDPBlocked = false // see playLoad
	out.Clients, out.Estate.Users = nil, maps.Clone(s.Estate.Users)
	if out.Estate.Users == nil {
		out.Estate.Users = map[string]string{}
	}
	for _, c := range s.Clients {
		password, known := s.Estate.Users[c.User]
		for i := range n {
			one := c
			one.Name = member(c.Name, i)
			if user, domain, ok := strings.Cut(c.User, "@"); ok {
				one.User = member(user, i) + "@" + domain
				if known {
					out.Estate.Users[one.User] = password
				}
			}
			out.Clients = append(out.Clients, one)
		}
	}
	return &out
}
