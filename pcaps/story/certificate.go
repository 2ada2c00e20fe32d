package story

import (
	"crypto/x509/pkix"
	"encoding/asn1"
	"time"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// Certificate is a certificate as far as it is told.
type Certificate struct {
	// Parsed says that it could be read to its extensions.
	Parsed     bool      `json:"parsed"`
	Subject    string    `json:"subject"`
	Issuer     string    `json:"issuer"`
	IssuerName string    `json:"issuer_name"` // its common name, or all of it
	Names      []string  `json:"names"`       // DNS names
	NotBefore  time.Time `json:"not_before"`
	NotAfter   time.Time `json:"not_after"`
	// HasCDP also holds for distribution points that are no URL.
	HasCDP     bool     `json:"has_cdp"`
	CDP        []string `json:"cdp_urls"`
	OCSP       []string `json:"ocsp_urls"`
	CAIssuers  []string `json:"ca_issuers"`
	MustStaple bool     `json:"must_staple"`

	common string
}

// Name is the common name, else the first DNS name, else the whole subject.
func (c *Certificate) Name() string {
	switch {
	case c.common != "":
		return c.common
	case len(c.Names) > 0:
		return c.Names[0]
	}
	return c.Subject
}

// Limits on the certificates that are remembered.
const (
	maxCertificates    = 1 << 12
	maxCertificateSize = 8 << 10
)

// certificate reads a certificate, each once: captures have the same ones again and
// again. What it gives is shared.
func (r *reading) certificate(der []byte) *Certificate {
	if c := r.certificates[string(der)]; c != nil {
		return c
	}
	c := readCertificate(der)
	if len(r.certificates) < maxCertificates && len(der) <= maxCertificateSize {
		r.certificates[string(der)] = c
	}
	return c
}

// readCertificate reads a certificate less strictly than crypto/x509: what a
// capture shows need not be right. It believes nothing of it.
func readCertificate(der []byte) *Certificate {
	c := &Certificate{Names: []string{}, CDP: []string{}, OCSP: []string{}, CAIssuers: []string{}}
	outer := cryptobyte.String(der)
	var body, tbs, skipped, issuer, validity, subject, extensions cryptobyte.String
	var present bool
	if !outer.ReadASN1(&body, cbasn1.SEQUENCE) || !body.ReadASN1(&tbs, cbasn1.SEQUENCE) ||
		!tbs.SkipOptionalASN1(cbasn1.Tag(0).Constructed().ContextSpecific()) || !tbs.SkipASN1(cbasn1.INTEGER) ||
		!tbs.SkipASN1(cbasn1.SEQUENCE) || !tbs.ReadASN1Element(&issuer, cbasn1.SEQUENCE) ||
		!tbs.ReadASN1(&validity, cbasn1.SEQUENCE) || !tbs.ReadASN1Element(&subject, cbasn1.SEQUENCE) ||
		!tbs.SkipASN1(cbasn1.SEQUENCE) {
		return c
	}
	c.Subject, c.common = readName(subject)
	var common string
	if c.Issuer, common = readName(issuer); common != "" {
		c.IssuerName = common
	} else {
		c.IssuerName = c.Issuer
	}
	c.NotBefore, c.NotAfter = readTime(&validity), readTime(&validity)
	for _, tag := range []cbasn1.Tag{1, 2} { // unique identifiers
		tbs.ReadOptionalASN1(&skipped, &present, tag.ContextSpecific())
	}
	c.Parsed = true
	if tbs.ReadOptionalASN1(&extensions, &present, cbasn1.Tag(3).Constructed().ContextSpecific()) && present &&
		extensions.ReadASN1(&extensions, cbasn1.SEQUENCE) {
		c.extensions(extensions)
	}
	return c
}

// readName gives a name as RFC 2253 writes it, and its common name.
func readName(der []byte) (whole, common string) {
	var seq pkix.RDNSequence
	if _, err := asn1.Unmarshal(der, &seq); err != nil {
		return "", ""
	}
	var name pkix.Name
	name.FillFromRDNSequence(&seq)
	return seq.String(), name.CommonName
}

func readTime(der *cryptobyte.String) (t time.Time) {
	if der.PeekASN1Tag(cbasn1.UTCTime) {
		der.ReadASN1UTCTime(&t)
	} else {
		der.ReadASN1GeneralizedTime(&t)
	}
	return t
}

// Object identifiers of the extensions that are read.
const (
	oidNames      = "2.5.29.17"
	oidCDP        = "2.5.29.31"
	oidAIA        = "1.3.6.1.5.5.7.1.1"
	oidTLSFeature = "1.3.6.1.5.5.7.1.24"
	oidOCSP       = "1.3.6.1.5.5.7.48.1"
	oidCAIssuers  = "1.3.6.1.5.5.7.48.2"
)

func (c *Certificate) extensions(list cryptobyte.String) {
	for !list.Empty() {
		var e, value cryptobyte.String
		var oid asn1.ObjectIdentifier
		if !list.ReadASN1(&e, cbasn1.SEQUENCE) || !e.ReadASN1ObjectIdentifier(&oid) ||
			!e.SkipOptionalASN1(cbasn1.BOOLEAN) || !e.ReadASN1(&value, cbasn1.OCTET_STRING) {
			return
		}
		switch oid.String() {
		case oidNames:
			c.names(value)
		case oidCDP:
			c.HasCDP = true
			c.CDP = append(c.CDP, urls(value, maxNesting)...)
		case oidAIA:
			c.access(value)
		case oidTLSFeature:
			c.MustStaple = true
		}
	}
}

func (c *Certificate) names(value cryptobyte.String) {
	const dns = 2
	if !value.ReadASN1(&value, cbasn1.SEQUENCE) {
		return
	}
	for !value.Empty() {
		var name cryptobyte.String
		var tag cbasn1.Tag
		if !value.ReadAnyASN1(&name, &tag) {
			return
		}
		if tag == cbasn1.Tag(dns).ContextSpecific() {
			keep(&c.Names, printable(name))
		}
	}
}

// access reads Authority Information Access (RFC 5280 4.2.2.1).
func (c *Certificate) access(value cryptobyte.String) {
	if !value.ReadASN1(&value, cbasn1.SEQUENCE) {
		return
	}
	for !value.Empty() {
		var d cryptobyte.String
		var method asn1.ObjectIdentifier
		if !value.ReadASN1(&d, cbasn1.SEQUENCE) || !d.ReadASN1ObjectIdentifier(&method) {
			return
		}
		switch method.String() {
		case oidOCSP:
			c.OCSP = append(c.OCSP, urls(d, maxNesting)...)
		case oidCAIssuers:
			c.CAIssuers = append(c.CAIssuers, urls(d, maxNesting)...)
		}
	}
}

// maxNesting is how deep URLs are looked for.
const maxNesting = 6

// urls gives the URLs among general names, however deep they lie (RFC 5280
// 4.2.1.13 has them four levels down).
func urls(der cryptobyte.String, deep int) []string {
	const url = 6
	var found []string
	for !der.Empty() {
		var inner cryptobyte.String
		var tag cbasn1.Tag
		if !der.ReadAnyASN1(&inner, &tag) {
			return found
		}
		switch {
		case tag == cbasn1.Tag(url).ContextSpecific():
			found = append(found, printable(inner))
		case tag&0x20 != 0 && deep > 0 && len(found) < maxItems:
			found = append(found, urls(inner, deep-1)...)
		}
	}
	return found
}
