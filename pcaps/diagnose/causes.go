package diagnose

import "slices"

// Cause is a row of the table of causes.
type Cause struct {
	ID    string
	Title string // for a heading
	Means string // what happens, in sentences
	// Code is that of the outcome of a rehearsal that fails so, "" where there are
	// several.
	Code     string
	Remedies []string
	Source   string
}

// The IDs of causes.
const (
	NoPointers           = "pcap-no-pointers"
	ResponderUnreachable = "pcap-responder-unreachable"
	ResponderSlow        = "pcap-responder-slow"
	ResponderForbidden   = "pcap-responder-forbidden"
	Stale                = "pcap-status-stale"
	StatusUnusable       = "pcap-status-unusable"
	Revoked              = "pcap-revoked"
	UntrustedRoot        = "pcap-untrusted-root"
	NameMismatch         = "pcap-name-mismatch"
	Expired              = "pcap-expired"
	Refused              = "pcap-certificate-refused"
	SIPTakenForHTTP      = "pcap-sip-taken-for-http"
	PseudoTLSRefused     = "pcap-pseudo-tls-refused"
	PolicyDenied         = "pcap-policy-denied"
	ProxyAuthentication  = "pcap-proxy-authentication"
	NotHTTP              = "pcap-not-http"
	NotTLS               = "pcap-answer-not-tls"
	OriginRefused        = "pcap-origin-failed"
	TLSRefused           = "pcap-tls-refused"
	ClosedUnanswered     = "pcap-closed-unanswered"
	NoAnswer             = "pcap-no-answer"
	DNSFailure           = "pcap-dns-failure"
	Unreachable          = "pcap-unreachable"
	SIPFailed            = "pcap-sip-failed"
	SignInRefused        = "pcap-sign-in-refused"
	NoRelay              = "pcap-no-relay"
	RelayClosed          = "pcap-relay-closed"
	OneWay               = "pcap-media-one-way"
)

// Of is the row of a cause.
func Of(id string) Cause {
	for _, c := range causes {
		if c.ID == id {
			return c
		}
	}
	return Cause{ID: id}
}

// Causes lists all causes.
func Causes() []Cause { return slices.Clone(causes[:]) }
