package scenario

import (
	"fmt"
	"strings"
)

// servers reads the origins beside the estate's; see implied for those that are
// there without a line.
func (d *decoder) servers(n *node) {
	if n.kind != mapping {
		d.bad(n, "scenario-type", "servers wants a mapping of hosts to what they speak, this is "+describe(n), "servers: {ssh.example.test: {speaks: ssh, port: 22}}")
		return
	}
	for _, f := range n.fields {
		s := Server{Host: d.host(f.key, "server"), Certificate: "good", Span: f.key.span}
		if f.value.kind == scalar {
			s.Speaks = d.speaks(f.value)
		} else {
			d.object(f.value, "server "+f.key.text, []key{
				{"speaks", true, func(n *node) { s.Speaks = d.speaks(n) }},
				{"port", false, func(n *node) { s.Port = d.port(n, "port") }},
				{"certificate", false, func(n *node) { s.Certificate = d.word(n, "certificate", certificates()) }},
			})
		}
		if s.Port == 0 {
			s.Port = usualPort(s.Speaks)
		}
		d.out.Servers = append(d.out.Servers, s)
	}
}

func (d *decoder) speaks(n *node) string {
	return d.word(n, "speaks", serverSpeaks())
}

// certificates are the kinds of certificates that a server can have.
func certificates() []string {
	return []string{"good", "revoked", "expired", "untrusted", "wrong_name", "no_pointers"}
}

func usualPort(speaks string) uint16 {
	switch speaks {
	case "http":
		return 80
	case "ssh":
		return 22
	case "sips":
		return 5061
	}
	return 443
}

func (d *decoder) clients(n *node) {
	if n.kind != mapping || len(n.fields) == 0 {
		d.bad(n, "scenario-type", "clients wants a mapping of names to clients, this is "+describe(n), "clients: {alice: {profile: skype-strict}}")
		return
	}
	for _, f := range n.fields {
		d.out.Clients = append(d.out.Clients, d.client(f))
	}
}

func (d *decoder) client(f field) Client {
	c := Client{Name: f.key.text, Span: f.key.span}
	if !hostName(c.Name) || strings.Contains(c.Name, ".") || reservedActor(c.Name) {
		d.bad(f.key, "scenario-value", fmt.Sprintf("client %q, want one word of letters, digits and - that is no key of a step", c.Name))
	}
	d.object(f.value, "client "+c.Name, []key{
		{"profile", true, func(n *node) { c.Profile = d.word(n, "profile", profiles()) }},
		{"user", false, func(n *node) { c.User = d.user(n) }},
		{"password", false, func(n *node) { c.Password = d.text(n, "password") }},
		{"ending", false, func(n *node) { c.Ending = d.word(n, "ending", endings()) }},
		{"trusts_appliance", false, func(n *node) { c.Distrusts = !d.yes(n, "trusts_appliance") }},
		{"realm", false, func(n *node) { c.Realm = d.text(n, "realm") }},
		{"groups", false, func(n *node) { c.Groups = d.texts(n, "groups") }},
	})
	if c.User == "" {
		c.User = strings.ToLower(c.Name) + "@" + d.out.Estate.Domain
	}
	return c
}
