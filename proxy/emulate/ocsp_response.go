package emulate

import (
	"encoding/asn1"
	"time"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// Certificate statuses, by the tag they have in a SingleResponse.
const (
	statusGood    = 0
	statusRevoked = 1
	statusUnknown = 2
)

// Response statuses that carry no answer (RFC 6960 4.2.1).
const (
	errMalformedRequest = 1
	errTryLater         = 3
	errUnauthorized     = 6
)

// single is the status of one certificate.
type single struct {
	id        certID
	status    uint8
	revokedAt time.Time
	reason    int
	validity
}

// basicResponse is a BasicOCSPResponse before it is signed. golang.org/x/crypto/ocsp
// makes some, but with one status only, without nonce, not by key, and with producedAt
// by the machine's clock.
type basicResponse struct {
	by       signer
	byKey    bool
	produced time.Time
	singles  []single
	nonce    []byte
}

// errorResponse is an OCSPResponse that carries a status only.
func errorResponse(status byte) []byte { return []byte{0x30, 3, 0x0a, 1, status} }

// marshal signs the answer and wraps it in an OCSPResponse.
func (r *basicResponse) marshal() ([]byte, error) {
	var tbs cryptobyte.Builder
	tbs.AddASN1(cbasn1.SEQUENCE, r.appendData)
	data, err := tbs.Bytes()
	if err != nil {
		return nil, err
	}
	basic, err := signed(data, r.by.key, r.appendCertificates)
	if err != nil {
		return nil, err
	}
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1Enum(0)
		b.AddASN1(explicit(0), func(b *cryptobyte.Builder) {
			b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddASN1ObjectIdentifier(asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1, 1})
				b.AddASN1OctetString(basic)
			})
		})
	})
	return b.Bytes()
}

// appendData writes the fields of ResponseData.
func (r *basicResponse) appendData(b *cryptobyte.Builder) {
	if r.byKey {
		b.AddASN1(explicit(2), func(b *cryptobyte.Builder) { b.AddASN1OctetString(keyID(r.by.key.Public())) })
	} else {
		b.AddASN1(explicit(1), func(b *cryptobyte.Builder) { b.AddBytes(r.by.cert.RawSubject) })
	}
	b.AddASN1GeneralizedTime(r.produced)
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		for _, s := range r.singles {
			b.AddASN1(cbasn1.SEQUENCE, s.append)
		}
	})
	if r.nonce == nil {
		return
	}
	b.AddASN1(explicit(1), func(b *cryptobyte.Builder) {
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddASN1ObjectIdentifier(oidNonce())
				b.AddASN1OctetString(r.nonce)
			})
		})
	})
}

// append writes the fields of a SingleResponse.
func (s single) append(b *cryptobyte.Builder) {
	b.AddBytes(s.id.raw)
	if s.status == statusRevoked {
		b.AddASN1(explicit(statusRevoked), func(b *cryptobyte.Builder) {
			b.AddASN1GeneralizedTime(s.revokedAt.UTC())
			if s.reason != 0 {
				b.AddASN1(explicit(0), func(b *cryptobyte.Builder) { b.AddASN1Enum(int64(s.reason)) })
			}
		})
	} else {
		b.AddASN1(cbasn1.Tag(s.status).ContextSpecific(), func(*cryptobyte.Builder) {})
	}
	b.AddASN1GeneralizedTime(s.this)
	if !s.next.IsZero() {
		b.AddASN1(explicit(0), func(b *cryptobyte.Builder) { b.AddASN1GeneralizedTime(s.next) })
	}
}

func (r *basicResponse) appendCertificates(b *cryptobyte.Builder) {
	if r.by.send == nil {
		return
	}
	b.AddASN1(explicit(0), func(b *cryptobyte.Builder) {
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) { b.AddBytes(r.by.send.Raw) })
	})
}
