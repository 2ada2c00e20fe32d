package reproduce

import (
	"cmp"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"rehearse/pcaps/signature"
	"rehearse/pcaps/story"
	"rehearse/reports/journal"
)

// Given are what the user knows: "" for nothing.
type Given struct {
	Release string
	Policy  string // its text
	Name    string // of the policy's file
}

// guess is a plan of what a capture shows, and of the simplest of the rest.
func guess(s *story.Summary, given Given) *Plan {
	g := &guesser{view: signature.Look(s), log: s.Events, sum: s}
	p := &Plan{Source: s.File, Start: time.Date(2017, 3, 1, 8, 0, 0, 0, time.UTC)}
	if s.First != nil {
		p.Start = s.First.Truncate(time.Second)
	}
	g.estate(p)
	g.deployment(p)
	g.interception(p)
	g.clients(p)
	if given.Release != "" {
		p.Release = Value{given.Release, "given"}
	}
	if given.Policy != "" {
		p.Policy = Policy{given.Policy, "given, " + oneLine(given.Name)}
	}
	return p
}

type guesser struct {
	view *signature.View
	log  journal.Log
	sum  *story.Summary
}

func packet(n int) string { return fmt.Sprintf("packet %d", n) }

const assumed = "assumption"

// Names of discovery.
const (
	internalName = "lyncdiscoverinternal."
	externalName = "lyncdiscover."
)

// estate finds the SIP domain and the servers' zone.
func (g *guesser) estate(p *Plan) {
	for _, w := range g.view.Wants() {
		for _, prefix := range []string{internalName, externalName} {
			if domain, ok := strings.CutPrefix(w.Host, prefix); ok && p.Domain.Text == "" {
				p.Domain = Value{domain, packet(w.Packet)}
			}
		}
		for _, prefix := range []string{"webdir.", "sipdir.", "meet.", "avedge."} {
			if zone, ok := strings.CutPrefix(w.Host, prefix); ok && p.Zone.Text == "" {
				p.Zone = Value{zone, packet(w.Packet)}
			}
		}
	}
}

// deployment finds how clients come to the interceptor.
func (g *guesser) deployment(p *Plan) {
	p.Release = Value{"6.5.9.1", assumed + ", no later feature is seen"}
	switch proxy := g.view.Proxy; {
	case proxy.Port() > 0:
		p.Deployment = Value{"explicit", packet(g.view.ProxyPacket) + ", CONNECT to " + proxy.String()}
		p.Services = []string{fmt.Sprintf("{name: Explicit HTTP, kind: explicit-http, port: %d, detect_protocol: true}", proxy.Port())}
		p.ServicesFrom = "the port is that of " + packet(g.view.ProxyPacket) + "; detection is an " + assumed
	case proxy.IsValid():
		p.transparent(packet(g.view.ProxyPacket) + ", " + proxy.Addr().String() + " connects to where a client connects")
	default:
		p.Deployment = Value{"none", "nobody stands between in the capture"}
	}
}

// transparent puts an interceptor in the way.
func (p *Plan) transparent(from string) {
	p.Deployment = Value{"transparent", from}
	p.Services = []string{
		"{name: External HTTP, kind: http, port: 80, detect_protocol: true}",
		"{name: HTTPS, kind: ssl, port: 443, detect_protocol: true}",
	}
	p.ServicesFrom = assumed
}

// shown is a server certificate as somebody saw it.
type shown struct {
	journal.CertificateSeen
	host   string
	packet int
}

// certificates are those that clients saw, and those that the proxy saw.
func (g *guesser) certificates() (clients, proxy []shown) {
	for _, e := range g.log {
		c, ok := e.Body.(journal.CertificateSeen)
		if !ok {
			continue
		}
		at, err := netip.ParseAddrPort(e.Flow)
		if err != nil {
			continue
		}
		one := shown{c, g.view.Target(e.Flow), e.Packet}
		switch who := g.view.Who(at.Addr()); {
		case who == "proxy":
			proxy = append(proxy, one)
		case who != "":
			clients = append(clients, one)
		}
	}
	return clients, proxy
}

