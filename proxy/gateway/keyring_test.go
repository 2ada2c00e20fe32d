package gateway_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/proxy/emulate"
	"rehearse/proxy/gateway"
)

// keyringFile is a keyring's PEM file: a client certificate of an authority, or the
// authority itself.
func keyringFile(name string, client bool) (path string, root *emulate.Authority) {
	key := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	root = newAuthority(name, key, nil)
	chain, signer := []*x509.Certificate{root.Root()}, key
	if client {
		signer = must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
		leaf, err := root.Issue(emulate.Template{Names: []string{"partner"}, Key: signer.Public()})
		Expect(err).NotTo(HaveOccurred())
		chain = []*x509.Certificate{leaf}
	}
	der, err := x509.MarshalPKCS8PrivateKey(signer)
	Expect(err).NotTo(HaveOccurred())
	text := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	for _, c := range chain {
		text = append(text, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})...)
	}
	return writeFile(GinkgoT().TempDir(), "keyring.pem", text), root
}

// holding has a gateway know a keyring.
func holding(name, path string) func(*gateway.Config) {
	k, err := gateway.OpenKeyring(name, path, time.Now)
	Expect(err).NotTo(HaveOccurred())
	return func(c *gateway.Config) { c.Keyrings = map[string]gateway.Keyring{name: k} }
}

var _ = Describe("a keyring", func() {
	It("answers an origin that asks for a client certificate, and the flow is intercepted", func() {
		path, _ := keyringFile("Partners", true)
		var shown atomic.Value
		origin := newOrigin("127.0.0.1", func(c *tls.Config) {
			c.ClientAuth = tls.RequireAnyClientCert
			c.VerifyConnection = func(cs tls.ConnectionState) error {
				shown.Store(cs.PeerCertificates[0].Subject.CommonName)
				return nil
			}
		})
		hold := holding("partner", path)
		r := opened(intercept+"<SSL>\n server.connection.client_keyring(partner)\n", func(c *gateway.Config) {
			newest(c)
			at(origin)(c)
			hold(c)
		})
		for _, page := range []string{"/a", "/b"} {
			Expect(get(r.client(), "https://site.test"+page)).To(Equal("200 " + page))
		}
		Expect(shown.Load()).To(Equal("partner"))
	})

	It("issues emulated certificates where policy names it", func() {
		path, root := keyringFile("Other Root", false)
		hold := holding("other", path)
		r := opened("", hold)
		r.Install(compiled("<SSL-Intercept>\n ssl.forward_proxy(yes) ssl.forward_proxy.issuer_keyring(other)\n", "other"))
		r.authority = root
		Expect(get(r.client(), "https://site.test/a")).To(Equal("200 /a"))
	})

	It("is refused in words when it is none", func() {
		path := writeFile(GinkgoT().TempDir(), "empty.pem", []byte("nothing"))
		_, err := gateway.OpenKeyring("x", path, time.Now)
		Expect(err).To(MatchError(path + ": no private key in PEM form"))
	})
})

var _ = Describe("HTTP/2", func() {
	spoken := func(program string) string {
		origin := newOrigin("127.0.0.1", func(c *tls.Config) { c.NextProtos = []string{"h2", "http/1.1"} })
		r := opened(intercept+program, func(c *gateway.Config) {
			newest(c)
			at(origin)(c)
		})
		roots := x509.NewCertPool()
		roots.AddCert(r.authority.Root())
		t := &http.Transport{
			ForceAttemptHTTP2: true, TLSClientConfig: &tls.Config{RootCAs: roots},
			Proxy: func(*http.Request) (*url.URL, error) { return url.Parse("http://" + r.Addr().String()) },
		}
		DeferCleanup(t.CloseIdleConnections)
		resp, err := (&http.Client{Transport: t}).Get("https://site.test/a")
		Expect(err).NotTo(HaveOccurred())
		defer resp.Body.Close()
		body, _ := io.ReadAll(resp.Body)
		return fmt.Sprintf("%s %d %s", resp.Proto, resp.StatusCode, body)
	}

	It("is declined", func() { Expect(spoken("")).To(Equal("HTTP/1.1 200 /a")) })

	It("passes where policy lets it", func() {
		for _, layer := range []string{"SSL", "Proxy"} {
			Expect(spoken("<"+layer+">\n http2.client.accept(yes) http2.server.request(yes)\n")).To(Equal("HTTP/2.0 200 /a"), layer)
		}
	})

	It("is declined for the page of a denial", func() {
		Expect(spoken("<SSL>\n http2.client.accept(yes) http2.server.request(yes)\n<SSL>\n server.certificate.hostname=site.test DENY\n")).To(HavePrefix("HTTP/1.1 403 "))
	})
})
