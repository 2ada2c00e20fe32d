package scenario

import (
	"fmt"
	"net"
	"net/url"
	"strings"
	"time"

	"rehearse/reports/diag"
)

// settingRoots are the top-level keys that an axis can lead below.
func settingRoots() []string {
	return []string{"appliance", "estate", "network", "servers", "clients", "faults", "start", "steps"}
}

// defaultStart is the scenario's clock where nothing is said: soon after release
// 6.5.10.1, on a working day.
var defaultStart = time.Date(2017, 3, 1, 8, 0, 0, 0, time.UTC)

// scenario reads a variant whose settings have been put into the text.
func (d *decoder) scenario(n *node) *Scenario {
	s := &Scenario{
		File: n.src.shown, Variant: d.variant, Span: n.span, Start: defaultStart,
		Appliance: Appliance{Deployment: Explicit},
		Estate:    Estate{Domain: "contoso.test", Zone: "online.lync.com", Key: "ecdsa"},
		Network:   Network{UDPBlocked: true, Latency: time.Millisecond},
	}
	d.out = s
	// Appliance and clients have to be known before what speaks of them, in whatever
	// order the file has them.
	later := map[string]*node{}
	keep := func(name string) func(*node) { return func(n *node) { later[name] = n } }
	d.object(n, "a scenario", []key{
		{"name", true, func(n *node) { s.Name, s.Span = d.text(n, "name"), n.span }},
		{"labels", false, d.labels},
		{"start", false, d.start},
		{"appliance", true, d.appliance},
		{"estate", false, d.estate},
		{"network", false, d.network},
		{"servers", false, d.servers},
		{"clients", true, keep("clients")},
		{"faults", false, keep("faults")},
		{"steps", true, keep("steps")},
		{"extends", false, func(*node) {}}, // followed before
		{"matrix", false, func(*node) {}},  // multiplied before
	})
	for _, part := range []struct {
		name string
		read func(*node)
	}{{"clients", d.clients}, {"faults", d.standingFaults}, {"steps", d.steps}} {
		if n := later[part.name]; n != nil {
			part.read(n)
		}
	}
	s.implied()
	d.distinctHosts()
	return s
}

func (d *decoder) labels(n *node) {
	for _, item := range each(n) {
		l := d.text(item, "a label")
		if strings.ContainsAny(l, " ()!=<>~&|,") {
			d.bad(item, "scenario-value", fmt.Sprintf("label %q, want one word that a filter can name", l), strings.Join(strings.Fields(l), "-"))
			continue
		}
		d.out.Labels = append(d.out.Labels, l)
	}
}

func (d *decoder) start(n *node) {
	s := d.text(n, "start")
	for _, layout := range []string{time.RFC3339, time.DateTime, time.DateOnly} {
		if t, err := time.Parse(layout, s); err == nil {
			d.out.Start = t.UTC()
			return
		}
	}
	if s != "" {
		d.bad(n, "scenario-value", fmt.Sprintf("start %q, want a date such as 2017-03-01 or 2017-03-01T08:00:00Z", s))
	}
}

func (d *decoder) estate(n *node) {
	e := &d.out.Estate
	d.object(n, "estate", []key{
		{"domain", false, func(n *node) { e.Domain = d.host(n, "domain") }},
		{"zone", false, func(n *node) { e.Zone = d.host(n, "zone") }},
		{"key", false, func(n *node) { e.Key = d.word(n, "key", []string{"ecdsa", "rsa"}) }},
		{"users", false, func(n *node) { e.Users = d.users(n) }},
	})
}

// users reads users with their passwords.
func (d *decoder) users(n *node) map[string]string {
	if n.kind != mapping {
		d.bad(n, "scenario-type", "users wants a mapping of users to passwords, this is "+describe(n), "users: {carol@contoso.test: secret}")
		return nil
	}
	users := map[string]string{}
	for _, f := range n.fields {
		users[d.user(f.key)] = d.text(f.value, "a password")
	}
	return users
}

// user reads a sign-in address.
func (d *decoder) user(n *node) string {
	s := d.text(n, "a user")
	if name, domain, ok := strings.Cut(s, "@"); s != "" && (!ok || name == "" || !hostName(domain)) {
		d.bad(n, "scenario-address", fmt.Sprintf("user %q, want an address such as alice@contoso.test", s))
		return ""
	}
	return s
}

func (d *decoder) network(n *node) {
	d.object(n, "network", []key{
		{"udp", false, func(n *node) {
			d.out.Network.UDPBlocked = d.word(n, "udp", []string{"blocked", "open"}) != "open"
		}},
		{"latency", false, func(n *node) { d.out.Network.Latency = d.duration(n, "latency") }},
	})
}

// webURL reads the URL of a page.
func (d *decoder) webURL(n *node) string {
	s := d.text(n, "browse")
	u, err := url.Parse(s)
	if s != "" && (err != nil || u.Scheme != "http" && u.Scheme != "https" || !hostName(u.Hostname()) && net.ParseIP(u.Hostname()) == nil) {
		var hints []string
		if hostName(s) {
			hints = []string{"https://" + s + "/"}
		}
		d.report(diag.Diagnostic{ID: "scenario-address", Span: n.span, Message: fmt.Sprintf("browse %q, want the URL of a page, http or https", s), Hints: hints})
		return ""
	}
	return s
}
