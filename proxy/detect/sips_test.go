package detect_test

import (
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/proxy/detect"
)

var _ = Describe("SIP", func() {
	DescribeTable("is known", func(stream, want string) {
		Expect(classified(detect.Inner(), []byte(stream))).To(Equal(want))
	},
		Entry("by REGISTER", "REGISTER sip:contoso.test SIP/2.0\r\n", "0 maybe, 13 yes sips"),
		Entry("by a response", "SIP/2.0 200 OK\r\n", "0 maybe, 8 yes sips"),
		Entry("by OPTIONS, which HTTP has too", "OPTIONS sip:a@b.test SIP/2.0\r\n", "0 maybe, 12 yes sips"),
		Entry("by a sips URI", "INVITE sips:a@b.test SIP/2.0\r\n", "0 maybe, 12 yes sips"),
		Entry("by a telephone number", "INVITE tel:+1-201-555-0123 SIP/2.0\r\n", "0 maybe, 11 yes sips"),
		Entry("by a scheme in capitals", "MESSAGE SIP:a@b.test SIP/2.0\r\n", "0 maybe, 12 yes sips"),
		Entry("by its version behind a URI of another kind", "INVITE urn:service:sos SIP/2.0\r\n", "0 maybe, 27 yes sips"),
		Entry("by its URI behind a method of its extensions", "FROBNICATE sip:a SIP/2.0\r\n", "0 maybe, 15 yes sips"),
		Entry("behind empty lines that keep the connection open", "\r\n\r\nREGISTER sip:contoso.test SIP/2.0\r\n", "0 maybe, 17 yes sips"),
	)

	It("stays known whatever follows", func() {
		Expect(classified(detect.Inner(), []byte("REGISTER sip:\x00"))).To(Equal("0 maybe, 13 yes sips"))
		Expect(classified(detect.Inner(), []byte("REGISTER sip:"+strings.Repeat("a", 9000)))).To(Equal("0 maybe, 13 yes sips"))
	})

	It("is known by every method of RFC 3261, its extensions and Microsoft's", func() {
		for _, method := range []string{"INVITE", "ACK", "BYE", "CANCEL", "OPTIONS", "REGISTER", "PRACK", "SUBSCRIBE", "NOTIFY",
			"PUBLISH", "INFO", "REFER", "MESSAGE", "UPDATE", "SERVICE", "BENOTIFY", "NEGOTIATE"} {
			protocol, v := detect.Inner().Classify([]byte(method + " sip:a@b.test SIP/2.0\r\n"))
			Expect(protocol+" "+v.String()).To(Equal("sips yes"), method)
			protocol, v = detect.Inner().Classify([]byte(method + " im:a@b.test SIP/2.0\r\n"))
			Expect(protocol+" "+v.String()).To(Equal("sips yes"), method)
		}
	})

	It("is undecided as long as only empty lines come", func() {
		Expect(classified(detect.Inner(), []byte("\r\n\r\n\r\n\r"))).To(Equal("0 maybe"))
	})

	DescribeTable("is not", func(stream, want string) {
		Expect(classified(detect.Inner(), []byte(stream))).To(Equal(want))
	},
		Entry("a method of HTTP with a URI of SIP", "GET sip:a HTTP/1.1\r\n", "0 maybe, 4 yes http"),
		Entry("HTTP behind an empty line", "\r\nGET / HTTP/1.1\r\n", "0 maybe, 6 no"),
		Entry("a response of HTTP", "HTTP/1.1 200 OK\r\n", "0 maybe, 5 no"),
		Entry("SIP of another version", "SIP/3.0 200 OK\r\n", "0 maybe, 5 no"),
		Entry("a lone line feed", "\nREGISTER sip:a SIP/2.0\r\n", "0 maybe, 2 no"),
		Entry("XMPP", "<?xml version='1.0'?>", "0 maybe, 2 no"),
	)

	It("has no place in the table for bytes that are not decrypted", func() {
		for _, d := range detect.Outer() {
			Expect(d.Protocol).NotTo(Equal(detect.SIPS))
		}
	})
})
