package revocation

import (
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"slices"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// crlScope is which certificates of its issuer a CRL speaks about: its issuing
// distribution point (RFC 5280 5.2.5). The zero value is all of them.
type crlScope struct {
	points            []string // URLs of the distribution point, one of which the certificate must name
	userOnly, cAsOnly bool
}

// covers is the zero Judgement for a certificate within the scope.
func (s crlScope) covers(c *x509.Certificate) Judgement {
	switch {
	case s.userOnly && c.IsCA:
		return judged(NotUsable, "the CRL is for end-entity certificates only")
	case s.cAsOnly && !c.IsCA:
		return judged(NotUsable, "the CRL is for CA certificates only")
	case len(s.points) > 0 && !namesAny(c, s.points):
		return judged(NotUsable, "the CRL is for another distribution point")
	}
	return Judgement{}
}

func namesAny(c *x509.Certificate, urls []string) bool {
	return slices.ContainsFunc(distributionPoints(c), func(p pointer) bool { return slices.Contains(urls, p.url) })
}

// scopeOf reads a CRL's extensions. A delta CRL, an indirect one, one for some
// reasons or for attribute certificates only, and one with a critical extension
// that is not known are errors: they cannot clear a certificate.
func scopeOf(extensions cryptobyte.String) (scope crlScope, err error) {
	if extensions.Empty() {
		return scope, nil
	}
	ok := readExtensions(extensions, func(oid asn1.ObjectIdentifier, critical bool, value cryptobyte.String) {
		if err != nil {
			return
		}
		switch id := oid.String(); {
		case id == "2.5.29.27":
			err = errors.New("delta CRL")
		case id == "2.5.29.28":
			scope, err = readScope(value)
		case id == "2.5.29.20", id == "2.5.29.35": // CRL number, authority key identifier
		case critical:
			err = fmt.Errorf("critical extension %s in the CRL", id)
		}
	})
	if !ok {
		return scope, errors.New("broken extensions in the CRL")
	}
	return scope, err
}

func readScope(der cryptobyte.String) (crlScope, error) {
	var scope crlScope
	var point, reasons cryptobyte.String
	var named, someReasons, indirect, attributes bool
	flag := func(out *bool, tag uint8) bool {
		var value cryptobyte.String
		var present bool
		if !der.ReadOptionalASN1(&value, &present, cbasn1.Tag(tag).ContextSpecific()) {
			return false
		}
		*out = present && len(value) == 1 && value[0] != 0
		return true
	}
	if !der.ReadASN1(&der, cbasn1.SEQUENCE) || !der.ReadOptionalASN1(&point, &named, constructed(0)) ||
		!flag(&scope.userOnly, 1) || !flag(&scope.cAsOnly, 2) ||
		!der.ReadOptionalASN1(&reasons, &someReasons, cbasn1.Tag(3).ContextSpecific()) ||
		!flag(&indirect, 4) || !flag(&attributes, 5) || !der.Empty() {
		return scope, errors.New("broken issuing distribution point")
	}
	switch {
	case indirect:
		return scope, errors.New("indirect CRL")
	case someReasons:
		return scope, errors.New("the CRL is for some reasons only")
	case attributes:
		return scope, errors.New("the CRL is for attribute certificates only")
	case !named:
		return scope, nil
	}
	urls, ok := fullName(point)
	if !ok || len(urls) == 0 {
		return scope, errors.New("issuing distribution point without a URL")
	}
	scope.points = urls
	return scope, nil
}
