package client_test

import (
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/reports/journal"
	"rehearse/simulator/client"
	"rehearse/simulator/pki"
	"rehearse/simulator/server"
	"rehearse/simulator/world"
)

var _ = Describe("speaking one protocol", func() {
	const target = "peer.example.com:443"
	connect := func(b bench, speak string) journal.Outcome {
		return do(b.client("skype-strict"), client.Connect{Target: target, Speak: speak})
	}
	site := func(b bench, speaks string) io.Closer {
		s, err := server.StartSite(server.Config{World: b.world, PKI: b.pki, Now: time.Now},
			server.Site{Host: "peer.example.com", Addr: netip.MustParseAddr("203.0.113.10"), Port: 443, Speaks: speaks})
		Expect(err).NotTo(HaveOccurred())
		return s
	}

	It("succeeds with a server of that protocol, for every protocol of the table", func() {
		for _, s := range client.Speaks {
			if s.Name == "ms-turn" { // the estate's edge speaks that
				continue
			}
			onBench(func(b bench) {
				defer site(b, s.Name).Close()
				Expect(connect(b, s.Name).String()).To(Equal("done ok"), s.Name)
			})
		}
		onEstate(func(b bench, _ *server.Estate, alice *client.Client) {
			out := do(alice, client.Connect{Target: "avedge.online.lync.com:443", Speak: "ms-turn"})
			Expect(out.String()).To(Equal("done ok"))
		})
	})

	It("knows every protocol that a site speaks", func() {
		for _, p := range server.Speaks() {
			Expect(slices.ContainsFunc(client.Speaks, func(s client.Speak) bool { return s.Name == p.Name })).To(BeTrue(), p.Name)
		}
	})

	inTLS := func(answer string) func(b bench) {
		return func(b bench) {
			b.listen("peer.example.com", 443, secured(b.leaf("peer.example.com"), nil, func(c *tls.Conn) { says(answer)(c) }))
		}
	}
	inClear := func(serve func(net.Conn)) func(b bench) {
		return func(b bench) { b.listen("peer.example.com", 443, serve) }
	}
	DescribeTable("fails with anything else", func(speak string, serve func(b bench), want string) {
		onBench(func(b bench) {
			serve(b)
			Expect(connect(b, speak).String()).To(Equal(want))
		})
	},
		Entry("an exception page inside TLS", "sips", inTLS(page("400 Bad Request", "invalid_request")), "done refused invalid_request"),
		Entry("an exception page for HTTP", "https", inTLS(page("403 Forbidden", "policy_denied")), "done refused policy_denied"),
		Entry("an exception page for bytes of no protocol", "unknown-tls", inTLS(page("400 Bad Request", "invalid_request")), "done refused invalid_request"),
		Entry("a web server for MS-TURN", "ms-turn-tls", inTLS("HTTP/1.1 400 Bad Request\r\n\r\n"), "done refused http_400"),
		Entry("a close inside TLS", "turn-tls", inTLS(""), "done refused closed"),
		Entry("another protocol inside TLS", "turn-tls", inTLS("220 hello\r\n"), "done aborted protocol_error"),
		Entry("an alert for pseudo-TLS", "ms-turn", inClear(says("\x15\x03\x01\x00\x02\x02\x28")), "connect refused alert_handshake_failure"),
		Entry("silence where the server speaks first", "ssh", inClear(func(c net.Conn) { io.Copy(io.Discard, c) }), "connect timeout timeout"),
		Entry("a close of a silent connection", "silent", inClear(func(net.Conn) {}), "connect refused closed"),
		Entry("words on a silent connection", "silent", inClear(func(c net.Conn) { io.WriteString(c, "hello") }), "connect refused protocol_error"),
		Entry("a protocol that is not in the table", "gopher", inClear(func(net.Conn) {}), "resolve aborted bad_address"),
	)
})

var _ = Describe("behind an explicit proxy", func() {
	It("signs in and joins through CONNECT, with pseudo-TLS inside", func() {
		asked := make(chan string, 64)
		onEstate(func(b bench, _ *server.Estate, alice *client.Client) {
			b.listen("appliance", 8080, b.proxied("HTTP/1.1 200 Connection established\r\n\r\n", asked))
			b.world.Impose(world.Fault{Kind: world.Blackhole, Host: "alice", Peer: "avedge.online.lync.com", Proto: "udp"})
			Expect(do(alice, client.Join{Meeting: "weekly"}).String()).To(Equal("done ok, media tcp-relay"))
		}, through("appliance:8080"))
		close(asked)
		var connects []string
		for a := range asked {
			if a[0] == 'C' {
				connects = append(connects, a)
			}
		}
		Expect(connects).To(ContainElements("CONNECT sipdir.online.lync.com:443", "CONNECT 52.112.0.13:443"))
	})
})

var _ = Describe("on the machine's own sockets", func() {
	It("verifies a server, with the fetches it made", func(ctx SpecContext) {
		status, err := world.OS{}.Listen("tcp", ":0")
		Expect(err).NotTo(HaveOccurred())
		p, err := pki.New(pki.Config{Now: time.Now, Host: status.Addr().String()})
		Expect(err).NotTo(HaveOccurred())
		h := http.Server{Handler: p.Handler()}
		go h.Serve(status)
		defer h.Close()
		cert, err := p.Leaf("sip.example.com")
		Expect(err).NotTo(HaveOccurred())
		l, err := world.OS{}.Listen("tcp", ":0")
		Expect(err).NotTo(HaveOccurred())
		defer l.Close()
		go func() {
			if c, err := l.Accept(); err == nil {
				secured(cert, nil, func(c *tls.Conn) { io.Copy(io.Discard, c) })(c)
				c.Close()
			}
		}()
		profile, _ := client.ProfileNamed("skype-strict")
		_, port, _ := net.SplitHostPort(l.Addr().String())
		v := client.VerifyServer(ctx, client.VerifyConfig{
			Host:   world.OS{Hosts: map[string]netip.Addr{"sip.example.com": netip.MustParseAddr("127.0.0.1")}},
			Server: "sip.example.com:" + port, Roots: p.Roots(), Profile: profile,
		})
		Expect(v.Outcome.String()).To(Equal("done ok"))
		Expect(v.Accept).To(BeTrue())
		Expect(v.Fetches).To(HaveLen(2))
	}, NodeTimeout(30*time.Second))
})
