package revocation

import (
	"bytes"
	"encoding/asn1"
	"encoding/pem"
	"time"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// crlFields is a CertificateList (RFC 5280 5.1), version 1 or 2, read but not
// believed. crypto/x509 reads CRLs too, but all entries at once, at some ten
// times the memory, before anybody can look at the signature; and no version 1.
type crlFields struct {
	tbs        []byte
	algorithm  cryptobyte.String // content of the AlgorithmIdentifier
	signature  []byte
	issuer     []byte // DER name
	thisUpdate time.Time
	nextUpdate time.Time         // zero when missing
	entries    cryptobyte.String // content of revokedCertificates
	extensions cryptobyte.String // crlExtensions, empty when missing
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

// readCRL takes a CRL apart, entries and extensions left unread. It names the
// field that is broken, or nothing.
func readCRL(der cryptobyte.String) (*crlFields, string) {
	var outer, tbs, inner cryptobyte.String
	f := new(crlFields)
	if !der.ReadASN1(&outer, cbasn1.SEQUENCE) || !der.Empty() || !outer.ReadASN1Element(&tbs, cbasn1.SEQUENCE) {
		return nil, "not a CertificateList"
	}
	if !outer.ReadASN1(&f.algorithm, cbasn1.SEQUENCE) || !outer.ReadASN1BitStringAsBytes(&f.signature) || !outer.Empty() {
		return nil, "signature"
	}
	f.tbs = tbs
	var version int
	if !tbs.ReadASN1(&tbs, cbasn1.SEQUENCE) || (tbs.PeekASN1Tag(cbasn1.INTEGER) && (!tbs.ReadASN1Integer(&version) || version != 1)) {
		return nil, "version"
	}
	var issuer cryptobyte.String
	if !tbs.ReadASN1(&inner, cbasn1.SEQUENCE) || !bytes.Equal(inner, f.algorithm) {
		return nil, "signature algorithm"
	}
	if !tbs.ReadASN1Element(&issuer, cbasn1.SEQUENCE) {
		return nil, "issuer"
	}
	f.issuer = issuer
	return f, f.readRest(tbs)
}

// readRest reads what follows the issuer.
func (f *crlFields) readRest(tbs cryptobyte.String) string {
	var wrapped cryptobyte.String
	var present bool
	if !readTime(&tbs, &f.thisUpdate) {
		return "thisUpdate"
	}
	if (tbs.PeekASN1Tag(cbasn1.UTCTime) || tbs.PeekASN1Tag(cbasn1.GeneralizedTime)) && !readTime(&tbs, &f.nextUpdate) {
		return "nextUpdate"
	}
	if !tbs.ReadOptionalASN1(&f.entries, &present, cbasn1.SEQUENCE) {
		return "revokedCertificates"
	}
	if !tbs.ReadOptionalASN1(&wrapped, &present, constructed(0)) || !tbs.Empty() {
		return "crlExtensions"
	}
	f.extensions = wrapped
	return ""
}

// readTime takes a Time, either kind.
func readTime(der *cryptobyte.String, t *time.Time) bool {
	if der.PeekASN1Tag(cbasn1.UTCTime) {
		return der.ReadASN1UTCTime(t)
	}
	return der.ReadASN1GeneralizedTime(t)
}

// crlEntry is one of revokedCertificates.
type crlEntry struct {
	serial   []byte // without leading zeros
	reason   int8   // CRLReason, -1 without one
	critical bool   // an extension that must be understood, and is not
}

// readEntry takes the next entry.
func readEntry(der *cryptobyte.String) (e crlEntry, ok bool) {
	var body, serial, extensions cryptobyte.String
	if !der.ReadASN1(&body, cbasn1.SEQUENCE) || !body.ReadASN1(&serial, cbasn1.INTEGER) || !body.SkipASN1(timeTag(body)) {
		return e, false
	}
	e.serial, e.reason = bytes.TrimLeft(serial, "\x00"), -1
	if body.Empty() {
		return e, true
	}
	if !body.ReadASN1Element(&extensions, cbasn1.SEQUENCE) || !body.Empty() {
		return e, false
	}
	broken := false
	ok = readExtensions(extensions, func(oid asn1.ObjectIdentifier, critical bool, value cryptobyte.String) {
		if !oid.Equal(asn1.ObjectIdentifier{2, 5, 29, 21}) { // cRLReason
			e.critical = e.critical || critical
			return
		}
		var reason int
		broken = broken || !value.ReadASN1Enum(&reason) || !value.Empty() || reason < 0 || reason > 10
		e.reason = int8(reason)
	})
	return e, ok && !broken
}

func timeTag(der cryptobyte.String) cbasn1.Tag {
	if der.PeekASN1Tag(cbasn1.UTCTime) {
		return cbasn1.UTCTime
	}
	return cbasn1.GeneralizedTime
}
