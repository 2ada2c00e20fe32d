package pki

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"rehearse/proxy/emulate"
)

// What a fault concerns.
const (
	OCSP = "ocsp"
	CRL  = "crl"
	Both = "both"
)

// Fault is something wrong with an endpoint for revocation status.
type Fault struct {
	// What is OCSP, CRL or Both; empty is Both.
	What string
	// Kind is the name of a row of Faults.
	Kind string
	// Delay is how long answers take. Silent waits so long, or as long as the client
	// does when it is 0, and then closes without an answer.
	Delay time.Duration
	// Authority is the ID of the one authority concerned; empty means all.
	Authority string
}

// FaultKind is a row of Faults.
type FaultKind struct {
	Name string
	// What is the only kind of answer that can go wrong so; Both for either.
	What string
	// Doc is one line for people.
	Doc string

	answer emulate.Answer // what the responder is told
	http   func(w http.ResponseWriter, r *http.Request)
	only   func(level) bool // nil for every authority
}

// level is where an authority stands in its responder.
type level int

const (
	issuesLeaves level = iota
	issuesAuthorities
)

// Faults is the table of faults, in the order in which they are listed.
func Faults() []FaultKind {
	return []FaultKind{
		{Name: "slow", What: Both, Doc: "answers rightly, after the delay"},
		{Name: "silent", What: Both, Doc: "takes the request and says nothing for the delay, or for ever; then closes", http: abort},
		{Name: "down", What: Both, Doc: "resets every connection; for a refused one take the world's reset", http: abort},
		{Name: "http404", What: Both, Doc: "says 404", http: status(http.StatusNotFound)},
		{Name: "http503", What: Both, Doc: "says 503", http: status(http.StatusServiceUnavailable)},
		{Name: "malformed", What: Both, Doc: "says 200 with a page of HTML, as a captive portal does", answer: emulate.Answer{Malformed: true}},
		{Name: "stale", What: Both, Doc: "answers whose nextUpdate was three days ago", answer: emulate.Answer{Stale: true}},
		{Name: "not_yet_valid", What: Both, Doc: "answers whose thisUpdate is in three days", answer: emulate.Answer{NotYetValid: true}},
		{Name: "no_next_update", What: Both, Doc: "answers without a nextUpdate", answer: emulate.Answer{NoNextUpdate: true}},
		{Name: "wrong_signer", What: Both, Doc: "answers signed by another key under the right name", answer: emulate.Answer{WrongSigner: true}},
		{Name: "wrong_issuer", What: Both, Doc: "the CRL of another authority; OCSP answers about a certificate of another issuer", answer: emulate.Answer{WrongIssuer: true}},
		{Name: "revoked_leaf", What: Both, Doc: "every server certificate is revoked", answer: emulate.Answer{Revoked: true}, only: func(l level) bool { return l == issuesLeaves }},
		{Name: "revoked_intermediate", What: Both, Doc: "every intermediate is revoked", answer: emulate.Answer{Revoked: true}, only: func(l level) bool { return l == issuesAuthorities }},
		{Name: "unknown", What: OCSP, Doc: "the status of every certificate is unknown", answer: emulate.Answer{UnknownStatus: true}},
		{Name: "try_later", What: OCSP, Doc: "the answer is tryLater", answer: emulate.Answer{TryLater: true}},
		{Name: "unauthorized", What: OCSP, Doc: "the answer is unauthorized", answer: emulate.Answer{Unauthorized: true}},
		{Name: "delegated", What: OCSP, Doc: "no fault: a delegated responder signs", answer: emulate.Answer{Delegated: true}},
		{Name: "no_eku", What: OCSP, Doc: "a delegated responder signs whose certificate lacks OCSPSigning", answer: emulate.Answer{NoEKU: true}},
		{Name: "crl_expired", What: CRL, Doc: "the CRL's nextUpdate was three days ago", answer: emulate.Answer{Stale: true}},
		{Name: "crl_wrong_issuer", What: CRL, Doc: "the CRL is of another authority", answer: emulate.Answer{WrongIssuer: true}},
		{Name: "crl_huge", What: CRL, Doc: "the CRL is larger than 5 MiB", answer: emulate.Answer{Huge: true}},
	}
}

// Check says what is wrong with a fault, and what is allowed.
func (f Fault) Check() error {
	_, err := f.whole().kind()
	return err
}

// whole fills in what may be left out.
func (f Fault) whole() Fault {
	if f.What == "" {
		f.What = Both
	}
	return f
}

// kind finds the row of a fault and checks the fault against it.
func (f Fault) kind() (FaultKind, error) {
	if f.What != OCSP && f.What != CRL && f.What != Both {
		return FaultKind{}, fmt.Errorf("fault concerns %q, want %q, %q or %q", f.What, OCSP, CRL, Both)
	}
	if f.Delay < 0 {
		return FaultKind{}, fmt.Errorf("fault %q has a delay of %s, want none or a positive one", f.Kind, f.Delay)
	}
	var names []string
	for _, k := range Faults() {
		if k.Name != f.Kind {
			names = append(names, k.Name)
			continue
		}
		if k.What != Both && f.What != Both && k.What != f.What {
			return FaultKind{}, fmt.Errorf("fault %q concerns %q only, got %q", k.Name, k.What, f.What)
		}
		return k, nil
	}
	return FaultKind{}, fmt.Errorf("no fault %q, want one of %s", f.Kind, strings.Join(names, ", "))
}

// abort ends the connection without an answer: by RST where the connection can, else
// as net/http does.
func abort(w http.ResponseWriter, _ *http.Request) {
	if h, ok := w.(http.Hijacker); ok {
		if conn, _, err := h.Hijack(); err == nil {
			if l, ok := conn.(interface{ SetLinger(int) error }); ok {
				l.SetLinger(0)
			}
			conn.Close()
			return
		}
	}
	panic(http.ErrAbortHandler)
}

func status(code int) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, _ *http.Request) { http.Error(w, http.StatusText(code), code) }
}
