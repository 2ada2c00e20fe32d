package pki_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"log"
	"net"
	"net/http"
	"net/netip"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/proxy/revocation"
	"rehearse/simulator/pki"
	"rehearse/simulator/world"
	"rehearse/simulator/world/worldtest"
)

func TestPKI(t *testing.T) { worldtest.Suite(t, "pki") }

func newPKI(cfg pki.Config) *pki.PKI {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	p, err := pki.New(cfg)
	Expect(err).NotTo(HaveOccurred())
	return p
}

func leafOf(p *pki.PKI, names ...string) *tls.Certificate {
	leaf, err := p.Leaf(names...)
	Expect(err).NotTo(HaveOccurred())
	return leaf
}

// chain is a certificate with those above it, the root last.
func chain(p *pki.PKI, cert *tls.Certificate) []*x509.Certificate {
	return []*x509.Certificate{cert.Leaf, p.Issuing().Certificate(), p.Root().Certificate()}
}

// site is a PKI whose endpoint is served on a host of a world, and a client's host.
type site struct {
	*pki.PKI
	alice world.Host
}

// served runs a spec in a bubble with a site.
func served(cfg pki.Config, f func(s site)) {
	worldtest.World(GinkgoTB(), world.Config{}, func(w *world.Memory) {
		s := site{newPKI(cfg), w.Host("alice", netip.MustParseAddr("10.1.0.11"))}
		serve(w.Host("pki.test", netip.MustParseAddr("198.51.100.80")), s.Handler(), func() { f(s) })
	})
}

// serve runs an HTTP server on a host while f runs.
func serve(h world.Host, handler http.Handler, f func()) {
	l, err := h.Listen("tcp", ":80")
	Expect(err).NotTo(HaveOccurred())
	server := http.Server{Handler: handler, ErrorLog: log.New(GinkgoWriter, "", 0)}
	go server.Serve(l)
	defer server.Close()
	f()
}

// transport fetches over the client's host.
func (s site) transport() *http.Transport {
	return &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			return s.alice.Dial(ctx, network, addr)
		},
	}
}

// get fetches a URL as a client with 15 s of patience.
func (s site) get(url string) (*http.Response, error) {
	client := http.Client{Transport: s.transport(), Timeout: 15 * time.Second}
	return client.Get(url)
}

// judge is what a strict client comes to about a certificate.
func (s site) judge(cert *tls.Certificate) revocation.Result {
	behaviour, ok := revocation.BehaviourNamed("skype-strict")
	Expect(ok).To(BeTrue())
	checker := revocation.Checker{Fetcher: revocation.HTTPFetcher{Transport: s.transport()}, Now: time.Now, Behaviour: behaviour}
	return checker.Check(context.Background(), chain(s.PKI, cert), nil)
}
