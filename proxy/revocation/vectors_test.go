package revocation_test

import (
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/proxy/revocation"
)

// vector reads a file that testdata/openssl/make.sh made.
func vector(name string) []byte {
	b, err := os.ReadFile(filepath.Join("testdata", "openssl", name))
	Expect(err).NotTo(HaveOccurred())
	return b
}

func vectorCert(name string) *x509.Certificate {
	block, _ := pem.Decode(vector(name + ".pem"))
	Expect(block).NotTo(BeNil())
	cert, err := x509.ParseCertificate(block.Bytes)
	Expect(err).NotTo(HaveOccurred())
	return cert
}

// asked is a question about one of the vectors' certificates, an hour after
// the answers were made.
func asked(cert string) revocation.Question {
	return revocation.Question{
		Certificate: vectorCert(cert), Issuer: vectorCert("issuer"), Now: time.Date(2026, 3, 1, 13, 0, 0, 0, time.UTC),
		Skew: revocation.DefaultSkew,
	}
}

var _ = Describe("answers made by openssl", func() {
	DescribeTable("OCSP", func(file, cert, want string) {
		Expect(asked(cert).OCSP(vector(file)).String()).To(Equal(want))
	},
		Entry(nil, "ocsp-good.der", "leaf", "good"),
		Entry(nil, "ocsp-good-sha256-keyid.der", "leaf", "good"),
		Entry(nil, "ocsp-sha512.der", "leaf", "good"),
		Entry(nil, "ocsp-nonce.der", "leaf", "good"),
		Entry(nil, "ocsp-no-next-update.der", "leaf", "good"),
		Entry(nil, "ocsp-delegated.der", "leaf", "good"),
		Entry(nil, "ocsp-delegated-pss.der", "leaf", "good"),
		Entry(nil, "ocsp-delegated-nocerts.der", "leaf", "bad signature: no key of the issuer or of a responder with it matches"),
		Entry(nil, "ocsp-noeku.der", "leaf", "wrong signer: the responder's certificate lacks OCSPSigning"),
		Entry(nil, "ocsp-revoked.der", "revoked", "revoked: keyCompromise"),
		Entry(nil, "ocsp-hold.der", "held", "revoked: certificateHold"),
		Entry(nil, "ocsp-unknown.der", "stranger", "unknown"),
		Entry(nil, "ocsp-two.der", "leaf", "good"),
		Entry(nil, "ocsp-two.der", "revoked", "revoked: keyCompromise"),
		Entry(nil, "ocsp-two.der", "held", "wrong certificate: the OCSP response is about 2 other certificates"),
		Entry(nil, "ocsp-good.der", "revoked", "wrong certificate: the OCSP response is about 1 other certificates"),
		Entry(nil, "ocsp-wrong-issuer.der", "leaf", "wrong issuer: the OCSP response names another issuer"),
		Entry("a CRL", "crl.der", "leaf", "malformed: no OCSP response"),
	)

	DescribeTable("CRL", func(file, cert, want string) {
		Expect(asked(cert).CRL(vector(file)).String()).To(Equal(want))
	},
		Entry(nil, "crl.der", "leaf", "good"),
		Entry(nil, "crl.pem", "leaf", "good"),
		Entry(nil, "crl.der", "revoked", "revoked: keyCompromise"),
		Entry(nil, "crl.pem", "held", "revoked: certificateHold"),
		Entry(nil, "crl-v1.der", "leaf", "good"),
		Entry(nil, "crl-v1.der", "held", "revoked"),
		Entry(nil, "crl-idp.der", "leaf", "good"),
		Entry(nil, "crl-idp-other.der", "leaf", "not usable: the CRL is for another distribution point"),
		Entry(nil, "crl-user-only.der", "leaf", "good"),
		Entry(nil, "crl-user-only.der", "subca", "not usable: the CRL is for end-entity certificates only"),
		Entry(nil, "crl-ca-only.der", "leaf", "not usable: the CRL is for CA certificates only"),
		Entry(nil, "crl-ca-only.der", "subca", "good"),
		Entry(nil, "crl-attribute-only.der", "leaf", "not usable: the CRL is for attribute certificates only"),
		Entry(nil, "crl-some-reasons.der", "leaf", "not usable: the CRL is for some reasons only"),
		Entry(nil, "crl-indirect.der", "leaf", "not usable: indirect CRL"),
		Entry(nil, "crl-delta.der", "leaf", "not usable: delta CRL"),
		Entry(nil, "crl-critical.der", "leaf", "not usable: critical extension 1.2.3.4 in the CRL"),
		Entry(nil, "crl-wrong-issuer.der", "leaf", "wrong issuer: the CRL is another issuer's"),
		Entry("an OCSP response", "ocsp-good.der", "leaf", "malformed: CRL: not a CertificateList"),
		Entry("a certificate in PEM", "leaf.pem", "leaf", "malformed: PEM without a CRL"),
	)

	DescribeTable("by the clock", func(now string, want string) {
		q := asked("leaf")
		var err error
		q.Now, err = time.Parse(time.DateTime, now)
		Expect(err).NotTo(HaveOccurred())
		Expect(string(q.OCSP(vector("ocsp-good.der")).Verdict)).To(Equal(want))
		Expect(string(q.CRL(vector("crl.der")).Verdict)).To(Equal(want))
	},
		Entry("before the skew", "2026-03-01 11:44:59", "not yet valid"),
		Entry("within the skew", "2026-03-01 11:45:01", "good"),
		Entry("on the last day", "2026-03-08 11:59:00", "good"),
		Entry("late, within the skew", "2026-03-08 12:14:59", "good"),
		Entry("past the skew", "2026-03-08 12:15:01", "stale"),
	)

	It("signed by a delegate whose certificate is out of date", func() {
		q := asked("leaf")
		q.Now = time.Date(2027, 3, 1, 0, 0, 0, 0, time.UTC)
		Expect(q.OCSP(vector("ocsp-delegated.der")).String()).To(Equal("wrong signer: the responder's certificate is out of date"))
	})

	It("with a nonce, which must be the one sent", func() {
		q := asked("leaf")
		q.Nonce = []byte("another nonce of sixteen or more")
		Expect(q.OCSP(vector("ocsp-nonce.der")).Verdict).To(Equal(revocation.WrongNonce))
		Expect(q.OCSP(vector("ocsp-good.der")).Verdict).To(Equal(revocation.Good), "an answer made ahead has none")
	})

	It("with one bit of the signed part turned", func() {
		for _, v := range []struct {
			file  string
			judge func(revocation.Question, []byte) revocation.Judgement
		}{{"ocsp-good.der", revocation.Question.OCSP}, {"crl.der", revocation.Question.CRL}} {
			whole := vector(v.file)
			for i := range whole {
				bent := append([]byte{}, whole...)
				bent[i] ^= 1
				if v.judge(asked("leaf"), bent).Verdict == revocation.Good {
					// What is outside the signature: the certificate that comes along,
					// and parameters of the outer algorithm identifier.
					Expect(i).To(BeNumerically(">", len(whole)/4), "%s byte %d", v.file, i)
					Expect(v.file).To(HavePrefix("ocsp"))
				}
			}
		}
	})

	DescribeTable("distribution points that cannot clear a certificate", func(cert, want string) {
		c := &revocation.Checker{Now: func() time.Time { return asked(cert).Now }}
		r := c.Check(GinkgoT().Context(), []*x509.Certificate{vectorCert(cert), vectorCert("issuer")}, nil)
		Expect(revocation.Judgement{Verdict: r.Verdict, Detail: r.Detail}.String()).To(Equal(want))
		Expect(r.Code).To(Equal(revocation.CodeOffline))
		Expect(r.Fetches).To(BeEmpty())
	},
		Entry(nil, "indirect", "not usable: indirect CRL: the distribution point names another CRL issuer"),
		Entry(nil, "some", "not usable: the distribution point covers some reasons only"),
	)
})
