package run

import (
	"net"
	"net/url"
	"strings"

	"rehearse/reports/journal"
)

// hop is what can be told of an event beside its own words: between which hosts
// something went, which policy line is behind it, and whether somebody was
// refused in it.
type hop struct {
	from, to string // "" where nothing went from one host to another
	rule     string // "file.cpl:12"
	refusal  bool
}

// hops tells the hop of every event of a rehearsal's steps, in their order. What
// is known of a flow may come from a later event: who serves it, say.
type hops struct {
	r     *rehearsal
	flows map[string]*route
	// flying counts messages that were sent and whose arrival nobody has recorded.
	flying map[string]int
}

// route is the way of one flow through the world.
type route struct {
	client, server string
	proxied        bool // by way of the appliance
	tunnelled      bool // whose bytes the appliance left as they were
	protocol       string
	// The policy lines that decided last: of all, whether to intercept, to refuse.
	decided, intercepted, refused string
}

func newHops(r *rehearsal, steps []played) *hops {
	h := &hops{r: r, flows: map[string]*route{}, flying: map[string]int{}}
	for _, p := range steps {
		for _, e := range p.log {
			h.learn(e)
		}
	}
	return h
}

func (h *hops) route(flow string) *route {
	f := h.flows[flow]
	if f == nil {
		f = &route{client: h.r.flowOf(flow)}
		h.flows[flow] = f
	}
	return f
}

// learn takes from an event what it says about its flow.
func (h *hops) learn(e journal.Event) {
	if e.Flow == "" {
		return
	}
	f := h.route(e.Flow)
	switch {
	case h.appliance(e.Actor):
		f.proxied = true
	case e.Actor != f.client:
		f.server = e.Actor
	}
	switch b := e.Body.(type) {
	case journal.FlowHandled:
		f.tunnelled, f.protocol = f.tunnelled || b.How == "tunnel", b.Protocol
	case journal.UpstreamOpened:
		if f.server == "" {
			f.server = hostOf(b.To)
		}
	case journal.Connected:
		if f.server == "" {
			f.server = hostOf(b.To)
		}
	}
}

func hostOf(target string) string {
	if host, _, err := net.SplitHostPort(target); err == nil {
		return host
	}
	return target
}

func (h *hops) appliance(actor string) bool {
	return actor != "" && actor == h.r.interceptor()
}

// of is the hop of the next event.
func (h *hops) of(e journal.Event) hop {
	one := hop{refusal: refuses(e.Body)}
	if e.Flow != "" {
		one.from, one.to = h.ends(e)
		one.rule = h.behind(e)
	}
	if own := rule(e.Body); own != "" {
		one.rule = own
	}
	if one.from == one.to || one.from == "" || one.to == "" {
		one.from, one.to = "", ""
	}
	return one
}

// behind is the policy line that brought an event about: the last decision on its
// flow, where the event is the appliance's carrying it out.
func (h *hops) behind(e journal.Event) string {
	f := h.route(e.Flow)
	switch b := e.Body.(type) {
	case journal.Decided:
		f.decided = b.Rule
		if b.Transaction == "ssl.intercept" {
			f.intercepted = b.Rule
		}
	case journal.CertificateEmulated:
		return f.intercepted
	case journal.ExceptionSent:
		f.refused = f.decided
		return f.refused
	case journal.ConnectAnswered:
		if b.Status >= 400 {
			return f.refused
		}
	}
	return ""
}

// ends are the hosts between which an event went.
func (h *hops) ends(e journal.Event) (from, to string) {
	f := h.route(e.Flow)
	switch b := e.Body.(type) {
	case journal.Connected:
		if b.Via != "" || f.proxied {
			return e.Actor, h.r.interceptor()
		}
		return e.Actor, f.server
	case journal.ConnectAnswered:
		return h.r.interceptor(), e.Actor
	case journal.UpstreamOpened:
		return e.Actor, f.server
	case journal.ExceptionSent:
		return e.Actor, f.client
	case journal.HTTPExchanged:
		if e.Actor != f.server {
			return e.Actor, h.above(e)
		}
	case journal.RevocationFetched:
		if u, err := url.Parse(b.URL); err == nil && e.Actor != u.Hostname() {
			return e.Actor, u.Hostname()
		}
	case journal.BytesReceived:
		return h.above(e), e.Actor
	case journal.Closed:
		return h.closed(e, b)
	}
	return h.message(e)
}

