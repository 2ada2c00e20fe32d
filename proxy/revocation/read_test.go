package revocation_test

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/proxy/revocation"
)

var _ = Describe("Reading answers without believing them", func() {
	It("reads what OpenSSL made", func() {
		good, err := revocation.ReadAnswer(vector("ocsp-good.der"))
		Expect(err).NotTo(HaveOccurred())
		Expect(good.Status).To(Equal("successful"))
		Expect(good.Singles).To(HaveLen(1))
		Expect(good.Singles[0].Verdict).To(Equal(revocation.Good))
		for _, file := range []string{"crl.der", "crl.pem"} {
			list, err := revocation.ReadList(vector(file))
			Expect(err).NotTo(HaveOccurred())
			Expect(list.Issuer).NotTo(BeEmpty())
			Expect(list.Entries).To(BeNumerically(">", 0))
			Expect(list.NextUpdate).To(BeTemporally(">", list.ThisUpdate))
		}
	})
	It("gives the status of an answer that is no success", func() {
		a, err := revocation.ReadAnswer([]byte{0x30, 0x03, 0x0a, 0x01, 0x03})
		Expect(err).NotTo(HaveOccurred())
		Expect(a.Status).To(Equal("tryLater"))
	})
	It("says what it was given instead of an answer", func() {
		_, err := revocation.ReadAnswer([]byte("<html>"))
		Expect(err).To(MatchError("no OCSP response"))
		_, err = revocation.ReadList([]byte("<html>"))
		Expect(err).To(MatchError("CRL: not a CertificateList"))
	})
})
