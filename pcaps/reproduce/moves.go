package reproduce

import (
	"net/url"
	"slices"
	"strings"

	"rehearse/pcaps/signature"
	"rehearse/reports/journal"
	"rehearse/simulator/scenario"
)

// move is one hypothesis: a plan with one thing changed. It says false where there is
// nothing to change.
type move struct {
	name string
	// keys are the aspects that it changes, "" for all; it is worth a try only where
	// one of them differs. Host narrows that to what was wanted of a host.
	keys string
	host string
	// signs are what the capture says where it is likely: any of them, in the field
	// or in what is wanted. Without, it is tried once the likely ones bring nothing.
	signs []string
	on    func(p *Plan) bool
}

// likely says whether a move has its signs in the differences.
func (m move) likely(all []signature.Difference) bool {
	return slices.ContainsFunc(all, func(d signature.Difference) bool {
		if !m.isAbout(d) {
			return false
		}
		text := d.Name() + " = " + strings.Join(d.Want, ", ")
		return slices.ContainsFunc(m.signs, func(sign string) bool { return strings.Contains(text, sign) })
	})
}

// relevant says whether a move has to do with any of the differences.
func (m move) relevant(all []signature.Difference) bool {
	if m.keys == "" {
		return true
	}
	keys := strings.Fields(m.keys)
	return slices.ContainsFunc(all, func(d signature.Difference) bool {
		return m.isAbout(d) && (slices.Contains(keys, d.Key) || slices.Contains(keys, d.What))
	})
}

// isAbout says whether a difference has to do with the move's host.
func (m move) isAbout(d signature.Difference) bool {
	return strings.Contains(d.What, m.host) || strings.Contains(d.Key, m.host)
}

// The policies that are tried, the smallest first.
const (
	policyHTTPS   = "<SSL-Intercept>\n    ssl.forward_proxy(https)\n"
	policyYes     = "<SSL-Intercept>\n    ssl.forward_proxy(yes)\n"
	policyNo      = "<SSL-Intercept>\n    ssl.forward_proxy(no)\n"
	policyStunnel = "<SSL-Intercept>\n    ssl.forward_proxy(stunnel)\n"
	denyUnknown   = "\n<Proxy>\n    DENY client.protocol=!ssl tunneled=yes\n"
)

// policyBypass leaves the servers of a zone alone.
func policyBypass(zone string) string {
	labels := strings.Split(zone, ".")
	return "<SSL-Intercept>\n    url.host.substring=" + strings.Join(labels[max(0, len(labels)-2):], ".") + " ssl.forward_proxy(no)\n    ssl.forward_proxy(https)\n"
}

// policies are tried for a capture in which these hosts were wanted.
func policies(zone string, hosts []string) []string {
	all := []string{
		policyHTTPS, policyYes, policyNo, policyStunnel, policyYes + denyUnknown, policyHTTPS + denyUnknown,
		policyBypass(zone), strings.Replace(policyBypass(zone), "    ssl.forward_proxy(https)", "    url.address=52.112.0.0/14 ssl.forward_proxy(no)\n    ssl.forward_proxy(https)", 1),
	}
	for _, h := range append(slices.Clone(hosts), scenario.StatusHost) {
		for _, base := range []string{policyHTTPS, policyYes} {
			all = append(all, base+"\n<Proxy>\n    url.domain="+h+" DENY\n")
		}
	}
	return all
}

// moves are the hypotheses for a capture, the simplest first.
func (g *guesser) moves(p *Plan, given Given) []move {
	hosts := g.denied()
	var all []move
	if given.Policy == "" && p.Deployment.Text != "none" {
		zone := p.Zone.Text
		if zone == "" {
			zone = "online.lync.com"
		}
		for _, text := range policies(zone, hosts) {
			all = append(all, policyMove(text))
		}
		all = append(all, move{"no policy", "", "", signsOfPolicy(), func(p *Plan) bool { return set(&p.Policy.Text, &p.Policy.From, "") }})
	}
	if given.Release == "" {
		for _, r := range []string{"6.5.5.1", "6.5.9.1", "6.5.10.1", "7.3.1.1"} {
			all = append(all, move{"release " + r, "", "", []string{"certificate =", "tls =", "relay:"}, func(p *Plan) bool { return set(&p.Release.Text, &p.Release.From, r) }})
		}
	}
	all = append(all, applianceMoves(p)...)
	for i := range p.Clients {
		all = append(all, clientMoves(i, p.Clients[i])...)
	}
	all = append(all, g.faultMoves(p, hosts)...)
	return append(all, pairs(given)...)
}

const tried = "tried: the rehearsal then comes closest to the capture"

