package server_test

import (
	"fmt"
	"time"

	"github.com/emiago/sipgo/sip"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

// reply answers a request as a client does, with a tag of its own.
func (p *phone) reply(req *sip.Request, status int, reason string) {
	GinkgoHelper()
	res := sip.NewResponseFromRequest(req, status, reason, nil)
	res.SetBody(nil)
	p.write(res.String())
}

// within is a request inside the dialog that a response made.
func (p *phone) within(method string, res *sip.Response, callID string) string {
	return p.request(method, "sip:bob@contoso.test", value(res, "To"), callID, nil, "")
}

var _ = Describe("a call between users", func() {
	const bobURI = "sip:bob@contoso.test"
	// both are alice and bob, signed in.
	both := func(s *stage) (alice, bob *phone) {
		GinkgoHelper()
		return s.signedIn("alice@contoso.test", "secret"), s.signedIn("bob@contoso.test", "hidden")
	}
	invite := func(p *phone, to string) string {
		return p.request("INVITE", to, "<"+bobURI+">", "call", []string{"Contact: <sip:alice@contoso.test;opaque=user:epid:x;gruu>", "Content-Type: application/sdp"}, "v=0\r\n")
	}

	It("goes to the other's connection and comes back, each leg signed", func() {
		onStage(func(s *stage) {
			alice, bob := both(s)
			alice.ask(100, invite(alice, bobURI))
			ring := bob.told("INVITE")
			Expect(values(ring, "Via")).To(HaveLen(2))
			Expect(value(ring, "Via")).To(HavePrefix("SIP/2.0/TLS sipdir.online.lync.com:5061;branch=z9hG4bK"))
			Expect(value(ring, "Record-Route")).To(Equal("<sip:sipdir.online.lync.com:5061;transport=tls;lr>"))
			Expect(value(ring, "Max-Forwards")).To(Equal("69"))
			Expect(value(ring, "Authorization")).To(BeEmpty())
			Expect(string(ring.Body())).To(Equal("v=0\r\n"))
			bob.reply(ring, 180, "Ringing")
			alice.answer(180)
			bob.reply(ring, 200, "OK")
			taken := alice.answer(200)
			Expect(values(taken, "Via")).To(HaveLen(1))
			Expect(values(taken, "Record-Route")).To(HaveLen(1))
			alice.say(alice.within("ACK", taken, "call"))
			bob.told("ACK")

			alice.say(alice.within("INFO", taken, "call"))
			bob.reply(bob.told("INFO"), 200, "OK")
			alice.answer(200)
			bob.say(bob.request("BYE", "sip:alice@contoso.test;opaque=user:epid:x;gruu", value(ring, "From"), "call", nil, ""))
			alice.reply(alice.told("BYE"), 200, "OK")
			bob.answer(200)
			alice.ask(481, alice.within("INFO", taken, "call"))
		})
	})

	It("is refused by the other, and that is acknowledged at once", func() {
		onStage(func(s *stage) {
			alice, bob := both(s)
			alice.ask(100, invite(alice, bobURI))
			bob.reply(bob.told("INVITE"), 486, "Busy here")
			refused := alice.answer(486)
			Expect(value(bob.told("ACK"), "CSeq")).To(HaveSuffix(" ACK"))
			alice.say(alice.within("ACK", refused, "call"))
			alice.say(alice.request("MESSAGE", bobURI, "<"+bobURI+">", "note", []string{"Content-Type: text/plain"}, "never mind"))
			Expect(string(bob.told("MESSAGE").Body())).To(Equal("never mind"), "and no second ACK before it")
		})
	})

	It("is given up by the caller", func() {
		onStage(func(s *stage) {
			alice, bob := both(s)
			call := invite(alice, bobURI)
			alice.ask(100, call)
			ring := bob.told("INVITE")
			alice.cseq-- // a CANCEL has the number of what it is about
			alice.ask(200, alice.request("CANCEL", bobURI, "<"+bobURI+">", "call", nil, ""))
			cancel := bob.told("CANCEL")
			Expect(value(cancel, "Via")).To(Equal(value(ring, "Via")))
			bob.reply(cancel, 200, "OK")
			bob.reply(ring, 487, "Request terminated")
			alice.answer(487)
			bob.told("ACK")
		})
	})

	It("ends by itself when nobody answers, or when who should has gone", func() {
		onStage(func(s *stage) {
			alice, bob := both(s)
			began := time.Now()
			alice.ask(100, invite(alice, bobURI))
			bob.told("INVITE")
			alice.answer(408)
			Expect(time.Since(began)).To(BeNumerically("~", 3*time.Minute, time.Second))
			alice.ask(100, invite(alice, bobURI))
			bob.told("INVITE")
			bob.conn.Close()
			alice.answer(480)
			alice.ask(480, invite(alice, bobURI))
		})
	})

	It("reaches users of this domain who are signed in, by any of their addresses", func() {
		onStage(func(s *stage) {
			alice := s.signedIn("alice@contoso.test", "secret")
			alice.ask(480, invite(alice, bobURI))
			alice.ask(404, invite(alice, "sip:nobody@contoso.test"))
			elsewhere := alice.ask(504, invite(alice, "sip:bob@fabrikam.test"))
			Expect(value(elsewhere, "ms-diagnostics")).To(Equal(`1008;source="sipdir.online.lync.com";reason="Unable to resolve DNS SRV record"`))

			first, second := s.signedIn("bob@contoso.test", "hidden"), s.signedIn("bob@contoso.test", "hidden")
			alice.ask(100, invite(alice, bobURI))
			second.reply(second.told("INVITE"), 603, "Decline")
			alice.answer(603)
			second.told("ACK")
			first.ask(200, first.register("Expires: 0"))
			second.ask(200, second.register("Expires: 0"))
			alice.ask(480, invite(alice, bobURI))
			alice.ask(480, invite(alice, fmt.Sprintf("%s;opaque=user:epid:%s;gruu", bobURI, "other")))
		})
	})
})
