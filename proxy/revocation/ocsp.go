package revocation

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/asn1"
	"math/big"
	"time"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// basicResponse is a BasicOCSPResponse (RFC 6960 4.2.1), read but not believed.
type basicResponse struct {
	tbs           []byte
	algorithm     x509.SignatureAlgorithm
	signature     []byte
	certificates  []*x509.Certificate
	responderName []byte // DER name, nil when the responder goes by its key
	responderKey  []byte // SHA-1 of the responder's key
	producedAt    time.Time
	singles       []singleResponse
	nonce         []byte
	critical      bool // an extension that must be understood, and is not
}

// singleResponse is one SingleResponse.
type singleResponse struct {
	hash              crypto.Hash // 0 for one that is not known
	nameHash, keyHash []byte
	serial            *big.Int
	status            byte // good, revoked, unknown: the CHOICE's tag
	reason            int  // CRLReason of revoked, -1 without one
	thisUpdate        time.Time
	nextUpdate        time.Time // zero when missing
	critical          bool
}

// The tags of CertStatus.
const (
	statusGood    = 0
	statusRevoked = 1
	statusUnknown = 2
)

// responseStatuses is OCSPResponseStatus other than successful.
func responseStatus(code int) Judgement {
	switch code {
	case 1:
		return judged(ResponderError, "malformedRequest")
	case 2:
		return judged(ResponderError, "internalError")
	case 3:
		return Judgement{Verdict: TryLater}
	case 5:
		return judged(ResponderError, "sigRequired")
	case 6:
		return Judgement{Verdict: Unauthorized}
	}
	return judged(Malformed, "OCSP response status %d", code)
}

// parseResponse reads an OCSPResponse; nil with the reason where there is no
// basic response in it.
func parseResponse(answer []byte) (*basicResponse, Judgement) {
	outer := cryptobyte.String(answer)
	var body, content cryptobyte.String
	var status int
	var present bool
	if !outer.ReadASN1(&body, cbasn1.SEQUENCE) || !outer.Empty() || !body.ReadASN1Enum(&status) {
		return nil, judged(Malformed, "no OCSP response")
	}
	if status != 0 {
		return nil, responseStatus(status)
	}
	var oid asn1.ObjectIdentifier
	if !body.ReadOptionalASN1(&content, &present, constructed(0)) || !present || !body.Empty() ||
		!content.ReadASN1(&content, cbasn1.SEQUENCE) || !content.ReadASN1ObjectIdentifier(&oid) ||
		!content.ReadASN1(&content, cbasn1.OCTET_STRING) {
		return nil, judged(Malformed, "OCSP response without response bytes")
	}
	if oid.String() != "1.3.6.1.5.5.7.48.1.1" {
		return nil, judged(NotUsable, "OCSP response type %v, only basic is known", oid)
	}
	b, field := parseBasic(content)
	if field != "" {
		return nil, judged(Malformed, "OCSP response: %s", field)
	}
	return b, Judgement{}
}

// parseBasic reads a BasicOCSPResponse. It names the field that is broken, or
// nothing.
func parseBasic(der cryptobyte.String) (*basicResponse, string) {
	var tbs, algorithm, certs cryptobyte.String
	b := new(basicResponse)
	var present bool
	if !der.ReadASN1(&der, cbasn1.SEQUENCE) || !der.ReadASN1Element(&tbs, cbasn1.SEQUENCE) {
		return nil, "tbsResponseData"
	}
	if !der.ReadASN1(&algorithm, cbasn1.SEQUENCE) || !der.ReadASN1BitStringAsBytes(&b.signature) {
		return nil, "signature"
	}
	if !der.ReadOptionalASN1(&certs, &present, constructed(0)) || !der.Empty() {
		return nil, "certs"
	}
	if present && !b.readCertificates(certs) {
		return nil, "certs"
	}
	b.tbs, b.algorithm = tbs, signatureAlgorithm(algorithm)
	return b, b.readData(tbs)
}

// maxResponders is how many certificates of an answer are looked at.
const maxResponders = 8

func (b *basicResponse) readCertificates(der cryptobyte.String) bool {
	if !der.ReadASN1(&der, cbasn1.SEQUENCE) {
		return false
	}
	for !der.Empty() && len(b.certificates) < maxResponders {
		var raw cryptobyte.String
		if !der.ReadASN1Element(&raw, cbasn1.SEQUENCE) {
			return false
		}
		c, err := x509.ParseCertificate(raw)
		if err != nil {
			return false
		}
		b.certificates = append(b.certificates, c)
	}
	return true
}

// readData reads ResponseData and names the field that is broken, or nothing.
func (b *basicResponse) readData(der cryptobyte.String) string {
	var version, singles, extensions cryptobyte.String
	var present bool
	if !der.ReadASN1(&der, cbasn1.SEQUENCE) || !der.ReadOptionalASN1(&version, &present, constructed(0)) {
		return "version"
	}
	if !b.readResponder(&der) {
		return "responderID"
	}
	if !der.ReadASN1GeneralizedTime(&b.producedAt) {
		return "producedAt"
	}
	if !der.ReadASN1(&singles, cbasn1.SEQUENCE) {
		return "responses"
	}
	for !singles.Empty() {
		var s singleResponse
		if field := s.read(&singles); field != "" {
			return field
		}
		b.singles = append(b.singles, s)
	}
	if !der.ReadOptionalASN1(&extensions, &present, constructed(1)) || !der.Empty() {
		return "responseExtensions"
	}
	if present && !b.readExtensions(extensions) {
		return "responseExtensions"
	}
	return ""
}

