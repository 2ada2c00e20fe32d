// Package detect tells from the first bytes of a stream which protocol it
// speaks.
//
// In comes what the client has sent so far, out comes a verdict: No, Maybe (more
// bytes are needed) or Yes. A detector sees the prefix and nothing else, keeps
// nothing between calls, consumes nothing, and decides as early as it can, for
// some clients say no more until they are answered. A verdict other than Maybe
// holds for every longer prefix. The loop that grows the prefix is the caller's.
package detect

import "rehearse/proxy/wire"

// Verdict is what a prefix says about a protocol.
type Verdict = wire.Verdict

// The verdicts.
const (
	No    = wire.No
	Maybe = wire.Maybe
	Yes   = wire.Yes
)

// Protocol names, as client.protocol and the journal spell them.
const (
	SSL    = "ssl"     // SSL and TLS
	HTTP   = "http"    // HTTP/1.x requests and the HTTP/2 preface
	SIPS   = "sips"    // SIP, seen inside TLS
	MSTURN = "ms-turn" // pseudo-TLS, or MS-TURN in its TCP framing
	TURN   = "turn"    // TURN and STUN of RFC 8489 and RFC 8656
)

// Detector is one way a protocol can begin; a protocol may have several.
type Detector struct {
	Protocol string
	Detect   func(prefix []byte) Verdict
}

// Table is an ordered list of detectors.
type Table []Detector

// Outer is the table for the bytes of a flow as they come from the client.
// Pseudo-TLS stands above TLS, as it is made to look like it.
func Outer() Table {
	return Table{
		{MSTURN, pseudoTLS},
		{SSL, tls},
		{HTTP, http},
		{MSTURN, msturnFrame},
		{TURN, turn},
	}
}

// Inner is the table for the bytes inside TLS. SIP stands above HTTP: both have
// OPTIONS.
func Inner() Table {
	return Table{
		{SIPS, sip},
		{HTTP, http},
		{MSTURN, msturnFrame},
		{TURN, turn},
	}
}

// Classify asks every detector. The first that does not say No decides: an
// earlier Maybe beats a later Yes. With Maybe comes the protocol that it may be;
// with No, "".
func (t Table) Classify(prefix []byte) (protocol string, v Verdict) {
	for _, d := range t {
		if v := d.Detect(prefix); v != No {
			return d.Protocol, v
		}
	}
	return "", No
}

// Only is the table of those detectors whose protocol is wanted, in the same
// order.
func (t Table) Only(wanted func(protocol string) bool) Table {
	var out Table
	for _, d := range t {
		if wanted(d.Protocol) {
			out = append(out, d)
		}
	}
	return out
}
