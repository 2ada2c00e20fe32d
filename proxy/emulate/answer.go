package emulate

import (
	"crypto"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"sync"
	"time"
)

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
	// hour ago for keyCompromise.
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

// stranger is the other key of an authority and the certificates for it, made when
// first needed.
type stranger struct {
	mu        sync.Mutex
	key       crypto.Signer
	delegates map[bool]*x509.Certificate // by whether they have OCSPSigning
	elsewhere *x509.Certificate
}

// signer is who signs an answer.
type signer struct {
	key  crypto.Signer
	cert *x509.Certificate // whose name and key identifier stand in the answer
	send *x509.Certificate // goes along in the answer; nil for none
}

// signerFor chooses the signer that an Answer asks for.
func (a *Authority) signerFor(how Answer) (signer, error) {
	if !how.WrongSigner && !how.Delegated && !how.NoEKU {
		return signer{key: a.key, cert: a.cert}, nil
	}
	a.stranger.mu.Lock()
	defer a.stranger.mu.Unlock()
	key, err := a.otherKey()
	if err != nil {
		return signer{}, err
	}
	if how.WrongSigner {
		return signer{key: key, cert: a.cert}, nil
	}
	cert, err := a.delegate(key, !how.NoEKU)
	return signer{key: key, cert: cert, send: cert}, err
}

// otherKey gives the stranger's key. The stranger is locked.
func (a *Authority) otherKey() (crypto.Signer, error) {
	key, err := keyOrNew(a.stranger.key)
	if err == nil {
		a.stranger.key = key
	}
	return key, err
}

// delegate gives the certificate of the delegated responder. The stranger is locked.
func (a *Authority) delegate(key crypto.Signer, eku bool) (*x509.Certificate, error) {
	if cert := a.stranger.delegates[eku]; cert != nil {
		return cert, nil
	}
	template := &x509.Certificate{
		Subject:               pkix.Name{CommonName: a.cert.Subject.CommonName + " OCSP", Organization: a.cert.Subject.Organization, Country: a.cert.Subject.Country},
		NotBefore:             a.cert.NotBefore,
		NotAfter:              a.cert.NotAfter,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageDigitalSignature,
		SubjectKeyId:          keyID(key.Public()),
	}
	if eku {
		template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageOCSPSigning}
		template.ExtraExtensions = []pkix.Extension{{Id: oidOCSPNoCheck(), Value: []byte{5, 0}}}
	}
	cert, err := a.sign(template, key.Public())
	if err != nil {
		return nil, err
	}
	if a.stranger.delegates == nil {
		a.stranger.delegates = make(map[bool]*x509.Certificate)
	}
	a.stranger.delegates[eku] = cert
	return cert, nil
}

// foreign gives another authority, by name and key: the author of a CRL with the
// wrong issuer.
func (a *Authority) foreign() (signer, error) {
	a.stranger.mu.Lock()
	defer a.stranger.mu.Unlock()
	key, err := a.otherKey()
	if err != nil {
		return signer{}, err
	}
	if a.stranger.elsewhere == nil {
		template := &x509.Certificate{
			Subject:               pkix.Name{CommonName: "Authority Elsewhere", Organization: []string{"Elsewhere"}, Country: []string{"XX"}},
			NotBefore:             a.cert.NotBefore,
			NotAfter:              a.cert.NotAfter,
			IsCA:                  true,
			BasicConstraintsValid: true,
			KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
			SubjectKeyId:          keyID(key.Public()),
		}
		if a.stranger.elsewhere, err = create(template, template, key.Public(), key); err != nil {
			return signer{}, err
		}
	}
	return signer{key: key, cert: a.stranger.elsewhere}, nil
}

func oidOCSPNoCheck() asn1.ObjectIdentifier {
	return asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1, 5}
}
