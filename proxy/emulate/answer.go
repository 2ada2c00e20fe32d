package emulate

import "time"

// Answer says how a CRL or an OCSP answer is made. The zero Answer is the right one.
// The faults can be combined where that makes sense: Delegated with Stale, say.
type Answer struct {
	// Stale: nextUpdate was three days ago.
	Stale bool
	// NotYetValid: thisUpdate is in three days.
	NotYetValid bool
	// NoNextUpdate: there is no nextUpdate.
	NoNextUpdate bool
	// WrongSigner: the signature is by another key; all names are right.
	WrongSigner bool
	// WrongIssuer: the CRL is a right one of another authority; the OCSP answer is
	// about a certificate of another issuer.
	WrongIssuer bool
	// Revoked: every certificate that the authority issued is said to be revoked an
	// hour ago for keyCompromise. A CRL, which its readers keep, lists those that will
	// be issued next as well.
	Revoked bool
	// Malformed: a page of HTML stands in the answer's place.
	Malformed bool

	// Delegated (OCSP): the answer is signed by a delegated responder, whose
	// certificate has the extended key usage OCSPSigning and the extension
	// ocsp-nocheck (RFC 6960 4.2.2.2). That is no fault.
	Delegated bool
	// NoEKU (OCSP): the answer is signed by a responder whose certificate is of the
	// authority but lacks OCSPSigning.
	NoEKU bool
	// ByKey (OCSP): the responder names itself by the hash of its key. That is no
	// fault.
	ByKey bool
	// NoNonce (OCSP): a nonce in the request is not repeated, as with answers signed
	// beforehand. That is no fault.
	NoNonce bool
	// UnknownStatus (OCSP): the status is unknown.
	UnknownStatus bool
	// TryLater (OCSP): the answer is tryLater (3), unsigned.
	TryLater bool
	// Unauthorized (OCSP): the answer is unauthorized (6), unsigned.
	Unauthorized bool

	// Huge (CRL): the list has HugeEntries entries more, over 5 MiB.
	Huge bool
}

// HugeEntries is how many foreign serial numbers a huge CRL lists. They make it
// larger than the 5 MiB that Chromium's fetcher takes.
const HugeEntries = 150_000

// How wrong the dates of stale and of not yet valid answers are.
const (
	datesOff      = 3 * 24 * time.Hour
	forcedBefore  = time.Hour // a forced revocation is this old
	keyCompromise = 1
)

const captivePortal = "<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body>Sign in to use this network.</body></html>\n"

// validity is thisUpdate and nextUpdate; next is zero where there is none.
type validity struct{ this, next time.Time }

// dates gives an answer's dates. They are dated back, for a verifier may have taken
// its time before it asked, but not to before notBefore of what they are about.
func (a *Authority) dates(how Answer, notBefore time.Time) validity {
	now := a.now().UTC().Truncate(time.Second)
	var v validity
	switch {
	case how.Stale:
		v = validity{now.Add(-datesOff - a.lifetime), now.Add(-datesOff)}
	case how.NotYetValid:
		v = validity{now.Add(datesOff), now.Add(datesOff + a.lifetime)}
	default:
		this := later(now.Add(-answerBackdate), notBefore.UTC())
		v = validity{this, this.Add(a.lifetime)}
	}
	if how.NoNextUpdate {
		v.next = time.Time{}
	}
	return v
}