// signsOfPolicy are aspects that policy decides on.
func signsOfPolicy() []string {
	return []string{"certificate =", "CONNECT =", "http =", "relay:", "tls ="}
}

// statusWords are what revocation fetches come to, and the faults that may be behind.
var statusWords = [...]struct{ sign, fault string }{
	{"stale", "stale"}, {"not yet valid", "not_yet_valid"}, {"malformed", "malformed"}, {"revoked", "revoked_leaf"},
	{"unknown", "unknown"}, {"HTTP 404", "http404"}, {"HTTP 503", "http503"}, {"HTTP 502", "down"}, {"no answer", "silent"}, {"no answer", "down"},
	{"tryLater", "try_later"}, {"unauthorized", "unauthorized"}, {"read, ", "wrong_signer"}, {"good", "wrong_signer"},
}

// statusMoves have both kinds of status in the same trouble.
func statusMoves() []move {
	var all []move
	for _, w := range statusWords {
		for _, pair := range [][2]string{{scenario.TargetOCSP, scenario.TargetCRL}, {scenario.TargetOriginOCSP, scenario.TargetOriginCRL}} {
			host := ""
			if pair[0] == scenario.TargetOCSP {
				host = scenario.StatusHost
			}
			all = append(all, move{pair[0] + " and CRL " + w.fault, "revocation", host, []string{w.sign}, func(p *Plan) bool {
				if p.Deployment.Text == "none" && pair[0] == scenario.TargetOCSP {
					return false
				}
				for _, target := range pair {
					if w.fault == "unknown" || w.fault == "try_later" || w.fault == "unauthorized" {
						target = pair[0]
					}
					p.Faults = append(p.Faults, Fault{target, w.fault, tried, ""})
				}
				return true
			}})
		}
	}
	return all
}

// set gives a value another text.
func set(text, from *string, to string) bool {
	if *text == to {
		return false
	}
	*text, *from = to, tried
	return true
}

func policyMove(text string) move {
	return move{"policy " + firstLine(text), "", "", signsOfPolicy(), func(p *Plan) bool { return set(&p.Policy.Text, &p.Policy.From, text) }}
}

func firstLine(text string) string {
	return strings.Join(strings.Fields(text), " ")
}

// pairs are two things that go together: what decrypts all protocols came with a
// release.
func pairs(given Given) []move {
	if given.Policy != "" || given.Release != "" {
		return nil
	}
	all := []move{{"6.5.10.1, unknown protocols denied, detection off", "", "", []string{"CONNECT ="}, func(p *Plan) bool {
		p.Policy, p.Release = Policy{policyYes + denyUnknown, tried}, Value{"6.5.10.1", tried}
		return p.detectNothing()
	}}}
	for _, text := range []string{policyYes, policyYes + denyUnknown} {
		for _, pointers := range []string{"", "[crl, ocsp]"} {
			all = append(all, move{"6.5.10.1 and " + firstLine(text) + " " + pointers, "", "", nil, func(p *Plan) bool {
				some := set(&p.Policy.Text, &p.Policy.From, text)
				some = set(&p.Release.Text, &p.Release.From, "6.5.10.1") || some
				if pointers != "" {
					some = set(&p.Pointers.Text, &p.Pointers.From, pointers) || some
				}
				return some
			}})
		}
	}
	return all
}

// applianceMoves are about the interceptor.
func applianceMoves(p *Plan) []move {
	if p.Deployment.Text == "none" {
		return []move{{"transparent", "", "", nil, func(p *Plan) bool {
			p.transparent(tried)
			p.Policy = Policy{policyHTTPS, tried}
			return true
		}}}
	}
	var all []move
	for _, v := range []string{"", "[crl]", "[ocsp]", "[crl, ocsp]"} {
		all = append(all, move{"pointers " + v, "certificate revocation", "", []string{"certificate ="}, func(p *Plan) bool { return set(&p.Pointers.Text, &p.Pointers.From, v) }})
	}
	all = append(all, move{"detection off", "", "", []string{"CONNECT =", "relay:", "sip =", "http ="}, (*Plan).detectNothing})
	all = append(all, move{"HTTPS alone", "", "", []string{":80:"}, func(p *Plan) bool {
		if p.Deployment.Text != "transparent" || len(p.Services) != 2 {
			return false
		}
		p.Services = p.Services[1:]
		return true
	}})
	for _, v := range []string{"[crl]", "[ocsp]", "[crl, ocsp]"} {
		all = append(all, move{"pointers of the intermediate " + v, "certificate revocation tls", "", []string{"revocation"}, func(p *Plan) bool {
			return p.Issuer.Text != "" && set(&p.IssuerPointers.Text, &p.IssuerPointers.From, v)
		}})
	}
	return append(all,
		move{"default deny", "CONNECT http connect", "", []string{"403"}, func(p *Plan) bool { return set(&p.DefaultPolicy.Text, &p.DefaultPolicy.From, "deny") }},
		move{"staple", "certificate", "", []string{"staple"}, func(p *Plan) bool { return set(&p.Staple.Text, &p.Staple.From, "true") }})
}

