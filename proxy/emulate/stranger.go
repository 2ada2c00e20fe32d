package emulate

import (
	"crypto"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"sync"
)

// stranger is the other key of an authority and the certificates for it, made when
// first needed.
type stranger struct {
	mu        sync.Mutex
	key       crypto.Signer
	delegates map[bool]*x509.Certificate // by whether they have OCSPSigning
	elsewhere *x509.Certificate
}

// signer is who signs an answer.
type signer struct {
	key  crypto.Signer
	cert *x509.Certificate // whose name and key identifier stand in the answer
	send *x509.Certificate // goes along in the answer; nil for none
}

// signerFor chooses the signer that an Answer asks for.
func (a *Authority) signerFor(how Answer) (signer, error) {
	if !how.WrongSigner && !how.Delegated && !how.NoEKU {
		return signer{key: a.key, cert: a.cert}, nil
	}
	a.stranger.mu.Lock()
	defer a.stranger.mu.Unlock()
	key, err := a.otherKey()
	if err != nil {
		return signer{}, err
	}
	if how.WrongSigner {
		return signer{key: key, cert: a.cert}, nil
	}
	cert, err := a.delegate(key, !how.NoEKU)
	return signer{key: key, cert: cert, send: cert}, err
}

// otherKey gives the stranger's key. The stranger is locked.
func (a *Authority) otherKey() (crypto.Signer, error) {
	key, err := keyOrNew(a.stranger.key)
	if err == nil {
		a.stranger.key = key
	}
	return key, err
}

// delegate gives the certificate of the delegated responder. The stranger is locked.
func (a *Authority) delegate(key crypto.Signer, eku bool) (*x509.Certificate, error) {
	if cert := a.stranger.delegates[eku]; cert != nil {
		return cert, nil
	}
	template := &x509.Certificate{
		Subject:               pkix.Name{CommonName: a.cert.Subject.CommonName + " OCSP", Organization: a.cert.Subject.Organization, Country: a.cert.Subject.Country},
		NotBefore:             a.cert.NotBefore,
		NotAfter:              a.cert.NotAfter,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageDigitalSignature,
		SubjectKeyId:          keyID(key.Public()),
	}
	if eku {
		template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageOCSPSigning}
		template.ExtraExtensions = []pkix.Extension{{Id: oidOCSPNoCheck(), Value: []byte{5, 0}}}
	}
	cert, err := a.sign(create, template, key.Public())
	if err != nil {
		return nil, err
	}
	if a.stranger.delegates == nil {
		a.stranger.delegates = make(map[bool]*x509.Certificate)
	}
	a.stranger.delegates[eku] = cert
	return cert, nil
}

// foreign gives another authority, by name and key: the author of a CRL with the
// wrong issuer.
func (a *Authority) foreign() (signer, error) {
	a.stranger.mu.Lock()
	defer a.stranger.mu.Unlock()
	key, err := a.otherKey()
	if err != nil {
		return signer{}, err
	}
	if a.stranger.elsewhere == nil {
		template := &x509.Certificate{
			Subject:               pkix.Name{CommonName: "Authority Elsewhere", Organization: []string{"Elsewhere"}, Country: []string{"XX"}},
			NotBefore:             a.cert.NotBefore,
			NotAfter:              a.cert.NotAfter,
			IsCA:                  true,
			BasicConstraintsValid: true,
			KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
			SubjectKeyId:          keyID(key.Public()),
		}
		if a.stranger.elsewhere, err = create(template, template, key.Public(), key); err != nil {
			return signer{}, err
		}
	}
	return signer{key: key, cert: a.stranger.elsewhere}, nil
}

func oidOCSPNoCheck() asn1.ObjectIdentifier {
	return asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1, 5}
}
