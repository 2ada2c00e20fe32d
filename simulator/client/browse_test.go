package client_test

import (
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"syscall"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/proxy/emulate"
	"rehearse/proxy/wire/tlshello"
	"rehearse/reports/journal"
	"rehearse/simulator/client"
	"rehearse/simulator/pki"
)

var _ = Describe("browsing", func() {
	ok := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "hello "+r.URL.Path) })
	inside := func(h http.Handler) func(*tls.Conn) { return func(c *tls.Conn) { serveHTTP(c, h) } }

	It("shows a page over TLS, with the revocation of a good certificate looked up on flows of their own", func() {
		onBench(func(b bench) {
			b.listen("www.example.com", 443, secured(b.leaf("www.example.com"), nil, inside(ok)))
			out := do(b.client("skype-strict"), client.Browse{URL: "https://www.example.com/x"})
			Expect(out).To(Equal(journal.Outcome{Stage: "done", Result: "ok", Text: "Page shown", VirtualMS: out.VirtualMS}))
			log := b.log.Log()
			Expect(stages(log)).To(Equal([]journal.Stage{"resolve", "connect", "tls", "revocation", "done"}))
			main := flowTo(log, "www.example.com:443")
			var fetched []string
			for _, e := range log {
				if f, ok := e.Body.(journal.RevocationFetched); ok {
					Expect(e.Flow).NotTo(BeElementOf("", main))
					fetched = append(fetched, f.What+" "+f.For+" "+f.Result)
				}
			}
			Expect(fetched).To(Equal([]string{"ocsp Public Issuing CA good", "ocsp www.example.com good"}))
			Expect(journal.Find[journal.RevocationJudged](log.Flow(main))).To(HaveLen(1))
		})
	})

	It("shows a page in the clear", func() {
		onBench(func(b bench) {
			b.listen("www.example.com", 80, func(c net.Conn) { serveHTTP(c, ok) })
			Expect(do(b.client("browser"), client.Browse{URL: "http://www.example.com/"}).Result).To(Equal(journal.OK))
			Expect(stages(b.log.Log())).To(Equal([]journal.Stage{"resolve", "connect", "done"}))
		})
	})

	DescribeTable("ends where the network does", func(serve func(b bench), stage, result, code string) {
		onBench(func(b bench) {
			serve(b)
			out := do(b.client("browser"), client.Browse{URL: "https://www.example.com/"})
			Expect(out).To(Equal(journal.Outcome{
				Stage: journal.Stage(stage), Result: journal.Result(result), Code: code, Text: out.Text, VirtualMS: out.VirtualMS,
			}))
			Expect(out.Text).To(HavePrefix("Cannot show the page: "))
		})
	},
		Entry("no such name", func(b bench) {}, "resolve", "refused", "nxdomain"),
		Entry("nobody listens", func(b bench) { b.host("www.example.com") }, "connect", "refused", "connection_refused"),
		Entry("silence", func(b bench) {
			b.listen("www.example.com", 443, func(c net.Conn) { io.Copy(io.Discard, c) })
		}, "tls", "timeout", "timeout"),
		Entry("a reset after the hello", func(b bench) {
			b.listen("www.example.com", 443, func(c net.Conn) {
				c.Read(make([]byte, 1))
				c.(interface{ SetLinger(int) error }).SetLinger(0)
			})
		}, "tls", "refused", "reset"),
		Entry("a close after the hello", func(b bench) {
			b.listen("www.example.com", 443, func(c net.Conn) { c.Read(make([]byte, 1)) })
		}, "tls", "refused", "closed"),
		Entry("a handshake_failure alert", func(b bench) {
			b.listen("www.example.com", 443, says("\x15\x03\x01\x00\x02\x02\x28"))
		}, "tls", "refused", "alert_handshake_failure"),
		Entry("an answer that is not TLS", func(b bench) {
			b.listen("www.example.com", 443, says("HTTP/1.1 400 Bad Request\r\n\r\n"))
		}, "tls", "refused", "not_tls"),
		Entry("an exception page inside TLS", func(b bench) {
			b.listen("www.example.com", 443, secured(b.leaf("www.example.com"), nil, func(c *tls.Conn) {
				says(page("403 Forbidden", "policy_denied"))(c)
			}))
		}, "done", "refused", "policy_denied"),
		Entry("an error inside TLS", func(b bench) {
			b.listen("www.example.com", 443, secured(b.leaf("www.example.com"), nil, inside(http.NotFoundHandler())))
		}, "done", "refused", "http_404"),
	)

	It("goes through an explicit proxy: CONNECT for the page, absolute form for the revocation", func() {
		onBench(func(b bench) {
			asked := make(chan string, 8)
			b.listen("www.example.com", 443, secured(b.leaf("www.example.com"), nil, inside(ok)))
			b.listen("appliance", 8080, b.proxied("HTTP/1.1 200 Connection established\r\n\r\n", asked))
			out := do(b.client("skype-strict", through("appliance:8080")), client.Browse{URL: "https://www.example.com/"})
			Expect(out.Result).To(Equal(journal.OK))
			Expect(<-asked).To(Equal("CONNECT www.example.com:443"))
			Expect(<-asked).To(HavePrefix("GET http://pki.test/ocsp/root/"))
			Expect(<-asked).To(HavePrefix("GET http://pki.test/ocsp/issuing/"))
			Expect(journal.Find[journal.ConnectAnswered](b.log.Log())).To(Equal([]journal.ConnectAnswered{
				{Target: "www.example.com:443", Status: 200, Reason: "Connection established"},
			}))
		})
	})

	It("names the exception that a proxy answers CONNECT with", func() {
		onBench(func(b bench) {
			b.listen("appliance", 8080, b.proxied(page("403 Forbidden", "policy_denied"), make(chan string, 1)))
			out := do(b.client("browser", through("appliance:8080")), client.Browse{URL: "https://www.example.com/"})
			Expect(out.String()).To(Equal("connect refused policy_denied"))
			Expect(out.Text).To(Equal("Cannot show the page: the proxy answered policy_denied (CONNECT was answered 403)"))
		})
	})

	It("refuses an address that it cannot read", func() {
		onBench(func(b bench) {
			Expect(do(b.client("browser"), client.Browse{URL: "gopher://x/"}).Code).To(Equal("bad_address"))
		})
	})
})