// detectNothing switches detection off on all services.
func (p *Plan) detectNothing() bool {
	off := slices.Clone(p.Services)
	for i := range off {
		off[i] = strings.Replace(off[i], "detect_protocol: true", "detect_protocol: false", 1)
	}
	if slices.Equal(off, p.Services) {
		return false
	}
	p.Services, p.ServicesFrom = off, "detection: "+tried
	return true
}

// clientMoves are about one client.
func clientMoves(i int, c Client) []move {
	var all []move
	one := func(name, keys string, on func(c *Client) bool, signs ...string) {
		all = append(all, move{c.Name + " " + name, keys, "", signs, func(p *Plan) bool { return on(&p.Clients[i]) }})
	}
	one("distrusts", "alert close revocation", func(c *Client) bool { return set(&c.Trusts.Text, &c.Trusts.From, "false") }, "unknown_ca", "revocation: ", "by client after Finished")
	for _, v := range []string{"fin", "rst", "alert"} {
		one("ends by "+v, "alert close tls", func(c *Client) bool { return set(&c.Ending.Text, &c.Ending.From, v) }, strings.ToUpper(v)+" by client after Finished")
	}
	kinds := []string{"skype-strict", "best-effort", "skype-2010"}
	if c.Profile.Text == "browser" {
		kinds = []string{"best-effort", "java-pkix", "openssl-crl", "gnutls-ocsp", "curl-staple", "skype-strict", "skype-2010"}
	}
	for _, v := range kinds {
		one("is "+v, "", func(c *Client) bool { return set(&c.Profile.Text, &c.Profile.From, v) })
	}
	if c.Profile.Text != "browser" {
		all = append(all, move{c.Name + " joins", "sip records relay", "", []string{"sip =", "records ="}, func(p *Plan) bool { return p.also(c.Name, "{join: weekly}") }})
		all = append(all, move{c.Name + " signs out", "sip records", "", []string{"sip =", "records ="}, func(p *Plan) bool { return p.also(c.Name, "sign out") }})
		one("has another password", "sip records", func(c *Client) bool { return set(&c.Password.Text, &c.Password.From, "wrong") }, "sip =", "records =")
	}
	return all
}

// also has a client do something more at the end, once.
func (p *Plan) also(client, action string) bool {
	step := Step{Client: client, Action: action, From: tried}
	if slices.ContainsFunc(p.Steps, func(s Step) bool { return s.Client == client && s.Action == step.Action }) {
		return false
	}
	p.Steps = append(p.Steps, step)
	return true
}

// denied are the hosts that were wanted, without those that only discovery asks for.
func (g *guesser) denied() []string {
	var hosts []string
	status := g.statusHosts()
	for _, w := range g.view.Wants() {
		if w.Type == "" && hostName(w.Host) && !status[w.Host] && !slices.Contains(hosts, w.Host) {
			hosts = append(hosts, w.Host)
		}
	}
	const most = 12
	return hosts[:min(len(hosts), most)]
}

// faultMoves are what can be wrong with network and servers.
func (g *guesser) faultMoves(p *Plan, hosts []string) []move {
	var all []move
	for _, f := range append(g.statuses(), faults(hosts, g.names(), p.Deployment.Text != "none")...) {
		all = append(all, move{f.Target + " " + f.Text, f.keys(), f.host, f.signs(), func(p *Plan) bool {
			if slices.ContainsFunc(p.Faults, func(o Fault) bool { return o.Target == f.Target && o.Text == f.Text }) {
				return false
			}
			p.Faults = append(p.Faults, Fault{f.Target, f.Text, tried, ""})
			return true
		}})
	}
	for _, h := range hosts {
		if !slices.ContainsFunc(p.Steps, func(s Step) bool { return strings.Contains(s.Action, "//"+h+"/") }) {
			continue
		}
		for _, kind := range []string{"expired", "untrusted", "wrong_name", "revoked", "no_pointers"} {
			all = append(all, move{h + " " + kind, "certificate tls alert CONNECT http close", h, []string{h}, func(p *Plan) bool { return p.certificate(h, kind) }})
		}
	}
	all = append(all, statusMoves()...)
	all = append(all, move{"loss", "", "", []string{"records =", "no answer"}, func(p *Plan) bool {
		if slices.ContainsFunc(p.Faults, func(f Fault) bool { return f.Text == "{loss: 1%}" }) {
			return false
		}
		p.Faults = append(p.Faults, Fault{scenario.TargetNetwork, "{loss: 1%}", tried, ""})
		return true
	}})
	return append(all, move{"UDP open", "relay", "", []string{"relay: m"}, func(p *Plan) bool { return set(&p.UDP.Text, &p.UDP.From, "open") }})
}

