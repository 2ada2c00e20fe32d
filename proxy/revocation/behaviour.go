package revocation

import (
	"crypto"
	"slices"
	"time"
)

// Behaviour is how a verifier goes about revocation. The zero value is the
// strictest: every certificate but the root, from the root down, OCSP first and
// the CRL after any failure, nothing but "good" accepted, 15 s a URL. Behaviours
// lists the known ones.
type Behaviour struct {
	// Name is how scenario files and the command line call it.
	Name string
	// Doc is one line for people.
	Doc string
	// Claims says where each field that is set comes from.
	Claims []Claim

	Scope Scope
	// LeafFirst walks from the leaf up; otherwise from the root down.
	LeafFirst bool
	Order     Order
	// NoFallback: once a certificate has pointers of the first kind in Order,
	// the second kind is not consulted.
	NoFallback bool
	Staple     Staple
	// AllowMissing accepts a certificate about which nothing can be asked
	// (NoInformation). SCHANNEL_CRED flag 0x800.
	AllowMissing bool
	// AllowUndetermined accepts every other verdict but Good and Revoked: the
	// soft fail. SCHANNEL_CRED flag 0x1000.
	AllowUndetermined bool
	// OneGood is the lenient rule of gnutls-cli: one certificate found good is
	// enough for the chain. Answers that decide nothing about the others are
	// overlooked, but no answer at all (Offline, Malformed) and a staple that is no
	// good are not; a staple that says "unknown" counts as good.
	OneGood bool
	// StapleSettles: with a good staple for the leaf nothing more is asked about.
	StapleSettles bool
	// MustStaple refuses a leaf with the TLS feature extension (RFC 7633) for which
	// nothing was stapled.
	MustStaple bool

	Limits Limits
	Method Method
	// Hash makes the CertID of requests; zero is SHA-1, which every responder
	// knows. SHA-256 is RFC 6960 4.3's newer choice.
	Hash crypto.Hash
	// Nonce sends a fresh nonce (RFC 9654). An answer without one is accepted,
	// another one is not.
	Nonce bool
	// Skew is how far thisUpdate, producedAt and nextUpdate may miss the
	// clock. Zero is DefaultSkew; negative is none.
	Skew time.Duration
}

// Claim says where a field's value is known from.
type Claim struct {
	Field  string // name of the Behaviour's field
	Says   string
	Source string
}

// Scope is which certificates of a chain are asked about. The root, or
// whichever trust anchor ends the chain, never is.
type Scope int

// The scopes.
const (
	WholeChain Scope = iota // CERT_CHAIN_REVOCATION_CHECK_CHAIN_EXCLUDE_ROOT
	LeafOnly                // CERT_CHAIN_REVOCATION_CHECK_END_CERT
	Nothing
)

// Order is which kinds of pointer are followed, and which first.
type Order int

// The orders.
const (
	OCSPThenCRL Order = iota
	CRLThenOCSP
	OCSPOnly
	CRLOnly
	StapleOnly // nothing is fetched
)

// Source is where an answer came from.
type Source string

// The sources.
const (
	Stapled Source = "staple"
	OCSP    Source = "ocsp"
	CRL     Source = "crl"
)

func (o Order) sources() []Source {
	switch o {
	case CRLThenOCSP:
		return []Source{CRL, OCSP}
	case OCSPOnly:
		return []Source{OCSP}
	case CRLOnly:
		return []Source{CRL}
	case StapleOnly:
		return nil
	}
	return []Source{OCSP, CRL}
}

// Staple is what an OCSP answer stapled for the leaf is worth (RFC 6066 8).
type Staple int

// The uses of a staple.
const (
	// StapleDecides: with a staple the responder is not asked any more; if the
	// staple does not help, the CRL alone may.
	StapleDecides Staple = iota
	// StapleFirst: a staple that does not help is as none at all.
	StapleFirst
	// StapleIgnored: not looked at.
	StapleIgnored
)

// Method is how OCSP requests travel.
type Method int

// The methods.
const (
	// GetWhenShort uses GET where the whole URL stays within 255 bytes
	// (RFC 5019 5, RFC 6960 A.1), else POST.
	GetWhenShort Method = iota
	AlwaysPost
)

// Limits bounds the time for fetches; see DefaultLimits and AccumulativeLimits.
type Limits struct {
	// PerURL is the most that one fetch may take; zero is 15 s.
	PerURL time.Duration
	// Total is the most that all fetches of one Check may take; zero is no bound.
	Total time.Duration
	// Halving gives each fetch half of what remains of Total (and no more than
	// PerURL where that is set).
	Halving bool
}

// DefaultLimits is CertGetCertificateChain without flags: 15 s a URL.
func DefaultLimits() Limits { return Limits{PerURL: 15 * time.Second} }

// AccumulativeLimits is CERT_CHAIN_REVOCATION_ACCUMULATIVE_TIMEOUT: 20 s in
// total, each URL getting half of what remains: 10, 5, 2.5 ...
func AccumulativeLimits() Limits { return Limits{Total: 20 * time.Second, Halving: true} }

// DefaultSkew is what Java allows between a responder's clock and its own
// (com.sun.security.ocsp.clockSkew, 900 s).
// Modelled: Windows is taken to allow the same.
const DefaultSkew = 15 * time.Minute

func (b Behaviour) skew() time.Duration {
	if b.Skew == 0 {
		return DefaultSkew
	}
	return max(b.Skew, 0)
}

// reads says whether the verifier ever looks at such a source.
func (b Behaviour) reads(s Source) bool {
	if s == Stapled {
		return b.Staple != StapleIgnored
	}
	return slices.Contains(b.Order.sources(), s)
}

// accepts says whether the verifier goes on with a certificate so judged.
func (b Behaviour) accepts(r CertResult) bool {
	v := r.Verdict
	if b.OneGood {
		return b.counts(r) || r.Source != Stapled && v != Revoked && v != Offline && v != Malformed
	}
	switch v {
	case Good, NotChecked:
		return true
	case Revoked:
		return false
	case NoInformation:
		return b.AllowMissing
	}
	return b.AllowUndetermined
}

// counts says whether a certificate is good for OneGood.
func (b Behaviour) counts(r CertResult) bool {
	return r.Verdict == Good || r.Source == Stapled && r.Verdict == Unknown
}
