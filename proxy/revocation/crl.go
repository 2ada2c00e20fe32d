package revocation

import (
	"bytes"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"time"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// crlList is what a believed CRL says about one issuer's certificates.
type crlList struct {
	thisUpdate time.Time
	nextUpdate time.Time
	scope      crlScope
	revoked    map[string]int8 // serial number's bytes to CRLReason, -1 without one
	size       int             // bytes fetched
}

// reasonRemoved marks an entry of a certificate that is no longer revoked.
const reasonRemoved = 8

// judge holds the list against the question.
func (l *crlList) judge(q Question) Judgement {
	if j := l.scope.covers(q.Certificate); j.Verdict != "" {
		return j
	}
	if j := q.inForce(l.thisUpdate, l.nextUpdate); j.Verdict != "" {
		return j
	}
	reason, listed := l.revoked[string(q.Certificate.SerialNumber.Bytes())]
	if listed && reason != reasonRemoved {
		return Judgement{Revoked, reasonName(int(reason))}
	}
	return Judgement{Verdict: Good}
}

// current says whether the list may be kept for later questions.
func (l *crlList) current(q Question) bool {
	return q.inForce(l.thisUpdate, l.nextUpdate).Verdict == ""
}

// parseCRL reads and believes a CRL, or says why not. The signature is checked
// before the entries are read: a list from a stranger costs no memory.
func (q Question) parseCRL(content []byte) (*crlList, Judgement) {
	der, ok := decodePEM(content)
	if !ok {
		return nil, judged(Malformed, "PEM without a CRL")
	}
	if j := q.checkCRLSigner(der); j.Verdict != "" {
		return nil, j
	}
	parsed, err := x509.ParseRevocationList(der)
	if err != nil {
		return nil, judged(Malformed, "CRL: %v", err)
	}
	if parsed.NextUpdate.IsZero() {
		return nil, judged(NotUsable, "CRL without nextUpdate")
	}
	list := &crlList{thisUpdate: parsed.ThisUpdate, nextUpdate: parsed.NextUpdate, size: len(content)}
	if list.scope, err = scopeOf(parsed.Extensions); err != nil {
		return nil, judged(NotUsable, "%v", err)
	}
	list.revoked = make(map[string]int8, len(parsed.RevokedCertificateEntries))
	for _, e := range parsed.RevokedCertificateEntries {
		if critical(e.Extensions) {
			return nil, judged(NotUsable, "critical extension in a CRL entry")
		}
		list.revoked[string(e.SerialNumber.Bytes())] = reasonOf(e)
	}
	return list, Judgement{}
}

// reasonOf is an entry's CRLReason, or -1: crypto/x509 gives 0 for a missing one.
func reasonOf(e x509.RevocationListEntry) int8 {
	if e.ReasonCode <= 0 || e.ReasonCode > 10 {
		return -1
	}
	return int8(e.ReasonCode)
}

func critical(extensions []pkix.Extension) bool {
	for _, e := range extensions {
		if e.Critical {
			return true
		}
	}
	return false
}

// decodePEM is the DER of a PEM CRL, or content as it is where it is no PEM.
func decodePEM(content []byte) ([]byte, bool) {
	if !bytes.HasPrefix(bytes.TrimSpace(content), []byte("-----BEGIN ")) {
		return content, true
	}
	block, _ := pem.Decode(content)
	if block == nil || block.Type != "X509 CRL" {
		return nil, false
	}
	return block.Bytes, true
}

// checkCRLSigner is the zero Judgement for a CRL that the issuer signed.
func (q Question) checkCRLSigner(der cryptobyte.String) Judgement {
	var outer, tbs, body, algorithm, issuer cryptobyte.String
	var signature []byte
	if !der.ReadASN1(&outer, cbasn1.SEQUENCE) || !der.Empty() || !outer.ReadASN1Element(&tbs, cbasn1.SEQUENCE) ||
		!outer.ReadASN1(&algorithm, cbasn1.SEQUENCE) || !outer.ReadASN1BitStringAsBytes(&signature) || !outer.Empty() {
		return judged(Malformed, "no CRL")
	}
	body = tbs
	if !body.ReadASN1(&body, cbasn1.SEQUENCE) || !body.SkipOptionalASN1(cbasn1.INTEGER) ||
		!body.SkipASN1(cbasn1.SEQUENCE) || !body.ReadASN1Element(&issuer, cbasn1.SEQUENCE) {
		return judged(Malformed, "CRL: issuer")
	}
	ku := q.Issuer.KeyUsage
	switch {
	case !bytes.Equal(issuer, q.Issuer.RawSubject):
		return judged(WrongIssuer, "the CRL is another issuer's")
	case ku != 0 && ku&x509.KeyUsageCRLSign == 0:
		return judged(WrongSigner, "the issuer's certificate lacks cRLSign")
	case q.Issuer.CheckSignature(signatureAlgorithm(algorithm), tbs, signature) != nil:
		return judged(BadSignature, "the CRL is not signed with the issuer's key")
	}
	return Judgement{}
}