// certificate gives a server of the scenario's own a certificate.
func (p *Plan) certificate(host, kind string) bool {
	one := Server{host, Value{"https", assumed}, Value{kind, tried}}
	if i := slices.IndexFunc(p.Servers, func(s Server) bool { return s.Host == host }); i >= 0 {
		p.Servers[i] = one
		return true
	}
	p.Servers = append(p.Servers, one)
	return true
}

// names are those that were looked up, the ones that were not found first.
func (g *guesser) names() []string {
	var lost, found []string
	for _, e := range g.log {
		n, ok := e.Body.(journal.NameResolved)
		switch {
		case !ok || n.Type != "A" || !hostName(n.Name) || slices.Contains(append(slices.Clone(lost), found...), n.Name):
		case n.Err != "":
			lost = append(lost, n.Name)
		default:
			found = append(found, n.Name)
		}
	}
	return append(lost, found...)
}

// faults are the rows of the table of faults, with what they need.
func faults(hosts, lookedUp []string, appliance bool) []Fault {
	var all []Fault
	for _, k := range scenario.FaultKinds() {
		own := k.Target == scenario.TargetOCSP || k.Target == scenario.TargetCRL
		if own && !appliance {
			continue
		}
		about := func(host, text string) { all = append(all, Fault{Target: k.Target, Text: text, host: host}) }
		add := func(text string) { about("", text) }
		switch {
		case k.Target == scenario.TargetDNS && k.Word == "nxdomain":
			for _, n := range append(slices.Clone(lookedUp), scenario.StatusHost) {
				about(n, "nxdomain: "+n)
			}
		case k.Target == scenario.TargetNetwork && (k.Word == "reset" || k.Word == "blackhole"):
			for _, h := range append(slices.Clone(hosts), scenario.StatusHost) {
				about(h, "{"+k.Word+": "+h+"}")
			}
		case k.Target == scenario.TargetTLS && k.Word != "alert":
			for _, h := range hosts {
				about(h, "{"+k.Word+": true, host: "+h+"}")
			}
		case k.Word == "alert":
			for _, alert := range []string{"handshake_failure", "internal_error", "protocol_version"} {
				if k.Target != scenario.TargetTLS {
					add("{alert: " + alert + "}")
				}
			}
		case k.Word == "status":
			for _, status := range []string{"503", "403", "504"} {
				add(status)
			}
		case len(k.Needed) == 0:
			add(k.Word)
		}
	}
	return all
}

// keys are the aspects that a fault shows in.
func (f Fault) keys() string {
	switch f.Target {
	case scenario.TargetOCSP, scenario.TargetCRL, scenario.TargetOriginOCSP, scenario.TargetOriginCRL:
		return "revocation"
	case scenario.TargetDNS:
		return "names connect CONNECT revocation"
	case scenario.TargetNetwork:
		return "connect CONNECT close revocation relay tls"
	case scenario.TargetTLS:
		return "tls alert close"
	case "edge", "turn", "mras":
		return "relay sip records"
	case "meet", "web":
		return "http tls records close alert"
	}
	return ""
}

// signs are where a fault is likely.
func (f Fault) signs() []string {
	switch f.Target {
	case scenario.TargetOCSP, scenario.TargetCRL, scenario.TargetOriginOCSP, scenario.TargetOriginCRL:
		for _, w := range statusWords {
			if w.fault == f.Text {
				return []string{w.sign}
			}
		}
	case scenario.TargetDNS:
		return []string{"NXDOMAIN", "502", "503", "404"}
	case scenario.TargetNetwork:
		return []string{"refused", "no answer", "reset", "502", "503"}
	case "front_end":
		return []string{"sipdir.", "sip ="}
	case "edge":
		return []string{"relay:", "avedge."}
	case "mras":
		return []string{"relay:"}
	case "web":
		return []string{"webdir.", "lyncdiscover"}
	case "meet":
		return []string{"meet."}
	}
	return nil
}

func hostOf(raw string) string {
	if u, err := url.Parse(raw); err == nil {
		return u.Hostname()
	}
	return raw
}
