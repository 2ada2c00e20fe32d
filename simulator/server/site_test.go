package server_test

import (
	"net"
	"net/netip"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/pion/turn/v3"

	"rehearse/reports/journal"
	"rehearse/simulator/ice"
	"rehearse/simulator/server"
)

// site starts a site that ends with the stage's world.
func (s *stage) site(speaks string, port uint16) *server.RunningSite {
	GinkgoHelper()
	r, err := server.StartSite(s.config(), server.Site{Host: "odd.example.test", Addr: netip.MustParseAddr("192.0.2.80"), Port: port, Speaks: speaks})
	Expect(err).NotTo(HaveOccurred())
	return r
}

var _ = Describe("a site", func() {
	It("has web pages, inside TLS and in clear", func() {
		onStage(func(s *stage) {
			r := s.site("https", 443)
			defer r.Close()
			status, _, body := s.fetch("https://odd.example.test/any/page")
			Expect(status).To(Equal(200))
			Expect(body).To(ContainSubstring("It works"))
			Expect(of[journal.HTTPExchanged](s, "odd.example.test")).To(ConsistOf(journal.HTTPExchanged{Method: "GET", URL: "https://odd.example.test/any/page", Status: 200}))
		})
		onStage(func(s *stage) {
			r := s.site("http", 80)
			defer r.Close()
			status, _, _ := s.fetch("http://odd.example.test/")
			Expect(status).To(Equal(200))
		})
	})

	It("speaks a protocol of no name inside TLS", func() {
		onStage(func(s *stage) {
			r := s.site("unknown-tls", 443)
			defer r.Close()
			c := s.dialTLS(r.Endpoint())
			write(c, "\x00\x01\x02binary")
			Expect(readString(c)).To(Equal("\x00\x01\x02binary"))
		})
	})

	It("speaks SIP inside TLS", func() {
		onStage(func(s *stage) {
			r := s.site("sips", 5061)
			defer r.Close()
			p := newPhone(s.dialTLS(r.Endpoint()), "alice@contoso.test", "secret")
			p.ask(200, p.request("OPTIONS", "sip:odd.example.test", "<sip:odd.example.test>", "o", nil, ""))
		})
	})

	It("greets first when it speaks SSH", func() {
		onStage(func(s *stage) {
			r := s.site("ssh", 22)
			defer r.Close()
			Expect(readString(s.dialTo(r.Endpoint()))).To(HavePrefix("SSH-2.0-"))
		})
	})

	It("can be silent", func() {
		onStage(func(s *stage) {
			r := s.site("silent", 443)
			defer r.Close()
			c := s.dialTo(r.Endpoint())
			write(c, "anybody there?")
			_ = c.SetReadDeadline(time.Now().Add(time.Hour))
			_, err := c.Read(make([]byte, 1))
			Expect(err).To(MatchError(ContainSubstring("timeout")))
		})
	})

	It("speaks MS-TURN inside real TLS", func() {
		onStage(func(s *stage) {
			r := s.site("ms-turn-tls", 443)
			defer r.Close()
			c := &turnClient{conn: s.dialTLS(r.Endpoint()), framed: true, user: []byte("alice@contoso.test"), password: []byte("secret")}
			Expect(c.allocate().Addr().String()).To(Equal("192.0.2.80"))
		})
	})

	It("picks a port, and answers to further names", func() {
		onStage(func(s *stage) {
			r, err := server.StartSite(s.config(), server.Site{Host: "odd.example.test", Names: []string{"also.example.test"}, Addr: netip.MustParseAddr("192.0.2.80"), Speaks: "unknown-tls"})
			Expect(err).NotTo(HaveOccurred())
			defer r.Close()
			e := r.Endpoint()
			Expect(e.Port).NotTo(BeZero())
			e.Host = "also.example.test"
			s.dialTLS(e).Close()
		})
	})

	It("can be made to fail", func() {
		onStage(func(s *stage) {
			r := s.site("https", 443)
			defer r.Close()
			lift, err := r.Impose(server.Fault{Kind: "status", Value: "502"})
			Expect(err).NotTo(HaveOccurred())
			status, _, _ := s.fetch("https://odd.example.test/")
			Expect(status).To(Equal(502))
			lift()
			_, err = r.Impose(server.Fault{Kind: "silent"})
			Expect(err).NotTo(HaveOccurred())
			c := s.dialTo(r.Endpoint())
			_ = c.SetReadDeadline(time.Now().Add(time.Minute))
			_, err = c.Read(make([]byte, 1))
			Expect(err).To(MatchError(ContainSubstring("timeout")))
		})
	})

	It("names what it can speak", func() {
		onStage(func(s *stage) {
			_, err := server.StartSite(s.config(), server.Site{Host: "x.test", Addr: netip.MustParseAddr("192.0.2.81"), Speaks: "gopher"})
			Expect(err).To(MatchError("site x.test: speaks \"gopher\", want one of https, http, sips, unknown-tls, turn-tls, ms-turn-tls, ssh, silent"))
		})
	})
})

