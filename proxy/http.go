package proxy

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"

	"rehearse/proxy/policy"
	"rehearse/reports/journal"
)

// httpLeg is an upstream connection that speaks HTTP/1.1.
type httpLeg struct {
	conn net.Conn
	r    *bufio.Reader
	to   string // "host:port"
}

func newHTTPLeg(c net.Conn, to string) *httpLeg {
	return &httpLeg{conn: c, r: bufio.NewReader(c), to: to}
}

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
func (x *exchanges) serve(req *http.Request) stage {
	for x.exchange(req) {
		next, err := http.ReadRequest(x.client.r)
		if err != nil {
			if !isEnd(err) {
				x.send(x.client, newException("invalid_request", err.Error()), x.where)
			}
			break
		}
		req = next
	}
	return nil
}

// isEnd says whether a read error is the end of the connection and no message.
func isEnd(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || isNet(err)
}

// exchange carries one request and its response; false ends the connection.
func (x *exchanges) exchange(req *http.Request) bool {
	tx := x.fill(req)
	d, no := x.verdict(tx, policy.AtInnerRequest)
	if no == nil {
		no = x.carryOut(d, tx, req)
	}
	if no != nil {
		x.send(x.client, no, x.where)
		return false
	}
	if failed := x.connectTo(req); failed != nil {
		x.send(x.client, failed, x.where)
		return false
	}
	resp, err := x.roundTrip(req)
	if err != nil {
		x.send(x.client, newException("invalid_response", "The origin's answer could not be read."), x.where)
		return false
	}
	defer resp.Body.Close()
	x.record(journal.HTTPExchanged{Method: req.Method, URL: shown(tx.URL), Status: resp.StatusCode})
	tx.Status, tx.ResponseHeader = resp.StatusCode, resp.Header
	if d, no = x.verdict(tx, policy.AtResponse); no != nil {
		x.send(x.client, no, x.where)
		return false
	}
	x.carryOutResponse(d, tx, resp)
	return x.answer(req, resp)
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
	}
	c, failed := x.dialServer()
	if failed == nil {
		x.origin = newHTTPLeg(c, x.dial)
	}
	return failed
}

// roundTrip sends the request on in origin form and reads the response's header.
func (x *exchanges) roundTrip(req *http.Request) (*http.Response, error) {
	if strings.EqualFold(req.Header.Get("Expect"), "100-continue") {
		io.WriteString(x.client, "HTTP/1.1 100 Continue\r\n\r\n")
		req.Header.Del("Expect")
	}
	req.Header.Del("Proxy-Connection")
	req.Header.Del("Proxy-Authorization")
	if _, ok := req.Header["User-Agent"]; !ok {
		req.Header["User-Agent"] = []string{""} // keeps net/http from adding its own
	}
	if err := req.Write(x.origin.conn); err != nil {
		return nil, err
	}
	for {
		resp, err := http.ReadResponse(x.origin.r, req)
		if err != nil || resp.StatusCode >= 200 || resp.StatusCode == http.StatusSwitchingProtocols {
			return resp, err
		}
	}
}

// answer passes the response on; true when the connection can carry another request.
func (x *exchanges) answer(req *http.Request, resp *http.Response) bool {
	x.answered(resp.StatusCode)
	if resp.StatusCode == http.StatusSwitchingProtocols {
		return x.upgrade(resp)
	}
	if err := resp.Write(x.client); err != nil || req.Close || resp.Close {
		finish(x.client)
		return false
	}
	return true
}

// upgrade passes on a 101 and carries what follows untouched.
func (x *exchanges) upgrade(resp *http.Response) bool {
	if err := resp.Write(x.client); err != nil {
		return false
	}
	tunnel(x.client, &peeked{Conn: x.origin.conn, r: x.origin.r})
	return false
}

// forwardRequest serves plain HTTP: absolute URLs of explicit clients, origin-form
// ones with a Host header of transparent clients or of those inside a CONNECT.
func (f *flow) forwardRequest(req *http.Request) stage {
	x := exchanges{flow: f, client: f.client, fill: f.plainTransaction, dialTo: f.requestOrigin, where: "to request"}
	f.record(journal.FlowHandled{How: "http", Protocol: "http", Upstream: req.Host})
	return x.serve(req)
}

// plainTransaction is the http.proxy transaction of a request in clear.
func (f *flow) plainTransaction(req *http.Request) *policy.Transaction {
	tx := f.transaction(policy.HTTPProxy)
	tx.ClientProtocol, tx.Tunneled = "http", policy.No
	host, port, _ := f.requestOrigin(req)
	fillRequest(tx, req, "http", host, port)
	f.categorise(tx)
	return tx
}

// requestOrigin is where a request in clear goes: inside a CONNECT to where that
// leads, else to where the request says.
func (f *flow) requestOrigin(req *http.Request) (string, uint16, error) {
	if f.connect != nil && req.URL.Host == "" {
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
