package scenario

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"rehearse/proxy"
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
	src := d.loader.openFor(d, path.Join(path.Dir(n.src.path), name), n)
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

func (d *decoder) services(n *node) []Service {
	if n.kind != list {
		d.bad(n, "scenario-type", "services wants a list, this is "+describe(n), "services: [{name: Explicit HTTP, port: 8080, detect_protocol: true}]")
		return nil
	}
	var kinds []string
	for _, k := range proxy.Kinds {
		kinds = append(kinds, string(k))
	}
	var all []Service
	for _, item := range n.items {
		var s Service
		d.object(item, "a service", []key{
			{"name", true, func(n *node) { s.Name = d.text(n, "name") }},
			{"kind", false, func(n *node) { s.Kind = d.word(n, "kind", kinds) }},
			{"port", true, func(n *node) { s.Port = d.port(n, "port") }},
			{"detect_protocol", false, func(n *node) { s.DetectProtocol = d.yes(n, "detect_protocol") }},
		})
		if s.Kind == "" && item.get("kind") == nil && s.Port != 0 {
			s.Kind = usualKind(s.Name, s.Port)
		}
		if i := slices.IndexFunc(all, func(o Service) bool { return o.Port == s.Port }); i >= 0 && s.Port != 0 {
			d.bad(item, "scenario-value", fmt.Sprintf("port %d of service %q is that of %q", s.Port, s.Name, all[i].Name))
		}
		all = append(all, s)
	}
	return all
}

// usualKind is the kind of a service that does not say it.
func usualKind(name string, port uint16) string {
	switch {
	case strings.Contains(strings.ToLower(name), "explicit"):
		return string(proxy.ExplicitHTTP)
	case port == 80:
		return string(proxy.HTTP)
	case port == 443:
		return string(proxy.SSL)
	case port == 8080 || port == 3128:
		return string(proxy.ExplicitHTTP)
	}
	return string(proxy.TCPTunnel)
}

// withServices sees to it that there are services for the deployment: where no
// listed one fits it, the usual ones are added, with Detect Protocol on if any of
// those listed has it on.
func withServices(root *node) *node {
	a := root.get("appliance")
	if a == nil || a.kind != mapping {
		return root
	}
	transparent := scalarOf(a.get("deployment")) == string(Transparent)
	detect := "false"
	services := &node{kind: list, src: a.src, span: a.span}
	if n := a.get("services"); n != nil {
		if n.kind != list {
			return root
		}
		for _, s := range n.items {
			port, _ := strconv.ParseUint(scalarOf(s.get("port")), 10, 16)
			kind := scalarOf(s.get("kind"))
			if kind == "" {
				kind = usualKind(scalarOf(s.get("name")), uint16(port))
			}
			if proxy.Kind(kind).Transparent() == transparent {
				return root
			}
			if scalarOf(s.get("detect_protocol")) == "true" {
				detect = "true"
			}
		}
		services.items = slices.Clone(n.items)
	}
	usual := []*node{made(a, "name", "Explicit HTTP", "kind", string(proxy.ExplicitHTTP), "port", "8080", "detect_protocol", detect)}
	if transparent {
		usual = []*node{
			made(a, "name", "External HTTP", "kind", string(proxy.HTTP), "port", "80", "detect_protocol", detect),
			made(a, "name", "HTTPS", "kind", string(proxy.SSL), "port", "443", "detect_protocol", detect),
		}
	}
	services.items = append(services.items, usual...)
	return root.with(keyIn(root, "appliance"), a.with(word(a, "services"), services))
}

func scalarOf(n *node) string {
	if n == nil || n.kind != scalar {
		return ""
	}
	return n.text
}

// word is a scalar that stands for nothing in the text; it shows at another node.
func word(at *node, text string) *node { return &node{text: text, src: at.src, span: at.span} }

// made is such a mapping, of keys and values in turn.
func made(at *node, pairs ...string) *node {
	n := &node{kind: mapping, src: at.src, span: at.span}
	for i := 0; i+1 < len(pairs); i += 2 {
		n.fields = append(n.fields, field{word(at, pairs[i]), word(at, pairs[i+1])})
	}
	return n
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
