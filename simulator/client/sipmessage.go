package client

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"net/textproto"
	"strings"

	"github.com/emiago/sipgo/sip"

	"rehearse/simulator/sipauth"
)

// dialog is what stays the same over the messages of one Call-ID: a dialog
// proper (RFC 3261 12), or the registration.
type dialog struct {
	callID    string
	localTag  string
	remote    string // To URI
	remoteTag string
	target    string // request URI: the peer's Contact, once known
	routes    []string
	cseq      uint32
}

func newDialog(to string) *dialog {
	return &dialog{callID: token(16), localTag: token(5), remote: to, target: to}
}

// establish takes the peer's tag, Contact and routes from its answer.
func (d *dialog) establish(res *sip.Response) {
	if _, tag := address(header(res, "To")); tag != "" {
		d.remoteTag = tag
	}
	if uri, _ := address(header(res, "Contact")); uri != "" {
		d.target = uri
	}
	d.routes = nil
	for _, h := range res.GetHeaders("Record-Route") {
		d.routes = append([]string{h.Value()}, d.routes...)
	}
}

// request is one SIP request to be sent in a dialog.
type request struct {
	*dialog
	method  string
	cseq    uint32   // 0 takes the dialog's next
	expires string   // "" leaves Expires out
	lines   []string // further header lines, as written
	content string   // Content-Type of body
	body    string
}

// line is the request as the journal shows it.
func (r *request) line() string { return r.method + " " + r.target }

// fields are the parts that are signed.
func (r *request) fields(from string) sipauth.Fields {
	return sipauth.Fields{
		CallID: r.callID, CSeq: r.cseq, Method: r.method, FromURI: from, FromTag: r.localTag,
		ToURI: r.remote, ToTag: r.remoteTag, Expires: r.expires,
	}
}

// identity is who sends requests, and from where.
type identity struct {
	uri       string // "sip:alice@contoso.test"
	epid      string // 12 hexadecimal digits: the device
	uuid      string // +sip.instance
	userAgent string
	local     string // "addr:port" of the connection
	contact   string // the whole Contact value
}

// encode writes the request. authorization is left out when empty. The order of
// the headers is pidgin-sipe's, which Skype for Business servers take.
func (r *request) encode(id identity, authorization string) []byte {
	var b bytes.Buffer
	line := func(format string, a ...any) { fmt.Fprintf(&b, format+"\r\n", a...) }
	line("%s SIP/2.0", r.line())
	line("Via: SIP/2.0/TLS %s;branch=z9hG4bK%s", id.local, token(8))
	line("From: <%s>;tag=%s;epid=%s", id.uri, r.localTag, id.epid)
	to := "<" + r.remote + ">"
	if r.remoteTag != "" {
		to += ";tag=" + r.remoteTag
	}
	line("To: %s", to)
	for _, route := range r.routes {
		line("Route: %s", route)
	}
	line("Max-Forwards: 70")
	line("CSeq: %d %s", r.cseq, r.method)
	line("User-Agent: %s", id.userAgent)
	line("Call-ID: %s", r.callID)
	if r.method != "ACK" && r.method != "BYE" {
		line("Contact: %s", id.contact)
	}
	for _, l := range r.lines {
		line("%s", l)
	}
	if r.expires != "" {
		line("Expires: %s", r.expires)
	}
	if authorization != "" {
		line("Authorization: %s", authorization)
	}
	if r.content != "" {
		line("Content-Type: %s", r.content)
	}
	line("Content-Length: %d", len(r.body))
	b.WriteString("\r\n" + r.body)
	return b.Bytes()
}

// response answers a request of the server's.
func response(req *sip.Request, status string) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "SIP/2.0 %s\r\n", status)
	for _, name := range []string{"Via", "Record-Route", "From", "To", "Call-ID", "CSeq"} {
		headers := req.GetHeaders(name)
		if len(headers) == 0 {
			headers = req.GetHeaders(compact(name))
		}
		for _, h := range headers {
			fmt.Fprintf(&b, "%s: %s\r\n", name, h.Value())
		}
	}
	b.WriteString("Content-Length: 0\r\n\r\n")
	return b.Bytes()
}

// header is the first header of that name, or of its compact form (RFC 3261
// 7.3.3), as written, or "".
func header(m sip.Message, name string) string {
	for _, n := range []string{name, compact(name)} {
		if all := m.GetHeaders(n); len(all) > 0 {
			return all[0].Value()
		}
	}
	return ""
}

func compact(name string) string {
	switch name {
	case "From":
		return "f"
	case "To":
		return "t"
	case "Via":
		return "v"
	case "Contact":
		return "m"
	case "Event":
		return "o"
	}
	return name
}

// param finds a parameter of a header value, name="value" or name=value.
func param(value, name string) string {
	for _, p := range strings.FieldsFunc(value, func(r rune) bool { return r == ';' || r == ',' }) {
		if k, v, ok := strings.Cut(textproto.TrimString(p), "="); ok && strings.EqualFold(k, name) {
			return strings.Trim(v, `"`)
		}
	}
	return ""
}

// address takes the URI and the tag from a From, To or Contact value.
func address(value string) (uri, tag string) {
	rest := ""
	if _, after, ok := strings.Cut(value, "<"); ok {
		uri, rest, _ = strings.Cut(after, ">")
	} else {
		uri, rest, _ = strings.Cut(value, ";")
	}
	return strings.TrimSpace(uri), param(rest, "tag")
}

// diagnostics is the id and reason of ms-diagnostics, [MS-OCER]: "1010: Certificate
// trust ...", or "".
func diagnostics(res *sip.Response) string {
	value := header(res, "ms-diagnostics")
	if value == "" {
		return ""
	}
	id, rest, _ := strings.Cut(value, ";")
	words := "ms-diagnostics " + strings.TrimSpace(id)
	if reason := param(rest, "reason"); reason != "" {
		words += ": " + reason
	}
	return words
}

// token is n random bytes in hexadecimal.
func token(n int) string {
	b := make([]byte, n)
	rand.Read(b) // never fails
	return hex.EncodeToString(b)
}
