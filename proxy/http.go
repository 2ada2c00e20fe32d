package proxy

import (
	"errors"
	"net"
	"net/http"
	"strconv"
	"strings"

	"rehearse/proxy/policy"
	"rehearse/reports/journal"
)

// exchanges carries the requests of one client connection, one after the other,
// over one origin connection at a time.
type exchanges struct {
	*flow
	client *peeked
	origin *httpLeg // nil until the first request needs one
	fill   func(*http.Request) *policy.Transaction
	dialTo func(*http.Request) (host string, port uint16, err error) // nil: origin is fixed
	where  string
}

// serve answers requests until one of the sides wants to close.
func (x *exchanges) serve(req *http.Request, s span) stage {
	x.client.idle = x.p.conf.Limits.Idle
	for x.exchange(req, s) {
		x.origin.conn.shed()
		next, began, err := x.nextRequest(x.client, x.p.conf.Limits.Idle)
		if err != nil {
			if !isEnd(err) {
				x.fail(x.fill(nil), began, newException("invalid_request", err.Error()))
			}
			break
		}
		req, s = next, began
	}
	return nil
}

// fail answers a request with an exception, in the origin's place.
func (x *exchanges) fail(tx *policy.Transaction, s span, e *exception) {
	x.send(x.client, e, x.where)
	x.log(tx, ending{span: s, failed: e, status: e.status, supplied: x.origin != nil && !e.byPolicy})
}

// exchange carries one request and its response; false ends the connection.
func (x *exchanges) exchange(req *http.Request, s span) bool {
	tx := x.fill(req)
	d, no := x.verdict(tx, policy.AtInnerRequest)
	if no == nil {
		no = x.carryOut(d, tx, req)
	}
	if no == nil {
		no = x.connectTo(req)
	}
	if no != nil {
		x.fail(tx, s, no)
		return false
	}
	resp, err := x.roundTrip(req)
	if errors.Is(err, errStale) { // the client asks again, on a connection of both legs
		x.log(tx, ending{span: s, action: actionFailed, supplied: true})
		finish(x.client)
		return false
	}
	if err != nil {
		x.fail(tx, s, newException("invalid_response", "The origin's answer could not be read."))
		return false
	}
	defer resp.Body.Close()
	x.record(journal.HTTPExchanged{Method: req.Method, URL: shown(tx.URL), Status: resp.StatusCode})
	tx.Status, tx.ResponseHeader = resp.StatusCode, resp.Header
	if d, no = x.verdict(tx, policy.AtResponse); no != nil {
		x.fail(tx, s, no)
		return false
	}
	x.carryOutResponse(d, tx, resp)
	goesOn := x.answer(req, resp)
	x.log(tx, ending{span: s, action: actionCarried, status: resp.StatusCode, supplied: true, response: resp})
	return goesOn
}

// shown is a URL for the journal: without query, and without the path behind a
// segment that only a machine made, such as the request in an OCSP GET.
func shown(u policy.URL) string {
	const longest = 48
	u.Query = ""
	segments := strings.Split(u.Path, "/")
	for i, s := range segments {
		if len(s) > longest {
			segments = append(segments[:i:i], "...")
			break
		}
	}
	u.Path = strings.Join(segments, "/")
	return u.String()
}

// connectTo makes sure that the origin connection leads where the request goes.
func (x *exchanges) connectTo(req *http.Request) *exception {
	if x.dialTo == nil {
		return nil
	}
	host, port, err := x.dialTo(req)
	if err != nil {
		return newException("invalid_request", err.Error())
	}
	x.setOrigin(host, port)
	if x.target.Dst.IsValid() { // a transparent client has chosen the address
		x.dial = x.target.Dst.String()
	}
	if x.origin != nil && x.origin.to == x.dial {
		return nil
	}
	if x.origin != nil {
		x.origin.conn.Close()
		x.origin = nil
	}
	return x.openOrigin()
}

// openOrigin connects to where requests go now.
func (x *exchanges) openOrigin() *exception {
	c, failed := x.dialServer()
	if failed == nil {
		x.origin = x.newHTTPLeg(c)
	}
	return failed
}

