package emulate

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/x509"
	"encoding/asn1"
	"fmt"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

const minRSABits = 2048

// algorithm is one way to sign: RFC 4055 for RSA, RFC 5758 for ECDSA.
type algorithm struct {
	oid        asn1.ObjectIdentifier
	hash       crypto.Hash
	nullParams bool
}

// algorithmOf gives the algorithm that a key signs with, or says what keys may.
func algorithmOf(pub crypto.PublicKey) (algorithm, error) {
	switch k := pub.(type) {
	case *rsa.PublicKey:
		if k.N.BitLen() < minRSABits {
			return algorithm{}, fmt.Errorf("RSA key of %d bits, want at least %d", k.N.BitLen(), minRSABits)
		}
		return algorithm{asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 11}, crypto.SHA256, true}, nil
	case *ecdsa.PublicKey:
		switch k.Curve {
		case elliptic.P256():
			return algorithm{asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, 2}, crypto.SHA256, false}, nil
		case elliptic.P384():
			return algorithm{asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, 3}, crypto.SHA384, false}, nil
		case elliptic.P521():
			return algorithm{asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, 4}, crypto.SHA512, false}, nil
		}
		return algorithm{}, fmt.Errorf("ECDSA key on %s, want P-256, P-384 or P-521", k.Curve.Params().Name)
	}
	return algorithm{}, fmt.Errorf("key of type %T, want RSA or ECDSA", pub)
}

func (g algorithm) append(b *cryptobyte.Builder) {
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1ObjectIdentifier(g.oid)
		if g.nullParams {
			b.AddASN1NULL()
		}
	})
}

// signed wraps a to-be-signed value as all of X.509 does: SEQUENCE of the value, the
// algorithm and the signature, then whatever tail adds.
func signed(tbs []byte, key crypto.Signer, tail func(*cryptobyte.Builder)) ([]byte, error) {
	g, err := algorithmOf(key.Public())
	if err != nil {
		return nil, err
	}
	h := g.hash.New()
	h.Write(tbs)
	signature, err := key.Sign(rand.Reader, h.Sum(nil), g.hash)
	if err != nil {
		return nil, err
	}
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddBytes(tbs)
		g.append(b)
		b.AddASN1BitString(signature)
		if tail != nil {
			tail(b)
		}
	})
	return b.Bytes()
}

func keyOrNew(key crypto.Signer) (crypto.Signer, error) {
	if key == nil {
		return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	}
	_, err := algorithmOf(key.Public())
	return key, err
}

func samePublicKey(a, b crypto.PublicKey) bool {
	k, ok := a.(interface{ Equal(crypto.PublicKey) bool })
	return ok && k.Equal(b)
}

// publicKeyBits is the BIT STRING of a SubjectPublicKeyInfo, which is what the key
// identifiers of RFC 5280 and the hashes of RFC 6960 are made from.
func publicKeyBits(spki []byte) []byte {
	s := cryptobyte.String(spki)
	var info cryptobyte.String
	var bits asn1.BitString
	if !s.ReadASN1(&info, cbasn1.SEQUENCE) || !info.SkipASN1(cbasn1.SEQUENCE) || !info.ReadASN1BitString(&bits) {
		return nil
	}
	return bits.RightAlign()
}

// keyID is the SHA-1 key identifier, method 1 of RFC 5280 4.2.1.2. Also the
// ResponderID by key of RFC 6960 4.2.1.
func keyID(pub crypto.PublicKey) []byte {
	spki, err := x509.MarshalPKIXPublicKey(pub)
	if err != nil {
		return nil
	}
	sum := sha1.Sum(publicKeyBits(spki))
	return sum[:]
}

// leafUsage is what a server does with its key: RSA keys also decrypt in the key
// exchange of TLS 1.2 (RFC 5246 7.4.2).
func leafUsage(pub crypto.PublicKey) x509.KeyUsage {
	if _, ok := pub.(*rsa.PublicKey); ok {
		return x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment
	}
	return x509.KeyUsageDigitalSignature
}
