package revocation

import (
	"bytes"
	"crypto/sha1"
	"crypto/x509"
	"slices"
	"time"
)

// ocspStatus is what a believed OCSP answer says about one certificate.
type ocspStatus struct {
	status     byte
	reason     int
	thisUpdate time.Time
	nextUpdate time.Time // zero when missing
}

// judge holds the status against the question's clock.
func (s *ocspStatus) judge(q Question) Judgement {
	if j := q.inForce(s.thisUpdate, s.nextUpdate); j.Verdict != "" {
		return j
	}
	switch s.status {
	case statusRevoked:
		return Judgement{Revoked, reasonName(s.reason)}
	case statusUnknown:
		return Judgement{Verdict: Unknown}
	}
	return Judgement{Verdict: Good}
}

// parseOCSP reads and believes an OCSP answer, or says why not.
func (q Question) parseOCSP(answer []byte) (*ocspStatus, Judgement) {
	b, j := parseResponse(answer)
	if b == nil {
		return nil, j
	}
	for _, check := range []func(Question) Judgement{b.checkSigner, b.checkExtensions, b.checkProduced} {
		if j := check(q); j.Verdict != "" {
			return nil, j
		}
	}
	return b.find(q)
}

func (b *basicResponse) checkExtensions(q Question) Judgement {
	switch {
	case b.critical:
		return judged(NotUsable, "critical extension in the OCSP response")
	case len(q.Nonce) > 0 && len(b.nonce) > 0 && !bytes.Equal(q.Nonce, b.nonce):
		return Judgement{Verdict: WrongNonce}
	}
	return Judgement{}
}

func (b *basicResponse) checkProduced(q Question) Judgement {
	if b.producedAt.After(q.Now.Add(q.Skew)) {
		return judged(NotYetValid, "producedAt is %s ahead", apart(b.producedAt.Sub(q.Now)))
	}
	return Judgement{}
}

// find takes the single response about the certificate. Of several (one per
// hash, say) a revoked one counts first, then the first that is in force.
func (b *basicResponse) find(q Question) (*ocspStatus, Judgement) {
	var found *ocspStatus
	otherIssuer := false
	for _, s := range b.singles {
		match, serialOnly := s.names(q)
		otherIssuer = otherIssuer || serialOnly
		if !match {
			continue
		}
		if s.critical {
			return nil, judged(NotUsable, "critical extension in the single response")
		}
		st := &ocspStatus{s.status, s.reason, s.thisUpdate, s.nextUpdate}
		if st.judge(q).Verdict == Revoked {
			return st, Judgement{}
		}
		if found == nil || (!found.judge(q).Verdict.conclusive() && st.judge(q).Verdict.conclusive()) {
			found = st
		}
	}
	switch {
	case found != nil:
		return found, Judgement{}
	case otherIssuer:
		return nil, judged(WrongIssuer, "the OCSP response names another issuer")
	}
	return nil, judged(WrongCertificate, "the OCSP response is about %d other certificates", len(b.singles))
}

// checkSigner believes the answer when the issuer signed it, or a responder
// whose certificate comes along, is issued by the issuer itself, is in force and
// says OCSPSigning (RFC 6960 4.2.2.2). Whether that responder's certificate is
// revoked is not asked; as a rule it says id-pkix-ocsp-nocheck.
func (b *basicResponse) checkSigner(q Question) Judgement {
	if b.algorithm == x509.UnknownSignatureAlgorithm {
		return judged(BadSignature, "unknown signature algorithm")
	}
	if b.signedWith(q.Issuer) {
		return Judgement{}
	}
	for _, c := range b.certificates {
		if b.signedWith(c) {
			return q.authorised(c)
		}
	}
	return judged(BadSignature, "no key of the issuer or of a responder with it matches")
}

// signedWith says whether c is the responder that the answer names and its key
// signed.
func (b *basicResponse) signedWith(c *x509.Certificate) bool {
	if b.responderName != nil {
		if !bytes.Equal(b.responderName, c.RawSubject) {
			return false
		}
	} else if sum := sha1.Sum(publicKeyBits(c)); !bytes.Equal(sum[:], b.responderKey) {
		return false
	}
	return c.CheckSignature(b.algorithm, b.tbs, b.signature) == nil
}

// authorised is the zero Judgement for a delegated responder.
func (q Question) authorised(c *x509.Certificate) Judgement {
	issuer := q.Issuer
	switch {
	case !bytes.Equal(c.RawIssuer, issuer.RawSubject) || issuer.CheckSignature(c.SignatureAlgorithm, c.RawTBSCertificate, c.Signature) != nil:
		return judged(WrongSigner, "the responder's certificate is not the issuer's")
	case !slices.Contains(c.ExtKeyUsage, x509.ExtKeyUsageOCSPSigning):
		return judged(WrongSigner, "the responder's certificate lacks OCSPSigning")
	case c.KeyUsage != 0 && c.KeyUsage&x509.KeyUsageDigitalSignature == 0:
		return judged(WrongSigner, "the responder's certificate lacks digitalSignature")
	case q.Now.Before(c.NotBefore.Add(-q.Skew)) || q.Now.After(c.NotAfter.Add(q.Skew)):
		return judged(WrongSigner, "the responder's certificate is out of date")
	}
	return Judgement{}
}

// reasonName is a CRLReason as RFC 5280 5.3.1 writes it, "" for none given.
func reasonName(code int) string {
	names := []string{"unspecified", "keyCompromise", "cACompromise", "affiliationChanged", "superseded",
		"cessationOfOperation", "certificateHold", "", "removeFromCRL", "privilegeWithdrawn", "aACompromise"}
	if code < 0 || code >= len(names) {
		return ""
	}
	return names[code]
}