// answer passes the response on; true when the connection can carry another request.
func (x *exchanges) answer(req *http.Request, resp *http.Response) bool {
	x.answered(resp.StatusCode)
	if resp.StatusCode == http.StatusSwitchingProtocols {
		return x.upgrade(resp)
	}
	x.fit(req, resp)
	if err := x.pass(resp); err != nil || req.Close || resp.Close {
		finish(x.client)
		return false
	}
	return true
}

// fit makes a response one that the client understands: HTTP/1.0 knows no chunks and
// is told when the connection stays.
func (x *exchanges) fit(req *http.Request, resp *http.Response) {
	if x.p.draining.Load() {
		resp.Close = true
	}
	endToEnd(resp.Header)
	if req.ProtoAtLeast(1, 1) {
		return
	}
	if len(resp.TransferEncoding) > 0 {
		resp.TransferEncoding, resp.ContentLength, resp.Close = nil, -1, true
	}
	if !req.Close && !resp.Close {
		resp.Header.Set("Connection", "keep-alive")
	}
}

// pass writes a response to the client as it comes.
func (x *exchanges) pass(resp *http.Response) error {
	w := x.p.writer(x.client)
	defer x.p.release(w)
	resp.Body = flushBetween(resp.Body, x.origin.conn.reader(), w)
	if err := resp.Write(throughout{w}); err != nil {
		return err
	}
	return w.Flush()
}

// upgrade passes on a 101 and carries what follows untouched.
func (x *exchanges) upgrade(resp *http.Response) bool {
	if err := resp.Write(x.client); err != nil {
		return false
	}
	tunnel(x.client, x.origin.conn, x.p.conf.Limits.Idle)
	return false
}

// forwardRequest serves plain HTTP: absolute URLs of explicit clients, origin-form
// ones with a Host header of transparent clients or of those inside a CONNECT.
func (f *flow) forwardRequest(req *http.Request, s span) stage {
	x := exchanges{flow: f, client: f.client, fill: f.plainTransaction, dialTo: f.requestOrigin, where: "to request"}
	f.record(journal.FlowHandled{How: "http", Protocol: "http", Upstream: req.Host})
	return x.serve(req, s)
}

// plainTransaction is the http.proxy transaction of a request in clear, nil being one
// that could not be read.
func (f *flow) plainTransaction(req *http.Request) *policy.Transaction {
	tx := f.transaction(policy.HTTPProxy)
	tx.ClientProtocol, tx.Tunneled = "http", policy.No
	if req == nil {
		return tx
	}
	host, port, _ := f.requestOrigin(req)
	fillRequest(tx, req, "http", host, port)
	f.categorise(tx)
	return tx
}

// requestOrigin is where a request in clear goes: inside a CONNECT to where that
// leads, else to where the request says.
func (f *flow) requestOrigin(req *http.Request) (string, uint16, error) {
	if f.connect != nil && f.connect.Type == policy.HTTPProxy && req.URL.Host == "" {
		return f.host, f.port, nil
	}
	authority := req.URL.Host
	if authority == "" {
		authority = req.Host
	}
	if authority == "" {
		return "", 0, errors.New("the request names no host")
	}
	if _, _, err := net.SplitHostPort(authority); err != nil {
		authority = net.JoinHostPort(strings.Trim(authority, "[]"), "80")
	}
	return splitAuthority(authority)
}

// fillRequest puts a request into a transaction.
func fillRequest(tx *policy.Transaction, req *http.Request, scheme, host string, port uint16) {
	tx.Method, tx.RequestHeader = req.Method, req.Header
	if h := req.Host; h != "" && tx.Type == policy.HTTPSForwardProxy {
		host = strings.ToLower(h)
		if name, p, err := net.SplitHostPort(h); err == nil {
			host = strings.ToLower(name)
			if n, err := strconv.ParseUint(p, 10, 16); err == nil {
				port = uint16(n)
			}
		}
	}
	tx.URL = policy.URL{Scheme: scheme, Host: host, Port: port, Path: req.URL.EscapedPath(), Query: req.URL.RawQuery}
	if tx.URL.Path == "" {
		tx.URL.Path = "/"
	}
}
