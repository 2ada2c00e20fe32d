package scenario

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"rehearse/proxy"
)

func (d *decoder) services(n *node) []Service {
	if n.kind != list {
		d.bad(n, "scenario-type", "services wants a list, this is "+describe(n), "services: [{name: Explicit HTTP, port: 8080, detect_protocol: true}]")
		return nil
	}
	var all []Service
	for _, item := range n.items {
		var s Service
		d.object(item, "a service", []key{
			{"name", true, func(n *node) { s.Name = d.text(n, "name") }},
			{"kind", false, func(n *node) { s.Kind = d.word(n, "kind", serviceKinds()) }},
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
