package revocation

import (
	"crypto"
	_ "crypto/sha1" // CertIDs and key hashes are SHA-1 as a rule
	_ "crypto/sha256"
	_ "crypto/sha512"
	"crypto/x509"
	"encoding/asn1"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// signature is an AlgorithmIdentifier of a signature. crypto/x509 has this
// table too but lends it to certificates and CRLs only.
type signature struct {
	oid       string
	algorithm x509.SignatureAlgorithm
}

// signatures is a function, not a variable, so that nobody can change it.
func signatures() []signature {
	return []signature{
		{"1.2.840.113549.1.1.5", x509.SHA1WithRSA},
		{"1.2.840.113549.1.1.11", x509.SHA256WithRSA},
		{"1.2.840.113549.1.1.12", x509.SHA384WithRSA},
		{"1.2.840.113549.1.1.13", x509.SHA512WithRSA},
		{"1.2.840.10045.4.1", x509.ECDSAWithSHA1},
		{"1.2.840.10045.4.3.2", x509.ECDSAWithSHA256},
		{"1.2.840.10045.4.3.3", x509.ECDSAWithSHA384},
		{"1.2.840.10045.4.3.4", x509.ECDSAWithSHA512},
		{"1.3.101.112", x509.PureEd25519},
	}
}

const oidRSAPSS = "1.2.840.113549.1.1.10"

// signatureAlgorithm reads the content of an AlgorithmIdentifier.
func signatureAlgorithm(der cryptobyte.String) x509.SignatureAlgorithm {
	var oid asn1.ObjectIdentifier
	if !der.ReadASN1ObjectIdentifier(&oid) {
		return x509.UnknownSignatureAlgorithm
	}
	if oid.String() == oidRSAPSS {
		return pssAlgorithm(der)
	}
	for _, s := range signatures() {
		if s.oid == oid.String() {
			return s.algorithm
		}
	}
	return x509.UnknownSignatureAlgorithm
}

// pssAlgorithm reads RSASSA-PSS-params as far as the hash (RFC 4055 3.1); the
// verification itself fails where the other parameters are not the usual ones.
func pssAlgorithm(der cryptobyte.String) x509.SignatureAlgorithm {
	var params, field, id cryptobyte.String
	if !der.ReadASN1(&params, cbasn1.SEQUENCE) || !params.ReadASN1(&field, constructed(0)) || !field.ReadASN1(&id, cbasn1.SEQUENCE) {
		return x509.UnknownSignatureAlgorithm
	}
	switch hashOf(id) {
	case crypto.SHA256:
		return x509.SHA256WithRSAPSS
	case crypto.SHA384:
		return x509.SHA384WithRSAPSS
	case crypto.SHA512:
		return x509.SHA512WithRSAPSS
	}
	return x509.UnknownSignatureAlgorithm
}

// hashOf reads the content of a hash's AlgorithmIdentifier; 0 for an unknown one.
func hashOf(der cryptobyte.String) crypto.Hash {
	var oid asn1.ObjectIdentifier
	if !der.ReadASN1ObjectIdentifier(&oid) {
		return 0
	}
	switch oid.String() {
	case "1.3.14.3.2.26":
		return crypto.SHA1
	case "2.16.840.1.101.3.4.2.1":
		return crypto.SHA256
	case "2.16.840.1.101.3.4.2.2":
		return crypto.SHA384
	case "2.16.840.1.101.3.4.2.3":
		return crypto.SHA512
	}
	return 0
}
