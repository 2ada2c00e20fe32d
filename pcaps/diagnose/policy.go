package diagnose

import (
	"fmt"
	"slices"
	"strings"

	"rehearse/reports/journal"
)

// byException is the cause that the name of an interceptor's exception stands for.
func byException(id string) string {
	switch {
	case slices.Contains([]string{"policy_denied", "silent_denied", "content_filter_denied", "connect_method_denied", "method_denied", "authorization_failed"}, id):
		return PolicyDenied
	case id == "authentication_failed":
		return ProxyAuthentication
	case strings.HasPrefix(id, "dns_"):
		return DNSFailure
	case strings.HasPrefix(id, "ssl_"), id == "tcp_error", id == "gateway_error", id == "invalid_response":
		return OriginRefused
	case id == "invalid_request", id == "unsupported_protocol":
		return NotHTTP
	}
	return ""
}

// exceptions finds the pages that interceptors answer with.
func exceptions(s *scene) {
	for _, c := range s.conns {
		if _, status := first[journal.RevocationFetched](c); status {
			continue // of no consequence, unless a certificate is refused for it
		}
		for _, e := range each[journal.ExceptionSent](c) {
			cause := byException(e.body.ID)
			if cause == "" || c.explained {
				continue
			}
			f := s.begin(cause, High, c, e.packet)
			if asked, ok := first[journal.ConnectAnswered](c); ok {
				f.For = append(f.For, saw(asked))
			}
			f.For = append(f.For, said(e.packet, fmt.Sprintf("the page of the answer names the exception %s (HTTP %d)", e.body.ID, e.body.Status)))
			s.found(f)
		}
	}
}

// refusedConnects finds CONNECTs that a proxy refused.
func refusedConnects(s *scene) {
	for _, c := range s.conns {
		a, ok := first[journal.ConnectAnswered](c)
		if !ok || c.explained || a.body.Status/100 == 2 {
			continue
		}
		cause, confidence := OriginRefused, Medium
		switch a.body.Status {
		case 403, 405:
			cause, confidence = PolicyDenied, High
		case 407, 401:
			if s.connected(c, a.body.Target) {
				continue // asked for credentials, and got them
			}
			cause, confidence = ProxyAuthentication, High
		case 404:
			cause = DNSFailure
		case 0:
			continue
		}
		f := s.begin(cause, confidence, c, a.packet)
		f.For = []Evidence{saw(a)}
		s.found(f)
	}
}

// connected says whether the same client's CONNECT to a target succeeded later.
func (s *scene) connected(c *conn, target string) bool {
	return s.tunnels[pair{c.client, target}]
}

// plainAnswers finds ClientHellos that were answered in plain HTTP.
func plainAnswers(s *scene) {
	for _, c := range s.conns {
		hello, ok := first[journal.HelloSeen](c)
		b, strange := first[journal.BytesReceived](c)
		if !ok || !strange || c.explained || c.finished() || !strings.HasPrefix(b.body.Hex, hexHTTP) {
			continue
		}
		line := text(b.body.Hex)
		cause, confidence := NotTLS, Medium
		if strings.Contains(line, " 403") {
			cause, confidence = PolicyDenied, High
		}
		f := s.begin(cause, confidence, c, b.packet)
		f.For = []Evidence{saw(hello), said(b.packet, "the answer to TLS is plain HTTP: "+line)}
		s.found(f)
	}
}

// refusedByServer finds handshakes that the server's side ended.
func refusedByServer(s *scene) {
	for _, c := range s.conns {
		end, ok := first[journal.HandshakeEnded](c)
		if !ok || c.explained || end.body.Err == "" || c.pseudo() {
			continue
		}
		if a, ok := c.serverAlert(); ok {
			f := s.begin(TLSRefused, High, c, a.packet)
			f.For = []Evidence{said(a.packet, "the server's side "+a.body.String())}
			s.found(f)
			continue
		}
		closed, hungUp := c.closed()
		if !hungUp || closed.body.By != "server" || strings.HasPrefix(end.body.Err, "midstream") || strings.Contains(end.body.Err, "alert") {
			continue
		}
		cause, could := ClosedUnanswered, PolicyDenied
		if closed.body.How == "RST" {
			cause, could = PolicyDenied, ClosedUnanswered
		}
		f := s.begin(cause, Medium, c, closed.packet)
		f.For = []Evidence{said(closed.packet, "the other end breaks the handshake off without an alert: "+closed.body.String())}
		f.Could = []Alternative{{could, "a denying policy closes or resets, and so does a server that fails"}}
		s.found(f)
	}
}

func (c *conn) serverAlert() (at[journal.AlertSent], bool) {
	for _, a := range each[journal.AlertSent](c) {
		if !c.byClient(a.actor) && bad(a.body) {
			return a, true
		}
	}
	return at[journal.AlertSent]{}, false
}

// refusedRequests finds HTTP answers that deny.
func refusedRequests(s *scene) {
	for _, c := range s.conns {
		for _, x := range each[journal.HTTPExchanged](c) {
			if _, status := first[journal.RevocationFetched](c); status {
				break
			}
			if c.explained || x.body.Status != 407 && x.body.Status != 403 || c.later(x) {
				continue
			}
			cause := PolicyDenied
			if x.body.Status == 407 {
				cause = ProxyAuthentication
			}
			f := s.begin(cause, Low, c, x.packet)
			f.Host = hostOf(x.body.URL)
			f.For = []Evidence{saw(x)}
			f.Against = []Evidence{said(x.packet, "the page names no exception of an interceptor: the origin itself may have answered so")}
			s.found(f)
		}
	}
}

// later says whether the same request was answered well on the same connection.
func (c *conn) later(x at[journal.HTTPExchanged]) bool {
	return slices.ContainsFunc(each[journal.HTTPExchanged](c), func(o at[journal.HTTPExchanged]) bool {
		return o.packet > x.packet && o.body.URL == x.body.URL && o.body.Status/100 <= 3 && o.body.Status > 0
	})
}
