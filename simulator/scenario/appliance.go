package scenario

import (
	"fmt"
	"strconv"
	"strings"
)

// applianceKeys are the keys of the appliance; they can be axes without more.
func applianceKeys() []string {
	var names []string
	for _, k := range (&decoder{}).applianceTable(&Appliance{}) {
		names = append(names, k.name)
	}
	return names
}

func (d *decoder) appliance(n *node) {
	a := &d.out.Appliance
	a.Span = n.span
	d.object(n, "appliance", d.applianceTable(a))
	if a.Deployment != None && n.kind == mapping && n.get("release") == nil {
		d.bad(n, "scenario-missing", `appliance lacks "release"`, "release: 6.5.10.1")
	}
}

func (d *decoder) applianceTable(a *Appliance) []key {
	return []key{
		{"release", false, func(n *node) { a.Release, _ = d.release(n, "release") }},
		{"deployment", false, func(n *node) { a.Deployment = Deployment(d.word(n, "deployment", deployments())) }},
		{"services", false, func(n *node) { a.Services = d.services(n) }},
		{"policy", false, func(n *node) { a.Policy = d.policies(n) }},
		{"default_policy", false, func(n *node) {
			a.DefaultDeny = d.word(n, "default_policy", []string{"allow", "deny"}) == "deny"
		}},
		{"revocation_pointers", false, func(n *node) { a.Pointers = d.pointers(n, "revocation_pointers") }},
		{"issuer", false, func(n *node) {
			a.Intermediate = d.word(n, "issuer", []string{"root", "intermediate"}) == "intermediate"
		}},
		{"intermediate_pointers", false, func(n *node) { a.IntermediatePointers = d.pointers(n, "intermediate_pointers") }},
		{"staple", false, func(n *node) { a.Staple = d.yes(n, "staple") }},
		{"categories", false, func(n *node) { a.Categories = d.categories(n) }},
	}
}

func deployments() []string {
	return []string{string(Explicit), string(Transparent), string(None)}
}

func (d *decoder) categories(n *node) map[string][]string {
	if n.kind != mapping {
		d.bad(n, "scenario-type", "categories wants a mapping of hosts to categories, this is "+describe(n), "categories: {www.example.com: [News]}")
		return nil
	}
	all := map[string][]string{}
	for _, f := range n.fields {
		all[strings.ToLower(d.host(f.key, "categories"))] = d.texts(f.value, "categories of "+f.key.text)
	}
	return all
}

// pointers reads none, crl, ocsp or a list of the last two.
func (d *decoder) pointers(n *node, what string) Pointers {
	p := Pointers{Span: n.span}
	if n.kind == scalar && n.text == "none" {
		return p
	}
	words := []string{"crl", "ocsp"}
	if n.kind == scalar {
		words = append(words, "none")
	}
	if n.kind == mapping {
		d.bad(n, "scenario-type", fmt.Sprintf("%s wants a list, this is %s", what, describe(n)), what+": [crl, ocsp]")
		return p
	}
	for _, item := range each(n) {
		switch d.word(item, what, words) {
		case "crl":
			p.CRL = true
		case "ocsp":
			p.OCSP = true
		}
	}
	return p
}

// policies reads a path, {text: ..., name: ...}, a list of those, or none.
func (d *decoder) policies(n *node) []Policy {
	if n.kind == scalar && n.text == "none" {
		return nil
	}
	var all []Policy
	for _, item := range each(n) {
		if item.kind == scalar {
			if p, ok := d.policyFile(item); ok {
				all = append(all, p)
			}
			continue
		}
		p := Policy{Name: n.src.shown + "#" + strconv.Itoa(item.span.Start.Line), Span: item.span}
		d.object(item, "policy", []key{
			{"text", true, func(n *node) { p.Source = []byte(d.text(n, "text")) }},
			{"name", false, func(n *node) { p.Name = d.text(n, "name") }},
		})
		d.loader.texts[p.Name] = p.Source
		all = append(all, p)
	}
	return all
}

// policyFile reads a policy from a path relative to the file that names it.
func (d *decoder) policyFile(n *node) (Policy, bool) {
	name := d.text(n, "policy")
	if name == "" {
		return Policy{}, false
	}
	src := d.loader.openFor(d, beside(n.src.path, name), n)
	if src == nil {
		return Policy{}, false
	}
	return Policy{Name: src.shown, Source: src.text, Span: n.span}, true
}

// openFor opens a file with its diagnostics going to a variant's.
func (l *loader) openFor(d *decoder, name string, at *node) *source {
	outer := l.found
	l.found = nil
	src := l.open(name, at)
	d.found = append(d.found, l.found...)
	l.found = outer
	return src
}

// change reads an administrator's work at the appliance.
func (d *decoder) change(n *node) Action {
	var c Change
	if d.out.Appliance.Deployment == None {
		d.bad(n, "scenario-value", "this scenario has no appliance: its deployment is none")
	}
	if n.kind == scalar {
		switch d.word(n, "appliance", []string{"restart", "cold cache"}) {
		case "restart":
			c.Restart = true
		case "cold cache":
			c.ColdCache = true
		}
		return c
	}
	d.object(n, "appliance", []key{
		{"upgrade", false, func(n *node) {
			if r, ok := d.release(n, "upgrade"); ok {
				c.Upgrade = &r
			}
		}},
		{"policy", false, func(n *node) { c.Policy = d.policies(n); c.NoPolicy = scalarOf(n) == "none" }},
		{"revocation_pointers", false, func(n *node) { c.Pointers = pointerTo(d.pointers(n, "revocation_pointers")) }},
		{"intermediate_pointers", false, func(n *node) { c.IntermediatePointers = pointerTo(d.pointers(n, "intermediate_pointers")) }},
		{"services", false, func(n *node) { c.Services = d.services(n) }},
		{"restart", false, func(n *node) { c.Restart = d.only(n, "restart") }},
		{"cold_cache", false, func(n *node) { c.ColdCache = d.only(n, "cold_cache") }},
		{"revoke", false, func(n *node) { c.Revoke = d.host(n, "revoke") }},
	})
	return c
}

func pointerTo[T any](v T) *T { return &v }
