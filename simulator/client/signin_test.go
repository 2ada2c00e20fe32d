package client_test

import (
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/proxy/emulate"
	"rehearse/reports/journal"
	"rehearse/simulator/client"
	"rehearse/simulator/world"
)

// at names the server to sign in at.
func at(server string) func(*client.Config) {
	return func(c *client.Config) { c.Server = server }
}

// lines are those that were seen so far.
func lines(seen <-chan string) (all []string) {
	for {
		select {
		case l := <-seen:
			all = append(all, l)
		default:
			return all
		}
	}
}

var _ = Describe("signing in", func() {
	const sipHost = "sip.contoso.test"
	server := at(sipHost + ":5061")
	serve := func(b bench, f *frontEnd) {
		if f.password == "" {
			f.password = "secret"
		}
		b.listen(sipHost, 5061, secured(b.leaf(sipHost), nil, f.serve))
	}

	It("registers with NTLM, checks signatures, subscribes, and stays", func() {
		onBench(func(b bench) {
			seen := make(chan string, 64)
			serve(b, &frontEnd{seen: func(l string) { seen <- l }})
			alice := b.client("skype-strict", server)
			defer alice.Close()
			Expect(do(alice, client.SignIn{}).String()).To(Equal("done ok"))
			Expect(lines(seen)).To(Equal([]string{
				"REGISTER sip:contoso.test SIP/2.0", "REGISTER sip:contoso.test SIP/2.0", "REGISTER sip:contoso.test SIP/2.0",
				"SUBSCRIBE sip:alice@contoso.test SIP/2.0", "SUBSCRIBE sip:alice@contoso.test SIP/2.0", "SUBSCRIBE sip:alice@contoso.test SIP/2.0",
			}))
			Expect(stages(b.log.Log())).To(Equal([]journal.Stage{
				"resolve", "connect", "tls", "revocation", "register", "provision", "done",
			}))

			time.Sleep(time.Hour)              // registrations last ten minutes here
			Expect(lines(seen)).To(HaveLen(6)) // in an hour
			Expect(do(alice, client.Status{})).To(HaveField("Text", "Still signed in"))
			Expect(do(alice, client.SignOut{}).String()).To(Equal("done ok"))
			Expect(do(alice, client.Status{}).String()).To(Equal("register refused not_signed_in"))
		})
	})

	It("signs out first when it is signed in already", func() {
		onBench(func(b bench) {
			seen := make(chan string, 64)
			serve(b, &frontEnd{seen: func(l string) { seen <- l }})
			alice := b.client("skype-strict", server)
			defer alice.Close()
			Expect(do(alice, client.SignIn{}).String()).To(Equal("done ok"))
			Expect(do(alice, client.SignIn{}).String()).To(Equal("done ok"))
			Expect(lines(seen)).To(HaveLen(6 + 3 + 6)) // two SUBSCRIBEs and a REGISTER between
		})
	})

	It("takes a server that challenges nobody", func() {
		onBench(func(b bench) {
			serve(b, &frontEnd{open: true})
			alice := b.client("skype-strict", server)
			defer alice.Close()
			Expect(do(alice, client.SignIn{}).String()).To(Equal("done ok"))
		})
	})

	DescribeTable("ends where the server says no", func(f *frontEnd, want, text string) {
		onBench(func(b bench) {
			serve(b, f)
			alice := b.client("skype-strict", server)
			defer alice.Close()
			out := do(alice, client.SignIn{})
			Expect(out.String()).To(Equal(want))
			Expect(out.Text).To(ContainSubstring(text))
		})
	},
		Entry("a wrong password", &frontEnd{password: "other"}, "register refused sip_401", "password is wrong"),
		Entry("a status", &frontEnd{open: true, reply: func(method, _ string) string {
			return "504 Server time-out\r\nms-diagnostics: 1010;source=\"sip\";reason=\"no trust\"\r\n"
		}}, "register refused sip_504", "ms-diagnostics 1010: no trust"),
		Entry("no answer", &frontEnd{reply: func(string, string) string { return "" }}, "register timeout timeout", ""),
		Entry("no provisioning", &frontEnd{reply: func(_, event string) string {
			if event == "vnd-microsoft-provisioning-v2" {
				return "404 Not Found\r\n"
			}
			return "-"
		}}, "provision refused sip_404", ""),
		Entry("an HTTP error in place of SIP", &frontEnd{raw: page("400 Bad Request", "invalid_request")},
			"register refused http_400", "invalid_request"),
		Entry("a hang-up", &frontEnd{raw: "\r\n"}, "register refused closed", ""),
		Entry("bytes that are no SIP", &frontEnd{raw: "220 mail.example.com ESMTP\r\n\r\n"}, "register aborted protocol_error", ""),
		Entry("a wrong signature", &frontEnd{sign: func(method, right string) string {
			if method == "REGISTER" {
				return right
			}
			return strings.Replace(right, `rspauth="01`, `rspauth="02`, 1)
		}}, "provision aborted bad_signature", ""),
		Entry("no signature", &frontEnd{sign: func(method, right string) string { return "" }}, "provision timeout unsigned", "ignored"),
		Entry("another scheme", &frontEnd{open: true, reply: func(string, string) string {
			return "401 Unauthorized\r\nWWW-Authenticate: TLS-DSK realm=\"SIP Communications Service\", targetname=\"sip\", version=4\r\n"
		}}, "register aborted no_common_scheme", "TLS-DSK"),
	)

	It("follows a redirection to another server", func() {
		onBench(func(b bench) {
			serve(b, &frontEnd{open: true, reply: func(string, string) string {
				return "301 Moved\r\nContact: <sip:pool.contoso.test:5061;transport=tls>\r\n"
			}})
			pool := &frontEnd{password: "secret"}
			b.listen("pool.contoso.test", 5061, secured(b.leaf("pool.contoso.test"), nil, pool.serve))
			alice := b.client("skype-strict", server)
			defer alice.Close()
			Expect(do(alice, client.SignIn{}).String()).To(Equal("done ok"))
		})
	})

	It("signs in again by itself when the connection is lost, and says so", func() {
		onBench(func(b bench) {
			serve(b, &frontEnd{})
			alice := b.client("skype-strict", server)
			defer alice.Close()
			Expect(do(alice, client.SignIn{}).String()).To(Equal("done ok"))
			b.world.Impose(world.Fault{Kind: world.Reset, Host: sipHost})()
			out := do(alice, client.Status{})
			Expect(out.String()).To(Equal("done ok"))
			Expect(out.Text).To(Equal("Signed in again, the connection had been lost"))
			Expect(do(alice, client.Status{}).Text).To(Equal("Still signed in"))
		})
	})

	It("says why it cannot come back", func() {
		onBench(func(b bench) {
			serve(b, &frontEnd{})
			alice := b.client("skype-strict", server)
			defer alice.Close()
			Expect(do(alice, client.SignIn{}).String()).To(Equal("done ok"))
			lift := b.world.Impose(world.Fault{Kind: world.Reset, Host: sipHost})
			Expect(do(alice, client.Status{}).String()).To(Equal("connect refused connection_refused"))
			lift()
			time.Sleep(time.Minute)
			Expect(do(alice, client.Status{}).String()).To(Equal("done ok"))
		})
	})

	It("gives the same journal twice", func() {
		run := func() (log journal.Log) {
			onBench(func(b bench) {
				serve(b, &frontEnd{})
				alice := b.client("skype-strict", server)
				do(alice, client.SignIn{})
				do(alice, client.SignOut{})
				alice.Close()
				log = b.log.Log()
			})
			return log
		}
		Expect(run()).To(Equal(run()))
	})
})

