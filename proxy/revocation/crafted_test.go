package revocation_test

import (
	"crypto"
	"crypto/rand"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"slices"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"golang.org/x/crypto/ocsp"

	"rehearse/proxy/revocation"
)

// The shapes of RFC 6960 4.2.1, for answers that no honest responder makes.
type (
	craftedResponse struct {
		Status asn1.Enumerated
		Bytes  craftedBytes `asn1:"explicit,tag:0"`
	}
	craftedBytes struct {
		Type  asn1.ObjectIdentifier
		Basic []byte
	}
	craftedBasic struct {
		Data      asn1.RawValue
		Algorithm pkix.AlgorithmIdentifier
		Signature asn1.BitString
	}
	craftedData struct {
		Responder  asn1.RawValue
		ProducedAt time.Time `asn1:"generalized"`
		Singles    []craftedSingle
		Extensions []pkix.Extension `asn1:"explicit,tag:1,optional"`
	}
	craftedSingle struct {
		ID         craftedID
		Status     asn1.RawValue
		ThisUpdate time.Time        `asn1:"generalized"`
		NextUpdate time.Time        `asn1:"generalized,explicit,tag:0,optional"`
		Extensions []pkix.Extension `asn1:"explicit,tag:1,optional"`
	}
	craftedID struct {
		Hash              pkix.AlgorithmIdentifier
		NameHash, KeyHash []byte
		Serial            *big.Int
	}
)

var _ = Describe("crafted OCSP answers", func() {
	// crafted is a right answer for a leaf, changed, and signed by its issuer.
	crafted := func(change func(d *craftedData, r *craftedResponse)) (revocation.Question, []byte) {
		b := newBench(time.Now().UTC().Truncate(time.Second))
		by := b.issuers["int-good"]
		leaf := b.leaf("crafted.test", "int-good", "good", "-")
		single := craftedSingle{ID: idOf(leaf, by.cert), Status: statusOf(0), ThisUpdate: b.now, NextUpdate: b.now.Add(time.Hour)}
		data := craftedData{ProducedAt: b.now, Singles: []craftedSingle{single},
			Responder: asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 1, IsCompound: true, Bytes: by.cert.RawSubject}}
		resp := craftedResponse{Bytes: craftedBytes{Type: asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1, 1}}}
		change(&data, &resp)
		tbs := encode(data)
		digest := sha256.Sum256(tbs)
		signature, err := by.key.Sign(rand.Reader, digest[:], crypto.SHA256)
		Expect(err).NotTo(HaveOccurred())
		resp.Bytes.Basic = encode(craftedBasic{
			Data: asn1.RawValue{FullBytes: tbs}, Algorithm: pkix.AlgorithmIdentifier{Algorithm: asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, 2}},
			Signature: asn1.BitString{Bytes: signature, BitLength: 8 * len(signature)},
		})
		return revocation.Question{Certificate: leaf, Issuer: by.cert, Now: b.now, Skew: time.Minute}, encode(resp)
	}

	DescribeTable("are judged", func(want string, change func(d *craftedData, r *craftedResponse)) {
		q, answer := crafted(change)
		Expect(q.OCSP(answer).String()).To(Equal(want))
	},
		Entry("untouched", "good", func(*craftedData, *craftedResponse) {}),
		Entry("of another type", "not usable: OCSP response type 1.2.3, only basic is known",
			func(_ *craftedData, r *craftedResponse) { r.Bytes.Type = asn1.ObjectIdentifier{1, 2, 3} }),
		Entry("produced tomorrow", "not yet valid: producedAt is 24 hours ahead",
			func(d *craftedData, _ *craftedResponse) { d.ProducedAt = d.ProducedAt.Add(24 * time.Hour) }),
		Entry("with a critical extension", "not usable: critical extension in the OCSP response",
			func(d *craftedData, _ *craftedResponse) { d.Extensions = unknownExtension(true) }),
		Entry("with an extension that may be overlooked", "good",
			func(d *craftedData, _ *craftedResponse) { d.Extensions = unknownExtension(false) }),
		Entry("with a critical extension of the single response", "not usable: critical extension in the single response",
			func(d *craftedData, _ *craftedResponse) { d.Singles[0].Extensions = unknownExtension(true) }),
		Entry("with nextUpdate before thisUpdate", "malformed: nextUpdate before thisUpdate",
			func(d *craftedData, _ *craftedResponse) {
				d.Singles[0].NextUpdate = d.Singles[0].ThisUpdate.Add(-time.Second)
			}),
		Entry("with no single response", "wrong certificate: the OCSP response is about 0 other certificates",
			func(d *craftedData, _ *craftedResponse) { d.Singles = nil }),
		Entry("by a hash nobody knows", "wrong issuer: the OCSP response names another issuer",
			func(d *craftedData, _ *craftedResponse) {
				d.Singles[0].ID.Hash.Algorithm = asn1.ObjectIdentifier{1, 2, 3}
			}),
		Entry("stale for one hash, good for another", "good",
			func(d *craftedData, _ *craftedResponse) {
				old := d.Singles[0]
				old.ThisUpdate, old.NextUpdate = old.ThisUpdate.Add(-2*time.Hour), old.NextUpdate.Add(-2*time.Hour)
				d.Singles = []craftedSingle{old, d.Singles[0]}
			}),
		Entry("good and revoked at once", "revoked",
			func(d *craftedData, _ *craftedResponse) {
				second := d.Singles[0]
				second.Status = statusOf(1)
				d.Singles = append(d.Singles, second)
			}),
		Entry("with a status that does not exist", "malformed: OCSP response: certStatus",
			func(d *craftedData, _ *craftedResponse) { d.Singles[0].Status.Tag = 3 }),
		Entry("by a responder without an ID", "malformed: OCSP response: responderID",
			func(d *craftedData, _ *craftedResponse) { d.Responder.Tag = 7 }),
		Entry("by a responder of another name", "bad signature: no key of the issuer or of a responder with it matches",
			func(d *craftedData, _ *craftedResponse) { d.Responder.Bytes = []byte{0x30, 0} }),
	)

	DescribeTable("that only report an error", func(answer []byte, want string) {
		Expect(revocation.Question{}.OCSP(answer).String()).To(Equal(want))
	},
		Entry(nil, ocsp.MalformedRequestErrorResponse, "responder error: malformedRequest"),
		Entry(nil, ocsp.InternalErrorErrorResponse, "responder error: internalError"),
		Entry(nil, ocsp.TryLaterErrorResponse, "try later"),
		Entry(nil, ocsp.SigRequredErrorResponse, "responder error: sigRequired"),
		Entry(nil, ocsp.UnauthorizedErrorResponse, "unauthorized"),
		Entry(nil, []byte{0x30, 3, 0x0a, 1, 4}, "malformed: OCSP response status 4"),
		Entry(nil, []byte{0x30, 3, 0x0a, 1, 0}, "malformed: OCSP response without response bytes"),
		Entry(nil, []byte{}, "malformed: no OCSP response"),
		Entry(nil, append(slices.Clone(ocsp.TryLaterErrorResponse), 0), "malformed: no OCSP response"),
	)
})

