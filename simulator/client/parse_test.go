package client_test

import (
	"strings"
	"testing"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/simulator/client"
)

// response is a front end's 504 as a public trace has it, with folded and
// compact headers beside it.
const response = "SIP/2.0 504 Server time-out\r\nv: SIP/2.0/TLS 10.1.0.11:49152;branch=z9hG4bK1\r\n" +
	"f: <sip:alice@contoso.test>;tag=1;epid=2\r\nt: <sip:contoso.test>;tag=3\r\ni: 4\r\nCSeq: 5 INVITE\r\n" +
	"ms-diagnostics: 1010;reason=\"Certificate trust with another server could not be established\";\r\n HRESULT=\"0x80092012\"\r\nl: 4\r\n\r\nbody"

var _ = Describe("reading SIP", func() {
	It("passes over keep-alives and reads compact and folded headers", func() {
		m, err := client.ReadSIP([]byte("\r\n\r\n" + response))
		Expect(err).NotTo(HaveOccurred())
		Expect(m.Body()).To(BeEquivalentTo("body"))
		Expect(m.CSeq().SeqNo).To(BeEquivalentTo(5))
	})

	DescribeTable("refuses", func(text, words string) {
		_, err := client.ReadSIP([]byte(text))
		Expect(err).To(MatchError(ContainSubstring(words)))
	},
		Entry("nothing", "", "EOF"),
		Entry("a message cut short", response[:len(response)-2], "EOF"),
		Entry("a header cut short", response[:40], "EOF"),
		Entry("a length that is none", "SIP/2.0 200 OK\r\nContent-Length: many\r\n\r\n", "got many, want a number"),
		Entry("a length that is too much", "SIP/2.0 200 OK\r\nContent-Length: 99999999\r\n\r\n", "want a number up to"),
		Entry("a header without an end", strings.Repeat("x: y\r\n", 1<<18), "no end of the header"),
		Entry("an HTTP answer", "HTTP/1.1 400 Bad Request\r\n\r\n", "http_400"),
	)
})

var _ = Describe("reading a meeting page", func() {
	DescribeTable("finds the meeting", func(page string) {
		Expect(client.MeetingLink([]byte(page))).To(Equal("conf:sip:alice@contoso.test;gruu;opaque=app:conf:focus:id:PSDFOZC4?required-media=audio"))
	},
		Entry("in a link, with entities",
			`<a href="conf&#58;sip&#58;alice&#64;contoso.test;gruu;opaque=app:conf:focus:id:PSDFOZC4?required-media=audio">`),
		Entry("in the script of the 2015 page",
			`var lyncLaunchLink = "conf:sip:alice@contoso.test;gruu;opaque=app:conf:focus:id:PSDFOZC4%3Frequired-media=audio";`),
	)

	It("says when there is none", func() { Expect(client.MeetingLink([]byte("<html>"))).To(BeEmpty()) })
})

func FuzzReadSIP(f *testing.F) {
	for _, seed := range []string{response, "\r\n\r\n" + response, "HTTP/1.1 400 Bad Request\r\nContent-Length: 3\r\n\r\nabc",
		"BENOTIFY sip:a SIP/2.0\r\nCSeq: 1 BENOTIFY\r\n\r\n", "SIP/2.0 200 OK\r\nContent-Length: -1\r\n\r\n"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := client.ReadSIP(b)
		if (m == nil) == (err == nil) {
			t.Fatalf("got message %v and error %v, want one of them", m, err)
		}
	})
}
