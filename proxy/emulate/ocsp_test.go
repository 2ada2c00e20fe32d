package emulate_test

import (
	"crypto"
	"crypto/sha1"
	"crypto/x509"
	"encoding/asn1"
	"encoding/hex"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
	"golang.org/x/crypto/ocsp"

	"rehearse/proxy/emulate"
)

func question(cert, issuer *x509.Certificate, hash crypto.Hash) []byte {
	der, err := ocsp.CreateRequest(cert, issuer, &ocsp.RequestOptions{Hash: hash})
	Expect(err).NotTo(HaveOccurred())
	return der
}

// ask puts a question to an authority and reads the answer as a client does.
func ask(a *emulate.Authority, cert *x509.Certificate, how emulate.Answer) (*ocsp.Response, error) {
	der, err := a.OCSP(question(cert, a.Certificate(), crypto.SHA1), how)
	Expect(err).NotTo(HaveOccurred())
	return ocsp.ParseResponseForCert(der, cert, a.Certificate())
}

func mustAsk(a *emulate.Authority, cert *x509.Certificate, how emulate.Answer) *ocsp.Response {
	r, err := ask(a, cert, how)
	Expect(err).NotTo(HaveOccurred())
	return r
}

// craft makes a request of several CertIDs (SHA-1) with extensions, which
// x/crypto/ocsp cannot.
func craft(issuer *x509.Certificate, extensions func(*cryptobyte.Builder), serials ...*big.Int) []byte {
	one, err := ocsp.ParseRequest(question(issuer, issuer, crypto.SHA1))
	Expect(err).NotTo(HaveOccurred())
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
				for _, serial := range serials {
					b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
						b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
							b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
								b.AddASN1ObjectIdentifier(asn1.ObjectIdentifier{1, 3, 14, 3, 2, 26})
								b.AddASN1NULL()
							})
							b.AddASN1OctetString(one.IssuerNameHash)
							b.AddASN1OctetString(one.IssuerKeyHash)
							b.AddASN1BigInt(serial)
						})
					})
				}
			})
			if extensions != nil {
				b.AddASN1(cbasn1.Tag(2).ContextSpecific().Constructed(), func(b *cryptobyte.Builder) {
					b.AddASN1(cbasn1.SEQUENCE, extensions)
				})
			}
		})
	})
	return b.BytesOrPanic()
}

func addExtension(oid asn1.ObjectIdentifier, critical bool, value []byte) func(*cryptobyte.Builder) {
	return func(b *cryptobyte.Builder) {
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1ObjectIdentifier(oid)
			if critical {
				b.AddASN1Boolean(true)
			}
			b.AddASN1OctetString(value)
		})
	}
}

func nonce(n int) func(*cryptobyte.Builder) {
	value := mustMarshal(make([]byte, n))
	return addExtension(asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1, 2}, false, value)
}