var _ = Describe("discovering a server", func() {
	document := func(root bool) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body := `<AutodiscoverResponse AccessLocation="External" xmlns="x"><User><SipClientInternalAccess fqdn="in.contoso.test" port="5061"/>` +
				`<SipClientExternalAccess fqdn="sipdir.online.lync.com" port="443"/></User></AutodiscoverResponse>`
			if root {
				body = `<AutodiscoverResponse AccessLocation="External" xmlns="x"><Root><Link token="User" href="https://lyncdiscover.contoso.test/user"/></Root></AutodiscoverResponse>`
			}
			io.WriteString(w, body)
		})
	}
	sipdir := func(b bench, port int) {
		f := &frontEnd{password: "secret"}
		b.listen("sipdir.online.lync.com", port, secured(b.leaf("sipdir.online.lync.com"), nil, f.serve))
	}
	signIn := func(b bench) journal.Outcome {
		alice := b.client("skype-strict")
		defer alice.Close()
		return do(alice, client.SignIn{})
	}
	lookups := func(b bench) (names []string) {
		for _, n := range journal.Find[journal.NameResolved](b.log.Log()) {
			names = append(names, n.Name)
		}
		return names
	}

	It("asks lyncdiscover after lyncdiscoverinternal and takes the external server outside", func() {
		onBench(func(b bench) {
			sipdir(b, 443)
			h := b.host("lyncdiscover.contoso.test")
			serveOn(h, 80, func(c net.Conn) { serveHTTP(c, document(true)) })
			serveOn(h, 443, secured(b.leaf("lyncdiscover.contoso.test"), nil, func(c *tls.Conn) { serveHTTP(c, document(false)) }))
			Expect(signIn(b).String()).To(Equal("done ok"))
			Expect(lookups(b)).To(ContainElements("lyncdiscoverinternal.contoso.test", "lyncdiscover.contoso.test", "sipdir.online.lync.com"))
		})
	})

	It("gives up asking by HTTPS, whatever that waits for, when HTTP has the answer", func() {
		onBench(func(b bench) {
			sipdir(b, 443)
			b.listen("silent.test", 80, func(c net.Conn) { io.Copy(io.Discard, c) })
			refused := make(chan error, 1)
			h := b.host("lyncdiscover.contoso.test")
			serveOn(h, 80, func(c net.Conn) {
				time.Sleep(2 * time.Second)
				serveHTTP(c, document(false))
			})
			unanswered := func(t *emulate.Template) { t.OCSP, t.CRL = []string{"http://silent.test/ocsp"}, []string{} }
			serveOn(h, 443, secured(b.leaf("lyncdiscover.contoso.test", unanswered), refused, func(*tls.Conn) {}))
			Expect(signIn(b).String()).To(Equal("done ok"))
			Expect(<-refused).To(MatchError(ContainSubstring("bad certificate")))
			log := b.log.Log()
			given := slices.IndexFunc(log, func(e journal.Event) bool {
				return e.Body == journal.Closed{By: "client", How: "FIN", After: "Certificate"}
			})
			Expect(given).To(BeNumerically(">=", 0))
			Expect(journal.Find[journal.RevocationJudged](log.Flow(log[given].Flow))).To(BeEmpty())
			sent := slices.IndexFunc(log, func(e journal.Event) bool {
				_, alert := e.Body.(journal.AlertSent)
				return alert && e.Flow == log[given].Flow
			})
			Expect(log[given].At).To(BeNumerically(">", log[sent].At), "the client waits for the server's own FIN")
		})
	})

	It("falls back on service records", func() {
		onBench(func(b bench) {
			sipdir(b, 443)
			b.world.SetSRV("_sip._tls.contoso.test", world.SRV{Target: "sipdir.online.lync.com", Port: 443})
			Expect(signIn(b).String()).To(Equal("done ok"))
			Expect(lookups(b)).To(ContainElements("_sipinternaltls._tcp.contoso.test", "_sip._tls.contoso.test"))
		})
	})

	It("falls back on well-known names", func() {
		onBench(func(b bench) {
			f := &frontEnd{password: "secret"}
			b.listen("sip.contoso.test", 443, secured(b.leaf("sip.contoso.test"), nil, f.serve))
			Expect(signIn(b).String()).To(Equal("done ok"))
			Expect(lookups(b)).To(ContainElements("sipinternal.contoso.test", "sipexternal.contoso.test", "sip.contoso.test"))
		})
	})

	It("does without autodiscovery where the profile knows DNS only", func() {
		onBench(func(b bench) {
			sipdir(b, 443)
			b.world.SetSRV("_sip._tls.contoso.test", world.SRV{Target: "sipdir.online.lync.com", Port: 443})
			old := b.client("skype-2010")
			defer old.Close()
			Expect(do(old, client.SignIn{}).String()).To(Equal("done ok"))
			Expect(lookups(b)).To(Equal([]string{"_sipinternaltls._tcp.contoso.test", "_sip._tls.contoso.test", "sipdir.online.lync.com"}))
		})
	})

	It("is not what a browser does", func() {
		onBench(func(b bench) {
			Expect(do(b.client("browser"), client.SignIn{}).String()).To(Equal("resolve refused no_server"))
		})
	})

	It("says that nothing was found", func() {
		onBench(func(b bench) {
			Expect(signIn(b).String()).To(Equal("resolve refused no_server"))
		})
	})

	It("says why discovery failed where it is all there is", func() {
		onBench(func(b bench) {
			b.listen("lyncdiscover.contoso.test", 443, secured(b.leaf("lyncdiscover.contoso.test", withoutPointers), nil, func(*tls.Conn) {}))
			Expect(signIn(b).String()).To(Equal("discover aborted CRYPT_E_NO_REVOCATION_CHECK"))
		})
	})

	It("goes on to the SIP server when discovery fails on revocation, and reports what happens there", func() {
		onBench(func(b bench) {
			bare := secured(b.leaf("lyncdiscover.contoso.test", withoutPointers), nil, func(*tls.Conn) {})
			b.listen("lyncdiscover.contoso.test", 443, bare)
			b.world.SetSRV("_sip._tls.contoso.test", world.SRV{Target: "sipdir.online.lync.com", Port: 443})
			b.listen("sipdir.online.lync.com", 443, secured(b.leaf("sipdir.online.lync.com", withoutPointers), nil, func(*tls.Conn) {}))
			Expect(signIn(b).String()).To(Equal("revocation aborted CRYPT_E_NO_REVOCATION_CHECK"))
		})
	})
})