func (b *basicResponse) readResponder(der *cryptobyte.String) bool {
	var id cryptobyte.String
	var tag cbasn1.Tag
	if !der.ReadAnyASN1(&id, &tag) {
		return false
	}
	switch tag {
	case constructed(1):
		b.responderName = id
		return true
	case constructed(2):
		return id.ReadASN1Bytes(&b.responderKey, cbasn1.OCTET_STRING)
	}
	return false
}

func (b *basicResponse) readExtensions(der cryptobyte.String) bool {
	return readExtensions(der, func(oid asn1.ObjectIdentifier, critical bool, value cryptobyte.String) {
		if !oid.Equal(oidNonce()) {
			b.critical = b.critical || critical
			return
		}
		// Some responders send the bare octets instead of an OCTET STRING of them.
		inner := value
		if !inner.ReadASN1Bytes(&b.nonce, cbasn1.OCTET_STRING) || !inner.Empty() {
			b.nonce = value
		}
	})
}

// readExtensions reads Extensions and hands each to found.
func readExtensions(der cryptobyte.String, found func(oid asn1.ObjectIdentifier, critical bool, value cryptobyte.String)) bool {
	if !der.ReadASN1(&der, cbasn1.SEQUENCE) {
		return false
	}
	for !der.Empty() {
		var e, value cryptobyte.String
		var oid asn1.ObjectIdentifier
		var critical bool
		if !der.ReadASN1(&e, cbasn1.SEQUENCE) || !e.ReadASN1ObjectIdentifier(&oid) ||
			(e.PeekASN1Tag(cbasn1.BOOLEAN) && !e.ReadASN1Boolean(&critical)) || !e.ReadASN1(&value, cbasn1.OCTET_STRING) || !e.Empty() {
			return false
		}
		found(oid, critical, value)
	}
	return true
}

// read takes one SingleResponse and names the field that is broken, or nothing.
func (s *singleResponse) read(der *cryptobyte.String) string {
	var body, id, hash, next, extensions cryptobyte.String
	var hasNext, hasExtensions bool
	s.serial = new(big.Int)
	if !der.ReadASN1(&body, cbasn1.SEQUENCE) || !body.ReadASN1(&id, cbasn1.SEQUENCE) ||
		!id.ReadASN1(&hash, cbasn1.SEQUENCE) || !id.ReadASN1Bytes(&s.nameHash, cbasn1.OCTET_STRING) ||
		!id.ReadASN1Bytes(&s.keyHash, cbasn1.OCTET_STRING) || !id.ReadASN1Integer(s.serial) || !id.Empty() {
		return "certID"
	}
	s.hash = hashOf(hash)
	if !s.readStatus(&body) {
		return "certStatus"
	}
	if !body.ReadASN1GeneralizedTime(&s.thisUpdate) {
		return "thisUpdate"
	}
	if !body.ReadOptionalASN1(&next, &hasNext, constructed(0)) ||
		(hasNext && (!next.ReadASN1GeneralizedTime(&s.nextUpdate) || !next.Empty())) {
		return "nextUpdate"
	}
	note := func(_ asn1.ObjectIdentifier, critical bool, _ cryptobyte.String) { s.critical = s.critical || critical }
	if !body.ReadOptionalASN1(&extensions, &hasExtensions, constructed(1)) || !body.Empty() ||
		(hasExtensions && !readExtensions(extensions, note)) {
		return "singleExtensions"
	}
	return ""
}

func (s *singleResponse) readStatus(der *cryptobyte.String) bool {
	var status, reason cryptobyte.String
	var tag cbasn1.Tag
	if !der.ReadAnyASN1(&status, &tag) {
		return false
	}
	s.reason = -1
	switch tag {
	case cbasn1.Tag(statusGood).ContextSpecific():
		s.status = statusGood
	case cbasn1.Tag(statusUnknown).ContextSpecific():
		s.status = statusUnknown
	case constructed(statusRevoked):
		s.status = statusRevoked
		var at time.Time
		var present bool
		return status.ReadASN1GeneralizedTime(&at) && status.ReadOptionalASN1(&reason, &present, constructed(0)) && status.Empty() &&
			(!present || reason.ReadASN1Enum(&s.reason))
	default:
		return false
	}
	return true
}

// names says whether the response is about the certificate, or about one with
// its serial number of another issuer.
func (s *singleResponse) names(q Question) (certificate, serialOnly bool) {
	if s.serial.Cmp(q.Certificate.SerialNumber) != 0 {
		return false, false
	}
	if s.hash == 0 {
		return false, true
	}
	name, key := digests(s.hash, q.Issuer)
	same := bytes.Equal(name, s.nameHash) && bytes.Equal(key, s.keyHash)
	return same, !same
}
