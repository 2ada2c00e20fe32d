package detect_test

import (
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/proxy/detect"
)

var _ = Describe("HTTP", func() {
	DescribeTable("is known", func(stream, want string) {
		Expect(classified(detect.Outer(), []byte(stream))).To(Equal(want))
		Expect(classified(detect.Inner(), []byte(stream))).To(Equal(want))
	},
		Entry("by a method of its own", "GET / HTTP/1.1\r\n", "0 maybe, 4 yes http"),
		Entry("by CONNECT", "CONNECT a.example:443 HTTP/1.1\r\n", "0 maybe, 8 yes http"),
		Entry("by POST", "POST /x HTTP/1.0\r\n", "0 maybe, 5 yes http"),
		Entry("in version 0.9", "GET /\r\n", "0 maybe, 4 yes http"),
		Entry("by its version behind a method of SIP", "OPTIONS * HTTP/1.1\r\n", "0 maybe, 15 yes http"),
		Entry("by its version behind a method of UPnP", "NOTIFY /evt HTTP/1.1\r\n", "0 maybe, 17 yes http"),
		Entry("by its version behind an extension method", "MKCALENDAR /c HTTP/1.1\r\n", "0 maybe, 19 yes http"),
		Entry("by the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "0 maybe, 11 yes http"),
	)

	DescribeTable("is not", func(stream, want string) {
		Expect(classified(detect.Outer(), []byte(stream))).To(Equal(want))
	},
		Entry("SSH", "SSH-2.0-OpenSSH_9.2\r\n", "0 maybe, 20 no"),
		Entry("SMTP", "EHLO a.example\r\n", "0 maybe, 15 no"),
		Entry("FTP", "USER anonymous\r\n", "0 maybe, 15 no"),
		Entry("IMAP", "a1 CAPABILITY\r\n", "0 maybe, 14 no"),
		Entry("RTSP", "DESCRIBE rtsp://a.example/x RTSP/1.0\r\n", "0 maybe, 29 no"),
		Entry("OPTIONS of RTSP", "OPTIONS rtsp://a.example/x RTSP/1.0\r\n", "0 maybe, 28 no"),
		Entry("SIP in clear", "REGISTER sip:contoso.test SIP/2.0\r\n", "0 maybe, 27 no"),
		Entry("a method in two words", "GET\t/ HTTP/1.1", "0 maybe, 4 no"),
		Entry("no target", "FOO  HTTP/1.1", "0 maybe, 5 no"),
		Entry("a method without end", strings.Repeat("A", 64), "0 maybe, 33 no"),
		Entry("a line without end", "FOO "+strings.Repeat("a", 9000), "0 maybe, 8193 no"),
	)

	It("may go without any method that is known for as long as a line may be", func() {
		line := "FOO " + strings.Repeat("a", 8000) + " HTTP/1.1"
		Expect(classified(detect.Outer(), []byte(line))).To(Equal("0 maybe, 8010 yes http"))
	})
})
