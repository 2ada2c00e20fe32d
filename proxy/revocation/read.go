package revocation

import (
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"time"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// Answer is what an OCSP answer says. Nothing of it is verified: for that there is
// Question, which needs the certificate and its issuer.
type Answer struct {
	// Status is that of the response: "successful", "tryLater" and so on (RFC 6960
	// 4.2.1).
	Status  string
	Singles []Single
}

// Single is what an answer says about one certificate.
type Single struct {
	Verdict    Verdict // Good, Revoked or Unknown
	ThisUpdate time.Time
	NextUpdate time.Time // zero when missing
}

// statusNames are the words for OCSPResponseStatus.
var statusNames = map[int]string{0: "successful", 1: "malformedRequest", 2: "internalError", 3: "tryLater", 5: "sigRequired", 6: "unauthorized"}

// ReadAnswer reads a DER OCSPResponse. The error says which part of it is broken;
// the status is given even so, where it can be read.
func ReadAnswer(der []byte) (Answer, error) {
	outer := cryptobyte.String(der)
	var body cryptobyte.String
	var status int
	if !outer.ReadASN1(&body, cbasn1.SEQUENCE) || !body.ReadASN1Enum(&status) {
		return Answer{}, errors.New("no OCSP response")
	}
	a := Answer{Status: statusNames[status]}
	switch {
	case a.Status == "":
		return a, fmt.Errorf("OCSP response status %d", status)
	case status != 0:
		return a, nil
	}
	b, broken := parseResponse(der)
	if b == nil {
		return a, errors.New(broken.String())
	}
	verdicts := map[byte]Verdict{statusGood: Good, statusRevoked: Revoked, statusUnknown: Unknown}
	for _, s := range b.singles {
		a.Singles = append(a.Singles, Single{verdicts[s.status], s.thisUpdate, s.nextUpdate})
	}
	return a, nil
}

// List is what a CRL says, unverified as an Answer is.
type List struct {
	Issuer     string // common name, or the whole name
	ThisUpdate time.Time
	NextUpdate time.Time // zero when missing
	Entries    int
}

// ReadList reads a CRL, DER or PEM.
func ReadList(content []byte) (List, error) {
	der, ok := decodePEM(content)
	if !ok {
		return List{}, errors.New("PEM, but no CRL")
	}
	f, broken := readCRL(der)
	if broken != "" {
		return List{}, fmt.Errorf("CRL: %s", broken)
	}
	l := List{Issuer: nameOf(f.issuer), ThisUpdate: f.thisUpdate, NextUpdate: f.nextUpdate}
	for rest := f.entries; !rest.Empty(); l.Entries++ {
		if !rest.SkipASN1(cbasn1.SEQUENCE) {
			return l, fmt.Errorf("CRL: entry %d", l.Entries+1)
		}
	}
	return l, nil
}

// nameOf is a DER name's common name, or all of it.
func nameOf(der []byte) string {
	var seq pkix.RDNSequence
	var name pkix.Name
	if rest, err := asn1.Unmarshal(der, &seq); err != nil || len(rest) > 0 {
		return ""
	}
	name.FillFromRDNSequence(&seq)
	if name.CommonName != "" {
		return name.CommonName
	}
	return name.String()
}
