package revocation

import "fmt"

// Verdict is what became known about one certificate's revocation status, in a
// closed set of words; see Verdicts.
type Verdict string

// The verdicts. Good and Revoked are conclusive; every other one leaves the
// status undetermined, and the Behaviour says whether that is accepted.
const (
	Good              Verdict = "good"
	Revoked           Verdict = "revoked"
	NotChecked        Verdict = "not checked"
	NoInformation     Verdict = "no information"
	UnsupportedScheme Verdict = "unsupported scheme"
	Offline           Verdict = "offline"
	Unknown           Verdict = "unknown"
	TryLater          Verdict = "try later"
	Unauthorized      Verdict = "unauthorized"
	ResponderError    Verdict = "responder error"
	BadSignature      Verdict = "bad signature"
	WrongSigner       Verdict = "wrong signer"
	WrongIssuer       Verdict = "wrong issuer"
	WrongCertificate  Verdict = "wrong certificate"
	WrongNonce        Verdict = "wrong nonce"
	Stale             Verdict = "stale"
	NotYetValid       Verdict = "not yet valid"
	Malformed         Verdict = "malformed"
	TooLarge          Verdict = "too large"
	NotUsable         Verdict = "not usable"
)

// Meaning is one row of Verdicts.
type Meaning struct {
	Verdict Verdict
	Code    string // HRESULT symbol of a refusal for this verdict, "" where there is none
	Doc     string
}

// Verdicts is every verdict with its meaning and the Windows code of a refusal
// (wincrypt, CERT_TRUST_STATUS): no pointer at all is "no revocation check",
// whatever keeps a pointer from giving a usable answer is "revocation offline".
//
// Modelled: an answer that arrives but cannot be used (wrong signer, stale,
// unknown ...) counts as offline, as a stale or wrongly signed CRL does.
var Verdicts = []Meaning{
	{Good, "", "an answer in force says the certificate is not revoked"},
	{Revoked, CodeRevoked, "an answer in force lists the certificate as revoked"},
	{NotChecked, "", "this verifier does not ask"},
	{NoInformation, CodeNoCheck, "the certificate has no pointer that this verifier reads, and nothing was stapled"},
	{UnsupportedScheme, CodeOffline, "every pointer is of a kind that is not fetched: only http URLs are"},
	{Offline, CodeOffline, "nothing came back: refused, timed out, no such name, or an HTTP error"},
	{Unknown, CodeOffline, "the responder says it does not know the certificate"},
	{TryLater, CodeOffline, "the responder answers tryLater"},
	{Unauthorized, CodeOffline, "the responder answers unauthorized"},
	{ResponderError, CodeOffline, "the responder answers malformedRequest, internalError or sigRequired"},
	{BadSignature, CodeOffline, "the signature does not match the issuer's key"},
	{WrongSigner, CodeOffline, "signed by a key that the issuer did not authorise to sign such answers"},
	{WrongIssuer, CodeOffline, "the answer is about, or by, another issuer"},
	{WrongCertificate, CodeOffline, "the OCSP answer is about another certificate"},
	{WrongNonce, CodeOffline, "the OCSP answer carries another nonce than the request"},
	{Stale, CodeOffline, "nextUpdate has passed"},
	{NotYetValid, CodeOffline, "thisUpdate or producedAt lies in the future"},
	{Malformed, CodeOffline, "the answer is not an OCSP response or CRL, or a broken one"},
	{TooLarge, CodeOffline, "the answer is larger than a verifier takes"},
	{NotUsable, CodeOffline, "a CRL or answer of a kind or scope that says nothing about this certificate"},
}

// Code is the HRESULT symbol of a refusal for this verdict, "" for Good and NotChecked.
func (v Verdict) Code() string {
	for _, m := range Verdicts {
		if m.Verdict == v {
			return m.Code
		}
	}
	return CodeOffline
}

// conclusive says that no other source needs to be asked.
func (v Verdict) conclusive() bool { return v == Good || v == Revoked }

// weight orders the inconclusive verdicts of one certificate by how much they
// tell: an answer that arrived says more than none, and none more than a
// pointer that was never followed.
func (v Verdict) weight() int {
	switch v {
	case NoInformation, NotChecked:
		return 0
	case UnsupportedScheme:
		return 1
	case Offline:
		return 2
	}
	return 3
}

// Judgement is a verdict with the fact behind it.
type Judgement struct {
	Verdict Verdict
	// Detail is a few words: "connection refused", "HTTP 404", "keyCompromise".
	// It holds no serial, key or date. May be empty.
	Detail string
}

// String is "offline: connection refused", or the verdict alone.
func (j Judgement) String() string {
	if j.Detail == "" {
		return string(j.Verdict)
	}
	return string(j.Verdict) + ": " + j.Detail
}

func judged(v Verdict, format string, args ...any) Judgement {
	return Judgement{Verdict: v, Detail: fmt.Sprintf(format, args...)}
}
