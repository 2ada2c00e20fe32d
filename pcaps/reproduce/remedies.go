package reproduce

import (
	"context"
	"slices"

	"rehearse/proxy/policy/cpl"
	"rehearse/reports/journal"
	"rehearse/simulator/run"
	"rehearse/simulator/scenario"
)

// Remedy is something that people do about a failure.
type Remedy struct {
	ID, Title string
	Source    string
	apply     func(s *scenario.Scenario)
}

// Remedies lists the known remedies, those that change least first.
func Remedies() []Remedy {
	return []Remedy{
		{"install-root", "install the appliance's root certificate on the clients", "KB 168234", func(s *scenario.Scenario) {
			s.Clients = slices.Clone(s.Clients)
			for i := range s.Clients {
				s.Clients[i].Distrusts = false
			}
		}},
		{"mend-endpoint", "mend what the appliance's revocation pointers lead to", "KB 169283", withoutFaults(scenario.TargetOCSP, scenario.TargetCRL)},
		{"mend-network", "mend names and network", "", withoutFaults(scenario.TargetDNS, scenario.TargetNetwork)},
		{"mend-servers", "mend the servers and their certificates", "", func(s *scenario.Scenario) {
			withoutFaults("front_end", "web", "meet", "edge", "turn", "mras", scenario.TargetTLS, scenario.TargetOriginOCSP, scenario.TargetOriginCRL)(s)
			s.Servers = slices.Clone(s.Servers)
			for i := range s.Servers {
				s.Servers[i].Certificate = "good"
			}
		}},
		{"detect-protocol", "switch Detect Protocol on for the services", "KB 169283", detect},
		{"bypass-by-name", "leave the Skype servers' TLS alone, by name", "KB 169283", bypassing(policyBypass("online.lync.com"))},
		{"bypass-by-name-and-address", "leave the Skype servers' TLS alone, by name, and the media edge by address", "KB 169284", bypassing(policies("online.lync.com", nil)[7])},
		{"intermediate-pointers", "give the issuing intermediate revocation pointers of its own", "KB 169283", func(s *scenario.Scenario) {
			atLeast(s, "6.5.10.1")
			s.Appliance.IntermediatePointers = scenario.Pointers{CRL: true, OCSP: true}
		}},
		{"pointers", "upgrade to 6.5.10.1 and give emulated certificates revocation pointers", "KB 169283", pointers},
		{"detect-all", "upgrade to 6.5.10.1, revocation pointers, ssl.forward_proxy(yes), Detect Protocol on", "KB 169283", func(s *scenario.Scenario) {
			pointers(s)
			detect(s)
			install(s, policyYes)
		}},
		{"no-interception", "intercept no TLS at all", "KB 169283", func(s *scenario.Scenario) { install(s, policyNo) }},
	}
}

func pointers(s *scenario.Scenario) {
	atLeast(s, "6.5.10.1")
	s.Appliance.Pointers = scenario.Pointers{CRL: true, OCSP: true}
}

func detect(s *scenario.Scenario) {
	s.Appliance.Services = slices.Clone(s.Appliance.Services)
	for i := range s.Appliance.Services {
		s.Appliance.Services[i].DetectProtocol = true
	}
}

// bypassing installs a policy, at the first release that can match by name.
func bypassing(policy string) func(*scenario.Scenario) {
	return func(s *scenario.Scenario) {
		atLeast(s, "6.5.6.1")
		install(s, policy)
	}
}

func install(s *scenario.Scenario, text string) {
	run.Override{Policy: &scenario.Policy{Name: "remedy.cpl", Source: []byte(text)}}.Apply(s)
}

// atLeast upgrades an appliance that is below a release.
func atLeast(s *scenario.Scenario, release string) {
	r, err := cpl.ParseRelease(release)
	if err == nil && s.Appliance.Release.Compare(r) < 0 {
		s.Appliance.Release = r
	}
}

