package emulate

import (
	"bytes"
	"crypto"
	_ "crypto/sha1"   // linked in for crypto.Hash
	_ "crypto/sha256" // linked in for crypto.Hash
	_ "crypto/sha512" // linked in for crypto.Hash
	"crypto/x509"
	"encoding/asn1"
	"fmt"
	"math/big"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"rehearse/proxy/wire"
)

// Limits of a request: how many certificates it may ask about, and how long a nonce
// may be (RFC 9654 2.1).
const (
	maxAsked = 32
	maxNonce = 128
)

// certID names the certificate that is asked about, by hashes of its issuer's name
// and key (RFC 6960 4.1.1). raw is the whole element, to be repeated in the answer.
type certID struct {
	raw               []byte
	hash              crypto.Hash // 0 for one that is not known here
	nameHash, keyHash []byte
	serial            *big.Int
}

// ocspRequest is what the responder reads from a request. Signatures on requests are
// not looked at (RFC 6960 4.1.2 leaves that to the responder).
type ocspRequest struct {
	asked []certID
	nonce []byte // extnValue of the nonce extension, nil for none
}

func oidNonce() asn1.ObjectIdentifier { return asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1, 2} }

// hashes are the hash algorithms of a CertID.
func hashes() map[string]crypto.Hash {
	return map[string]crypto.Hash{
		"1.3.14.3.2.26":          crypto.SHA1,
		"2.16.840.1.101.3.4.2.1": crypto.SHA256,
		"2.16.840.1.101.3.4.2.2": crypto.SHA384,
		"2.16.840.1.101.3.4.2.3": crypto.SHA512,
	}
}

// requestReader reads the parts of a request; the first failure stays.
type requestReader struct {
	der []byte
	err error
}

// fail notes the first failure. The offset is found from the capacity that is left:
// every part is a slice of the request that reaches to the request's end.
func (r *requestReader) fail(at cryptobyte.String, field, got, want string) bool {
	if r.err == nil {
		r.err = &wire.Error{Message: "OCSP request", Field: field, Offset: cap(r.der) - cap(at), Got: got, Want: want}
	}
	return false
}

// read takes one element with its tag.
func (r *requestReader) read(s, out *cryptobyte.String, tag cbasn1.Tag, field string) bool {
	at := *s
	if s.ReadASN1(out, tag) {
		return true
	}
	got := "nothing"
	if len(at) > 0 {
		got = fmt.Sprintf("%d bytes that begin with 0x%02x", len(at), at[0])
	}
	return r.fail(at, field, got, fmt.Sprintf("a DER element with tag 0x%02x", uint8(tag)))
}

// parseRequest reads an OCSPRequest of RFC 6960 4.1.1. The result shares der's bytes.
func parseRequest(der []byte) (*ocspRequest, error) {
	r := &requestReader{der: der}
	out := &ocspRequest{}
	s := cryptobyte.String(der)
	var request, tbs, list cryptobyte.String
	ok := r.read(&s, &request, cbasn1.SEQUENCE, "OCSPRequest") &&
		(s.Empty() || r.fail(s, "OCSPRequest", fmt.Sprintf("%d bytes after it", len(s)), "its end")) &&
		r.read(&request, &tbs, cbasn1.SEQUENCE, "tbsRequest") &&
		r.skipOptional(&tbs, 0, "version") &&
		r.skipOptional(&tbs, 1, "requestorName") &&
		r.read(&tbs, &list, cbasn1.SEQUENCE, "requestList") &&
		r.readList(list, out) &&
		r.readExtensions(&tbs, out)
	if !ok {
		return nil, r.err
	}
	return out, nil
}

func explicit(n uint8) cbasn1.Tag { return cbasn1.Tag(n).ContextSpecific().Constructed() }

func (r *requestReader) skipOptional(s *cryptobyte.String, n uint8, field string) bool {
	at := *s
	if s.SkipOptionalASN1(explicit(n)) {
		return true
	}
	return r.fail(at, field, "a broken element", fmt.Sprintf("[%d] or nothing", n))
}

func (r *requestReader) readList(list cryptobyte.String, out *ocspRequest) bool {
	if list.Empty() {
		return r.fail(list, "requestList", "no request", fmt.Sprintf("1 to %d", maxAsked))
	}
	for !list.Empty() {
		if len(out.asked) == maxAsked {
			return r.fail(list, "requestList", fmt.Sprintf("more than %d requests", maxAsked), fmt.Sprintf("1 to %d", maxAsked))
		}
		var one cryptobyte.String
		if !r.read(&list, &one, cbasn1.SEQUENCE, "request") || !r.readCertID(one, out) {
			return false
		}
	}
	return true
}

