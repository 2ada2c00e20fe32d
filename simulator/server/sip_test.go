package server_test

import (
	"encoding/base64"
	"io"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/reports/journal"
	"rehearse/simulator/server"
)

const front = "sipdir.online.lync.com"

var _ = Describe("the front end", func() {
	It("signs a user in with NTLM and signs what it answers", func() {
		onStage(func(s *stage) {
			p := newPhone(s.dialTLS(s.Endpoints()["sip443"]), "alice@contoso.test", "secret")
			res := p.signIn()
			Expect(values(res, "Supported")).To(ContainElements("msrtc-event-categories", "adhoclist"), "one line each")
			Expect(value(res, "Server")).To(Equal("RTC/6.0"))
			Expect(value(res, "Expires")).To(Equal("7200"))
			Expect(value(res, "ms-keep-alive")).To(Equal("UAS; tcp=no; hop-hop=yes; end-end=no; timeout=300"))
			Expect(value(res, "ms-user-logon-data")).To(Equal("RemoteUser"))
			Expect(value(res, "Allow-Events")).To(ContainSubstring("vnd-microsoft-provisioning-v2"))
			// The gruu that a real server of 2007 R2 gave to the endpoint with this UUID.
			Expect(value(res, "Contact")).To(Equal(`<sip:10.1.0.11:49152;transport=tls;ms-opaque=d3470f2e1d>;expires=7200;` +
				`+sip.instance="<urn:uuid:34d859db-6585-5f91-a3b4-de853c15347d>";gruu="sip:alice@contoso.test;opaque=user:epid:21nYNIVlkV-jtN6FPBU0fQAA;gruu"`))
			Expect(value(p.ask(200, p.register("Expires: 0")), "Expires")).To(Equal("0"))

			Expect(of[journal.SIPSent](s, front)).To(HaveExactElements(
				journal.SIPSent{Received: true, Line: "REGISTER sip:contoso.test"},
				journal.SIPSent{Line: "401 Unauthorized", Note: "NTLM challenge, round 1"},
				journal.SIPSent{Received: true, Line: "REGISTER sip:contoso.test"},
				journal.SIPSent{Line: "401 Unauthorized", Note: "NTLM challenge, round 2"},
				journal.SIPSent{Received: true, Line: "REGISTER sip:contoso.test"},
				journal.SIPSent{Line: "200 OK", Note: "registered"},
				journal.SIPSent{Received: true, Line: "REGISTER sip:contoso.test"},
				journal.SIPSent{Line: "200 OK", Note: "registration ended"},
			))
			Expect(of[journal.HandshakeEnded](s, front)).To(ConsistOf(journal.HandshakeEnded{Side: "server", Peer: front, Version: "TLS 1.3"}))
		})
	})

	It("refuses a wrong password with a first challenge", func() {
		onStage(func(s *stage) {
			p := newPhone(s.dialTLS(s.Endpoints()["sip"]), "alice@contoso.test", "guess")
			for range 2 {
				Expect(p.auth.Challenge(value(p.ask(401, p.register()), "WWW-Authenticate"))).To(Succeed())
			}
			res := p.ask(401, p.register())
			Expect(value(res, "WWW-Authenticate")).NotTo(ContainSubstring("gssapi-data"))
			Expect(of[journal.SIPSent](s, front)).To(ContainElement(journal.SIPSent{Line: "401 Unauthorized", Note: "user name or password is wrong"}))
		})
	})

	It("lets nobody register another's address", func() {
		onStage(func(s *stage) {
			p := newPhone(s.dialTLS(s.Endpoints()["sip"]), "alice@contoso.test", "secret")
			p.user = "bob@contoso.test"
			for range 2 {
				Expect(p.auth.Challenge(value(p.ask(401, p.register()), "WWW-Authenticate"))).To(Succeed())
			}
			p.ask(403, p.register())
		})
	})

	It("answers the subscriptions after sign-in with their first notification as body", func() {
		onStage(func(s *stage) {
			p := s.signedIn("alice@contoso.test", "secret")
			self := "sip:alice@contoso.test"
			res := p.ask(200, p.subscribe("vnd-microsoft-roaming-contacts", self, "c1", ""))
			Expect(value(res, "ms-piggyback-cseq")).To(Equal("1"))
			Expect(value(res, "Event")).To(Equal("vnd-microsoft-roaming-contacts"))
			Expect(value(res, "subscription-state")).To(HavePrefix("active;expires="))
			Expect(string(res.Body())).To(ContainSubstring(`<contactList xmlns="http://schemas.microsoft.com/2006/09/sip/rsl" deltaNum="1"`))

			res = p.ask(200, p.subscribe("vnd-microsoft-provisioning-v2", self, "c2", "<provisioningGroupList/>", "Expires: 0"))
			Expect(string(res.Body())).To(SatisfyAll(
				ContainSubstring("<focusFactoryUri>sip:alice@contoso.test;gruu;opaque=app:conf:focusfactory</focusFactoryUri>"),
				ContainSubstring("<mrasUri>sip:Mras.contoso.test@contoso.test;gruu;opaque=srvr:MRAS:1</mrasUri>")))
			Expect(value(res, "subscription-state")).To(Equal("terminated"))

			res = p.ask(200, p.subscribe("vnd-microsoft-roaming-self", self, "c3", ""))
			Expect(string(res.Body())).To(ContainSubstring(`uri="sip:alice@contoso.test"`))

			res = p.ask(489, p.subscribe("weather", self, "c4", ""))
			Expect(values(res, "Allow-Events")).To(ContainElement("presence"))
		})
	})

	It("sends the first notification apart to a client that does not take it along", func() {
		onStage(func(s *stage) {
			p := s.signedIn("alice@contoso.test", "secret")
			p.ask(200, p.request("SUBSCRIBE", "sip:alice@contoso.test", "<sip:alice@contoso.test>", "c1",
				[]string{"Event: vnd-microsoft-roaming-contacts", "Contact: <sip:10.1.0.11:49152;transport=tls>", "Supported: ms-benotify"}, ""))
			p.hear()
			Expect(p.read[len(p.read)-1]).To(SatisfyAll(
				HavePrefix("BENOTIFY sip:10.1.0.11:49152;transport=tls SIP/2.0\r\n"),
				ContainSubstring("Event: vnd-microsoft-roaming-contacts"), ContainSubstring("Authentication-Info: NTLM"), ContainSubstring("<contactList")))
		})
	})

	It("hands out relay credentials and says what conferences can do", func() {
		onStage(func(s *stage) {
			p := s.signedIn("alice@contoso.test", "secret")
			user, password := p.relayCredentials()
			Expect(user).To(HaveLen(56))
			Expect(user[:4]).To(Equal([]byte{2, 0, 0, 0x24}))
			Expect(password).To(HaveLen(20))

			factory := "sip:alice@contoso.test;gruu;opaque=app:conf:focusfactory"
			res := p.ask(200, p.request("SERVICE", factory, "<"+factory+">", "s2", []string{"Content-Type: application/cccp+xml"},
				`<?xml version="1.0"?><request xmlns="urn:ietf:params:xml:ns:cccp" C3PVersion="1" to="`+factory+`" from="sip:alice@contoso.test" requestId="7"><getConferencingCapabilities /></request>`))
			Expect(string(res.Body())).To(SatisfyAll(ContainSubstring("<mcuType>audio-video</mcuType>"), ContainSubstring(`requestId="7"`), ContainSubstring(`code="success"`)))
		})
	})

	It("passes over keep-alives and takes messages in pieces and in pairs", func() {
		onStage(func(s *stage) {
			p := newPhone(s.dialTLS(s.Endpoints()["sip"]), "alice@contoso.test", "secret")
			p.write("\r\n\r\n")
			first := p.register()
			for _, b := range []byte(first) {
				p.write(string(b))
			}
			p.answer(401)
			p.write("\r\n\r\n" + p.register() + p.register() + "\r\n\r\n")
			p.answer(401)
			p.answer(401)
		})
	})

	It("keeps a client that sends keep-alives and drops one that does not", func() {
		onStage(func(s *stage) {
			p := s.signedIn("alice@contoso.test", "secret")
			for range 10 {
				time.Sleep(5 * time.Minute)
				p.write("\r\n\r\n")
			}
			p.ask(200, p.register())
			began := time.Now()
			_, err := p.next()
			Expect(err).To(MatchError(io.EOF))
			Expect(time.Since(began)).To(BeNumerically("~", 10*time.Minute, time.Second))
		})
	})

	It("hangs up on what is no SIP", func() {
		onStage(func(s *stage) {
			p := newPhone(s.dialTLS(s.Endpoints()["sip"]), "alice@contoso.test", "secret")
			p.write("GET / HTTP/1.1\r\nHost: sipdir.online.lync.com\r\n\r\n")
			_, err := p.next()
			Expect(err).To(MatchError(io.EOF))
		})
	})

	It("drops requests of unknown methods with a list, and those without registration", func() {
		onStage(func(s *stage) {
			p := s.signedIn("alice@contoso.test", "secret")
			Expect(value(p.ask(405, p.request("PUBLISH", "sip:alice@contoso.test", "<sip:alice@contoso.test>", "x", nil, "")), "Allow")).To(ContainSubstring("SUBSCRIBE"))
			p.ask(200, p.register("Expires: 0"))
			p.ask(403, p.subscribe("presence", "sip:alice@contoso.test", "x2", ""))
		})
	})
})

