package proxy

import (
	"bytes"
	"context"
	"io"
	"net/http"
)

// fetchLimit bounds a CRL or OCSP answer, in bytes.
const fetchLimit = 32 << 20

// fetcher fetches CRLs and OCSP answers from the interceptor's own host.
type fetcher struct{ host Host }

// Fetch implements revocation.Fetcher.
func (f *fetcher) Fetch(ctx context.Context, method, url string, body []byte) (int, []byte, error) {
	req, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/ocsp-request")
	}
	t := &http.Transport{DialContext: f.host.Dial, DisableKeepAlives: true}
	resp, err := t.RoundTrip(req)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	content, err := io.ReadAll(io.LimitReader(resp.Body, fetchLimit+1))
	return resp.StatusCode, content, err
}
