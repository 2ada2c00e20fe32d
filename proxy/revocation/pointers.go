package revocation

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// maxPointers is how many pointers of one kind are followed: a certificate
// that names hundreds must not keep a verifier busy for hours.
const maxPointers = 8

// pointer is one place where a status can be had, or why it cannot.
type pointer struct {
	url     string
	problem Judgement // zero for a pointer that can be followed
}

// pointersOf is the certificate's pointers of one kind, in its order.
func pointersOf(cert *x509.Certificate, s Source) []pointer {
	var all []pointer
	if s == CRL {
		all = distributionPoints(cert)
	} else {
		for _, u := range cert.OCSPServer {
			all = append(all, pointer{url: u, problem: followable(u)})
		}
	}
	return all[:min(len(all), maxPointers)]
}

// followable is the zero Judgement for a plain http URL.
func followable(raw string) Judgement {
	u, err := url.Parse(raw)
	switch {
	case err != nil:
		return judged(UnsupportedScheme, "pointer is no URL")
	case !strings.EqualFold(u.Scheme, "http"):
		return judged(UnsupportedScheme, "%q, only http is fetched", u.Scheme)
	case u.Host == "":
		return judged(UnsupportedScheme, "http URL without a host")
	}
	return Judgement{}
}

// distributionPoints reads the certificate's CRL distribution points
// (RFC 5280 4.2.1.13). crypto/x509's list leaves out whether a point is for some
// reasons only or another issuer's, and such a CRL cannot clear a certificate.
func distributionPoints(cert *x509.Certificate) []pointer {
	oid := asn1.ObjectIdentifier{2, 5, 29, 31}
	i := slices.IndexFunc(cert.Extensions, func(e pkix.Extension) bool { return e.Id.Equal(oid) })
	if i < 0 {
		return nil
	}
	der := cryptobyte.String(cert.Extensions[i].Value)
	var points []pointer
	if !der.ReadASN1(&der, cbasn1.SEQUENCE) {
		return []pointer{{problem: judged(Malformed, "CRL distribution points")}}
	}
	for !der.Empty() {
		var point cryptobyte.String
		if !der.ReadASN1(&point, cbasn1.SEQUENCE) {
			return append(points, pointer{problem: judged(Malformed, "CRL distribution point")})
		}
		points = append(points, distributionPoint(point)...)
	}
	return points
}

func distributionPoint(der cryptobyte.String) []pointer {
	var name, skipped cryptobyte.String
	var named, reasons, issuer bool
	if !der.ReadOptionalASN1(&name, &named, constructed(0)) ||
		!der.ReadOptionalASN1(&skipped, &reasons, cbasn1.Tag(1).ContextSpecific()) ||
		!der.ReadOptionalASN1(&skipped, &issuer, constructed(2)) || !der.Empty() {
		return []pointer{{problem: judged(Malformed, "CRL distribution point")}}
	}
	switch {
	case issuer:
		return []pointer{{problem: judged(NotUsable, "indirect CRL: the distribution point names another CRL issuer")}}
	case reasons:
		return []pointer{{problem: judged(NotUsable, "the distribution point covers some reasons only")}}
	case !named:
		return nil
	}
	urls, ok := fullName(name)
	if !ok {
		return []pointer{{problem: judged(NotUsable, "the distribution point has no full name")}}
	}
	var points []pointer
	for _, u := range urls {
		points = append(points, pointer{url: u, problem: followable(u)})
	}
	return points
}

// fullName is the URIs of a DistributionPointName; false for a name relative
// to the issuer, or a broken one.
func fullName(der cryptobyte.String) ([]string, bool) {
	var names cryptobyte.String
	if !der.ReadASN1(&names, constructed(0)) {
		return nil, false
	}
	var urls []string
	for !names.Empty() {
		var name cryptobyte.String
		var tag cbasn1.Tag
		if !names.ReadAnyASN1(&name, &tag) {
			return nil, false
		}
		if tag == cbasn1.Tag(6).ContextSpecific() { // uniformResourceIdentifier
			urls = append(urls, string(name))
		}
	}
	return urls, true
}

// constructed is the tag of a constructed, context-specific field.
func constructed(n uint8) cbasn1.Tag { return cbasn1.Tag(n).Constructed().ContextSpecific() }
