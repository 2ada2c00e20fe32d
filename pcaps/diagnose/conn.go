package diagnose

import (
	"slices"
	"strings"
	"time"

	"rehearse/reports/journal"
)

// conn is a TCP connection, or the datagrams of one socket.
type conn struct {
	flow   string // the client's end
	client string // its address
	server string // "host:port" that was connected to, or the proxy's CONNECT target
	via    string // the explicit proxy
	host   string // what the client wanted: a name if there is one
	events journal.Log

	explained bool
	hungUp    *refusal // once refused was asked; without a packet there was none
}

func newConn(e journal.Event) *conn {
	host, _ := split(e.Flow)
	return &conn{flow: e.Flow, client: host, server: e.Peer}
}

// settle fills in what all events together say.
func (c *conn) settle(s *scene) {
	if e, ok := first[journal.Connected](c); ok {
		c.server, c.via = e.body.To, e.body.Via
	}
	c.host, _ = split(c.server)
	if names := s.names[c.host]; len(names) > 0 {
		c.host = names[0]
	}
	if h, ok := first[journal.HelloSeen](c); ok && h.body.SNI != "" {
		c.host = h.body.SNI
	} else if x, ok := first[journal.HTTPExchanged](c); ok && c.via == "" && hostOf(x.body.URL) != "" {
		c.host = hostOf(x.body.URL)
	}
	if c.host == "" {
		c.host = "an unknown host"
	}
}

// each gives the events of one kind.
func each[T journal.Body](c *conn) []at[T] {
	var out []at[T]
	for _, e := range c.events {
		if b, ok := e.Body.(T); ok {
			out = append(out, at[T]{b, e.Packet, e.At, e.Actor})
		}
	}
	return out
}

// first is the first event of a kind.
func first[T journal.Body](c *conn) (at[T], bool) {
	for _, e := range c.events {
		if b, ok := e.Body.(T); ok {
			return at[T]{b, e.Packet, e.At, e.Actor}, true
		}
	}
	return at[T]{}, false
}

// byClient says whether the connection's client did it.
func (c *conn) byClient(actor string) bool { return actor == c.client || actor == c.flow }

// saw makes evidence of an event of the connection.
func saw[T journal.Body](e at[T]) Evidence {
	return Evidence{Packet: e.packet, Text: e.body.String(), Filter: packetFilter(e.packet)}
}

// said is evidence in other words.
func said(packet int, text string) Evidence {
	return Evidence{Packet: packet, Text: text, Filter: packetFilter(packet)}
}

// absent is evidence of what was not there; the filter would show it.
func absent(text, filter string) Evidence { return Evidence{Text: text, Filter: filter} }

// last is the time of the connection's last event.
func (c *conn) last() time.Duration { return c.events[len(c.events)-1].At }

// closed is who closed first.
func (c *conn) closed() (at[journal.Closed], bool) { return first[journal.Closed](c) }

// leaf is the server's certificate, where it was seen.
func (c *conn) leaf() (at[journal.CertificateSeen], bool) { return first[journal.CertificateSeen](c) }

// finished says that the handshake was completed.
func (c *conn) finished() bool {
	e, ok := first[journal.HandshakeEnded](c)
	return ok && e.body.Err == ""
}

// used says that something was carried after the handshake: by the client's own
// records, or by what was read inside.
func (c *conn) used() bool {
	if r, ok := first[journal.RecordsSeen](c); ok && r.body.Client > 0 {
		return true
	}
	for _, e := range c.events {
		switch e.Body.(type) {
		case journal.SIPSent, journal.HTTPExchanged, journal.TURNSent, journal.MediaFlowed:
			return true
		}
	}
	return false
}

// bad says whether an alert refuses something.
func bad(a journal.AlertSent) bool {
	return !slices.Contains([]string{"close_notify", "user_canceled", "no_renegotiation", "encrypted"}, a.Name)
}

// refusal is how a client hung up on a server's certificate.
type refusal struct {
	alert  string // its name, "" where it gave none
	packet int
	time   time.Duration
	shown  Evidence
	// late is one behind a finished handshake.
	late bool
	// sealed is one of which the records are encrypted.
	sealed bool
}

// follows says whether the connection is an interceptor's own to the origin, which
// ended because that of its client did: another's for the same host was begun before
// and ended just before.
func (c *conn) follows(s *scene, at time.Duration) bool {
	const soon = 30 * time.Second
	start := c.events[0].At
	return slices.ContainsFunc(begun(s.ofHost[plain(c.host)], start-soon, start), func(o *conn) bool {
		closed, ended := o.closed()
		return o.client != c.client && ended && o.events[0].Packet < c.events[0].Packet &&
			closed.time >= start && closed.time <= at+time.Second && closed.time >= at-5*time.Second
	})
}

// thinks is for how long after the handshake a client may hang up because of the
// certificate: at once, unless it asks for its status first. Clients also open
// connections that they do not use, and close them later.
func (c *conn) thinks(s *scene, from time.Duration) time.Duration {
	if len(s.fetchesBy(c.client, from, from+revocationLimit)) > 0 || s.tries(c.client, from, from+revocationLimit) {
		return revocationLimit
	}
	return 2 * time.Second
}

// refused says how a client refused the server's certificate, if it did.
func (c *conn) refused(s *scene) (refusal, bool) {
	if c.hungUp == nil {
		r, _ := c.hangsUp(s)
		c.hungUp = &r
	}
	return *c.hungUp, c.hungUp.packet > 0
}

func (c *conn) hangsUp(s *scene) (refusal, bool) {
	for _, a := range each[journal.AlertSent](c) {
		if c.byClient(a.actor) && bad(a.body) {
			return refusal{alert: a.body.Name, packet: a.packet, time: a.time, shown: said(a.packet, "the client "+a.body.String())}, true
		}
	}
	end, ok := first[journal.HandshakeEnded](c)
	closed, hungUp := c.closed()
	switch {
	case !ok:
		return refusal{}, false
	case strings.HasPrefix(end.body.Err, "client's first encrypted record"):
		return refusal{packet: end.packet, time: end.time, sealed: true, shown: said(end.packet,
			"the client hangs up in place of finishing the handshake: its first encrypted record is as long as an alert")}, true
	case strings.HasPrefix(end.body.Err, "client fin after server"), strings.HasPrefix(end.body.Err, "client rst after server"),
		strings.HasPrefix(end.body.Err, "client did not") && hungUp && closed.body.By == "client":
		return refusal{packet: end.packet, time: end.time, shown: said(end.packet, "the client hangs up in the handshake without an alert: "+closed.body.String())}, true
	case end.body.Err == "" && hungUp && closed.body.By == "client" && !c.used() && closed.time-end.time < c.thinks(s, end.time):
		return refusal{packet: closed.packet, time: closed.time, late: true, shown: said(closed.packet,
			"the client hangs up ("+closed.body.How+") right after the finished handshake, without having sent anything")}, true
	}
	return refusal{}, false
}
