package server_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/netip"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/reports/journal"
	"rehearse/simulator/pki"
	"rehearse/simulator/server"
	"rehearse/simulator/world"
	"rehearse/simulator/world/worldtest"
)

func TestServer(t *testing.T) { worldtest.Suite(t, "server") }

// stage is a world with an estate and one client host.
type stage struct {
	*server.Estate
	world  world.World
	pki    *pki.PKI
	client world.Host
	log    *journal.Memory
}

// onStage runs f in virtual time with a running estate.
func onStage(f func(s *stage)) {
	GinkgoHelper()
	worldtest.World(GinkgoTB(), world.Config{}, func(w *world.Memory) {
		s := newStage(w)
		defer s.Close()
		f(s)
	})
}

func newStage(w world.World, adjust ...func(*server.Config)) *stage {
	GinkgoHelper()
	s := &stage{world: w, log: journal.NewMemory()}
	var err error
	s.pki, err = pki.New(pki.Config{Now: time.Now})
	Expect(err).NotTo(HaveOccurred())
	config := s.config()
	for _, f := range adjust {
		f(&config)
	}
	s.Estate, err = server.Start(config)
	Expect(err).NotTo(HaveOccurred())
	s.client = w.Host("alice", netip.MustParseAddr("10.1.0.11"))
	return s
}

func (s *stage) config() server.Config {
	return server.Config{World: s.world, PKI: s.pki, Now: time.Now, Recorder: s.log,
		Users: map[string]string{"alice@contoso.test": "secret", "bob@contoso.test": "hidden"}}
}

// dial connects to one of the estate's endpoints.
func (s *stage) dial(endpoint string) net.Conn {
	GinkgoHelper()
	return s.dialTo(s.Endpoints()[endpoint])
}

func (s *stage) dialTo(e server.Endpoint) net.Conn {
	GinkgoHelper()
	c, err := s.client.Dial(s.ctx(), e.Network, fmt.Sprintf("%s:%d", e.Addr, e.Port))
	Expect(err).NotTo(HaveOccurred())
	return c
}

// dialTLS connects and shakes hands.
func (s *stage) dialTLS(e server.Endpoint, alpn ...string) *tls.Conn {
	GinkgoHelper()
	c := tls.Client(s.dialTo(e), s.trust(e.Host, alpn...))
	Expect(c.Handshake()).To(Succeed())
	return c
}

func (s *stage) trust(name string, alpn ...string) *tls.Config {
	return &tls.Config{ServerName: name, RootCAs: s.pki.Roots(), Time: time.Now, NextProtos: alpn}
}

// of are the events of one kind that an actor recorded.
func of[T journal.Body](s *stage, actor string) []T {
	var out []T
	for _, e := range s.log.Log() {
		if b, ok := e.Body.(T); ok && e.Actor == actor {
			out = append(out, b)
		}
	}
	return out
}

func (*stage) ctx() context.Context { return context.Background() }