var _ = Describe("an OCSP answer", func() {
	for _, kind := range keyKinds() {
		It("is good for what was issued, with a key "+kind.name, func() {
			a := authority(emulate.AuthorityConfig{Name: "Root", Key: kind.make(), Now: newClock().Now})
			Expect(mustAsk(a, leafOf(a, "a.test"), emulate.Answer{}).Status).To(Equal(ocsp.Good))
		})
	}

	for _, hash := range []crypto.Hash{crypto.SHA1, crypto.SHA256, crypto.SHA384, crypto.SHA512} {
		It("repeats a CertID made with "+hash.String(), func() {
			a := authority(emulate.AuthorityConfig{Name: "Root", Now: newClock().Now})
			der, err := a.OCSP(question(leafOf(a, "a.test"), a.Certificate(), hash), emulate.Answer{})
			Expect(err).NotTo(HaveOccurred())
			r, err := ocsp.ParseResponse(der, a.Certificate())
			Expect(err).NotTo(HaveOccurred())
			Expect(r.Status).To(Equal(ocsp.Good))
			Expect(r.IssuerHash).To(Equal(hash))
		})
	}

	It("says when and why a certificate was revoked", func() {
		c := newClock()
		a := authority(emulate.AuthorityConfig{Name: "Root", Now: c.Now})
		leaf := leafOf(a, "a.test")
		at := c.Now().Add(-10 * time.Minute)
		a.Revoke(leaf.SerialNumber, at, ocsp.Superseded)
		r := mustAsk(a, leaf, emulate.Answer{})
		Expect(r.Status).To(Equal(ocsp.Revoked))
		Expect(r.RevokedAt).To(Equal(at))
		Expect(r.RevocationReason).To(Equal(ocsp.Superseded))
		a.Reinstate(leaf.SerialNumber)
		Expect(mustAsk(a, leaf, emulate.Answer{}).Status).To(Equal(ocsp.Good))
	})

	It("is unknown for what was never issued, and for another issuer's certificate", func() {
		now := newClock().Now
		a, other := authority(emulate.AuthorityConfig{Name: "Root", Now: now}), authority(emulate.AuthorityConfig{Name: "Other", Now: now})
		Expect(mustAsk(a, leafOf(other, "a.test"), emulate.Answer{}).Status).To(Equal(ocsp.Unknown))
		leaf := leafOf(a, "a.test")
		der, err := a.OCSP(question(leaf, other.Certificate(), crypto.SHA1), emulate.Answer{})
		Expect(err).NotTo(HaveOccurred())
		r, err := ocsp.ParseResponse(der, a.Certificate())
		Expect(err).NotTo(HaveOccurred())
		Expect(r.Status).To(Equal(ocsp.Unknown))
	})

	It("is unknown once the ledger has forgotten the certificate, but revoked stays revoked", func() {
		c := newClock()
		a := authority(emulate.AuthorityConfig{Name: "Root", Now: c.Now, LedgerSize: 2})
		leaves := []*x509.Certificate{leafOf(a, "a.test"), leafOf(a, "b.test")}
		a.Revoke(leaves[1].SerialNumber, c.Now(), 1)
		leaves = append(leaves, leafOf(a, "c.test"), leafOf(a, "d.test"))
		var statuses []int
		for _, leaf := range leaves {
			statuses = append(statuses, mustAsk(a, leaf, emulate.Answer{}).Status)
		}
		Expect(statuses).To(Equal([]int{ocsp.Unknown, ocsp.Revoked, ocsp.Good, ocsp.Good}))
	})

	It("is dated back by minutes, but not to before the certificate", func() {
		c := newClock()
		a := authority(emulate.AuthorityConfig{Name: "Root", Now: c.Now})
		r := mustAsk(a, leafOf(a, "a.test"), emulate.Answer{})
		Expect(r.ThisUpdate).To(Equal(c.Now().Add(-5 * time.Minute)))
		Expect(r.NextUpdate).To(Equal(r.ThisUpdate.Add(7 * day)))
		Expect(r.ProducedAt).To(Equal(r.ThisUpdate))

		fresh := issue(a, emulate.Template{Names: []string{"b.test"}, NotBefore: c.Now().Add(-time.Minute)})
		r = mustAsk(a, fresh, emulate.Answer{})
		Expect(r.ThisUpdate).To(Equal(fresh.NotBefore))
		Expect(r.ProducedAt).To(Equal(fresh.NotBefore))
	})

	It("repeats a nonce, in several lengths, or leaves it out like an answer signed beforehand", func() {
		a := authority(emulate.AuthorityConfig{Name: "Root", Now: newClock().Now})
		leaf := leafOf(a, "a.test")
		for _, n := range []int{1, 32, 128} {
			request := craft(a.Certificate(), nonce(n), leaf.SerialNumber)
			echoed := mustMarshal(mustMarshal(make([]byte, n)))
			der, err := a.OCSP(request, emulate.Answer{})
			Expect(err).NotTo(HaveOccurred())
			Expect(string(der)).To(ContainSubstring(string(echoed)))
			_, err = ocsp.ParseResponseForCert(der, leaf, a.Certificate())
			Expect(err).NotTo(HaveOccurred())
			der, err = a.OCSP(request, emulate.Answer{NoNonce: true})
			Expect(err).NotTo(HaveOccurred())
			Expect(string(der)).NotTo(ContainSubstring(string(echoed)))
		}
	})

	It("answers several questions at once", func() {
		c := newClock()
		a := authority(emulate.AuthorityConfig{Name: "Root", Now: c.Now})
		good, revoked := leafOf(a, "a.test"), leafOf(a, "b.test")
		unknown := leafOf(authority(emulate.AuthorityConfig{Name: "Other", Now: c.Now}), "c.test")
		a.Revoke(revoked.SerialNumber, c.Now(), 1)
		der, err := a.OCSP(craft(a.Certificate(), nil, good.SerialNumber, revoked.SerialNumber, unknown.SerialNumber), emulate.Answer{})
		Expect(err).NotTo(HaveOccurred())
		var statuses []int
		for _, cert := range []*x509.Certificate{good, revoked, unknown} {
			r, err := ocsp.ParseResponseForCert(der, cert, a.Certificate())
			Expect(err).NotTo(HaveOccurred())
			statuses = append(statuses, r.Status)
		}
		Expect(statuses).To(Equal([]int{ocsp.Good, ocsp.Revoked, ocsp.Unknown}))
	})

	It("names its responder by name or by key", func() {
		a := authority(emulate.AuthorityConfig{Name: "Root", Now: newClock().Now})
		leaf := leafOf(a, "a.test")
		Expect(mustAsk(a, leaf, emulate.Answer{}).RawResponderName).To(Equal(a.Certificate().RawSubject))
		Expect(mustAsk(a, leaf, emulate.Answer{ByKey: true}).ResponderKeyHash).To(Equal(a.Certificate().SubjectKeyId))
	})

	It("can be stapled", func() {
		a := authority(emulate.AuthorityConfig{Name: "Root", Now: newClock().Now})
		leaf := leafOf(a, "a.test")
		der, err := a.Staple(leaf, emulate.Answer{})
		Expect(err).NotTo(HaveOccurred())
		r, err := ocsp.ParseResponseForCert(der, leaf, a.Certificate())
		Expect(err).NotTo(HaveOccurred())
		Expect(r.Status).To(Equal(ocsp.Good))
		der, err = a.Staple(leaf, emulate.Answer{TryLater: true})
		Expect(err).NotTo(HaveOccurred())
		Expect(der).To(Equal(ocsp.TryLaterErrorResponse))
	})

	for _, kind := range keyKinds() {
		It("is signed by a delegated responder, the authority's key being "+kind.name, func() {
			a := authority(emulate.AuthorityConfig{Name: "Root", Key: kind.make(), Now: newClock().Now})
			r := mustAsk(a, leafOf(a, "a.test"), emulate.Answer{Delegated: true})
			Expect(r.Certificate.Subject.CommonName).To(Equal("Root OCSP"))
			Expect(r.Certificate.ExtKeyUsage).To(Equal([]x509.ExtKeyUsage{x509.ExtKeyUsageOCSPSigning}))
			Expect(r.Certificate.CheckSignatureFrom(a.Certificate())).To(Succeed())
			Expect(extension(r.Certificate, 1, 3, 6, 1, 5, 5, 7, 48, 1, 5)).To(Equal([]byte{5, 0}))
			Expect(r.RawResponderName).To(Equal(r.Certificate.RawSubject))
		})
	}
})