// message are the ends of what TLS, SIP and the media relay send.
func (h *hops) message(e journal.Event) (from, to string) {
	switch b := e.Body.(type) {
	case journal.HelloSeen:
		return h.below(e), e.Actor
	case journal.CertificateSeen:
		return h.above(e), e.Actor
	case journal.HandshakeEnded:
		if b.Side == "client" {
			return e.Actor, h.above(e)
		}
	case journal.MediaFlowed:
		if f := h.route(e.Flow); b.Path != journal.MediaNone && e.Actor == f.client {
			return e.Actor, f.server
		}
	case journal.AlertSent:
		return h.sent(e, b.Received, b.Name)
	case journal.SIPSent:
		return h.sent(e, b.Received, b.Line)
	case journal.TURNSent:
		// A UDP flow can have the name of a TCP flow that went by way of the appliance.
		if f := h.route(e.Flow); !f.proxied || strings.Contains(f.protocol, "turn") {
			return h.sent(e, b.Received, b.Message)
		}
	}
	return "", ""
}

// sent are the ends of a message that its sender, its receiver or both record.
// What both record is told once, where it was sent.
func (h *hops) sent(e journal.Event, received bool, what string) (from, to string) {
	peer := h.above(e)
	if e.Actor != h.route(e.Flow).client {
		peer = h.below(e)
	}
	key := func(from, to string) string {
		return strings.Join([]string{e.Flow, e.Body.Kind(), what, from, to}, " ")
	}
	if !received {
		h.flying[key(e.Actor, peer)]++
		return e.Actor, peer
	}
	if k := key(peer, e.Actor); h.flying[k] > 0 {
		h.flying[k]--
		return "", ""
	}
	return peer, e.Actor
}

// closed are the ends of a connection's end, told where it was sent or, where
// nobody recorded that, where it was seen.
func (h *hops) closed(e journal.Event, b journal.Closed) (from, to string) {
	f := h.route(e.Flow)
	sends := b.By == "client" && e.Actor == f.client || b.By == "server" && e.Actor == f.server
	return h.sent(e, !sends, b.How)
}

// above is who a host's flow leads to next, towards the origin; for bytes that are
// tunnelled that is the origin itself.
func (h *hops) above(e journal.Event) string {
	f := h.route(e.Flow)
	if e.Actor == f.client && f.proxied && !f.tunnelled {
		return h.r.interceptor()
	}
	return f.server
}

// below is who a host's flow comes from.
func (h *hops) below(e journal.Event) string {
	f := h.route(e.Flow)
	if e.Actor == f.server && f.proxied && !f.tunnelled {
		return h.r.interceptor()
	}
	return f.client
}

// refuses says whether an event is a refusal: somebody said no, or hung up.
func refuses(b journal.Body) bool {
	switch b := b.(type) {
	case journal.NameResolved:
		return b.Err != ""
	case journal.Connected:
		return b.Err != ""
	case journal.ConnectAnswered:
		return b.Status >= 400
	case journal.UpstreamOpened:
		return b.Err != ""
	case journal.HandshakeEnded:
		return b.Err != ""
	case journal.AlertSent:
		return b.Name != "close_notify"
	case journal.RevocationJudged:
		return !b.Accept
	case journal.HTTPExchanged:
		return b.Err != "" || b.Status >= 400
	case journal.BytesReceived, journal.ExceptionSent:
		return true
	case journal.StepEnded:
		return b.Outcome.Result != journal.OK
	}
	return false
}
