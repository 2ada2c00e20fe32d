package revocation

import (
	"bytes"
	"crypto/x509"
	"time"

	"golang.org/x/crypto/cryptobyte"
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
	f, field := readCRL(der)
	if field != "" {
		return nil, judged(Malformed, "CRL: %s", field)
	}
	if j := q.checkCRLSigner(f); j.Verdict != "" {
		return nil, j
	}
	if f.nextUpdate.IsZero() { // RFC 5280 5.1.2.5 demands one
		return nil, judged(NotUsable, "CRL without nextUpdate")
	}
	list := &crlList{thisUpdate: f.thisUpdate, nextUpdate: f.nextUpdate, size: len(content)}
	var err error
	if list.scope, err = scopeOf(f.extensions); err != nil {
		return nil, judged(NotUsable, "%v", err)
	}
	if j := list.read(f.entries); j.Verdict != "" {
		return nil, j
	}
	return list, Judgement{}
}

// checkCRLSigner is the zero Judgement for a CRL that the issuer signed.
func (q Question) checkCRLSigner(f *crlFields) Judgement {
	ku := q.Issuer.KeyUsage
	switch {
	case !bytes.Equal(f.issuer, q.Issuer.RawSubject):
		return judged(WrongIssuer, "the CRL is another issuer's")
	case ku != 0 && ku&x509.KeyUsageCRLSign == 0:
		return judged(WrongSigner, "the issuer's certificate lacks cRLSign")
	case q.Issuer.CheckSignature(signatureAlgorithm(f.algorithm), f.tbs, f.signature) != nil:
		return judged(BadSignature, "the CRL is not signed with the issuer's key")
	}
	return Judgement{}
}

// read takes the entries. One critical extension that is not understood makes
// the whole list unusable (RFC 5280 5.3).
func (l *crlList) read(entries cryptobyte.String) Judgement {
	l.revoked = map[string]int8{}
	for !entries.Empty() {
		e, ok := readEntry(&entries)
		switch {
		case !ok:
			return judged(Malformed, "CRL: revokedCertificates")
		case e.critical:
			return judged(NotUsable, "critical extension in a CRL entry")
		}
		l.revoked[string(e.serial)] = e.reason
	}
	return Judgement{}
}
