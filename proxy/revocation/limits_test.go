package revocation_test

import (
	"context"
	"crypto/x509"
	"testing"
	"testing/synctest"
	"time"

	"rehearse/proxy/revocation"
)

// hanging is a leaf whose n responders and one CRL server never answer.
func hanging(b *bench, n int) *x509.Certificate {
	t := b.template("hanging.test")
	point(t, "int-good", "-", "hang")
	for range n {
		t.OCSPServer = append(t.OCSPServer, "http://hang.test/ocsp")
	}
	return issue(t, b.issuers["int-good"]).cert
}

// Time limits run on virtual time: a bubble each, so plain tests.
func TestTimeLimits(t *testing.T) {
	for _, c := range []struct {
		name       string
		limits     revocation.Limits
		responders int
		lasts      time.Duration
		details    []string // of the fetches for the leaf
	}{
		{"by default 15 s a URL", revocation.Limits{}, 2, 45 * time.Second, []string{"timed out", "timed out", "timed out"}},
		{"accumulative: 10 s, 5 s, 2.5 s", revocation.AccumulativeLimits(), 2, 17500 * time.Millisecond, []string{"timed out", "timed out", "timed out"}},
		{"a total cuts the last one short", revocation.Limits{PerURL: 15 * time.Second, Total: 20 * time.Second}, 2, 20 * time.Second,
			[]string{"timed out", "timed out", "no time left"}},
		{"halving within a limit for each", revocation.Limits{PerURL: 6 * time.Second, Total: 20 * time.Second, Halving: true}, 1, 12 * time.Second,
			[]string{"timed out", "timed out"}},
		{"at most eight of a kind", revocation.Limits{PerURL: time.Second}, 100, 9 * time.Second, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(time.Now())
				began := time.Now()
				checker := &revocation.Checker{Fetcher: b, Now: time.Now, Behaviour: revocation.Behaviour{Limits: c.limits}}
				r := checker.Check(t.Context(), b.chain(hanging(b, c.responders)), nil)
				if took := time.Since(began); took != c.lasts {
					t.Errorf("took %v, want %v", took, c.lasts)
				}
				if r.Accept || r.Code != revocation.CodeOffline {
					t.Errorf("got %+v, want a refusal with %s", r, revocation.CodeOffline)
				}
				for i, want := range c.details {
					if got := r.Fetches[i+1].Detail; got != want {
						t.Errorf("fetch %d: got %q, want %q", i, got, want)
					}
				}
			})
		})
	}
}

func TestCallerGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(time.Now())
		ctx, cancel := context.WithTimeout(t.Context(), 4*time.Second)
		defer cancel()
		began := time.Now()
		checker := &revocation.Checker{Fetcher: b, Now: time.Now}
		r := checker.Check(ctx, b.chain(hanging(b, 1)), nil)
		if took := time.Since(began); took != 4*time.Second {
			t.Errorf("took %v, want the caller's 4 s", took)
		}
		if r.Verdict != revocation.Offline {
			t.Errorf("got %v, want offline", r.Verdict)
		}
	})
}