var _ = Describe("crafted CRLs", func() {
	DescribeTable("are judged", func(want string, change func(l *x509.RevocationList, serial *big.Int)) {
		b := newBench(time.Now().UTC().Truncate(time.Second))
		leaf := b.leaf("crafted.test", "int-good", "-", "good")
		list := b.crl("good", "int-good", func(l *x509.RevocationList) { change(l, leaf.SerialNumber) })
		q := revocation.Question{Certificate: leaf, Issuer: b.issuers["int-good"].cert, Now: b.now}
		Expect(q.CRL(list).String()).To(Equal(want))
	},
		Entry("listed without a reason", "revoked", func(l *x509.RevocationList, serial *big.Int) {
			l.RevokedCertificateEntries = []x509.RevocationListEntry{{SerialNumber: serial, RevocationTime: l.ThisUpdate}}
		}),
		Entry("removed again", "good", func(l *x509.RevocationList, serial *big.Int) {
			l.RevokedCertificateEntries = []x509.RevocationListEntry{{SerialNumber: serial, RevocationTime: l.ThisUpdate, ReasonCode: 8}}
		}),
		Entry("with a critical extension in an entry", "not usable: critical extension in a CRL entry", func(l *x509.RevocationList, _ *big.Int) {
			l.RevokedCertificateEntries = []x509.RevocationListEntry{
				{SerialNumber: big.NewInt(77), RevocationTime: l.ThisUpdate, ExtraExtensions: unknownExtension(true)}}
		}),
		Entry("not yet in force", "not yet valid: thisUpdate is 3 days ahead", func(l *x509.RevocationList, _ *big.Int) {
			l.ThisUpdate = l.ThisUpdate.AddDate(0, 0, 3).Add(2 * time.Minute)
		}),
	)

	It("by an issuer that may not sign CRLs are refused", func() {
		b := newBench(time.Now())
		t := b.template("No cRLSign")
		t.IsCA, t.KeyUsage = true, x509.KeyUsageCertSign|x509.KeyUsageCRLSign
		by := issue(t, signer{})
		b.issuers["odd"] = by
		leaf := b.leaf("a.test", "odd", "-", "good")
		list := b.crl("good", "odd", nil)
		without := *by.cert
		without.KeyUsage = x509.KeyUsageCertSign
		Expect(revocation.Question{Certificate: leaf, Issuer: &without, Now: b.now}.CRL(list).Verdict).To(Equal(revocation.WrongSigner))
	})
})

func encode(v any) []byte {
	der, err := asn1.Marshal(v)
	Expect(err).NotTo(HaveOccurred())
	return der
}

// idOf is the CertID of a leaf, by SHA-1.
func idOf(leaf, issuer *x509.Certificate) craftedID {
	var spki struct {
		Algorithm pkix.AlgorithmIdentifier
		Key       asn1.BitString
	}
	_, err := asn1.Unmarshal(issuer.RawSubjectPublicKeyInfo, &spki)
	Expect(err).NotTo(HaveOccurred())
	name, key := sha1.Sum(issuer.RawSubject), sha1.Sum(spki.Key.RightAlign())
	return craftedID{
		Hash:     pkix.AlgorithmIdentifier{Algorithm: asn1.ObjectIdentifier{1, 3, 14, 3, 2, 26}},
		NameHash: name[:], KeyHash: key[:], Serial: leaf.SerialNumber,
	}
}

// statusOf is a CertStatus: 0 good, 1 revoked (at the turn of the century).
func statusOf(tag int) asn1.RawValue {
	v := asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: tag}
	if tag == 1 {
		v.IsCompound = true
		v.Bytes = append([]byte{asn1.TagGeneralizedTime, 15}, "20000101000000Z"...)
	}
	return v
}

func unknownExtension(critical bool) []pkix.Extension {
	return []pkix.Extension{{Id: asn1.ObjectIdentifier{1, 2, 3, 4}, Critical: critical, Value: []byte{5, 0}}}
}
