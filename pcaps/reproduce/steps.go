package reproduce

import (
	"net/netip"
	"slices"
	"strings"
	"time"

	"rehearse/pcaps/signature"
	"rehearse/reports/journal"
)

// deed is a step and the packet in which it begins.
type deed struct {
	Step
	packet int
}

// apart is how long after the last beginning of the same thing another one is a new
// step.
const apart = 900 * time.Millisecond

// steps are what a client did, each in the order of its first packet.
func (g *guesser) steps(p *Plan, addr netip.Addr) []deed {
	var all []deed
	last := map[string]time.Duration{} // when an action began anew
	begin := func(action, from string, at time.Duration, packet int) {
		if before, known := last[action]; known && (at-before < apart || action != "sign in" && !strings.HasPrefix(action, "{browse")) {
			last[action] = max(at, before)
			return
		}
		last[action] = at
		all = append(all, deed{Step{Action: action, From: from}, packet})
	}
	status := g.statusHosts()
	for _, w := range g.view.Wants() {
		if w.Client != addr || status[w.Host] {
			continue
		}
		switch kind := g.kind(p, w); kind {
		case "sign in":
			begin(kind, packet(w.Packet)+", "+w.Host, w.At, w.Packet)
		case "join":
			begin("{join: weekly}", packet(w.Packet)+", "+w.Host, w.At, w.Packet)
		case "https", "http":
			begin("{browse: "+kind+"://"+w.Host+"/}", packet(w.Packet), w.At, w.Packet)
		}
	}
	return g.media(addr, all)
}

// media is a join that shows in the media or the signalling alone.
func (g *guesser) media(addr netip.Addr, all []deed) []deed {
	for _, d := range all {
		if strings.HasPrefix(d.Action, "{join") {
			return all
		}
	}
	for _, e := range g.log {
		at, err := netip.ParseAddrPort(e.Flow)
		if err == nil && at.Addr() == addr && ofMeeting(e.Body) {
			return append(all, deed{Step{Action: "{join: weekly}", From: packet(e.Packet) + ", " + e.Body.String()}, e.Packet})
		}
	}
	return all
}

// ofMeeting says whether an event belongs to joining a meeting.
func ofMeeting(b journal.Body) bool {
	switch b := b.(type) {
	case journal.TURNSent:
		return true
	case journal.SIPSent:
		return strings.HasPrefix(b.Line, "INVITE ") || strings.HasPrefix(b.Line, "SERVICE ")
	}
	return false
}

// kind says what somebody wants of a host: "sign in", "join", a page ("https" or
// "http"), or nothing of its own.
func (g *guesser) kind(p *Plan, w signature.Want) string {
	domain, zone := "."+p.Domain.Text, "."+p.Zone.Text
	switch {
	case strings.HasPrefix(w.Host, internalName), w.Type == "SRV" && strings.HasPrefix(w.Host, "_sipinternaltls.") && !g.autodiscovers(w.Client):
		return "sign in"
	case strings.HasPrefix(w.Host, "meet."), strings.HasPrefix(w.Host, "avedge."):
		return "join"
	case p.Domain.Text != "" && strings.HasSuffix(w.Host, domain), p.Zone.Text != "" && strings.HasSuffix(w.Host, zone):
		return ""
	case !hostName(w.Host):
		return ""
	case w.Type == "A" && !g.reached(w.Host):
		return "https"
	case w.Type != "":
		return ""
	case w.Port == 443:
		return "https"
	case w.Port == 80:
		return "http"
	}
	return ""
}

// reached says whether anybody began a connection for a host.
func (g *guesser) reached(host string) bool {
	return slices.ContainsFunc(g.view.Wants(), func(w signature.Want) bool { return w.Type == "" && w.Host == host })
}

func hostName(s string) bool {
	_, err := netip.ParseAddr(s)
	return err != nil && strings.Contains(s, ".") && plainWord(strings.ReplaceAll(s, ".", ""))
}

// autodiscovers says whether a client asks for autodiscovery.
func (g *guesser) autodiscovers(client netip.Addr) bool {
	for _, w := range g.view.Wants() {
		if w.Client == client && strings.HasPrefix(w.Host, internalName) {
			return true
		}
	}
	return false
}

// statusHosts are where certificates point for their status.
func (g *guesser) statusHosts() map[string]bool {
	hosts := map[string]bool{}
	for _, e := range g.log {
		switch b := e.Body.(type) {
		case journal.CertificateSeen:
			for _, u := range append(append([]string{}, b.CDP...), b.OCSP...) {
				hosts[hostOf(u)] = true
			}
		case journal.RevocationFetched:
			hosts[hostOf(b.URL)] = true
		}
	}
	return hosts
}
