package proxy

import (
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
)

// httpLeg is an upstream connection that speaks HTTP/1.1.
type httpLeg struct {
	conn *peeked
	to   string // "host:port"
	used bool   // it has carried a request
}

func (f *flow) newHTTPLeg(c net.Conn) *httpLeg {
	l := &httpLeg{conn: newPeeked(c, &f.p.readers), to: f.dial}
	l.conn.idle = f.p.conf.Limits.Idle
	return l
}

// errStale is a kept connection that the origin closed while nothing was asked.
var errStale = errors.New("the origin closed the connection")

// roundTrip sends the request on in origin form and reads the response's header. On a
// kept connection that turns out to be closed a request that can be repeated is, where
// the origin can be connected to anew.
func (x *exchanges) roundTrip(req *http.Request) (*http.Response, error) {
	if strings.EqualFold(req.Header.Get("Expect"), "100-continue") {
		io.WriteString(x.client, "HTTP/1.1 100 Continue\r\n\r\n")
		req.Header.Del("Expect")
	}
	endToEnd(req.Header)
	if _, ok := req.Header["User-Agent"]; !ok {
		req.Header["User-Agent"] = []string{""} // keeps net/http from adding its own
	}
	resp, err := x.ask(req)
	if !errors.Is(err, errStale) || x.dialTo == nil || !repeatable(req) {
		return resp, err
	}
	x.origin.conn.Close()
	if failed := x.openOrigin(); failed != nil {
		return nil, err
	}
	return x.ask(req)
}

// repeatable says whether a request may be sent twice (RFC 9110 9.2.2).
func repeatable(req *http.Request) bool {
	switch req.Method {
	case http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace:
		return req.Body == nil || req.Body == http.NoBody
	}
	return false
}

// ask sends a request and reads the response's header. An origin may answer before it
// has read everything, so a write that fails is not the end yet.
func (x *exchanges) ask(req *http.Request) (*http.Response, error) {
	l := x.origin
	before, used := l.conn.in, l.used
	l.used = true
	w := x.p.writer(l.conn)
	defer x.p.release(w)
	body := req.Body
	req.Body = flushBetween(body, x.client.reader(), w)
	sent := req.Write(throughout{w})
	if sent == nil {
		sent = w.Flush()
	}
	req.Body = body
	resp, err := l.readResponse(req, x.p.conf.Limits.header())
	switch {
	case err == nil && sent != nil:
		resp.Close = true
	case err != nil && used && l.conn.in == before:
		return nil, errStale
	}
	return resp, err
}

// endToEnd takes from a header what is meant for this connection alone (RFC 9110
// 7.6.1). Connection itself stays where it says how long the connection lasts, or
// asks for another protocol.
func endToEnd(h http.Header) {
	var keep []string
	for _, value := range h.Values("Connection") {
		for token := range strings.SplitSeq(value, ",") {
			switch token = strings.TrimSpace(token); strings.ToLower(token) {
			case "close", "keep-alive", "upgrade":
				keep = append(keep, token)
			default:
				h.Del(token)
			}
		}
	}
	if h.Del("Connection"); len(keep) > 0 {
		h.Set("Connection", strings.Join(keep, ", "))
	}
	for _, name := range []string{"Proxy-Connection", "Proxy-Authorization", "Keep-Alive"} {
		h.Del(name)
	}
}