var _ = Describe("an OCSP answer with a fault", func() {
	type world struct {
		c    *clock
		a    *emulate.Authority
		leaf *x509.Certificate
	}
	make := func() world {
		c := newClock()
		a := authority(emulate.AuthorityConfig{Name: "Root", Now: c.Now})
		return world{c, a, leafOf(a, "a.test")}
	}

	It("is stale", func() {
		w := make()
		Expect(mustAsk(w.a, w.leaf, emulate.Answer{Stale: true}).NextUpdate).To(Equal(w.c.Now().Add(-3 * day)))
	})
	It("is not yet valid", func() {
		w := make()
		r := mustAsk(w.a, w.leaf, emulate.Answer{NotYetValid: true})
		Expect(r.ThisUpdate).To(Equal(w.c.Now().Add(3 * day)))
		Expect(r.ProducedAt).To(BeTemporally("<=", w.c.Now()))
	})
	It("has no nextUpdate", func() {
		w := make()
		Expect(mustAsk(w.a, w.leaf, emulate.Answer{NoNextUpdate: true}).NextUpdate.IsZero()).To(BeTrue())
	})
	It("is signed by another key under the right name", func() {
		w := make()
		_, err := ask(w.a, w.leaf, emulate.Answer{WrongSigner: true})
		Expect(err).To(MatchError(ContainSubstring("bad OCSP signature")))
		der, err := w.a.OCSP(question(w.leaf, w.a.Certificate(), crypto.SHA1), emulate.Answer{WrongSigner: true})
		Expect(err).NotTo(HaveOccurred())
		r, err := ocsp.ParseResponse(der, nil)
		Expect(err).NotTo(HaveOccurred())
		Expect(r.RawResponderName).To(Equal(w.a.Certificate().RawSubject))
	})
	It("is signed by a responder without OCSPSigning", func() {
		w := make()
		Expect(mustAsk(w.a, w.leaf, emulate.Answer{NoEKU: true}).Certificate.ExtKeyUsage).To(BeEmpty())
	})
	It("is about another issuer's certificate", func() {
		w := make()
		der, err := w.a.OCSP(question(w.leaf, w.a.Certificate(), crypto.SHA1), emulate.Answer{WrongIssuer: true})
		Expect(err).NotTo(HaveOccurred())
		_, err = ocsp.ParseResponse(der, w.a.Certificate())
		Expect(err).NotTo(HaveOccurred())
		name := sha1.Sum(w.a.Certificate().RawSubject)
		Expect(string(der)).NotTo(ContainSubstring(string(name[:])))
		Expect(string(der)).To(ContainSubstring(string(w.leaf.SerialNumber.Bytes())))
	})
	It("says revoked of a good certificate", func() {
		w := make()
		r := mustAsk(w.a, w.leaf, emulate.Answer{Revoked: true})
		Expect(r.Status).To(Equal(ocsp.Revoked))
		Expect(r.RevokedAt).To(Equal(w.c.Now().Add(-time.Hour)))
		Expect(r.RevocationReason).To(Equal(ocsp.KeyCompromise))
	})
	It("says unknown of a good certificate", func() {
		w := make()
		Expect(mustAsk(w.a, w.leaf, emulate.Answer{UnknownStatus: true}).Status).To(Equal(ocsp.Unknown))
	})
	It("is an error without a signature", func() {
		w := make()
		_, err := ask(w.a, w.leaf, emulate.Answer{TryLater: true})
		Expect(err).To(MatchError(ocsp.ResponseError{Status: ocsp.TryLater}))
		_, err = ask(w.a, w.leaf, emulate.Answer{Unauthorized: true})
		Expect(err).To(MatchError(ocsp.ResponseError{Status: ocsp.Unauthorized}))
	})
	It("is a page of HTML", func() {
		w := make()
		der, err := w.a.OCSP(nil, emulate.Answer{Malformed: true})
		Expect(err).NotTo(HaveOccurred())
		Expect(string(der)).To(HavePrefix("<!DOCTYPE html>"))
	})
	It("combines faults", func() {
		w := make()
		r := mustAsk(w.a, w.leaf, emulate.Answer{Delegated: true, Stale: true, ByKey: true})
		Expect(r.Certificate).NotTo(BeNil())
		Expect(r.ResponderKeyHash).To(Equal(r.Certificate.SubjectKeyId))
		Expect(r.NextUpdate).To(BeTemporally("<", w.c.Now()))
	})
})