var _ = Describe("verifying a server", func() {
	const name = "sip.example.com"
	server := client.Verify{Server: name + ":5061"}
	// serve lets the server end the handshake as it likes and reports how it
	// ended and how the connection did.
	serve := func(b bench, cert *tls.Certificate) (handshake, closed chan error) {
		handshake, closed = make(chan error, 1), make(chan error, 1)
		b.listen(name, 5061, secured(cert, handshake, func(c *tls.Conn) { closed <- endOf(c.NetConn()) }))
		return handshake, closed
	}

	DescribeTable("says what is wrong with a certificate, with the alert for it",
		func(make func(b bench) *tls.Certificate, stage, code string, alert uint8) {
			onBench(func(b bench) {
				handshake, _ := serve(b, make(b))
				out := do(b.client("skype-strict"), server)
				Expect(out.String()).To(Equal(stage + " aborted " + code))
				got, received, ok := tlshello.AlertOf(<-handshake)
				Expect(ok && received).To(BeTrue())
				Expect(got).To(Equal(alert))
				Expect(journal.Find[journal.AlertSent](b.log.Log())).To(Equal([]journal.AlertSent{{Code: alert, Name: tlshello.AlertName(alert)}}))
				Expect(journal.Find[journal.Closed](b.log.Log())).To(ContainElement(journal.Closed{By: "client", How: "FIN", After: "Certificate"}))
			})
		},
		Entry("no pointers", func(b bench) *tls.Certificate { return b.leaf(name, withoutPointers) },
			"revocation", "CRYPT_E_NO_REVOCATION_CHECK", uint8(46)),
		Entry("revoked", func(b bench) *tls.Certificate {
			cert := b.leaf(name)
			_, err := b.pki.Revoke(name)
			Expect(err).NotTo(HaveOccurred())
			return cert
		}, "revocation", "CRYPT_E_REVOKED", uint8(44)),
		Entry("another name", func(b bench) *tls.Certificate { return b.leaf("other.example.com") },
			"tls", "CERT_E_CN_NO_MATCH", uint8(42)),
		Entry("expired", func(b bench) *tls.Certificate {
			return b.leaf(name, func(t *emulate.Template) { t.NotAfter = time.Now().Add(-time.Minute) })
		}, "tls", "CERT_E_EXPIRED", uint8(45)),
		Entry("an authority that is not trusted", func(b bench) *tls.Certificate {
			other, err := pki.New(pki.Config{Now: time.Now})
			Expect(err).NotTo(HaveOccurred())
			cert, err := other.Leaf(name)
			Expect(err).NotTo(HaveOccurred())
			return cert
		}, "tls", "CERT_E_UNTRUSTEDROOT", uint8(48)),
	)

	DescribeTable("that it refuses after the handshake", func(e client.Ending, want error, how string) {
		onBench(func(b bench) {
			handshake, closed := serve(b, b.leaf(name, withoutPointers))
			out := do(b.client("skype-strict", ending(e)), server)
			Expect(out.String()).To(Equal("revocation aborted CRYPT_E_NO_REVOCATION_CHECK"))
			Expect(<-handshake).NotTo(HaveOccurred())
			Expect(<-closed).To(MatchError(want))
			Expect(journal.Find[journal.AlertSent](b.log.Log())).To(BeEmpty())
			Expect(journal.Find[journal.Closed](b.log.Log())).To(Equal([]journal.Closed{{By: "client", How: how, After: "Finished"}}))
		})
	},
		Entry("closes", client.EndFIN, io.EOF, "FIN"),
		Entry("resets", client.EndRST, syscall.ECONNRESET, "RST"),
	)

	DescribeTable("depends on the profile", func(profile string, change func(*emulate.Template), want string) {
		onBench(func(b bench) {
			serve(b, b.leaf(name, change))
			Expect(do(b.client(profile), server).String()).To(Equal(want))
		})
	},
		Entry(nil, "skype-2010", withoutPointers, "done ok"),
		Entry(nil, "best-effort", withoutPointers, "done ok"),
		Entry(nil, "browser", withoutPointers, "done ok"),
	)

	It("takes the time that a silent responder costs", func() {
		onBench(func(b bench) {
			lift := b.pki.Impose(pki.Fault{Kind: "silent"})
			defer lift()
			serve(b, b.leaf(name))
			out := do(b.client("skype-strict"), server)
			Expect(out.String()).To(Equal("revocation aborted CRYPT_E_REVOCATION_OFFLINE"))
			Expect(out.VirtualMS).To(BeNumerically("~", 30_000, 100))
		})
	})

	It("gives the same journal twice", func() {
		run := func() (log journal.Log) {
			onBench(func(b bench) {
				serve(b, b.leaf(name))
				do(b.client("skype-strict"), server)
				log = b.log.Log()
			})
			return log
		}
		Expect(run()).To(Equal(run()))
	})
})

var _ = Describe("the profiles", func() {
	It("have a behaviour, an ending and a source for each claim", func() {
		for _, p := range client.Profiles {
			Expect(p.Revocation.Name).To(Equal(p.Name))
			Expect(client.Endings).To(ContainElement(p.Ending))
			Expect(p.Doc).NotTo(BeEmpty())
			for _, c := range p.Claims {
				Expect([]string{c.Field, c.Says, c.Source}).NotTo(ContainElement(""))
			}
		}
	})
})
