package server_test

import (
	"strings"

	"github.com/emiago/sipgo/sip"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/simulator/sipauth"
)

// chat joins the conference's chat as pidgin-sipe does.
func (p *phone) chat() {
	GinkgoHelper()
	res := p.ask(200, p.request("INVITE", chatURI, "<"+chatURI+">", "im-"+p.user,
		[]string{"Supported: ms-sender", "Contact: <sip:" + p.user + ";opaque=user:epid:x;gruu>", "Content-Type: application/sdp"},
		"v=0\r\no=- 0 0 IN IP4 10.1.0.11\r\ns=session\r\nc=IN IP4 10.1.0.11\r\nt=0 0\r\nm=message 5060 sip null\r\na=accept-types:text/plain\r\n"))
	Expect(string(res.Body())).To(ContainSubstring("m=message "))
	p.say(p.request("ACK", chatURI, value(res, "To"), "im-"+p.user, nil, ""))
}

// told reads a request from the server and checks its signature.
func (p *phone) told(method string) *sip.Request {
	GinkgoHelper()
	req, ok := p.hear().(*sip.Request)
	Expect(ok).To(BeTrue(), "want a request, got %s", p.read[len(p.read)-1])
	Expect(string(req.Method)).To(Equal(method), p.read[len(p.read)-1])
	Expect(p.auth.Verify(value(req, "Authentication-Info"), sipauth.FieldsOf(req))).To(Succeed())
	return req
}

var _ = Describe("the chat of a meeting", func() {
	It("tells the others what one of them says, and who it was", func() {
		onStage(func(s *stage) {
			alice := s.signedIn("alice@contoso.test", "secret")
			alice.join()
			alice.chat()
			Expect(string(alice.told("BENOTIFY").Body())).To(ContainSubstring(`session-type="chat"`))
			bob := s.signedIn("bob@contoso.test", "hidden")
			bob.join()
			bob.chat()
			bob.told("BENOTIFY")
			alice.told("BENOTIFY") // bob is there
			alice.told("BENOTIFY") // and in the chat

			bob.ask(200, bob.request("MESSAGE", chatURI, "<"+chatURI+">", "im-"+bob.user, []string{"Content-Type: text/plain; charset=UTF-8"}, "hello"))
			heard := alice.told("MESSAGE")
			Expect(value(heard, "ms-sender")).To(Equal("<sip:bob@contoso.test>"))
			Expect(value(heard, "From")).To(HavePrefix("<" + chatURI + ">;tag="))
			Expect(value(heard, "Call-ID")).To(Equal("im-" + alice.user))
			Expect(value(heard, "Content-Type")).To(Equal("text/plain; charset=UTF-8"))
			Expect(string(heard.Body())).To(Equal("hello"))
			bob.ask(200, bob.request("INFO", chatURI, "<"+chatURI+">", "im-"+bob.user, []string{"Content-Type: application/xml"}, "<KeyboardActivity/>"))
			Expect(string(alice.told("INFO").Body())).To(Equal("<KeyboardActivity/>"))

			// Who has left it says nothing more and hears nothing more.
			bob.ask(200, bob.request("BYE", chatURI, "<"+chatURI+">", "im-"+bob.user, nil, ""))
			bob.told("BENOTIFY")
			bob.ask(481, bob.request("MESSAGE", chatURI, "<"+chatURI+">", "im-"+bob.user, []string{"Content-Type: text/plain"}, "hello?"))
			alice.told("BENOTIFY")
			alice.ask(200, alice.request("MESSAGE", chatURI, "<"+chatURI+">", "im-"+alice.user, []string{"Content-Type: text/plain"}, "alone"))
		})
	})

	It("is not told of by a subscription that was ended outside its dialog", func() {
		onStage(func(s *stage) {
			alice := s.signedIn("alice@contoso.test", "secret")
			alice.join()
			res := alice.ask(200, alice.subscribe("conference", focus, "another", "", "Expires: 0"))
			Expect(value(res, "subscription-state")).To(Equal("terminated"))
			alice.chat() // no notification comes before this answer, nor after it
			alice.ask(200, alice.request("OPTIONS", "sip:contoso.test", "<sip:contoso.test>", "last", nil, ""))
			Expect(alice.read).NotTo(ContainElement(HavePrefix("BENOTIFY")), strings.Join(alice.read, "\n"))
		})
	})
})