// interception finds whether certificates were re-issued, and with which pointers.
func (g *guesser) interception(p *Plan) {
	clients, beyond := g.certificates()
	for _, c := range clients {
		i := slices.IndexFunc(beyond, func(b shown) bool { return b.host == c.host })
		reissued := i >= 0 && beyond[i].Issuer != c.Issuer
		alone := i < 0 && c.ChainLen == 1 && len(c.CDP)+len(c.OCSP) == 0
		if !reissued && !alone || !reissued && p.Deployment.Text == "none" && !g.sameIssuer(clients, c.Issuer) {
			continue
		}
		g.reissued(p, c)
		return
	}
	p.Policy.From = "no certificate is seen re-issued"
}

// sameIssuer says whether an issuer signed for several hosts.
func (g *guesser) sameIssuer(all []shown, issuer string) bool {
	hosts := map[string]bool{}
	for _, c := range all {
		if c.Issuer == issuer {
			hosts[c.host] = true
		}
	}
	return len(hosts) > 1
}

func (g *guesser) reissued(p *Plan, c shown) {
	from := fmt.Sprintf("%s, the certificate of %s is of %s", packet(c.packet), oneLine(c.Subject), oneLine(c.Issuer))
	if p.Deployment.Text == "none" {
		p.transparent(from)
	}
	p.Policy = Policy{policyHTTPS, from + "; that it is taken for HTTP is an " + assumed}
	var have []string
	if len(c.CDP) > 0 {
		have = append(have, "crl")
	}
	if len(c.OCSP) > 0 {
		have = append(have, "ocsp")
	}
	if have != nil {
		p.Pointers = Value{"[" + strings.Join(have, ", ") + "]", packet(c.packet)}
		p.Release = Value{"6.5.10.1", packet(c.packet) + ", the first release with pointers"}
	}
	if g.forwardsSIP() {
		p.Policy.Text, p.Release = policyYes, Value{"6.5.10.1", "SIP passes decrypted, which came with this release"}
	}
	if n := g.passesSIP(); n > 0 && p.Policy.Text == policyHTTPS {
		p.Policy.Text, p.Release = policyYes, Value{"6.5.10.1", packet(n) + ", what is inside TLS passes to the SIP server, which came with this release"}
	}
	if g.modern() {
		p.Release = Value{"7.3.1.1", "TLS 1.3 is spoken with the proxy, which came with 7.2"}
	}
	if b := g.passed(p, c.Issuer); b != nil {
		p.Policy = Policy{policyBypass(p.Zone.Text), fmt.Sprintf("%s; %s, the certificate of %s is not re-issued", p.Policy.From, packet(b.packet), oneLine(b.host))}
	}
	if c.ChainLen > 1 {
		p.Issuer = Value{"intermediate", fmt.Sprintf("%s, a chain of %d", packet(c.packet), c.ChainLen)}
	}
	if c.Stapled {
		p.Staple = Value{"true", packet(c.packet)}
	}
}

// passed is a certificate of the zone's servers that reached a client as another
// issuer made it.
func (g *guesser) passed(p *Plan, issuer string) *shown {
	clients, _ := g.certificates()
	for i, c := range clients {
		if p.Zone.Text != "" && strings.HasSuffix(c.host, "."+p.Zone.Text) && c.Issuer != issuer {
			return &clients[i]
		}
	}
	return nil
}

// forwardsSIP says whether SIP passes decrypted between the proxy and a server.
func (g *guesser) forwardsSIP() bool {
	return slices.ContainsFunc(g.log, func(e journal.Event) bool {
		_, ok := e.Body.(journal.SIPSent)
		at, err := netip.ParseAddrPort(e.Flow)
		return ok && err == nil && g.view.Who(at.Addr()) == "proxy"
	})
}

// passesSIP is the packet at which a connection of the proxy's to a SIP server ended
// that had something in it; 0 for none.
func (g *guesser) passesSIP() int {
	for _, e := range g.log {
		at, err := netip.ParseAddrPort(e.Flow)
		r, ok := e.Body.(journal.RecordsSeen)
		if ok && err == nil && r.Client > 0 && r.Server > 0 && g.view.Who(at.Addr()) == "proxy" && strings.HasPrefix(g.view.Target(e.Flow), "sip") {
			return e.Packet
		}
	}
	return 0
}

// modern says whether the proxy speaks TLS 1.3 with a server.
func (g *guesser) modern() bool {
	return slices.ContainsFunc(g.log, func(e journal.Event) bool {
		h, ok := e.Body.(journal.HandshakeEnded)
		at, err := netip.ParseAddrPort(e.Flow)
		return ok && err == nil && h.Version == "TLS 1.3" && g.view.Who(at.Addr()) == "proxy"
	})
}

