package server_test

import (
	"context"
	"fmt"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/simulator/server"
	"rehearse/simulator/world"
)

var _ = Describe("an estate", func() {
	It("says where everything is", func() {
		onStage(func(s *stage) {
			targets := map[string]string{}
			for name, e := range s.Endpoints() {
				targets[name] = e.Network + " " + e.Target()
			}
			Expect(targets).To(Equal(map[string]string{
				"sip":        "tcp sipdir.online.lync.com:5061",
				"sip443":     "tcp sipdir.online.lync.com:443",
				"web":        "tcp webdir.online.lync.com:443",
				"web80":      "tcp webdir.online.lync.com:80",
				"meet":       "tcp meet.lync.com:443",
				"edge":       "tcp avedge.online.lync.com:443",
				"edge-udp":   "udp avedge.online.lync.com:3478",
				"edge-audio": "tcp avedge.online.lync.com:3479", "edge-audio-udp": "udp avedge.online.lync.com:3479",
				"edge-video": "tcp avedge.online.lync.com:3480", "edge-video-udp": "udp avedge.online.lync.com:3480",
				"edge-sharing": "tcp avedge.online.lync.com:3481", "edge-sharing-udp": "udp avedge.online.lync.com:3481",
				"turn":     "tcp turn.online.lync.com:3478",
				"turn-udp": "udp turn.online.lync.com:3478",
				"turns":    "tcp turn.online.lync.com:443",
				"status":   "tcp pki.test:80",
			}))
		})
	})

	It("enters the names that clients look up", func() {
		onStage(func(s *stage) {
			ctx := context.Background()
			for _, name := range []string{"lyncdiscover.contoso.test", "lyncdiscoverinternal.contoso.test", "sip.contoso.test", "meet.contoso.test"} {
				Expect(s.client.Resolve(ctx, name)).NotTo(BeEmpty(), name)
			}
			Expect(s.client.ResolveSRV(ctx, "_sip._tls.contoso.test")).To(Equal([]world.SRV{{Target: "sipdir.online.lync.com", Port: 443}}))
		})
	})

	It("refuses to start without what it needs", func() {
		_, err := server.Start(server.Config{})
		Expect(err).To(MatchError("server: configuration lacks World, PKI or Now"))
	})
})

var _ = Describe("an estate on real sockets", func() {
	It("signs in, allocates a relay and serves pages", func() {
		w := world.NewLoopback(world.Config{})
		defer w.Close()
		s := newStage(w)
		defer s.Close()
		p := s.signedIn("alice@contoso.test", "secret")
		p.join()
		user, password := p.relayCredentials()
		for _, endpoint := range []string{"edge", "edge-udp"} {
			c := &turnClient{conn: s.dial(endpoint), framed: endpoint == "edge", user: user, password: password}
			if c.framed {
				c.greet()
			}
			Expect(c.allocate().Addr().String()).To(Equal("52.112.0.13"))
		}
		status, _, _ := s.fetch("https://lyncdiscover.contoso.test/")
		Expect(status).To(Equal(200))
	})
})

var _ = Describe("the journal of an estate", func() {
	It("is the same every time", func() {
		told := func() (lines []string) {
			onStage(func(s *stage) {
				alice := s.signedIn("alice@contoso.test", "secret")
				alice.join()
				bob := s.signedIn("bob@contoso.test", "hidden")
				bob.join()
				c := s.relayClient("edge")
				c.allocate()
				s.fetch(s.MeetingURL("alice@contoso.test", "weekly"))
				bob.ask(200, bob.request("BYE", focus, "<"+focus+">", "focus-bob@contoso.test", nil, ""))
				alice.hear()
				for _, e := range s.log.Log() {
					lines = append(lines, fmt.Sprint(e.At, e.Flow, e.Actor, e.Body))
				}
			})
			return lines
		}
		Expect(told()).To(Equal(told()))
	})
})
