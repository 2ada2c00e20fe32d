package diagnose_test

import (
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/pcaps/diagnose"
	"rehearse/reports/journal"
)

func begun(client, port string) (*script, *line) {
	s := new(script)
	return s, s.connect(client, port, frontEnd).hello()
}

var _ = Describe("A refused certificate", func() {
	const hangsUp = "client fin after server certificate"
	It("without pointers is laid to them: surely, if others accept its issuer", func() {
		s, l := begun(alice, "1001")
		l.gets(nil).fails(hangsUp, "client")
		Expect(s.causes()).To(Equal([]string{"pcap-no-pointers medium"}))
		Expect(s.talks(bob, "1002", nil).causes()).To(Equal([]string{"pcap-no-pointers high"}))
	})
	It("without pointers is laid to them behind the finished handshake, too, if it ends at once", func() {
		s, l := begun(alice, "1001")
		l.gets(nil).finishes().closes("RST", "client", "Finished")
		Expect(s.causes()).To(Equal([]string{"pcap-no-pointers medium"}))
		s, l = begun(alice, "1001")
		l.gets(nil).finishes().wait(time.Minute)
		l.closes("FIN", "client", "Finished")
		Expect(s.causes()).To(BeEmpty())
	})
	It("with pointers that nobody follows is laid to its root", func() {
		s, l := begun(alice, "1001")
		l.gets([]string{crl}).fails(hangsUp, "client")
		Expect(s.causes()).To(Equal([]string{"pcap-untrusted-root medium"}))
	})
	It("is laid to what the alert says", func() {
		for alert, want := range map[string]string{
			"unknown_ca": "pcap-untrusted-root high", "certificate_expired": "pcap-expired high", "certificate_revoked": "pcap-revoked high",
			"bad_certificate_status_response": "pcap-status-unusable high", "certificate_unknown": "pcap-untrusted-root medium",
		} {
			s, l := begun(alice, "1001")
			l.gets([]string{crl}).does(journal.AlertSent{Name: alert}).fails("client alert after server certificate", "client")
			Expect(s.causes()).To(HaveExactElements(want), alert)
		}
	})
	It("is laid to its flaws", func() {
		s, l := begun(alice, "1001")
		l.gets([]string{crl}, "expired").fails(hangsUp, "client")
		Expect(s.causes()).To(Equal([]string{"pcap-expired high"}))
		s, l = begun(alice, "1001")
		l.gets(nil, "not for the name asked for").fails(hangsUp, "client")
		Expect(s.causes()).To(Equal([]string{"pcap-name-mismatch high"}))
		Expect(s.report().Findings[0].Could).To(HaveExactElements(HaveField("Cause", "pcap-no-pointers")))
	})
	It("is laid to what came of asking for its status", func() {
		for result, want := range map[string]string{
			"revoked": diagnose.Revoked, "stale": diagnose.Stale, "offline: HTTP 403": diagnose.ResponderForbidden, "offline: no answer": diagnose.ResponderSlow,
			"offline: HTTP 503": diagnose.ResponderUnreachable, "tryLater": diagnose.StatusUnusable, "malformed: CRL": diagnose.StatusUnusable,
		} {
			s, l := begun(alice, "1001")
			l.gets([]string{crl})
			s.connect(alice, "1009", responder).does(journal.RevocationFetched{Method: "GET", What: "crl", URL: crl, Result: result})
			l.fails(hangsUp, "client")
			Expect(s.causes()).To(HaveExactElements(want+" high"), result)
		}
	})
	It("is laid to a responder that cannot be reached, by name or at all", func() {
		s, l := begun(alice, "1001")
		l.gets([]string{crl})
		s.add(alice+":53000", "192.0.2.53:53", alice, journal.NameResolved{Name: "crl.proxy.test", Type: "A", Err: "NXDOMAIN"})
		l.fails(hangsUp, "client")
		Expect(s.causes()).To(Equal([]string{"pcap-responder-unreachable high"}))
		s, l = begun(alice, "1001")
		l.gets([]string{crl})
		s.add(alice+":53000", "192.0.2.53:53", alice, journal.NameResolved{Name: "crl.proxy.test", Type: "A", Addrs: []string{"192.0.2.80"}})
		s.add(alice+":1009", responder, alice, journal.Connected{To: responder, Err: "no answer"})
		l.wait(20 * time.Second)
		l.fails(hangsUp, "client")
		Expect(s.causes()).To(Equal([]string{"pcap-responder-unreachable high"}))
	})
	It("is not, if the same client accepts it elsewhere", func() {
		s, l := begun(alice, "1001")
		l.gets([]string{crl}).fails(hangsUp, "client")
		Expect(s.talks(alice, "1003", []string{crl}).causes()).To(BeEmpty())
	})
	It("that is hidden is named with low confidence, and what to record", func() {
		s, l := begun(alice, "1001")
		l.does(journal.HandshakeEnded{Side: "client", Peer: name, Version: "TLS 1.3", Err: "client's first encrypted record is as long as an alert"}).
			closes("FIN", "client", "ServerHello")
		Expect(s.causes()).To(Equal([]string{"pcap-certificate-refused low"}))
		Expect(s.report().Unknown).To(ContainElement(HaveField("Record", ContainSubstring("SSLKEYLOGFILE"))))
	})
})