var _ = Describe("the TURN server", func() {
	for _, site := range []bool{false, true} {
		where := map[bool]string{false: "of the estate", true: "of a site"}[site]
		It(where+" relays for a client of the RFC's kind, inside TLS", func() {
			onStage(func(s *stage) {
				e := s.Endpoints()["turns"]
				if site {
					r := s.site("turn-tls", 443)
					defer r.Close()
					e = r.Endpoint()
				}
				conn := s.dialTLS(e, "stun.turn")
				Expect(conn.ConnectionState().NegotiatedProtocol).To(Equal("stun.turn"))
				at := netip.AddrPortFrom(e.Addr, e.Port).String()
				c, err := turn.NewClient(&turn.ClientConfig{STUNServerAddr: at, TURNServerAddr: at, Conn: turn.NewSTUNConn(conn),
					Username: "alice@contoso.test", Password: "secret", Realm: "rtcmedia"})
				Expect(err).NotTo(HaveOccurred())
				defer c.Close()
				Expect(c.Listen()).To(Succeed())
				relay, err := c.Allocate()
				Expect(err).NotTo(HaveOccurred())
				peer, err := s.world.Host("peer", netip.MustParseAddr("192.0.2.7")).ListenPacket("udp", ":7000")
				Expect(err).NotTo(HaveOccurred())
				_, err = relay.WriteTo([]byte("hello, peer"), &net.UDPAddr{IP: net.IPv4(192, 0, 2, 7), Port: 7000})
				Expect(err).NotTo(HaveOccurred())
				buf := make([]byte, 100)
				n, from, err := peer.ReadFrom(buf)
				Expect(string(buf[:n]), err).To(Equal("hello, peer"))
				_, err = peer.WriteTo([]byte("hello, client"), from)
				Expect(err).NotTo(HaveOccurred())
				n, _, err = relay.ReadFrom(buf)
				Expect(string(buf[:n]), err).To(Equal("hello, client"))
				Expect(relay.Close()).To(Succeed())
				conn.Close()
			})
		})
	}
})

var _ = Describe("faults that a server cannot have", func() {
	It("are refused, and never passed over", func() {
		onStage(func(s *stage) {
			r := s.site("unknown-tls", 443)
			defer r.Close()
			_, err := r.Impose(server.Fault{Kind: "status", Value: "503"})
			Expect(err).To(MatchError(`server fault "status": not for "odd.example.test", want one of sip, web, meet, status, mcu, mras, provisioning, focus`))
			_, err = s.Impose(server.Fault{Server: server.MCU, Kind: "close"})
			Expect(err).To(MatchError(ContainSubstring(`not for "mcu"`)))
			_, err = s.Impose(server.Fault{Server: server.Edge, Kind: "alternate_server", Value: "nowhere"})
			Expect(err).To(MatchError(`server fault "alternate_server": value "nowhere", want an address and port`))
		})
	})

	It("silence of MRAS and of the A/V conferencing server", func() {
		onStage(func(s *stage) {
			p := s.signedIn("alice@contoso.test", "secret")
			s.mustImpose(server.Fault{Server: server.MRAS, Kind: "silent"})
			p.say(p.mrasRequest())
			p.ask(200, p.register()) // and not the SERVICE's answer
			p.join()
			s.mustImpose(server.Fault{Server: server.MCU, Kind: "silent"})
			here, err := s.client.ListenPacket("udp", ":50000")
			Expect(err).NotTo(HaveOccurred())
			there, err := ice.ParseCandidate(line(p.call(offer("UDP 2130706431 10.1.0.11 50001 typ host ")), "a=candidate:"))
			Expect(err).NotTo(HaveOccurred())
			_, err = here.WriteTo(rtp(1), net.UDPAddrFromAddrPort(there.Addr))
			Expect(err).NotTo(HaveOccurred())
			Expect(here.SetReadDeadline(time.Now().Add(time.Minute))).To(Succeed())
			_, _, err = here.ReadFrom(make([]byte, 100))
			Expect(err).To(MatchError(ContainSubstring("timeout")))
		})
	})
})