// names are given to clients of whose users nothing is known.
var names = [...]string{"alice", "bob", "carol", "dave", "erin", "frank", "grace", "heidi"}

// clients finds who wanted what, in order.
func (g *guesser) clients(p *Plan) {
	type done struct {
		step   Step
		packet int
	}
	var all []done
	for i, addr := range g.view.Clients {
		c := Client{Name: fmt.Sprintf("client%d", i+1), NameFrom: addr.String()}
		if i < len(names) {
			c.Name = names[i]
		}
		g.user(p, &c, addr)
		signs := false
		for _, s := range g.steps(p, addr) {
			s.Client = c.Name
			signs = signs || s.Action == "sign in"
			all = append(all, done{Step{s.Client, s.Action, s.From, nil}, s.packet})
		}
		c.Profile = Value{"browser", assumed + ", it does not sign in"}
		if signs || !g.offers(addr) {
			c.Profile = Value{"skype-strict", assumed}
		}
		c.Ending = g.ending(addr)
		if n := g.unknownCA(addr); n > 0 {
			c.Trusts = Value{"false", packet(n) + ", alert unknown_ca"}
		}
		p.Clients = append(p.Clients, c)
	}
	slices.SortStableFunc(all, func(a, b done) int { return cmp.Compare(a.packet, b.packet) })
	for _, d := range all {
		p.Steps = append(p.Steps, d.step)
	}
}

// offers says whether a client offers application protocols, as browsers do, or does
// without TLS.
func (g *guesser) offers(addr netip.Addr) bool {
	offered, spoke := false, false
	for _, e := range g.log {
		at, err := netip.ParseAddrPort(e.Flow)
		if h, ok := e.Body.(journal.HelloSeen); ok && err == nil && at.Addr() == addr {
			spoke, offered = true, offered || len(h.ALPN) > 0
		}
	}
	return offered || !spoke
}

// ending is how a client hangs up behind handshakes, where it does so twice or more.
func (g *guesser) ending(addr netip.Addr) Value {
	first, times := Value{}, 0
	seen := map[string]bool{}
	for _, e := range g.log {
		at, err := netip.ParseAddrPort(e.Flow)
		c, ok := e.Body.(journal.Closed)
		if !ok || err != nil || at.Addr() != addr || seen[e.Flow] {
			continue
		}
		seen[e.Flow] = true
		if c.By != "client" || c.After != "Finished" {
			continue
		}
		if times++; times == 1 {
			first = Value{strings.ToLower(c.How), packet(e.Packet) + ", " + c.String()}
		}
	}
	const often = 2
	if times < often {
		return Value{}
	}
	return first
}

// unknownCA is the packet in which a client says that it does not know an issuer, 0
// for none.
func (g *guesser) unknownCA(addr netip.Addr) int {
	for _, e := range g.log {
		if a, ok := e.Body.(journal.AlertSent); ok && a.Name == "unknown_ca" && e.Actor == addr.String() {
			return e.Packet
		}
	}
	return 0
}

// user finds who signs in at an address: autodiscovery names the user.
func (g *guesser) user(p *Plan, c *Client, addr netip.Addr) {
	for _, e := range g.log {
		x, ok := e.Body.(journal.HTTPExchanged)
		at, err := netip.ParseAddrPort(e.Flow)
		if !ok || err != nil || at.Addr() != addr {
			continue
		}
		u, err := url.Parse(x.URL)
		if err != nil {
			continue
		}
		uri, ok := strings.CutPrefix(u.Query().Get("sipuri"), "sip:")
		if name, domain, both := strings.Cut(uri, "@"); ok && both && plainWord(name) && plainWord(strings.ReplaceAll(domain, ".", "")) {
			c.User = Value{uri, packet(e.Packet)}
			if !slices.ContainsFunc(p.Clients, func(o Client) bool { return o.Name == strings.ToLower(name) }) {
				c.Name = strings.ToLower(name)
			}
			return
		}
	}
}

// plainWord says whether a text is letters, digits and "-" alone.
func plainWord(s string) bool {
	return s != "" && strings.IndexFunc(s, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-'
	}) < 0
}