var _ = Describe("An interceptor that does not understand", func() {
	It("SIP answers it in HTTP", func() {
		s, l := begun(alice, "1001")
		l.gets([]string{crl}).finishes().does(journal.SIPSent{Line: "REGISTER sip:contoso.test"}).does(journal.BytesReceived{Hex: "48 54 54 50 2f 31 2e 31 20 34 30 30"})
		Expect(s.causes()).To(Equal([]string{"pcap-sip-taken-for-http high"}))
		Expect(s.report().Findings[0].For).To(ContainElement(HaveField("Text", "the answer to SIP is HTTP: HTTP/1.1 400")))
	})
	It("pseudo-TLS answers it with an alert", func() {
		s := new(script)
		s.connect(alice, "1001", frontEnd).does(journal.TURNSent{Message: "pseudo-TLS hello"}).does(journal.BytesReceived{Hex: "15 03 01 00 02 02 28"}).closes("FIN", "server", "")
		Expect(s.causes()).To(Equal([]string{"pcap-pseudo-tls-refused high"}))
	})
	It("what is in TLS closes", func() {
		s, l := begun(alice, "1001")
		l.gets([]string{crl}).finishes().does(journal.SIPSent{Line: "REGISTER sip:contoso.test"}).closes("FIN", "server", "REGISTER sip:contoso.test")
		Expect(s.causes()).To(Equal([]string{"pcap-closed-unanswered medium"}))
	})
})

var _ = Describe("A policy that denies", func() {
	It("refuses the CONNECT", func() {
		s := new(script)
		s.connect(alice, "1001", "10.1.0.1:8080").does(journal.ConnectAnswered{Target: name + ":443", Status: 403, Reason: "Forbidden"})
		Expect(s.causes()).To(Equal([]string{"pcap-policy-denied high"}))
	})
	It("shows a page", func() {
		s := new(script)
		s.connect(alice, "1001", frontEnd).does(journal.HTTPExchanged{Method: "GET", URL: "http://a.test/", Status: 403}).answers(journal.ExceptionSent{ID: "policy_denied", Status: 403})
		Expect(s.causes()).To(Equal([]string{"pcap-policy-denied high"}))
	})
	It("resets", func() {
		s, l := begun(alice, "1001")
		l.does(journal.HandshakeEnded{Side: "client", Peer: name, Err: "server rst after client hello"}).closes("RST", "server", "ClientHello")
		Expect(s.causes()).To(Equal([]string{"pcap-policy-denied medium"}))
	})
	It("is told from a proxy that wants credentials and gets them", func() {
		s := new(script)
		s.connect(alice, "1001", "10.1.0.1:8080").does(journal.ConnectAnswered{Target: name + ":443", Status: 407})
		Expect(s.causes()).To(Equal([]string{"pcap-proxy-authentication high"}))
		s.connect(alice, "1002", "10.1.0.1:8080").does(journal.ConnectAnswered{Target: name + ":443", Status: 200})
		Expect(s.causes()).To(BeEmpty())
	})
})

var _ = Describe("Names", func() {
	look := func(s *script, name, failure string, addrs ...string) {
		s.add(alice+":53000", "192.0.2.53:53", alice, journal.NameResolved{Name: name, Type: "A", Err: failure, Addrs: addrs})
	}
	It("of discovery fail if none of them is known", func() {
		s := new(script)
		look(s, "lyncdiscoverinternal.contoso.test", "NXDOMAIN")
		look(s, "lyncdiscover.contoso.test", "NXDOMAIN")
		Expect(s.causes()).To(Equal([]string{"pcap-dns-failure high"}))
		look(s, "sip.contoso.test", "", "192.0.2.1")
		Expect(s.causes()).To(BeEmpty())
	})
	It("that are probed for in passing do not count, nor do those whose answers were not captured", func() {
		s := new(script)
		look(s, "wpad.contoso.test", "NXDOMAIN")
		look(s, "print.local", "NXDOMAIN")
		look(s, "www.contoso.test", "no answer")
		s.wait(time.Minute)
		look(s, "wpad", "no answer")
		Expect(s.causes()).To(HaveLen(1), "the NXDOMAINs are answers, so www has really none")
	})
})

