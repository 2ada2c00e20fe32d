package tlshello_test

import (
	"crypto/tls"
	"errors"
	"fmt"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/proxy/wire/tlshello"
	"rehearse/proxy/wiretest"
)

var _ = Describe("an alert", func() {
	It("is read from its record", func() {
		a, err := tlshello.ParseAlert(wiretest.Hex("15030100020228"))
		Expect(err).NotTo(HaveOccurred())
		Expect(a.String()).To(Equal("fatal handshake_failure (40)"))
		a, err = tlshello.ParseAlert(wiretest.Hex("15030300020170ff"))
		Expect(err).NotTo(HaveOccurred())
		Expect(a.String()).To(Equal("warning unrecognized_name (112)"))
	})

	DescribeTable("is refused", func(text, because string) {
		_, err := tlshello.ParseAlert(wiretest.Hex(text))
		Expect(err).To(MatchError(because))
	},
		Entry("in another record", "1603010002", "alert: record type at byte 0: got 22, want 21"),
		Entry("when encrypted", "150303001a"+"0000000000000000000000000000000000000000000000000000",
			"alert: length at byte 3: got 26 bytes, want 2 bytes, an alert in clear"),
		Entry("with no such level", "15030100020328", "alert: level at byte 5: got 3, want 1 or 2"),
		Entry("when cut short", "150301000202", "TLS record: payload at byte 6: got 6 bytes, want 7 bytes"),
	)

	It("has the name that RFC 8446 writes", func() {
		for code, name := range map[uint8]string{
			0: "close_notify", 40: "handshake_failure", 42: "bad_certificate", 44: "certificate_revoked", 45: "certificate_expired",
			46: "certificate_unknown", 48: "unknown_ca", 70: "protocol_version", 112: "unrecognized_name",
			113: "bad_certificate_status_response", 116: "certificate_required", 120: "no_application_protocol", 99: "unknown_99",
		} {
			Expect(tlshello.AlertName(code)).To(Equal(name))
		}
	})

	It("is found by its name", func() {
		for code := range 256 {
			got, ok := tlshello.AlertCode(tlshello.AlertName(uint8(code)))
			Expect(ok && int(got) == code || !ok && got == 0).To(BeTrue(), "%d", code)
		}
		_, ok := tlshello.AlertCode("unknown_99")
		Expect(ok).To(BeFalse())
	})

	It("is found in the errors of both sides of crypto/tls", func() {
		near, far := loopback()
		defer near.Close()
		defer far.Close()
		failed := make(chan error, 1)
		go func() {
			failed <- tls.Server(far, &tls.Config{Certificates: []tls.Certificate{{}}, MinVersion: tls.VersionTLS13}).Handshake()
		}()
		received := tls.Client(near, &tls.Config{InsecureSkipVerify: true, MaxVersion: tls.VersionTLS12}).Handshake()
		code, theirs, ok := tlshello.AlertOf(fmt.Errorf("dialling: %w", received))
		Expect(fmt.Sprint(code, theirs, ok)).To(Equal("70 true true"))
		_, _, ok = tlshello.AlertOf(errors.New("no alert"))
		Expect(ok).To(BeFalse())
		<-failed
	})
})
