package client

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"rehearse/proxy/revocation"
	"rehearse/reports/journal"
)

// maxBody is the most that is read of an HTTP body, in bytes: more than a CRL may
// have, so that one that is too large shows as such.
const maxBody = revocation.MaxCRL + 1

// page is an answer with its body read.
type page struct {
	*http.Response
	body []byte
}

// exchange sends one request on a connection and reads the answer. absolute says
// that the request line has the whole URL, as to an explicit proxy. It records
// HTTPExchanged, whose URL is shown.
func (w *walk) exchange(conn io.ReadWriter, flow string, req *http.Request, absolute bool, shown string) (*page, error) {
	p, err := roundTrip(conn, req, absolute)
	w.exchanged(flow, req.Method, shown, p, err)
	return p, err
}

// exchanged records how a request ended: p is its answer, or err says why there is
// none.
func (w *walk) exchanged(flow, method, shown string, p *page, err error) {
	seen := journal.HTTPExchanged{Method: method, URL: shown}
	if err != nil {
		_, seen.Err = classify(err)
	} else {
		seen.Status = p.StatusCode
	}
	w.record(flow, seen)
}

// openTLS makes the connection for an https URL, with the server judged; the walk is
// then at stage done.
func (w *walk) openTLS(u *url.URL) (*tls.Conn, *flow, error) {
	f, err := w.open(hostPort(u))
	if err != nil {
		return nil, nil, err
	}
	conn, err := w.secure(f, u.Hostname())
	if err != nil {
		return nil, nil, err
	}
	w.reach(f.name, journal.StageDone)
	return conn, f, nil
}

func roundTrip(conn io.ReadWriter, req *http.Request, absolute bool) (*page, error) {
	req.Close = true
	write := req.Write
	if absolute {
		write = req.WriteProxy
	}
	return transact(conn, bufio.NewReader(conn), req, write)
}

// transact writes a request and reads the answer whole.
func transact(conn io.Writer, in *bufio.Reader, req *http.Request, write func(io.Writer) error) (*page, error) {
	var out bytes.Buffer // one write: the head and a short body in one segment
	if err := write(&out); err != nil {
		return nil, err
	}
	if _, err := conn.Write(out.Bytes()); err != nil {
		return nil, err
	}
	res, err := http.ReadResponse(in, req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, maxBody))
	if err != nil {
		return nil, err
	}
	return &page{res, body}, nil
}

// fetch makes one request in the clear: through the explicit proxy in absolute
// form, else at the destination. flow is "" when no connection came about.
func (w *walk) fetch(req *http.Request, shown string) (p *page, flow string, err error) {
	f, err := w.dial(hostPort(req.URL))
	if err != nil {
		return nil, "", err
	}
	defer f.Close()
	defer w.limit(f, httpLimit)()
	p, err = w.exchange(f, f.name, req, w.conf.Proxy != "", shown)
	return p, f.name, err
}

// hostPort is where a URL leads.
func hostPort(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = "80"
		if u.Scheme == "https" {
			port = "443"
		}
	}
	return joinHost(u.Hostname(), port)
}

func joinHost(host, port string) string {
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	return host + ":" + port
}

// exceptionID finds the id of a built-in or user-defined exception where its page
// shows it, in parentheses behind the summary (default page of SGOS 5.3).
var exceptionID = regexp.MustCompile(`\((user-defined\.[\w-]+|[a-z]+(?:_[a-z0-9]+)+)\)`)

// pageCode is the code of an answer that is no success: the exception id that the
// page shows, or the status.
func pageCode(res *http.Response) string {
	head, _ := io.ReadAll(io.LimitReader(res.Body, 8<<10))
	return bodyCode(head, res.StatusCode)
}

func bodyCode(body []byte, status int) string {
	if m := exceptionID.FindSubmatch(body[:min(len(body), 8<<10)]); m != nil {
		return string(m[1])
	}
	return "http_" + strconv.Itoa(status)
}

// phrase is the reason phrase of an answer.
func phrase(res *http.Response) string {
	_, p, _ := strings.Cut(res.Status, " ")
	return p
}