var _ = Describe("Skype", func() {
	sip := func(answers ...journal.SIPSent) []string {
		s, l := begun(alice, "1001")
		l.gets([]string{crl}).finishes()
		for _, a := range answers {
			l.does(journal.SIPSent{Line: "REGISTER sip:contoso.test"}).answers(a)
		}
		return s.causes()
	}
	challenge := journal.SIPSent{Line: "401 Unauthorized"}
	It("signs in behind challenges", func() { Expect(sip(challenge, challenge, journal.SIPSent{Line: "200 OK"})).To(BeEmpty()) })
	It("is refused for good", func() {
		Expect(sip(challenge, challenge, challenge)).To(Equal([]string{"pcap-sign-in-refused high"}))
		Expect(sip(challenge, journal.SIPSent{Line: "403 Forbidden"})).To(Equal([]string{"pcap-sign-in-refused high"}))
	})
	It("fails with ms-diagnostics", func() {
		Expect(sip(challenge, journal.SIPSent{Line: "504 Server time-out", Note: `ms-diagnostics 1010;reason="x"`})).To(Equal([]string{"pcap-sip-failed high"}))
	})
	relay := func(answers ...string) []string {
		s := new(script)
		l := s.connect(alice, "1001", frontEnd)
		for _, a := range answers {
			l.does(journal.TURNSent{Message: "MS-TURN Allocate request"})
			if a != "" {
				l.answers(journal.TURNSent{Message: "MS-TURN Allocate error", Note: a})
			}
		}
		return s.causes()
	}
	It("gets no relay, by an error or by silence", func() {
		Expect(relay("error 401")).To(BeEmpty())
		Expect(relay("error 401", "error 431")).To(Equal([]string{"pcap-no-relay high"}))
		Expect(relay("", "", "")).To(Equal([]string{"pcap-no-relay medium"}))
	})
	It("hears nothing", func() {
		s := new(script)
		s.add(alice+":5000", "192.0.2.9:50000", alice, journal.MediaFlowed{Path: "udp", Sent: 50})
		Expect(s.causes()).To(Equal([]string{"pcap-media-one-way medium"}))
		s.add(alice+":5002", "192.0.2.9:50004", alice, journal.MediaFlowed{Path: "udp", Received: 50})
		Expect(s.causes()).To(BeEmpty())
	})
})

var _ = Describe("A report", func() {
	It("of what went well says so", func() {
		s := new(script).talks(alice, "1001", []string{crl})
		Expect(s.report().Findings).To(BeEmpty())
		Expect(s.report().Works).To(HaveExactElements(HaveField("Text", "sip.contoso.test: the client accepts the certificate of Contoso Proxy CA, which points to a CRL, and finishes the handshake")))
	})
	It("puts the same failure of several connections together, the surest first", func() {
		s := new(script)
		for _, port := range []string{"1001", "1002", "1003"} {
			s.connect(alice, port, frontEnd).hello().gets(nil).fails("client fin after server certificate", "client")
		}
		s.connect(bob, "1004", "10.1.0.1:8080").does(journal.ConnectAnswered{Target: "a.test:443", Status: 403})
		r := s.report()
		Expect(r.Findings).To(HaveExactElements(HaveField("Cause", "pcap-policy-denied"), HaveField("Flows", HaveLen(3))))
		Expect(r.Findings[1].Filter).To(Equal("(ip.addr == 10.1.0.11 && (tcp.port in {1001, 1002, 1003} || udp.port in {1001, 1002, 1003}))"))
	})
	It("has a row of the table for every cause, and every row whole", func() {
		for _, c := range diagnose.Causes() {
			Expect(c.Title).NotTo(BeEmpty(), c.ID)
			Expect(c.Means).To(HaveSuffix("."), c.ID)
			Expect(c.Remedies).NotTo(BeEmpty(), c.ID)
			Expect(c.Source).NotTo(BeEmpty(), c.ID)
		}
	})
	It("of nothing is empty", func() {
		Expect(diagnose.Diagnose(nil)).To(Equal(diagnose.Report{Findings: []diagnose.Finding{}, Works: []diagnose.Evidence{}, Unknown: []diagnose.Gap{}}))
	})
})
