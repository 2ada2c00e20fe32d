package emulate

import (
	"crypto"
	"crypto/x509"
	"fmt"
	"strings"
	"time"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// OCSP answers a DER OCSPRequest with a DER OCSPResponse (RFC 6960). A certificate
// that this authority issued is good, one that it revoked revoked, any other unknown.
// A request that cannot be read is answered malformedRequest; the error is for a
// signature that could not be made.
func (a *Authority) OCSP(request []byte, how Answer) ([]byte, error) {
	answer, err := a.answer(request, how)
	if err != nil {
		return nil, err
	}
	return answer.der, nil
}

// Staple gives an OCSP answer about one issued certificate, to be stapled in a TLS
// handshake.
func (a *Authority) Staple(cert *x509.Certificate, how Answer) ([]byte, error) {
	if der := unsignedAnswer(how); der != nil {
		return der.der, nil
	}
	id, err := askFor(cert, a.cert)
	if err != nil {
		return nil, fmt.Errorf("OCSP answer of authority %q: %w", a.id, err)
	}
	answer, err := a.signAnswer(&ocspRequest{asked: []certID{id}}, how)
	if err != nil {
		return nil, err
	}
	return answer.der, nil
}

// ocspAnswer is an answer and what it says, for those who watch.
type ocspAnswer struct {
	der    []byte
	result string // "good", "revoked", "unknown", "malformed request", "try later", ...
	validity
	nonce bool
}

func (a *Authority) answer(request []byte, how Answer) (ocspAnswer, error) {
	if answer := unsignedAnswer(how); answer != nil {
		return *answer, nil
	}
	r, err := parseRequest(request)
	if err != nil {
		return ocspAnswer{der: errorResponse(errMalformedRequest), result: "malformed request"}, nil
	}
	return a.signAnswer(r, how)
}

// unsignedAnswer gives the answers that need neither request nor signature.
func unsignedAnswer(how Answer) *ocspAnswer {
	switch {
	case how.Malformed:
		return &ocspAnswer{der: []byte(captivePortal), result: "malformed"}
	case how.TryLater:
		return &ocspAnswer{der: errorResponse(errTryLater), result: "try later"}
	case how.Unauthorized:
		return &ocspAnswer{der: errorResponse(errUnauthorized), result: "unauthorized"}
	}
	return nil
}

func (a *Authority) signAnswer(r *ocspRequest, how Answer) (ocspAnswer, error) {
	by, err := a.signerFor(how)
	if err != nil {
		return ocspAnswer{}, fmt.Errorf("OCSP answer of authority %q: %w", a.id, err)
	}
	response := &basicResponse{by: by, byKey: how.ByKey}
	var words []string
	for _, id := range r.asked {
		s, err := a.status(id, how)
		if err != nil {
			return ocspAnswer{}, fmt.Errorf("OCSP answer of authority %q: %w", a.id, err)
		}
		response.singles = append(response.singles, s)
		words = append(words, [...]string{"good", "revoked", "unknown"}[s.status])
	}
	response.produced = a.produced(response.singles)
	if !how.NoNonce {
		response.nonce = r.nonce
	}
	der, err := response.marshal()
	if err != nil {
		return ocspAnswer{}, fmt.Errorf("OCSP answer of authority %q: %w", a.id, err)
	}
	return ocspAnswer{der: der, result: strings.Join(words, ", "), validity: response.singles[0].validity, nonce: response.nonce != nil}, nil
}

// produced is the latest thisUpdate, but not in the future.
func (a *Authority) produced(singles []single) time.Time {
	var t time.Time
	for _, s := range singles {
		t = later(t, s.this)
	}
	return earlier(t, a.now().UTC().Truncate(time.Second))
}

// status finds what to say about one certificate.
func (a *Authority) status(id certID, how Answer) (single, error) {
	r, known := a.ledger.lookup(id.serial)
	s := single{id: id, status: statusUnknown}
	switch {
	case how.UnknownStatus || !known || !id.isOf(a.cert):
	case how.Revoked && !r.revoked:
		s.status, s.revokedAt, s.reason = statusRevoked, a.forcedAt(), keyCompromise
	case r.revoked:
		s.status, s.revokedAt, s.reason = statusRevoked, r.revokedAt, r.reason
	default:
		s.status = statusGood
	}
	s.validity = a.dates(how, r.notBefore)
	s.revokedAt = earlier(s.revokedAt, s.this) // as in a CRL
	if !how.WrongIssuer {
		return s, nil
	}
	var err error
	s.id, err = elsewhere(id)
	return s, err
}

// elsewhere is the same serial number of another issuer.
func elsewhere(id certID) (certID, error) {
	hash := id.hash
	if hash == 0 {
		hash = crypto.SHA1
	}
	h := hash.New()
	h.Write([]byte("Authority Elsewhere"))
	sum := h.Sum(nil)
	element, inner, algorithm := cryptobyte.String(id.raw), cryptobyte.String(nil), cryptobyte.String(nil)
	if !element.ReadASN1(&inner, cbasn1.SEQUENCE) || !inner.ReadASN1Element(&algorithm, cbasn1.SEQUENCE) {
		return id, fmt.Errorf("own certificate ID of %d bytes cannot be read back", len(id.raw))
	}
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddBytes(algorithm)
		b.AddASN1OctetString(sum)
		b.AddASN1OctetString(sum)
		b.AddASN1BigInt(id.serial)
	})
	raw, err := b.Bytes()
	id.raw = raw
	return id, err
}
