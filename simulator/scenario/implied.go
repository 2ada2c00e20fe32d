package scenario

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"rehearse/reports/diag"
	"rehearse/simulator/server"
)

// implied adds the servers that steps go to and no line of the scenario names: a web
// site for every page that is browsed, a server of the protocol spoken for every
// connect. Hosts of the estate's domain and zone are left as they are, and so are
// addresses.
func (s *Scenario) implied() {
	for _, step := range s.Steps {
		switch a := step.Action.(type) {
		case Browse:
			if u, err := url.Parse(a.URL); err == nil {
				s.imply(u.Hostname(), u.Port(), u.Scheme, step)
			}
		case Connect:
			if host, port, err := net.SplitHostPort(a.Target); err == nil {
				s.imply(host, port, a.Speak, step)
			}
		}
	}
}

func (s *Scenario) imply(host, port, speaks string, step Step) {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	known := slices.ContainsFunc(s.Servers, func(o Server) bool { return strings.EqualFold(o.Host, host) })
	served := slices.ContainsFunc(server.Speaks(), func(p server.Protocol) bool { return p.Name == speaks })
	if _, err := netip.ParseAddr(host); err == nil || known || !served || s.owns(host) {
		return
	}
	at := usualPort(speaks)
	if n, err := strconv.ParseUint(port, 10, 16); err == nil {
		at = uint16(n)
	}
	s.Servers = append(s.Servers, Server{Host: host, Port: at, Speaks: speaks, Certificate: "good", Span: step.Span})
}

// owns says whether a host belongs to the estate, the public PKI or the appliance.
func (s *Scenario) owns(host string) bool {
	for _, zone := range []string{s.Estate.Domain, s.Estate.Zone, "meet.lync.com", "pki.test", "appliance.test"} {
		if strings.EqualFold(host, zone) || strings.HasSuffix(host, "."+strings.ToLower(zone)) {
			return true
		}
	}
	return false
}

// distinctHosts reports hosts of one name: every client and every server has a host
// of its own.
func (d *decoder) distinctHosts() {
	taken := map[string]string{}
	for _, name := range server.HostNames(d.out.Estate.Zone) {
		taken[strings.ToLower(name)] = "a server of the estate"
	}
	taken[ApplianceHost], taken[StatusHost] = "the appliance", "the appliance's revocation endpoint"
	enter := func(name, what string, at diag.Span) {
		key := strings.ToLower(name)
		if other, ok := taken[key]; ok {
			d.report(diag.Diagnostic{ID: "scenario-value", Span: at, Message: fmt.Sprintf("host %q is taken: it is %s", name, other)})
			return
		}
		taken[key] = what
	}
	for _, c := range d.out.Clients {
		enter(c.Name, "a client", c.Span)
	}
	for _, s := range d.out.Servers {
		enter(s.Host, "a server of its own", s.Span)
	}
}
