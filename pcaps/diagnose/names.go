package diagnose

import (
	"slices"
	"strings"

	"rehearse/reports/journal"
)

// lostNames finds names that nobody could resolve. Names that are probed for in
// passing do not count, nor does one of several under which a sign-in server is
// looked for, if another is known.
func lostNames(s *scene) {
	for _, l := range s.lookups {
		n := l.body
		if n.Err == noAnswer && (s.end-l.time < patience || !s.answers(l.client) || s.wentOn(l)) {
			continue // the capture ends, or has not the answers
		}
		if l.explained || !failed(n) || !slices.Contains([]string{"A", "AAAA", "SRV"}, n.Type) || probed(n.Name) || s.resolves(n.Name) {
			continue
		}
		confidence, why := Medium, []Evidence{said(l.packet, n.String())}
		if domain := discoveryDomain(n.Name); domain != "" {
			others := s.discovery(l.client, domain)
			if slices.ContainsFunc(others, func(o *lookup) bool { return len(o.body.Addrs) > 0 || o.body.Err == noAnswer && s.wentOn(o) }) {
				continue
			}
			confidence, why = High, nil
			if slices.ContainsFunc(others, func(o *lookup) bool { return o.body.Err == noAnswer }) {
				confidence = Medium
			}
			for _, o := range others {
				why = append(why, said(o.packet, o.body.String()))
				o.explained = true
			}
			n.Name = domain
		}
		l.explained = true
		s.found(Finding{Cause: DNSFailure, Confidence: confidence, Host: n.Name, For: why[:min(len(why), maxEvidence)], at: l.packet,
			Filter: `dns.qry.name contains "` + n.Name + `"`})
	}
}

// What events say of what did not come.
const (
	noAnswer = "no answer"
	oneSided = "only one side was captured"
)

// answers says whether any look-up of a client was answered.
func (s *scene) answers(client string) bool {
	return s.answered[client]
}

// wentOn says whether the client, soon after a look-up without an answer, connected
// to an address that no other gave: the answer came, and was not captured.
func (s *scene) wentOn(l *lookup) bool {
	return slices.ContainsFunc(begun(s.ofClient[l.client], l.time, l.time+patience), func(c *conn) bool {
		e, ok := first[journal.Connected](c)
		return ok && e.body.Err == "" && len(s.names[addrOf(c.server)]) == 0
	})
}

// probed are names that are looked up whether they exist or not.
func probed(name string) bool {
	name = strings.TrimSuffix(strings.ToLower(name), ".")
	head, _, more := strings.Cut(name, ".")
	return !more || strings.HasSuffix(name, ".local") || strings.HasSuffix(name, ".arpa") || strings.HasSuffix(name, ".lan") ||
		slices.Contains([]string{"wpad", "isatap", "localhost", "teredo"}, head)
}

// discoveryWords begin the names under which a sign-in server is looked for.
var discoveryWords = [...]string{"lyncdiscoverinternal.", "lyncdiscover.", "_sipinternaltls._tcp.", "_sip._tls.", "sipinternal.", "sip.", "sipexternal."}

// discoveryDomain is the sign-in domain of a name of discovery, "" for others.
func discoveryDomain(name string) string {
	for _, w := range discoveryWords {
		if rest, ok := strings.CutPrefix(strings.ToLower(name), w); ok {
			return strings.TrimSuffix(rest, ".")
		}
	}
	return ""
}

// discovery are a client's look-ups for a sign-in domain.
func (s *scene) discovery(client, domain string) []*lookup {
	return s.discoveries[pair{client, domain}]
}

// unreachable finds connections that were not made, where no other to the same
// host was.
func unreachable(s *scene) {
	for _, c := range s.conns {
		e, ok := first[journal.Connected](c)
		if !ok || c.explained || e.body.Err == "" || e.body.Err == oneSided || s.reachedOtherwise(c) {
			continue
		}
		confidence := Medium
		if e.body.Err != noAnswer {
			confidence = High
		}
		f := s.begin(Unreachable, confidence, c, e.packet)
		f.For = []Evidence{saw(e)}
		s.found(f)
	}
}

// reachedOtherwise says whether the client came through to the same host some other time.
func (s *scene) reachedOtherwise(c *conn) bool {
	return s.reached[pair{c.client, c.server}] || s.reached[pair{c.client, plain(c.host)}]
}

// silent finds clients that gave up waiting for an answer to their hello, and tunnels
// that were opened for nothing.
func silent(s *scene) {
	for _, c := range s.conns {
		if c.idleTunnel(s) {
			continue
		}
		end, ok := first[journal.HandshakeEnded](c)
		closed, hungUp := c.closed()
		if !ok || c.explained || !hungUp || closed.body.By != "client" || !strings.HasSuffix(end.body.Err, "after client hello") || strings.Contains(end.body.Err, "alert") {
			continue
		}
		hello, _ := first[journal.HelloSeen](c)
		if closed.time-hello.time < patience || c.oneSided() {
			continue
		}
		f := s.begin(NoAnswer, Medium, c, closed.packet)
		f.For = []Evidence{saw(hello), said(closed.packet, "nothing comes back until the client gives up after "+(closed.time-hello.time).String())}
		s.found(f)
	}
}

// idleTunnel finds a tunnel that a proxy opened and closed without a byte having
// gone through it.
func (c *conn) idleTunnel(s *scene) bool {
	a, ok := first[journal.ConnectAnswered](c)
	closed, ended := c.closed()
	_, begun := first[journal.HelloSeen](c)
	if !ok || c.explained || begun || c.opened() || !ended || a.body.Status/100 != 2 || closed.body.By != "server" || closed.body.After != "HTTP 200" {
		return false
	}
	f := s.begin(NoAnswer, Medium, c, closed.packet)
	f.For = []Evidence{saw(a), said(closed.packet, "nothing goes through the tunnel before it is closed: "+closed.body.String())}
	s.found(f)
	return true
}
