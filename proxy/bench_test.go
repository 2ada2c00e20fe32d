package proxy_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net/netip"
	"testing"
	"time"

	"rehearse/proxy"
	"rehearse/proxy/emulate"
	"rehearse/proxy/policy"
	"rehearse/proxy/policy/cpl"
	"rehearse/simulator/world"
)

// BenchmarkHandshake measures new TLS connections, one round trip each: bare
// ones (the floor), and intercepted ones whose emulated certificate is cached or
// has to be minted. An intercepted connection is two handshakes.
func BenchmarkHandshake(b *testing.B) {
	b.Run("bare", func(b *testing.B) {
		h := newHandshakes(b)
		for b.Loop() {
			h.connect(h.origin, "site.test")
		}
	})
	b.Run("intercepted", func(b *testing.B) {
		h := newHandshakes(b)
		for b.Loop() {
			h.connect(h.proxy, "site.test")
		}
	})
	b.Run("intercepted-minted", func(b *testing.B) {
		h := newHandshakes(b)
		for b.Loop() {
			h.forge.Flush()
			h.connect(h.proxy, "site.test")
		}
	})
}

type handshakes struct {
	b             *testing.B
	client        world.Host
	origin, proxy string
	roots         *x509.CertPool
	forge         *emulate.Forge
}

// newHandshakes makes a memory world without latency, in real time.
func newHandshakes(b *testing.B) *handshakes {
	w := world.NewMemory(world.Config{Latency: -1})
	b.Cleanup(func() { w.Close() })
	h := &handshakes{b: b, client: w.Host("client", netip.MustParseAddr("10.0.0.1")), origin: "10.0.0.2:443", proxy: "10.0.0.3:443", roots: x509.NewCertPool()}
	public, private := h.authority("Public Root"), h.authority("Private Root")
	h.serveOrigin(w.Host("origin", netip.MustParseAddr("10.0.0.2")), public)
	h.serveProxy(w, private)
	return h
}

func (h *handshakes) must(err error) {
	if err != nil {
		h.b.Fatal(err)
	}
}

func (h *handshakes) authority(name string) *emulate.Authority {
	a, err := emulate.NewAuthority(emulate.AuthorityConfig{Name: name, Now: time.Now})
	h.must(err)
	h.roots.AddCert(a.Root())
	return a
}

func (h *handshakes) serveOrigin(host world.Host, public *emulate.Authority) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	h.must(err)
	leaf, err := public.Issue(emulate.Template{Names: []string{"site.test"}, Key: key.Public()})
	h.must(err)
	l, err := host.Listen("tcp", ":443")
	h.must(err)
	l = tls.NewListener(l, &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{leaf.Raw}, PrivateKey: key}}, SessionTicketsDisabled: true})
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() { defer c.Close(); echo(c) }()
		}
	}()
}

// serveProxy puts a transparent interceptor at a host of its own.
func (h *handshakes) serveProxy(w *world.Memory, private *emulate.Authority) {
	file, _ := cpl.Parse("bench.cpl", []byte("<SSL-Intercept>\n ssl.forward_proxy(yes)\n<SSL>\n server.certificate.validate(no)\n"))
	program, list := policy.Compile([]*cpl.File{file}, policy.Options{})
	if list.HasErrors() {
		h.b.Fatal(list)
	}
	var err error
	h.forge, err = emulate.NewForge(emulate.ForgeConfig{Authority: private, Now: time.Now})
	h.must(err)
	host := w.Host("appliance", netip.MustParseAddr("10.0.0.3"))
	p := proxy.New(proxy.Config{Host: host, Release: cpl.Newest(), Policy: program, Forge: h.forge, Roots: h.roots, Now: time.Now})
	h.b.Cleanup(func() { p.Close() })
	l, err := host.Listen("tcp", ":443")
	h.must(err)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			to := proxy.Target{Service: proxy.Service{Name: "HTTPS", Kind: proxy.SSL, DetectProtocol: true}, Dst: netip.MustParseAddrPort("10.0.0.2:443")}
			go p.Serve(context.Background(), c, to)
		}
	}()
}

// connect makes one TLS connection and sends one message there and back.
func (h *handshakes) connect(to, name string) {
	c, err := h.client.Dial(context.Background(), "tcp", to)
	h.must(err)
	defer c.Close()
	t := tls.Client(c, &tls.Config{ServerName: name, RootCAs: h.roots})
	h.must(t.Handshake())
	_, err = io.WriteString(t, "\x00\x01ping")
	h.must(err)
	_, err = io.ReadFull(t, make([]byte, 6))
	h.must(err)
}
