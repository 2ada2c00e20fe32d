package server_test

import (
	"context"
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
				"sip":      "tcp sipdir.online.lync.com:5061",
				"sip443":   "tcp sipdir.online.lync.com:443",
				"web":      "tcp webdir.online.lync.com:443",
				"web80":    "tcp webdir.online.lync.com:80",
				"meet":     "tcp meet.lync.com:443",
				"edge":     "tcp avedge.online.lync.com:443",
				"edge-udp": "udp avedge.online.lync.com:3478",
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
			Expect(s.client.ResolveSRV(ctx, "_sip._tls.contoso.test")).To(Equal([]world.SRV{{Target: "sip.contoso.test", Port: 443}}))
			Expect(s.client.ResolveSRV(ctx, "_sipinternaltls._tcp.contoso.test")).To(Equal([]world.SRV{{Target: "sip.contoso.test", Port: 5061}}))
		})
	})

	It("refuses to start without what it needs", func() {
		_, err := server.Start(server.Config{})
		Expect(err).To(MatchError("server: configuration lacks World, PKI or Now"))
	})
})
