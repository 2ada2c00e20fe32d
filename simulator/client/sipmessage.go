package client

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/textproto"
	"strconv"
	"strings"

	"github.com/emiago/sipgo/sip"

	"rehearse/proxy/wire"
	"rehearse/reports/journal"
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

// maxSIP is the largest SIP message that is read, in bytes.
const maxSIP = 1 << 20

// readSIP reads one message and skips keep-alives before it. An HTTP answer in
// its place, as an interceptor gives that takes what it decrypted for HTTP, is a
// *stop that refuses with its status.
func readSIP(r *bufio.Reader) (sip.Message, error) {
	if err := skipKeepAlives(r); err != nil {
		return nil, err
	}
	if start, err := r.Peek(len("HTTP/")); err == nil && string(start) == "HTTP/" {
		return nil, readHTTP(r)
	}
	head, err := readHead(r)
	if err != nil {
		return nil, err
	}
	size := 0
	for line := range bytes.SplitSeq(head, []byte("\r\n")) {
		name, value, _ := strings.Cut(string(line), ":")
		switch strings.ToLower(strings.TrimSpace(name)) {
		case "content-length", "l":
			if size, err = strconv.Atoi(strings.TrimSpace(value)); err != nil || size < 0 || size > maxSIP {
				return nil, &wire.Error{Message: "SIP message", Field: "Content-Length", Got: value, Want: fmt.Sprintf("a number up to %d", maxSIP)}
			}
		}
	}
	body := make([]byte, size)
	if _, err := io.ReadFull(r, body); err != nil {
		return nil, err
	}
	return parser().ParseSIP(append(head, body...))
}

// parser leaves addresses as they are written: signatures are over that text.
func parser() *sip.Parser {
	all, some := sip.DefaultHeadersParser(), map[string]sip.HeaderParser{}
	for _, name := range []string{"call-id", "i", "cseq", "content-length", "l"} {
		some[name] = all[name]
	}
	return sip.NewParser(sip.WithHeadersParsers(some))
}

// response answers a request of the server's.
func response(req *sip.Request, status string) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "SIP/2.0 %s\r\n", status)
	for _, name := range []string{"Via", "Record-Route", "From", "To", "Call-ID", "CSeq"} {
		for _, h := range req.GetHeaders(name) {
			fmt.Fprintf(&b, "%s: %s\r\n", name, h.Value())
		}
	}
	b.WriteString("Content-Length: 0\r\n\r\n")
	return b.Bytes()
}

func skipKeepAlives(r *bufio.Reader) error {
	for {
		b, err := r.Peek(1)
		if err != nil || (b[0] != '\r' && b[0] != '\n') {
			return err
		}
		r.Discard(1)
	}
}

// readHead reads up to and with the empty line.
func readHead(r *bufio.Reader) ([]byte, error) {
	var head []byte
	for {
		line, err := r.ReadSlice('\n')
		head = append(head, line...)
		switch {
		case err == bufio.ErrBufferFull:
			err = nil
		case err == nil && len(bytes.TrimRight(line, "\r\n")) == 0:
			return head, nil
		}
		if err != nil {
			if err == io.EOF {
				err = io.ErrUnexpectedEOF
			}
			return nil, err
		}
		if len(head) > maxSIP {
			return nil, &wire.Error{Message: "SIP message", Field: "header", Offset: len(head), Got: "no end of the header", Want: fmt.Sprintf("one within %d bytes", maxSIP)}
		}
	}
}

// readHTTP reads an HTTP answer that stands where a SIP message should.
func readHTTP(r *bufio.Reader) error {
	res, err := http.ReadResponse(r, nil)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	s := &stop{result: journal.Refused, code: "http_" + strconv.Itoa(res.StatusCode), note: "an HTTP answer in place of a SIP one"}
	if id := pageCode(res); id != s.code {
		s.note += ", " + id
	}
	return s
}

// header is the first header of that name, as written, or "".
func header(m sip.Message, name string) string {
	if all := m.GetHeaders(name); len(all) > 0 {
		return all[0].Value()
	}
	return ""
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