var _ = Describe("faults of the front end", func() {
	for _, c := range []struct {
		fault  server.Fault
		status int
		header string
		want   string
	}{
		{server.Fault{Server: server.SIP, Kind: "status", Value: "503"}, 503, "ms-diagnostics", ""},
		{server.Fault{Server: front, Kind: "status", Value: "504 1010 Certificate trust with another server could not be established"}, 504,
			"ms-diagnostics", `1010;source="sipdir.online.lync.com";reason="Certificate trust with another server could not be established"`},
		{server.Fault{Server: server.SIP, Kind: "status", Value: "301 sip2.contoso.test:443"}, 301, "Contact", "<sip:sip2.contoso.test:443;transport=tls>"},
	} {
		It(c.fault.Value, func() {
			onStage(func(s *stage) {
				lift := s.mustImpose(c.fault)
				p := newPhone(s.dialTLS(s.Endpoints()["sip"]), "alice@contoso.test", "secret")
				Expect(value(p.ask(c.status, p.register()), c.header)).To(Equal(c.want))
				lift()
				p.signIn()
			})
		})
	}

	It("is slow", func() {
		onStage(func(s *stage) {
			s.mustImpose(server.Fault{Server: server.SIP, Kind: "slow", Delay: 40 * time.Second})
			p := newPhone(s.dialTLS(s.Endpoints()["sip"]), "alice@contoso.test", "secret")
			began := time.Now()
			p.ask(401, p.register())
			Expect(time.Since(began)).To(BeNumerically("~", 40*time.Second, time.Second))
		})
	})

	It("fails at MRAS only", func() {
		onStage(func(s *stage) {
			p := s.signedIn("alice@contoso.test", "secret")
			s.mustImpose(server.Fault{Server: server.MRAS, Kind: "status", Value: "500 9003 relay credentials cannot be made"})
			res := p.ask(500, p.mrasRequest())
			Expect(value(res, "ms-diagnostics")).To(HavePrefix("9003;"))
			p.ask(200, p.register())
		})
	})
})

