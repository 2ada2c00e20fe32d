package flow

import (
	"fmt"
	"strings"

	"rehearse/proxy"
	"rehearse/proxy/policy/cpl"
)

// Way is how a flow ends in the eyes of its client.
type Way int

// The ways. Their table says what they are.
const (
	Served Way = iota
	Tunnelled
	Decrypted
	Relayed
	STunnelled
	Redirected
	Page
	PageInside
	ClosedInside
	Mistaken
	Closed
	Reset
	Alert
	Passed
	Pending
)

// Openness is how much a way lets through.
type Openness int

// The degrees of openness, in order.
const (
	Refused   Openness = iota // the client does not get through
	Inspected                 // it does, and the interceptor reads along
	Unseen                    // it does, and nobody reads along
)

// way is a row of the table of ways.
type way struct {
	name     string // for JSON
	open     Openness
	emulated bool // the client is shown an emulated certificate
	text     string
	// browser is what a person at a browser sees; strict what a client does that
	// enforces revocation, when its certificate is not the reason.
	browser, strict string
}

// ways has a row for every Way, in order.
func ways() []way {
	return []way{
		Served:       {"served", Inspected, false, "allowed, in clear", "the page", "the answer"},
		Tunnelled:    {"tunnelled", Unseen, false, "allowed, tunnelled untouched", "the page, with the origin's own certificate", "works, with the origin's own certificate"},
		Decrypted:    {"decrypted", Inspected, true, "allowed, decrypted", "the page, with an emulated certificate", "works, with an emulated certificate"},
		Relayed:      {"relayed", Inspected, true, "allowed, decrypted, its protocol relayed", "works, with an emulated certificate", "works, with an emulated certificate"},
		STunnelled:   {"stunnelled", Inspected, true, "allowed, decrypted, STunnelled", "works, with an emulated certificate", "works, with an emulated certificate"},
		Redirected:   {"redirected", Refused, false, "redirected", "another page", "a redirect in place of the answer"},
		Page:         {"page", Refused, false, "denied, with a page", "the page of the exception, or its tunnel is refused", "an HTTP error before TLS"},
		PageInside:   {"page_inside_tls", Refused, true, "denied, with a page inside TLS", "the page of the exception, with an emulated certificate", "an HTTP error inside TLS"},
		ClosedInside: {"closed_inside_tls", Refused, true, "denied, closed inside TLS", "the connection closes without a page", "the connection closes after the handshake"},
		Mistaken:     {"http_error_inside_tls", Refused, true, "broken: taken for HTTP inside TLS", "an HTTP error inside TLS", "HTTP 400 in place of an answer in its own protocol"},
		Closed:       {"closed", Refused, false, "denied, closed", "the connection closes", "the connection closes"},
		Reset:        {"reset", Refused, false, "denied, reset", "the connection is reset", "the connection is reset"},
		Alert:        {"alert", Refused, false, "broken: alert handshake_failure", "the TLS alert handshake_failure", "the TLS alert handshake_failure"},
		Passed:       {"passed", Inspected, false, "allowed, and goes on by what follows", "what follows decides", "what follows decides"},
		Pending:      {"not_final", Refused, false, "not decided at the last point given", "nothing yet", "nothing yet"},
	}
}

// Outcome is what a client sees of a flow, and the line that decided it.
type Outcome struct {
	Way    Way
	ID     string // of the exception, "" without one
	Status int    // HTTP status of its page
	To     string // where a redirect leads
	// Actions are the labels of the action blocks that changed what passed.
	Actions []string
	// Keyring is the issuer of the emulated certificate where it is not the
	// default one; Untrusted says that the certificate is made untrusted.
	Keyring   string
	Untrusted bool
	// At is "file:line" of the rule or setting that decided, "" by default.
	At string
}

// Name is the way, for JSON.
func (o Outcome) Name() string { return ways()[o.Way].name }

// Open is how much the outcome lets through.
func (o Outcome) Open() Openness { return ways()[o.Way].open }

// Emulated says whether the client is shown an emulated certificate.
func (o Outcome) Emulated() bool { return ways()[o.Way].emulated }

// Same says whether clients see the same, whoever decided it.
func (o Outcome) Same(other Outcome) bool { return o.String() == other.String() }

// String is what the client sees, in a few words: "denied, with a page:
// policy_denied (403)".
func (o Outcome) String() string {
	var b strings.Builder
	b.WriteString(ways()[o.Way].text)
	switch {
	case o.To != "":
		fmt.Fprintf(&b, " to %s (%d)", o.To, o.Status)
	case o.ID != "" && o.Status > 0:
		fmt.Fprintf(&b, ": %s (%d)", o.ID, o.Status)
	case o.ID != "":
		b.WriteString(": " + o.ID)
	}
	if o.Keyring != "" {
		b.WriteString(", certificate by keyring " + o.Keyring)
	}
	if o.Untrusted {
		b.WriteString(", certificate made untrusted")
	}
	if len(o.Actions) > 0 {
		b.WriteString(", with action " + strings.Join(o.Actions, ", "))
	}
	return b.String()
}

// Browser is what a person at a browser sees.
func (o Outcome) Browser() string { return ways()[o.Way].browser }

// Strict is what comes of a client that enforces revocation at a release: below
// the first with revocation pointers it hangs up on emulated certificates.
func (o Outcome) Strict(r cpl.Release) string {
	switch {
	case o.Emulated() && !proxy.FeaturePointers.In(r):
		return "hangs up: the emulated certificate has no revocation pointers"
	case o.Untrusted:
		return "hangs up: the certificate leads to no trusted root"
	}
	return ways()[o.Way].strict
}

// refusal is an exception by its id.
func refusal(w Way, id, at string) Outcome {
	o := Outcome{Way: w, ID: id, At: at}
	if w != Page && w != PageInside {
		return o
	}
	o.Status = 403
	for _, e := range proxy.Exceptions() {
		if e.ID == id {
			o.Status = e.Status
		}
	}
	return o
}
