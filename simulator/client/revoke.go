package client

import (
	"bytes"
	"crypto/x509"
	"io"
	"net/http"

	"rehearse/proxy/revocation"
	"rehearse/reports/journal"
)

// revoked asks whether a chain is revoked, as the profile does. Its events stand
// on the fetches' own flows, the verdict on the flow of the connection that is
// judged. There is no verdict where the step was given up meanwhile.
func (w *walk) revoked(flow string, chain []*x509.Certificate, staple []byte) *stop {
	b := w.conf.Profile.Revocation
	if b.Scope != revocation.Nothing {
		w.reach(flow, journal.StageRevocation)
	}
	courier := &courier{walk: w}
	check := revocation.Checker{
		Fetcher: revocation.HTTPFetcher{Transport: courier}, Now: w.conf.Now, Cache: w.cache, Behaviour: b,
		Record: func(body journal.Body) {
			switch body.(type) {
			case journal.RevocationFetched:
				w.record(courier.flow, body)
			default:
				if w.ctx.Err() == nil {
					w.record(flow, body)
				}
			}
		},
	}
	r := check.Check(w.ctx, chain, staple)
	switch {
	case w.ctx.Err() != nil:
		return w.fail(w.ctx.Err())
	case r.Accept:
		return nil
	}
	return w.abort(r.Code, r.Certificate+": "+string(r.Verdict))
}

// courier carries revocation requests: plain HTTP from the client's own host,
// through its explicit proxy where there is one, each on a connection of its own.
type courier struct {
	*walk
	flow string // of the last request, "" when it found no connection
}

// RoundTrip implements http.RoundTripper.
func (c *courier) RoundTrip(req *http.Request) (*http.Response, error) {
	c.flow = ""
	w := c.errand(req.Context())
	f, err := w.dial(hostPort(req.URL))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	c.flow = f.name
	defer w.limit(f, httpLimit)()
	p, err := roundTrip(f, req, w.conf.Proxy != "")
	if err != nil {
		return nil, err
	}
	p.Body = io.NopCloser(bytes.NewReader(p.body))
	return p.Response, nil
}