// mustImpose puts a fault on.
func (s *stage) mustImpose(f server.Fault) (lift func()) {
	GinkgoHelper()
	lift, err := s.Impose(f)
	Expect(err).NotTo(HaveOccurred())
	return lift
}

func (p *phone) mrasRequest() string {
	mras := "sip:Mras.contoso.test@contoso.test;gruu;opaque=srvr:MRAS:1"
	return p.request("SERVICE", mras, "<"+mras+">", "s1", []string{"Content-Type: application/msrtc-media-relay-auth+xml"},
		`<request requestID="16807" from="sip:`+p.user+`" version="1.0" to="`+mras+`" xmlns="http://schemas.microsoft.com/2006/09/sip/mrasp" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">`+
			`<credentialsRequest credentialsRequestID="16807"><identity>sip:`+p.user+`</identity><location>internet</location><duration>480</duration></credentialsRequest></request>`)
}

// credentials asks MRAS.
func (p *phone) credentials() *sip.Response {
	GinkgoHelper()
	return p.ask(200, p.mrasRequest())
}

// relayCredentials asks MRAS and gives the raw user name and password.
func (p *phone) relayCredentials() (user, password []byte) {
	GinkgoHelper()
	body := string(p.credentials().Body())
	Expect(body).To(SatisfyAll(ContainSubstring("<hostName>avedge.online.lync.com</hostName>"), ContainSubstring("<udpPort>3478</udpPort>"),
		ContainSubstring("<tcpPort>443</tcpPort>"), ContainSubstring(`reasonPhrase="OK"`), ContainSubstring(`requestID="16807"`)))
	return decoded(body, "username"), decoded(body, "password")
}

// element is the content of the first element of a name.
func element(body, name string) string {
	GinkgoHelper()
	_, rest, _ := strings.Cut(body, "<"+name+">")
	text, _, ok := strings.Cut(rest, "</"+name+">")
	Expect(ok).To(BeTrue(), "no %s in %s", name, body)
	return text
}

// decoded is the same out of base64.
func decoded(body, name string) []byte {
	GinkgoHelper()
	b, err := base64.StdEncoding.DecodeString(element(body, name))
	Expect(err).NotTo(HaveOccurred())
	return b
}