// withoutFaults takes faults of some targets away.
func withoutFaults(targets ...string) func(*scenario.Scenario) {
	gone := func(f scenario.Fault) bool { return slices.Contains(targets, f.Target) }
	return func(s *scenario.Scenario) {
		for i := range s.Steps {
			s.Steps[i].Faults = slices.DeleteFunc(slices.Clone(s.Steps[i].Faults), gone)
			if set, ok := s.Steps[i].Action.(scenario.SetFaults); ok {
				s.Steps[i].Action = scenario.SetFaults{Faults: slices.DeleteFunc(slices.Clone(set.Faults), gone)}
			}
		}
	}
}

// Apply gives the scenario with the remedy; the other stays as it is.
func (r Remedy) Apply(s *scenario.Scenario) *scenario.Scenario {
	mended := *s
	mended.Steps = slices.Clone(s.Steps)
	r.apply(&mended)
	return &mended
}

// Treated is what a remedy does.
type Treated struct {
	Remedy Remedy
	// Green: every step of every client ends well with it.
	Green bool
	// Outcomes are those of the steps, with it.
	Outcomes []journal.Outcome
	// Mended and Broken are steps of the stock scenarios that end well with it only,
	// and without it only; they are not looked for unless it is green.
	Mended, Broken []Flip
}

// Flip is a step of a stock scenario whose outcome a remedy changes.
type Flip struct {
	Scenario, Step string
	From, To       journal.Outcome
}

// Treat tries every remedy on a scenario, and those that mend it on stock scenarios.
func (b Bench) Treat(ctx context.Context, s *scenario.Scenario, stock []*scenario.Scenario) ([]Treated, error) {
	var all []Treated
	var before [][]step
	for _, r := range Remedies() {
		after, err := b.outcomes(ctx, []*scenario.Scenario{r.Apply(s)})
		if err != nil {
			return nil, err
		}
		t := Treated{Remedy: r, Green: true}
		for _, st := range after[0] {
			t.Outcomes = append(t.Outcomes, st.outcome)
			t.Green = t.Green && st.outcome.Result == journal.OK
		}
		if t.Green && len(stock) > 0 {
			if before == nil {
				if before, err = b.outcomes(ctx, stock); err != nil {
					return nil, err
				}
			}
			if err := b.flips(ctx, &t, stock, before); err != nil {
				return nil, err
			}
		}
		all = append(all, t)
	}
	return all, nil
}

// step is a client's step and how it ended.
type step struct {
	name    string
	outcome journal.Outcome
}

// outcomes plays scenarios and gives their clients' steps.
func (b Bench) outcomes(ctx context.Context, all []*scenario.Scenario) ([][]step, error) {
	rep, err := run.Run(ctx, all, run.Options{Bubble: b.Bubble, Workers: 2})
	if err != nil {
		return nil, err
	}
	out := make([][]step, len(all))
	for i, s := range rep.Scenarios {
		for _, st := range s.Steps {
			if st.Actor != "faults" && st.Actor != "appliance" && st.Actor != "wait" {
				out[i] = append(out[i], step{st.Actor + ": " + st.Action, st.Outcome})
			}
		}
	}
	return out, nil
}

// flips compares the stock scenarios with and without a remedy.
func (b Bench) flips(ctx context.Context, t *Treated, stock []*scenario.Scenario, before [][]step) error {
	mended := make([]*scenario.Scenario, len(stock))
	for i, s := range stock {
		mended[i] = t.Remedy.Apply(s)
	}
	after, err := b.outcomes(ctx, mended)
	if err != nil {
		return err
	}
	for i := range stock {
		for j := range min(len(before[i]), len(after[i])) {
			was, is := before[i][j], after[i][j]
			f := Flip{stock[i].Name, was.name, was.outcome, is.outcome}
			switch ok := was.outcome.Result == journal.OK; {
			case ok == (is.outcome.Result == journal.OK):
			case ok:
				t.Broken = append(t.Broken, f)
			default:
				t.Mended = append(t.Mended, f)
			}
		}
	}
	return nil
}
