package gateway_test

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"sync/atomic"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/proxy/gateway"
	"rehearse/proxy/policy/cpl"
)

// shake makes TLS through a CONNECT to site.test and asks for /asked.
func (r *running) shake(conf *tls.Config) (tls.ConnectionState, error) {
	c := r.dial()
	defer c.Close()
	fmt.Fprintf(c, "CONNECT site.test:443 HTTP/1.1\r\n\r\n")
	in := bufio.NewReader(c)
	if _, err := http.ReadResponse(in, &http.Request{Method: http.MethodConnect}); err != nil {
		return tls.ConnectionState{}, err
	}
	conf.ServerName, conf.RootCAs = "site.test", x509.NewCertPool()
	conf.RootCAs.AddCert(r.authority.Root())
	conf.RootCAs.AddCert(r.origin.root.Root())
	t := tls.Client(c, conf)
	if err := t.Handshake(); err != nil {
		return tls.ConnectionState{}, err
	}
	fmt.Fprintf(t, "GET /asked HTTP/1.1\r\nHost: site.test\r\nConnection: close\r\n\r\n")
	answer, _ := io.ReadAll(t)
	Expect(string(answer)).To(HaveSuffix("/asked"))
	return t.ConnectionState(), nil
}

// newest is a release with TLS 1.3.
func newest(c *gateway.Config) { c.Proxy.Release = cpl.MustRelease("7.3.1.1") }

// shaking counts an origin's handshakes, in full and resumed.
type shaking struct{ full, resumed atomic.Int32 }

func (s *shaking) count(conf *tls.Config) {
	conf.VerifyConnection = func(cs tls.ConnectionState) error {
		if cs.DidResume {
			s.resumed.Add(1)
		} else {
			s.full.Add(1)
		}
		return nil
	}
}

// at has the gateway's origin be another one.
func at(o *origin) func(*gateway.Config) {
	return func(c *gateway.Config) {
		c.Host.Hosts["site.test"], c.Proxy.Roots = o.at, o.roots()
	}
}

var _ = Describe("TLS through a gateway", func() {
	DescribeTable("is of the versions that are asked for",
		func(low uint16, offers uint16, want string) {
			origin := newOrigin("127.0.0.1", func(c *tls.Config) { c.MinVersion = tls.VersionTLS10 })
			r := opened(intercept, func(c *gateway.Config) {
				newest(c)
				at(origin)(c)
				c.Proxy.MinTLS = low
			})
			state, err := r.shake(&tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: offers})
			if want != "" {
				Expect(err).To(MatchError(ContainSubstring(want)))
				return
			}
			Expect(err).NotTo(HaveOccurred())
			Expect(state.Version).To(Equal(offers))
			Expect(state.PeerCertificates[0].Issuer.CommonName).To(Equal("Rehearsal Proxy CA"))
		},
		Entry("1.3", uint16(tls.VersionTLS12), uint16(tls.VersionTLS13), ""),
		Entry("1.2", uint16(tls.VersionTLS12), uint16(tls.VersionTLS12), ""),
		Entry("1.1, too old", uint16(tls.VersionTLS12), uint16(tls.VersionTLS11), "protocol version not supported"),
		Entry("1.1, asked for", uint16(tls.VersionTLS10), uint16(tls.VersionTLS11), ""),
		Entry("1.0, asked for", uint16(tls.VersionTLS10), uint16(tls.VersionTLS10), ""),
	)

	It("is HTTP/1.1 where h2 is offered", func() {
		r := opened(intercept, newest)
		state, err := r.shake(&tls.Config{NextProtos: []string{"h2", "http/1.1"}})
		Expect(err).NotTo(HaveOccurred())
		Expect(state.NegotiatedProtocol).To(Equal("http/1.1"))
	})

	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		It("is resumed on both sides, "+tls.VersionName(version), func() {
			var s shaking
			origin := newOrigin("127.0.0.1", s.count)
			r := opened(intercept, func(c *gateway.Config) {
				newest(c)
				at(origin)(c)
			})
			r.origin = origin
			client := &tls.Config{MaxVersion: version, ClientSessionCache: tls.NewLRUClientSessionCache(8)}
			first, err := r.shake(client)
			Expect(err).NotTo(HaveOccurred())
			second, err := r.shake(client)
			Expect(err).NotTo(HaveOccurred())
			Expect([]bool{first.DidResume, second.DidResume}).To(Equal([]bool{false, true}))
			Expect([]int32{s.full.Load(), s.resumed.Load()}).To(Equal([]int32{1, 1}))
		})
	}

	It("is not resumed with a certificate that the client has not seen", func() {
		r := opened(intercept, newest)
		client := &tls.Config{ClientSessionCache: tls.NewLRUClientSessionCache(8)}
		_, err := r.shake(client)
		Expect(err).NotTo(HaveOccurred())
		r.Forge().Flush()
		again, err := r.shake(client)
		Expect(err).NotTo(HaveOccurred())
		Expect(again.DidResume).To(BeFalse())
	})

	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		It("passes untouched where the origin asks for the client's certificate, "+tls.VersionName(version), func() {
			origin := newOrigin("127.0.0.1", func(c *tls.Config) { c.ClientAuth, c.MaxVersion = tls.RequestClientCert, version })
			r := opened(intercept, func(c *gateway.Config) {
				newest(c)
				at(origin)(c)
			})
			r.origin = origin
			for range 2 { // the second time, too, with sessions remembered
				state, err := r.shake(&tls.Config{})
				Expect(err).NotTo(HaveOccurred())
				Expect(state.PeerCertificates[0].Issuer.CommonName).To(Equal("Public Root"))
			}
		})
	}

	It("is denied where policy wants no client certificates asked for", func() {
		origin := newOrigin("127.0.0.1", func(c *tls.Config) { c.ClientAuth = tls.RequestClientCert })
		r := opened(intercept+"<SSL>\n client.certificate.requested=yes DENY\n", at(origin))
		Expect(get(r.client(), "https://site.test/a")).To(HavePrefix("403 "))
	})

	It("passes untouched where the origin insists on one", func() {
		origin := newOrigin("127.0.0.1", func(c *tls.Config) { c.ClientAuth, c.MaxVersion = tls.RequireAnyClientCert, tls.VersionTLS12 })
		r := opened(intercept, at(origin))
		r.origin = origin
		_, err := r.shake(&tls.Config{})
		Expect(err).To(MatchError(ContainSubstring("remote error: tls: ")), "the origin's own alert")
		Eventually(r.log.told).Should(ContainElement("TUNNELED  site.test 0"))
	})
})
