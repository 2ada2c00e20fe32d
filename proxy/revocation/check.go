// Package revocation judges whether a certificate chain is revoked, as
// verifiers really do it.
//
// In: a chain from leaf to root, what the server stapled, and a Behaviour that
// says how a verifier goes about it. Out: a Result: accepted or not, the verdict
// and code that decided, and every fetch that was made on the way. The chain is
// walked from the root's child down to the leaf; for each certificate the
// stapled answer comes first, then the OCSP responders its AIA names, then its
// CRL distribution points, until one answer is conclusive.
//
// Fetching and judging are apart: Checker.Check does the former within time
// limits, Question judges the bytes and touches nothing. Chain finds the path to
// a trusted root beforehand and names what is wrong with it.
//
// The one thing to know: "now" is the caller's clock, never the machine's; only
// time limits run on timers.
package revocation

import (
	"context"
	"crypto/x509"
	"encoding/asn1"
	"slices"
	"time"

	"rehearse/reports/journal"
)

// Fetcher gets CRLs and OCSP answers over plain HTTP, through whatever proxy
// its owner uses. It ends with ctx, follows redirects or not as it likes, and
// gives the final status with the body, of which it need not read more than
// MaxCRL+1 bytes. HTTPFetcher is one.
type Fetcher interface {
	Fetch(ctx context.Context, method, url string, body []byte) (status int, content []byte, err error)
}

// Checker judges chains. Its fields are set before the first Check and not
// changed after; a Checker is then safe for concurrent use.
type Checker struct {
	Fetcher   Fetcher          // nil: every fetch is offline
	Now       func() time.Time // required: the clock certificates are held against
	Cache     *Cache           // nil: nothing is kept
	Behaviour Behaviour
	// Record takes one journal.RevocationFetched for each fetch, in order, and
	// then one journal.RevocationJudged. May be nil. It is called from Check's
	// goroutine.
	Record func(journal.Body)
}

// Result is what a Check came to.
type Result struct {
	Accept  bool
	Verdict Verdict
	Detail  string
	// Code is the HRESULT symbol of a refusal, "" when accepted.
	Code string
	// Certificate is the subject of the deciding certificate: the first one
	// refused, or, where all were accepted, the first whose verdict is the least
	// certain.
	Certificate string
	// Fetches is every fetch, in order.
	Fetches []Fetch
	// Each is every certificate asked about, in the order of the walk; it ends
	// with the one refused.
	Each []CertResult
}

// CertResult is the verdict on one certificate.
type CertResult struct {
	Subject string // common name, or the first DNS name, or the whole subject
	Verdict Verdict
	Detail  string
	// Source is where the deciding answer came from, "" where there was none.
	Source Source
	Cached bool // the deciding answer came from the Cache
}

// Fetch is one fetch that was made, or was due and could not be begun.
type Fetch struct {
	Method string // "GET" or "POST"
	Source Source // OCSP or CRL
	URL    string // as in the certificate: without the encoded request
	For    string // subject of the certificate asked about
	Status int    // HTTP status, 0 where none came
	Judgement
}

// Check judges a chain, leaf first and trust anchor last, with the OCSP answer
// that the server stapled for the leaf (nil for none). A chain of one is a trust
// anchor shown as a leaf: there is nothing to ask about it. An empty chain is
// refused.
func (c *Checker) Check(ctx context.Context, chain []*x509.Certificate, staple []byte) Result {
	run := &check{Checker: c, ctx: ctx, clock: newBudget(c.Behaviour.Limits)}
	run.walk(chain, staple)
	if c.Record != nil {
		r := run.result
		c.Record(journal.RevocationJudged{
			Verdict: Judgement{r.Verdict, r.Detail}.String(), For: r.Certificate, Code: r.Code, Accept: r.Accept,
		})
	}
	return run.result
}

// check is one Check under way.
type check struct {
	*Checker
	ctx    context.Context
	clock  *budget
	result Result
}

func (k *check) walk(chain []*x509.Certificate, staple []byte) {
	if len(chain) == 0 {
		k.result = Result{Verdict: NoInformation, Detail: "empty chain", Code: CodeNoCheck}
		return
	}
	k.result = Result{Accept: true, Verdict: Good, Certificate: subject(chain[0])}
	if k.Behaviour.Scope == Nothing {
		k.result.Verdict = NotChecked
		return
	}
	if k.Behaviour.MustStaple && len(staple) == 0 && mustStaple(chain[0]) {
		k.refuse(NoInformation, "the certificate demands a staple, none came")
		return
	}
	for _, i := range k.order(len(chain)) {
		var stapled []byte
		if i == 0 {
			stapled = staple
		}
		if !k.take(k.certificate(chain[i], chain[i+1], stapled)) {
			return
		}
		if len(stapled) > 0 && k.Behaviour.StapleSettles {
			return
		}
	}
	if b := k.Behaviour; b.OneGood && !slices.ContainsFunc(k.result.Each, b.counts) {
		k.refuse(NoInformation, "not one certificate was found good")
	}
}

// refuse ends a check for a reason that is no single certificate's status.
func (k *check) refuse(v Verdict, detail string) {
	k.result.Accept, k.result.Verdict, k.result.Detail, k.result.Code = false, v, detail, v.Code()
}

// mustStaple says whether a certificate has the TLS feature status_request
// (RFC 7633).
func mustStaple(cert *x509.Certificate) bool {
	for _, e := range cert.Extensions {
		if e.Id.String() == "1.3.6.1.5.5.7.1.24" {
			var features []int
			_, err := asn1.Unmarshal(e.Value, &features)
			return err == nil && slices.Contains(features, 5)
		}
	}
	return false
}

// order is the indexes of the certificates to ask about, in walking order.
func (k *check) order(n int) []int {
	last := n - 2
	if k.Behaviour.Scope == LeafOnly {
		last = min(last, 0)
	}
	var order []int
	for i := 0; i <= last; i++ {
		at := last - i
		if k.Behaviour.LeafFirst {
			at = i
		}
		order = append(order, at)
	}
	return order
}

// take adds one certificate's result and says whether the walk goes on.
func (k *check) take(r CertResult) bool {
	k.result.Each = append(k.result.Each, r)
	ok := k.Behaviour.accepts(r)
	if !ok || (r.Verdict != Good && k.result.Verdict == Good) {
		k.result.Accept, k.result.Verdict, k.result.Detail, k.result.Certificate = ok, r.Verdict, r.Detail, r.Subject
	}
	if !ok {
		k.result.Code = r.Verdict.Code()
	}
	return ok
}

// subject is how a certificate is called in results and events.
func subject(c *x509.Certificate) string {
	switch {
	case c.Subject.CommonName != "":
		return c.Subject.CommonName
	case len(c.DNSNames) > 0:
		return c.DNSNames[0]
	}
	return c.Subject.String()
}
