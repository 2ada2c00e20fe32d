package emulate

import (
	"crypto"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"net"
	"slices"
	"time"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// signLeaf is x509.CreateCertificate for what a leaf's template holds, byte by byte but
// for the signature, which it does not verify: that takes longer than making it.
func signLeaf(t, parent *x509.Certificate, pub crypto.PublicKey, key crypto.Signer) (*x509.Certificate, error) {
	tbs, err := leafTBS(t, parent, pub, key)
	if err != nil {
		return nil, err
	}
	der, err := signed(tbs, key, nil)
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificate(der)
}

// leafTBS is the TBSCertificate (RFC 5280 4.1).
func leafTBS(t, parent *x509.Certificate, pub crypto.PublicKey, key crypto.Signer) ([]byte, error) {
	g, err := algorithmOf(key.Public())
	if err != nil {
		return nil, err
	}
	if t.SerialNumber.Sign() <= 0 {
		return nil, fmt.Errorf("serial number %v, want a positive one", t.SerialNumber)
	}
	spki, err := x509.MarshalPKIXPublicKey(pub)
	if err != nil {
		return nil, err
	}
	subject := t.RawSubject
	if subject == nil {
		if subject, err = asn1.Marshal(t.Subject.ToRDNSequence()); err != nil {
			return nil, err
		}
	}
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(cbasn1.Tag(0).Constructed().ContextSpecific(), func(b *cryptobyte.Builder) { b.AddASN1Int64(2) }) // v3
		b.AddASN1BigInt(t.SerialNumber)
		g.append(b)
		b.AddBytes(parent.RawSubject)
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			addTime(b, t.NotBefore)
			addTime(b, t.NotAfter)
		})
		b.AddBytes(subject)
		b.AddBytes(spki)
		b.AddASN1(cbasn1.Tag(3).Constructed().ContextSpecific(), func(b *cryptobyte.Builder) {
			b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) { addExtensions(b, t, parent, len(subject) <= 2) })
		})
	})
	return b.Bytes()
}

// addTime writes a date as RFC 5280 4.1.2.5 wants it.
func addTime(b *cryptobyte.Builder, t time.Time) {
	if t = t.UTC(); t.Year() >= 1950 && t.Year() < 2050 {
		b.AddASN1UTCTime(t)
	} else {
		b.AddASN1GeneralizedTime(t)
	}
}

// Extensions by the last arc below id-ce (RFC 5280 4.2.1).
const (
	arcKeyUsage         = 15
	arcSubjectAltName   = 17
	arcBasicConstraints = 19
	arcCRLPoints        = 31
	arcAuthorityKeyID   = 35
	arcExtKeyUsage      = 37
)

func ce(arc int) asn1.ObjectIdentifier { return asn1.ObjectIdentifier{2, 5, 29, arc} }

// addExtensions writes them in the order of x509.CreateCertificate.
func addExtensions(b *cryptobyte.Builder, t, parent *x509.Certificate, nameless bool) {
	addExtension(b, ce(arcKeyUsage), true, func(b *cryptobyte.Builder) {
		if t.KeyUsage&x509.KeyUsageKeyEncipherment != 0 {
			b.AddBytes([]byte{byte(cbasn1.BIT_STRING), 2, 5, 0xa0}) // with digitalSignature
		} else {
			b.AddBytes([]byte{byte(cbasn1.BIT_STRING), 2, 7, 0x80})
		}
	})
	addExtension(b, ce(arcExtKeyUsage), false, func(b *cryptobyte.Builder) {
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1ObjectIdentifier(asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, 1}) // id-kp-serverAuth
		})
	})
	addExtension(b, ce(arcBasicConstraints), true, func(b *cryptobyte.Builder) {
		b.AddASN1(cbasn1.SEQUENCE, func(*cryptobyte.Builder) {})
	})
	if len(parent.SubjectKeyId) > 0 {
		addExtension(b, ce(arcAuthorityKeyID), false, func(b *cryptobyte.Builder) {
			b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) { addTagged(b, 0, parent.SubjectKeyId) })
		})
	}
	if len(t.OCSPServer) > 0 {
		addExtension(b, asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 1, 1}, false, func(b *cryptobyte.Builder) { addAccess(b, t.OCSPServer) })
	}
	added := func(id asn1.ObjectIdentifier) bool {
		return slices.ContainsFunc(t.ExtraExtensions, func(e pkix.Extension) bool { return e.Id.Equal(id) })
	}
	if !added(ce(arcSubjectAltName)) && len(t.DNSNames)+len(t.IPAddresses) > 0 {
		addExtension(b, ce(arcSubjectAltName), nameless, func(b *cryptobyte.Builder) { addNames(b, t.DNSNames, t.IPAddresses) })
	}
	if len(t.CRLDistributionPoints) > 0 {
		addExtension(b, ce(arcCRLPoints), false, func(b *cryptobyte.Builder) { addPoints(b, t.CRLDistributionPoints) })
	}
	for _, e := range t.ExtraExtensions {
		addExtension(b, e.Id, e.Critical, func(b *cryptobyte.Builder) { b.AddBytes(e.Value) })
	}
}

func addExtension(b *cryptobyte.Builder, id asn1.ObjectIdentifier, critical bool, value func(*cryptobyte.Builder)) {
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1ObjectIdentifier(id)
		if critical {
			b.AddASN1Boolean(true)
		}
		b.AddASN1(cbasn1.OCTET_STRING, value)
	})
}

// addTagged writes bytes with an implicit context-specific tag.
func addTagged(b *cryptobyte.Builder, tag uint8, value []byte) {
	b.AddASN1(cbasn1.Tag(tag).ContextSpecific(), func(b *cryptobyte.Builder) { b.AddBytes(value) })
}

// The choices of GeneralName (RFC 5280 4.2.1.6).
const (
	nameDNS = 2
	nameURI = 6
	nameIP  = 7
)

func addNames(b *cryptobyte.Builder, names []string, ips []net.IP) {
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		for _, n := range names {
			if !ascii(n) {
				b.SetError(fmt.Errorf("%q is no DNS name: it has other characters than ASCII", n))
			}
			addTagged(b, nameDNS, []byte(n))
		}
		for _, ip := range ips {
			if short := ip.To4(); short != nil {
				ip = short
			}
			addTagged(b, nameIP, ip)
		}
	})
}

func ascii(s string) bool {
	return !slices.ContainsFunc([]byte(s), func(c byte) bool { return c >= 0x80 })
}

// addAccess writes the OCSP responders of an authority information access.
func addAccess(b *cryptobyte.Builder, urls []string) {
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		for _, u := range urls {
			b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddASN1ObjectIdentifier(asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1})
				addTagged(b, nameURI, []byte(u))
			})
		}
	})
}

// addPoints writes CRL distribution points, each a fullName of one URL.
func addPoints(b *cryptobyte.Builder, urls []string) {
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		for _, u := range urls {
			b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddASN1(cbasn1.Tag(0).Constructed().ContextSpecific(), func(b *cryptobyte.Builder) {
					b.AddASN1(cbasn1.Tag(0).Constructed().ContextSpecific(), func(b *cryptobyte.Builder) { addTagged(b, nameURI, []byte(u)) })
				})
			})
		}
	})
}
