package revocation

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"syscall"
)

// What a verifier takes at most, in bytes.
const (
	MaxCRL  = 32 << 20
	MaxOCSP = 1 << 20
)

func limit(s Source) int {
	if s == CRL {
		return MaxCRL
	}
	return MaxOCSP
}

// HTTPFetcher is a Fetcher over Transport, which decides about proxies and
// name resolution. Redirects are followed three times, and only to http URLs: a
// status server behind TLS would need the very check that is under way.
type HTTPFetcher struct{ Transport http.RoundTripper }

// Fetch implements Fetcher.
func (f HTTPFetcher) Fetch(ctx context.Context, method, target string, body []byte) (int, []byte, error) {
	req, err := http.NewRequestWithContext(ctx, method, target, bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/ocsp-request")
	}
	client := http.Client{Transport: f.Transport, CheckRedirect: plainOnly}
	resp, err := client.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	content, err := io.ReadAll(io.LimitReader(resp.Body, MaxCRL+1))
	if err != nil {
		return 0, nil, err
	}
	return resp.StatusCode, content, nil
}

func plainOnly(req *http.Request, via []*http.Request) error {
	if len(via) > 3 {
		return errors.New("more than 3 redirects")
	}
	if req.URL.Scheme != "http" {
		return fmt.Errorf("redirected to %s, only http is followed", req.URL.Scheme)
	}
	return nil
}

// reason says in a few words why nothing came back. It leaves out addresses
// and URLs, which differ between runs or carry an encoded request.
func reason(err error) string {
	var name *net.DNSError
	var wrapped *url.Error
	switch {
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded):
		return "timed out"
	case errors.Is(err, context.Canceled):
		return "given up"
	case errors.As(err, &name):
		if name.IsNotFound {
			return "no such name"
		}
		return "name not resolved"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "connection refused"
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return "connection reset"
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return "host unreachable"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "connection closed"
	case errors.As(err, &wrapped):
		return wrapped.Err.Error()
	}
	return err.Error()
}
