package reproduce

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Plan is a scenario that is being made.
type Plan struct {
	Source string // the capture's name
	Start  time.Time

	Deployment, Release Value
	Policy              Policy
	Services            []string // lines of services, as YAML
	ServicesFrom        string
	DefaultPolicy       Value
	Pointers            Value // of revocation_pointers
	Issuer              Value // "intermediate" or nothing
	IssuerPointers      Value
	Staple              Value
	Domain, Zone        Value
	UDP                 Value // "open" or nothing
	Clients             []Client
	Servers             []Server
	Faults              []Fault
	Steps               []Step
}

// Value is a value of the scenario, "" for one that is not written, and its origin.
type Value struct{ Text, From string }

// Policy is the policy text, "" for none.
type Policy struct{ Text, From string }

// Client is a client of the scenario.
type Client struct {
	Name, NameFrom string
	User           Value
	Password       Value
	Profile        Value
	Ending         Value
	Trusts         Value // "false", or nothing
}

// Server is a server beside the estate.
type Server struct {
	Host        string
	Speaks      Value
	Certificate Value
}

// Fault is something wrong during the whole scenario.
type Fault struct {
	Target, Text, From string
	host               string // that it is about, "" for none
}

// Step is something that a client does.
type Step struct {
	Client, Action, From string
	// Expect are the lines of the expectation, set once the plan has been rehearsed.
	Expect []string
}

// clone is a copy whose lists can be changed.
func (p *Plan) clone() *Plan {
	q := *p
	q.Services, q.Clients, q.Servers = slices.Clone(p.Services), slices.Clone(p.Clients), slices.Clone(p.Servers)
	q.Faults, q.Steps = slices.Clone(p.Faults), slices.Clone(p.Steps)
	return &q
}

// writer writes YAML lines with comments.
type writer struct{ b strings.Builder }

func (w *writer) line(indent int, text, from string) {
	w.b.WriteString(strings.Repeat("  ", indent) + text)
	if from != "" {
		w.b.WriteString("  # " + from)
	}
	w.b.WriteByte('\n')
}

// value writes a key whose value is there.
func (w *writer) value(indent int, key string, v Value) {
	if v.Text != "" {
		w.line(indent, key+": "+v.Text, v.From)
	}
}

// YAML is the plan as a scenario file.
func (p *Plan) YAML() string {
	w := &writer{}
	w.line(0, "# What happened in "+oneLine(p.Source)+", as a scenario. Behind each value stands where it comes from.", "")
	w.line(0, "name: "+quote("as in "+oneLine(p.Source)), "")
	w.line(0, "start: "+p.Start.UTC().Format(time.RFC3339), "the capture's first packet")
	p.appliance(w)
	if p.Domain.Text+p.Zone.Text != "" {
		w.line(0, "estate:", "")
		w.value(1, "domain", p.Domain)
		w.value(1, "zone", p.Zone)
	}
	if p.UDP.Text != "" {
		w.line(0, "network:", "")
		w.value(1, "udp", p.UDP)
	}
	p.servers(w)
	p.clients(w)
	p.faults(w)
	w.line(0, "steps:", "")
	for _, s := range p.Steps {
		w.line(1, fmt.Sprintf("- %s: %s", s.Client, s.Action), s.From)
		if len(s.Expect) > 0 {
			w.line(2, "expect:", "as the rehearsal ended that has the capture's signature")
			for _, e := range s.Expect {
				w.line(3, e, "")
			}
		}
	}
	return w.b.String()
}

func (p *Plan) appliance(w *writer) {
	w.line(0, "appliance:", "")
	w.value(1, "deployment", p.Deployment)
	w.value(1, "release", p.Release)
	if p.Deployment.Text == "none" {
		return
	}
	if len(p.Services) > 0 {
		w.line(1, "services:", p.ServicesFrom)
		for _, s := range p.Services {
			w.line(2, "- "+s, "")
		}
	}
	w.value(1, "default_policy", p.DefaultPolicy)
	w.value(1, "revocation_pointers", p.Pointers)
	w.value(1, "issuer", p.Issuer)
	w.value(1, "intermediate_pointers", p.IssuerPointers)
	w.value(1, "staple", p.Staple)
	if p.Policy.Text == "" {
		w.line(1, "policy: none", p.Policy.From)
		return
	}
	w.line(1, "policy:", p.Policy.From)
	w.line(2, "name: found.cpl", "")
	w.line(2, "text: |", "")
	for line := range strings.Lines(p.Policy.Text) {
		w.line(3, strings.TrimRight(line, "\n"), "")
	}
}

func (p *Plan) servers(w *writer) {
	if len(p.Servers) == 0 {
		return
	}
	w.line(0, "servers:", "")
	for _, s := range p.Servers {
		w.line(1, s.Host+":", "")
		w.value(2, "speaks", s.Speaks)
		w.value(2, "certificate", s.Certificate)
	}
}

func (p *Plan) clients(w *writer) {
	w.line(0, "clients:", "")
	for _, c := range p.Clients {
		w.line(1, c.Name+":", c.NameFrom)
		w.value(2, "profile", c.Profile)
		w.value(2, "user", c.User)
		w.value(2, "password", c.Password)
		w.value(2, "ending", c.Ending)
		w.value(2, "trusts_appliance", c.Trusts)
	}
}

func (p *Plan) faults(w *writer) {
	if len(p.Faults) == 0 {
		return
	}
	w.line(0, "faults:", "")
	var targets []string
	for _, f := range p.Faults {
		if !slices.Contains(targets, f.Target) {
			targets = append(targets, f.Target)
		}
	}
	for _, t := range targets {
		w.line(1, t+":", "")
		for _, f := range p.Faults {
			if f.Target == t {
				w.line(2, "- "+f.Text, f.From)
			}
		}
	}
}

// quote is a YAML text, whatever is in it.
func quote(s string) string { return fmt.Sprintf("%q", s) }

// oneLine is a text of someone else's in a comment.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return '?'
		}
		return r
	}, s)
}