func (r *requestReader) readCertID(one cryptobyte.String, out *ocspRequest) bool {
	var raw, id, algorithm, name, key cryptobyte.String
	at := one
	if !one.ReadASN1Element(&raw, cbasn1.SEQUENCE) {
		return r.fail(at, "reqCert", "no DER element", "a SEQUENCE")
	}
	element, c := raw, certID{raw: raw, serial: new(big.Int)}
	var oid asn1.ObjectIdentifier
	ok := r.read(&element, &id, cbasn1.SEQUENCE, "reqCert") &&
		r.read(&id, &algorithm, cbasn1.SEQUENCE, "hashAlgorithm") &&
		(algorithm.ReadASN1ObjectIdentifier(&oid) || r.fail(algorithm, "hashAlgorithm", "no object identifier", "one")) &&
		(algorithm.Empty() || isNull(algorithm) || r.fail(algorithm, "hashAlgorithm", fmt.Sprintf("parameters %x", []byte(algorithm)), "NULL or none")) &&
		r.read(&id, &name, cbasn1.OCTET_STRING, "issuerNameHash") &&
		r.read(&id, &key, cbasn1.OCTET_STRING, "issuerKeyHash") &&
		(id.ReadASN1Integer(c.serial) || r.fail(id, "serialNumber", "no integer", "one"))
	c.hash, c.nameHash, c.keyHash = hashes()[oid.String()], name, key
	out.asked = append(out.asked, c)
	return ok
}

func isNull(s cryptobyte.String) bool { return len(s) == 2 && s[0] == byte(cbasn1.NULL) && s[1] == 0 }

// readExtensions looks for the nonce; other extensions are passed over, unless they
// are critical.
func (r *requestReader) readExtensions(tbs *cryptobyte.String, out *ocspRequest) bool {
	var wrapped, list cryptobyte.String
	var present bool
	at := *tbs
	if !tbs.ReadOptionalASN1(&wrapped, &present, explicit(2)) {
		return r.fail(at, "requestExtensions", "a broken element", "[2] or nothing")
	}
	if !present {
		return true
	}
	if !r.read(&wrapped, &list, cbasn1.SEQUENCE, "requestExtensions") {
		return false
	}
	for !list.Empty() {
		if !r.readExtension(&list, out) {
			return false
		}
	}
	return true
}

func (r *requestReader) readExtension(list *cryptobyte.String, out *ocspRequest) bool {
	var one, value cryptobyte.String
	var oid asn1.ObjectIdentifier
	var critical bool
	ok := r.read(list, &one, cbasn1.SEQUENCE, "extension") &&
		(one.ReadASN1ObjectIdentifier(&oid) || r.fail(one, "extnID", "no object identifier", "one")) &&
		(one.ReadOptionalASN1Boolean(&critical, cbasn1.BOOLEAN, false) || r.fail(one, "critical", "no boolean", "one or nothing")) &&
		r.read(&one, &value, cbasn1.OCTET_STRING, "extnValue")
	switch {
	case !ok:
		return false
	case !oid.Equal(oidNonce()):
		return !critical || r.fail(one, "extension", "critical "+oid.String(), "the nonce or none that is critical")
	}
	inner, element := cryptobyte.String(nil), value
	if !element.ReadASN1(&inner, cbasn1.OCTET_STRING) {
		// Before RFC 6960 the nonce's encoding was open: what came is repeated.
		inner = value
	}
	if len(inner) == 0 || len(inner) > maxNonce {
		return r.fail(value, "nonce", fmt.Sprintf("%d bytes", len(inner)), fmt.Sprintf("1 to %d", maxNonce))
	}
	out.nonce = value
	return true
}

// isOf says whether the certificate that is asked about would be one of the issuer.
func (c certID) isOf(issuer *x509.Certificate) bool {
	if c.hash == 0 {
		return false
	}
	name, key := issuerHashes(c.hash, issuer)
	return bytes.Equal(c.nameHash, name) && bytes.Equal(c.keyHash, key)
}

func issuerHashes(hash crypto.Hash, issuer *x509.Certificate) (name, key []byte) {
	h := hash.New()
	h.Write(issuer.RawSubject)
	name = h.Sum(nil)
	h.Reset()
	h.Write(publicKeyBits(issuer.RawSubjectPublicKeyInfo))
	return name, h.Sum(nil)
}

// askFor is the CertID of an issued certificate, with SHA-1 as everybody has it.
func askFor(cert, issuer *x509.Certificate) (certID, error) {
	name, key := issuerHashes(crypto.SHA1, issuer)
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1ObjectIdentifier(asn1.ObjectIdentifier{1, 3, 14, 3, 2, 26})
			b.AddASN1NULL()
		})
		b.AddASN1OctetString(name)
		b.AddASN1OctetString(key)
		b.AddASN1BigInt(cert.SerialNumber)
	})
	raw, err := b.Bytes()
	return certID{raw: raw, hash: crypto.SHA1, nameHash: name, keyHash: key, serial: cert.SerialNumber}, err
}
