package revocation

import (
	"crypto"
	"crypto/x509"
	"fmt"
	"time"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// Question asks for one certificate's status at one moment. OCSP and CRL
// answer it from bytes, without touching anything.
type Question struct {
	Certificate *x509.Certificate
	Issuer      *x509.Certificate // whose key signed Certificate
	Now         time.Time
	Skew        time.Duration // how far an answer's dates may miss Now
	Nonce       []byte        // what the request carried; nil for none
}

// OCSP judges a DER OCSPResponse (RFC 6960 4.2): its status, its signature by
// the issuer or by a responder that the issuer certified for it, that it is about
// this certificate, and its dates. A missing nextUpdate is accepted.
func (q Question) OCSP(answer []byte) Judgement {
	st, j := q.parseOCSP(answer)
	if st == nil {
		return j
	}
	return st.judge(q)
}

// CRL judges a CRL (RFC 5280 5), DER or PEM: its issuer, signature and scope,
// its dates, and whether the certificate is on it. A CRL for one distribution
// point speaks about certificates that name that point.
func (q Question) CRL(content []byte) Judgement {
	list, j := q.parseCRL(content)
	if list == nil {
		return j
	}
	return list.judge(q)
}

// inForce is the zero Judgement when now lies between thisUpdate and
// nextUpdate, which may be missing (zero).
func (q Question) inForce(thisUpdate, nextUpdate time.Time) Judgement {
	switch {
	case thisUpdate.After(q.Now.Add(q.Skew)):
		return judged(NotYetValid, "thisUpdate is %s ahead", apart(thisUpdate.Sub(q.Now)))
	case !nextUpdate.IsZero() && nextUpdate.Before(thisUpdate):
		return judged(Malformed, "nextUpdate before thisUpdate")
	case !nextUpdate.IsZero() && nextUpdate.Before(q.Now.Add(-q.Skew)):
		return judged(Stale, "nextUpdate passed %s ago", apart(q.Now.Sub(nextUpdate)))
	}
	return Judgement{}
}

// apart is a span for people: days, or hours, or minutes.
func apart(d time.Duration) string {
	d = d.Round(time.Minute)
	switch {
	case d >= 48*time.Hour:
		return fmt.Sprintf("%d days", d/(24*time.Hour))
	case d >= 2*time.Hour:
		return fmt.Sprintf("%d hours", d/time.Hour)
	}
	return fmt.Sprintf("%d minutes", d/time.Minute)
}

// digests is the hashes by which an OCSP CertID names an issuer.
func digests(h crypto.Hash, issuer *x509.Certificate) (name, key []byte) {
	n, k := h.New(), h.New()
	n.Write(issuer.RawSubject)
	k.Write(publicKeyBits(issuer))
	return n.Sum(nil), k.Sum(nil)
}

// publicKeyBits is the content of the certificate's subjectPublicKey.
func publicKeyBits(c *x509.Certificate) []byte {
	info := cryptobyte.String(c.RawSubjectPublicKeyInfo)
	var bits []byte
	if !info.ReadASN1(&info, cbasn1.SEQUENCE) || !info.SkipASN1(cbasn1.SEQUENCE) || !info.ReadASN1BitStringAsBytes(&bits) {
		return nil
	}
	return bits
}