// foreignRequests are files with requests that OpenSSL 3.0 and GnuTLS 3.7 wrote.
func foreignRequests() []string {
	names, err := filepath.Glob("testdata/*.req")
	if err != nil {
		panic(err) // the pattern is constant
	}
	return names
}

var _ = Describe("an OCSP request", func() {
	It("is read as other programs write it", func() {
		a := authority(emulate.AuthorityConfig{Name: "Root", Now: newClock().Now})
		Expect(foreignRequests()).To(HaveLen(3))
		for _, name := range foreignRequests() {
			request, err := os.ReadFile(name)
			Expect(err).NotTo(HaveOccurred())
			read, err := ocsp.ParseRequest(request)
			Expect(err).NotTo(HaveOccurred())
			der, err := a.OCSP(request, emulate.Answer{})
			Expect(err).NotTo(HaveOccurred())
			r, err := ocsp.ParseResponseForCert(der, &x509.Certificate{SerialNumber: read.SerialNumber}, a.Certificate())
			Expect(err).NotTo(HaveOccurred(), name)
			Expect(r.Status).To(Equal(ocsp.Unknown))
			Expect(r.IssuerHash).To(Equal(read.HashAlgorithm))
		}
	})

	It("is answered malformedRequest at every cut, and with any byte too much", func() {
		a := authority(emulate.AuthorityConfig{Name: "Root", Now: newClock().Now})
		whole := craft(a.Certificate(), nonce(16), leafOf(a, "a.test").SerialNumber)
		for n := range whole {
			der, err := a.OCSP(whole[:n], emulate.Answer{})
			Expect(err).NotTo(HaveOccurred())
			Expect(der).To(Equal(ocsp.MalformedRequestErrorResponse), "cut at %d", n)
		}
		der, err := a.OCSP(append(whole, 0), emulate.Answer{})
		Expect(err).NotTo(HaveOccurred())
		Expect(der).To(Equal(ocsp.MalformedRequestErrorResponse))
	})

	DescribeTable("is answered malformedRequest", func(request func(a *emulate.Authority, serial *big.Int) []byte) {
		a := authority(emulate.AuthorityConfig{Name: "Root", Now: newClock().Now})
		der, err := a.OCSP(request(a, leafOf(a, "a.test").SerialNumber), emulate.Answer{})
		Expect(err).NotTo(HaveOccurred())
		Expect(der).To(Equal(ocsp.MalformedRequestErrorResponse))
	},
		Entry("without a question", func(a *emulate.Authority, _ *big.Int) []byte { return craft(a.Certificate(), nil) }),
		Entry("with more than 32 questions", func(a *emulate.Authority, s *big.Int) []byte {
			many := make([]*big.Int, 33)
			for i := range many {
				many[i] = s
			}
			return craft(a.Certificate(), nil, many...)
		}),
		Entry("with an empty nonce", func(a *emulate.Authority, s *big.Int) []byte { return craft(a.Certificate(), nonce(0), s) }),
		Entry("with a nonce of more than 128 bytes", func(a *emulate.Authority, s *big.Int) []byte { return craft(a.Certificate(), nonce(129), s) }),
		Entry("with a critical extension that is not known", func(a *emulate.Authority, s *big.Int) []byte {
			return craft(a.Certificate(), addExtension(asn1.ObjectIdentifier{1, 2, 3}, true, []byte{5, 0}), s)
		}),
	)

	It("may have an extension that is not known and not critical", func() {
		a := authority(emulate.AuthorityConfig{Name: "Root", Now: newClock().Now})
		leaf := leafOf(a, "a.test")
		der, err := a.OCSP(craft(a.Certificate(), addExtension(asn1.ObjectIdentifier{1, 2, 3}, false, []byte{5, 0}), leaf.SerialNumber), emulate.Answer{})
		Expect(err).NotTo(HaveOccurred())
		_, err = ocsp.ParseResponseForCert(der, leaf, a.Certificate())
		Expect(err).NotTo(HaveOccurred())
	})

	It("is answered unknown where the hash is not known", func() {
		a := authority(emulate.AuthorityConfig{Name: "Root", Now: newClock().Now})
		leaf := leafOf(a, "a.test")
		request := question(leaf, a.Certificate(), crypto.SHA256)
		sha256, unheardOf := "0609608648016503040201", "0609608648016503040209"
		text := hex.EncodeToString(request)
		Expect(text).To(ContainSubstring(sha256))
		odd, err := hex.DecodeString(strings.Replace(text, sha256, unheardOf, 1))
		Expect(err).NotTo(HaveOccurred())
		der, err := a.OCSP(odd, emulate.Answer{})
		Expect(err).NotTo(HaveOccurred())
		Expect(hex.EncodeToString(der)).To(ContainSubstring(fmt.Sprintf("%x", leaf.SerialNumber.Bytes()) + "8200"))
	})
})
