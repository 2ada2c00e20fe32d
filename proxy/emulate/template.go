package emulate

import (
	"crypto"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"time"
)

// maxCommonName is ub-common-name of RFC 5280 appendix A.
const maxCommonName = 64

// Template says what a server certificate holds.
type Template struct {
	// Names are DNS names for the subject alternative name; IP literals among them
	// become addresses. The first is the common name as well where it fits.
	Names []string
	// IPs are further addresses for the subject alternative name.
	IPs []netip.Addr
	// Like gives subject and subject alternative name exactly as they stand in this
	// certificate; Names and IPs are not used then. Nothing else is copied: not the
	// serial number, not the revocation pointers.
	Like *x509.Certificate
	// Key is the certificate's public key.
	Key crypto.PublicKey
	// OCSP and CRL are URLs for the authority information access and for the CRL
	// distribution points.
	OCSP, CRL []string
	// NotBefore is an hour ago when zero, NotAfter ninety days ahead.
	NotBefore, NotAfter time.Time
	// MustStaple asks clients to demand a stapled OCSP answer (RFC 7633).
	MustStaple bool
}

func oidSubjectAltName() asn1.ObjectIdentifier { return asn1.ObjectIdentifier{2, 5, 29, 17} }
func oidTLSFeature() asn1.ObjectIdentifier     { return asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 1, 24} }

// Issue issues a server certificate.
func (a *Authority) Issue(t Template) (*x509.Certificate, error) {
	if t.Key == nil {
		return nil, errors.New("issue certificate: no public key given")
	}
	template := a.leaf(t)
	if t.Like != nil {
		copyNames(template, t.Like)
	} else if err := setNames(template, t.Names, t.IPs); err != nil {
		return nil, err
	}
	cert, err := a.sign(signLeaf, template, t.Key)
	if err != nil {
		return nil, fmt.Errorf("issue certificate for %q: %w", template.Subject.CommonName, err)
	}
	return cert, nil
}

// leaf is a server certificate but for its names.
func (a *Authority) leaf(t Template) *x509.Certificate {
	now := a.now().Truncate(time.Second)
	c := &x509.Certificate{
		NotBefore:             t.NotBefore,
		NotAfter:              t.NotAfter,
		BasicConstraintsValid: true,
		KeyUsage:              leafUsage(t.Key),
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		OCSPServer:            t.OCSP,
		CRLDistributionPoints: t.CRL,
	}
	if c.NotBefore.IsZero() {
		c.NotBefore = later(now.Add(-leafBackdate), a.cert.NotBefore)
	}
	if c.NotAfter.IsZero() {
		c.NotAfter = earlier(now.Add(leafLifetime), a.cert.NotAfter)
	}
	if t.MustStaple {
		// SEQUENCE OF INTEGER with the one feature status_request (5).
		c.ExtraExtensions = append(c.ExtraExtensions, pkix.Extension{Id: oidTLSFeature(), Value: []byte{0x30, 3, 2, 1, 5}})
	}
	return c
}

// copyNames takes subject and subject alternative name over, byte by byte. A name
// that the origin's certificate lacks must stay lacking: were the name that the
// client asked for added here, a wrong certificate upstream would become a right one
// downstream.
func copyNames(c, like *x509.Certificate) {
	c.RawSubject, c.Subject = like.RawSubject, like.Subject
	i := slices.IndexFunc(like.Extensions, func(e pkix.Extension) bool { return e.Id.Equal(oidSubjectAltName()) })
	if i >= 0 {
		c.ExtraExtensions = append(c.ExtraExtensions, like.Extensions[i])
	}
}

func setNames(c *x509.Certificate, names []string, ips []netip.Addr) error {
	for _, n := range names {
		if n == "" {
			return errors.New("issue certificate: empty name, want a DNS name or an IP address")
		}
		if ip, err := netip.ParseAddr(n); err == nil {
			ips = append(slices.Clip(ips), ip)
			continue
		}
		c.DNSNames = append(c.DNSNames, n)
	}
	for _, ip := range ips {
		c.IPAddresses = append(c.IPAddresses, net.IP(ip.Unmap().AsSlice()))
	}
	switch {
	case len(c.DNSNames)+len(c.IPAddresses) == 0:
		return errors.New("issue certificate: no names given, want at least one DNS name or IP address")
	case len(names) > 0 && len(names[0]) <= maxCommonName:
		c.Subject.CommonName = names[0]
	}
	return nil
}
