package proxy

import (
	"fmt"
	"html"
	"net/http"
	"strings"

	"rehearse/reports/journal"
)

// exception is an answer in the origin's place.
type exception struct {
	id       string
	status   int
	summary  string
	details  string
	byPolicy bool // policy's own word, no failure
	// location is where a redirect leads.
	location string
}

// BuiltIn is a built-in exception.
type BuiltIn struct {
	ID      string
	Status  int    // HTTP
	Summary string // heading of its page
}

// Exceptions lists the built-in exceptions with their HTTP statuses, as a dump of
// SGOS 5.3 has them.
func Exceptions() []BuiltIn { return builtIn[:] }

var builtIn = [...]BuiltIn{
	{"policy_denied", 403, "Access Denied"},
	{"silent_denied", 403, "Access Denied"},
	{"content_filter_denied", 403, "Access Denied"},
	{"connect_method_denied", 403, "Access Denied"},
	{"method_denied", 403, "Access Denied"},
	{"configuration_error", 403, "Configuration Error"},
	{"authentication_failed", 401, "Access Denied"},
	{"authorization_failed", 401, "Access Denied"},
	{"invalid_request", 400, "Request Error"},
	{"unsupported_protocol", 406, "Request Error"},
	{"dns_unresolved_hostname", 404, "Network Error"},
	{"ssl_domain_invalid", 409, "SSL Error"},
	{"internal_error", 500, "Internal Error"},
	{"not_implemented", 501, "Not Implemented"},
	{"invalid_response", 502, "Response Error"},
	{"tcp_error", 503, "Network Error"},
	{"dns_server_failure", 503, "Network Error"},
	{"ssl_failed", 503, "SSL Error"},
	{"ssl_server_cert_expired", 503, "SSL Certificate Error"},
	{"ssl_server_cert_untrusted_issuer", 503, "SSL Certificate Error"},
	{"ssl_server_cert_revoked", 503, "SSL Certificate Error"},
	{"ssl_server_cert_ocsp_check_failed", 503, "SSL Certificate Error"},
	{"ssl_server_cert_ocsp_status_unknown", 503, "SSL Certificate Error"},
	{"ssl_client_cert_revoked", 503, "SSL Certificate Error"},
	{"gateway_error", 504, "Gateway Error"},
	{"policy_redirect", 302, "Redirected"},
	{"notify", 200, "Notice"},
}

func newException(id, details string) *exception {
	e := &exception{id: id, status: http.StatusForbidden, summary: "Access Denied", details: details}
	for _, known := range builtIn {
		if known.ID == id {
			e.status, e.summary = known.Status, known.Summary
		}
	}
	return e
}

// page is the whole HTTP answer. Its layout is ours; what clients and tests may
// rely on is the status and the id in parentheses. It closes the connection.
func (e *exception) page() []byte {
	body := fmt.Sprintf("<html><head><title>%s</title></head>\n<body>\n<h1>%s (%s)</h1>\n<p>%s</p>\n</body></html>\n",
		e.summary, e.summary, e.id, html.EscapeString(e.details))
	var b strings.Builder
	fmt.Fprintf(&b, "HTTP/1.1 %d %s\r\n", e.status, http.StatusText(e.status))
	if e.location != "" {
		fmt.Fprintf(&b, "Location: %s\r\n", strings.NewReplacer("\r", "", "\n", "").Replace(e.location))
	}
	fmt.Fprintf(&b, "Content-Type: text/html; charset=utf-8\r\nCache-Control: no-cache\r\nConnection: close\r\nContent-Length: %d\r\n\r\n", len(body))
	b.WriteString(body)
	return []byte(b.String())
}

// send writes the exception to a client that expects HTTP, and records where.
func (f *flow) send(c *peeked, e *exception, where string) {
	f.record(journal.ExceptionSent{ID: e.id, Status: e.status, Where: where})
	f.answered(e.status)
	if _, err := c.Write(e.page()); err == nil {
		finish(c)
	}
}

// refuse ends the flow without a word: FIN, or RST where the appliance is known
// to reset.
func (f *flow) refuse(e *exception, where string) stage {
	f.record(journal.ExceptionSent{ID: e.id, Where: where})
	if where == "reset" {
		reset(f.client.Conn)
	}
	return nil
}
