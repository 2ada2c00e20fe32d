package diagnose

import (
	"strings"

	"rehearse/reports/journal"
)

const (
	hexAlert = "15 03"       // of a TLS alert
	hexHTTP  = "48 54 54 50" // "HTTP"
)

// pseudo says whether the client began with MS-TURN's hello that looks like TLS.
func (c *conn) pseudo() bool {
	for _, t := range each[journal.TURNSent](c) {
		if c.byClient(t.actor) && t.body.Message == "pseudo-TLS hello" {
			return true
		}
	}
	return false
}

// pseudoRefused finds pseudo-TLS that somebody took for TLS, or refused.
func pseudoRefused(s *scene) {
	for _, c := range s.conns {
		hello, ok := c.clientTurn()
		if !ok || c.explained || c.answeredTurn() {
			continue
		}
		bytes, strange := first[journal.BytesReceived](c)
		closed, ended := c.closed()
		switch {
		case strange && strings.HasPrefix(bytes.body.Hex, hexAlert):
			f := s.begin(PseudoTLSRefused, High, c, bytes.packet)
			f.For = []Evidence{said(hello.packet, "the client sends MS-TURN's pseudo-TLS hello: one cipher suite, no extensions, no SNI"),
				said(bytes.packet, "the answer is a TLS alert ("+bytes.body.Hex+"), where an edge server sends its hello of 83 bytes")}
			s.found(f)
		case strange && strings.HasPrefix(bytes.body.Hex, hexHTTP):
			f := s.begin(PolicyDenied, Medium, c, bytes.packet)
			f.For = []Evidence{saw(hello), said(bytes.packet, "the answer to pseudo-TLS is plain HTTP")}
			f.Could = []Alternative{{PseudoTLSRefused, "an interceptor that expects HTTP may answer so, too"}}
			s.found(f)
		case ended && closed.body.By == "server":
			f := s.begin(PseudoTLSRefused, Medium, c, closed.packet)
			f.For = []Evidence{saw(hello), said(closed.packet, "the other end closes without an answer: "+closed.body.String())}
			f.Could = []Alternative{{PolicyDenied, "a policy that denies unknown protocols closes so, too"}}
			s.found(f)
		}
	}
}

func (c *conn) clientTurn() (at[journal.TURNSent], bool) {
	for _, t := range each[journal.TURNSent](c) {
		if c.byClient(t.actor) && t.body.Message == "pseudo-TLS hello" {
			return t, true
		}
	}
	return at[journal.TURNSent]{}, false
}

func (c *conn) answeredTurn() bool {
	for _, t := range each[journal.TURNSent](c) {
		if !c.byClient(t.actor) {
			return true
		}
	}
	return false
}

// sipForHTTP finds SIP that somebody took for HTTP.
func sipForHTTP(s *scene) {
	for _, c := range s.conns {
		sent, ok := first[journal.SIPSent](c)
		bytes, strange := first[journal.BytesReceived](c)
		if !ok || !strange || c.explained || !c.byClient(sent.actor) || !strings.HasPrefix(bytes.body.Hex, hexHTTP) {
			continue
		}
		f := s.begin(SIPTakenForHTTP, High, c, bytes.packet)
		f.For = []Evidence{saw(sent), said(bytes.packet, "the answer to SIP is HTTP: "+text(bytes.body.Hex))}
		if leaf, ok := c.leaf(); ok {
			f.For = append(f.For, saw(leaf))
			f.For = append(f.For, s.interception(c, leaf)...)
		}
		s.found(f)
	}
}

// text is the first line of bytes in hexadecimal.
func text(hex string) string {
	var b strings.Builder
	for _, two := range strings.Fields(hex) {
		c := unhex(two)
		if c < ' ' || c > '~' {
			break
		}
		b.WriteByte(c)
	}
	return b.String()
}

func unhex(two string) (b byte) {
	for _, c := range []byte(two) {
		b = b<<4 | byte(strings.IndexByte("0123456789abcdef", c)&0xf)
	}
	return b
}

// unansweredInside finds connections on which a client said something inside, or
// behind, TLS and the other end closed without a word.
func unansweredInside(s *scene) {
	for _, c := range s.conns {
		closed, ended := c.closed()
		if c.explained || !ended || closed.body.By != "server" {
			continue
		}
		sent, ok := first[journal.SIPSent](c)
		if ok && c.byClient(sent.actor) && !c.answeredSIP() {
			f := s.begin(ClosedUnanswered, Medium, c, closed.packet)
			f.For = []Evidence{saw(sent), said(closed.packet, "the other end closes without an answer: "+closed.body.String())}
			f.Could = []Alternative{{PolicyDenied, "a policy that denies a protocol inside TLS closes so: there is no page for it"}}
			s.found(f)
			continue
		}
		if r, seen := first[journal.RecordsSeen](c); seen && r.body.Client > 0 && r.body.Server == 0 && !c.opened() {
			f := s.begin(ClosedUnanswered, Medium, c, closed.packet)
			f.For = []Evidence{saw(r), said(closed.packet, "the other end closes without an answer: "+closed.body.String())}
			f.Could = []Alternative{{PolicyDenied, "a policy that denies a protocol inside TLS closes so: there is no page for it"}}
			s.found(f)
			continue
		}
		s.sealedUnanswered(c, closed)
	}
}

func (c *conn) answeredSIP() bool {
	for _, m := range each[journal.SIPSent](c) {
		if !c.byClient(m.actor) {
			return true
		}
	}
	return false
}

// sealedUnanswered tells of TLS without keys on which one request seems to have got
// an error: one record from the client, at most a short answer, and an end by the
// server.
func (s *scene) sealedUnanswered(c *conn, closed at[journal.Closed]) {
	r, ok := first[journal.RecordsSeen](c)
	leaf, seen := c.leaf()
	if !ok || c.opened() || !c.sipName() || !c.finished() || r.body.Client == 0 || r.body.Client > 2 || r.body.Server > 4 {
		return
	}
	f := s.begin(SIPTakenForHTTP, Low, c, closed.packet)
	f.For = []Evidence{
		said(r.packet, r.body.String()+": one request and a short answer, as an error is"),
		said(closed.packet, "the other end closes a connection that SIP keeps open: "+closed.body.String()),
	}
	if seen {
		f.For = append(f.For, s.interception(c, leaf)...)
	}
	f.Could = []Alternative{{ClosedUnanswered, "what was said is encrypted"}, {SIPFailed, "what was said is encrypted"}}
	s.found(f)
}

// opened says whether anything was read inside of the connection's TLS.
func (c *conn) opened() bool {
	for _, e := range c.events {
		switch e.Body.(type) {
		case journal.SIPSent, journal.TURNSent, journal.HTTPExchanged:
			return true
		}
	}
	return false
}

// sipName says whether the host's name is that of a SIP server.
func (c *conn) sipName() bool {
	_, port := split(c.server)
	return strings.HasPrefix(c.host, "sip") || port == "5061"
}
