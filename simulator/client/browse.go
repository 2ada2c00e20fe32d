package client

import (
	"net/http"
	"net/url"

	"rehearse/reports/journal"
)

func (b Browse) take(w *walk) end {
	w.reach("", journal.StageResolve)
	u, err := url.Parse(b.URL)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return end{stop: w.abort(codeAddress, b.URL)}
	}
	p, err := w.get(u, nil)
	if err != nil {
		return end{stop: w.fail(err)}
	}
	if p.StatusCode >= http.StatusBadRequest {
		return end{stop: w.refuse(bodyCode(p.body, p.StatusCode), "")}
	}
	return end{}
}

// get fetches a page, in the clear or over TLS with the server judged. Any answer
// is a page; the walk is then at stage done.
func (w *walk) get(u *url.URL, header http.Header) (*page, error) {
	req := &http.Request{Method: http.MethodGet, URL: u, Host: u.Host, Header: http.Header{"User-Agent": {w.conf.Profile.UserAgent}}}
	for k, v := range header {
		req.Header[k] = v
	}
	if u.Scheme == "http" {
		p, flow, err := w.fetch(req, u.String())
		if err == nil {
			w.reach(flow, journal.StageDone)
		}
		return p, err
	}
	conn, f, err := w.openTLS(u)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	defer w.limit(f, httpLimit)()
	return w.exchange(conn, f.name, req, false, u.String())
}
