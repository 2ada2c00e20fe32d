package gateway_test

import (
	"bufio"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/netip"
	"sync"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/proxy/gateway"
)

// copying is a gateway that reads no requests, in front of an origin that is known as
// site.test.
func copying(serve func(net.Conn), version uint16) *running {
	o := newOrigin("127.0.0.1")
	conf := o.config(netip.MustParseAddr("127.0.0.1"))
	conf.MaxVersion = version
	at := netip.MustParseAddrPort(listening(func(c net.Conn) {
		t := tls.Server(c, conf)
		defer t.Close()
		serve(t)
	}))
	return opened(intercept, func(c *gateway.Config) {
		newest(c)
		c.Proxy.AccessLog, c.Proxy.Roots = nil, o.roots()
		c.Host.Hosts["site.test"] = at
	})
}

// noise is so many bytes that no compression would shorten, the same for one seed.
func noise(n int, seed byte) []byte {
	b := make([]byte, n)
	rand.NewChaCha8([32]byte{seed}).Read(b)
	return b
}

func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// mirror tells the digest of what it is sent, and sends noise of the same length back.
func mirror(c net.Conn) {
	in := bufio.NewReader(c)
	for {
		req, err := http.ReadRequest(in)
		if err != nil {
			return
		}
		body, err := io.ReadAll(req.Body)
		if err != nil {
			return
		}
		fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nDigest: %s\r\nContent-Length: %d\r\n\r\n", digest(body), len(body))
		for back := noise(len(body), 1); len(back) > 0; {
			n := min(len(back), 1+rand.IntN(70000)) // records of all sizes
			if _, err := c.Write(back[:n]); err != nil {
				return
			}
			back = back[n:]
		}
	}
}

var _ = Describe("what nobody reads", func() {
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		It("arrives as it was sent, of any length, both ways, "+tls.VersionName(version), func() {
			r := copying(mirror, version)
			client := r.client()
			var wait sync.WaitGroup
			for i := range 4 {
				wait.Go(func() {
					defer GinkgoRecover()
					for _, n := range []int{0, 1, 255, 256, 257, 16383, 16384, 16385, 65535, 65536, 65537, 1 << 20, 3<<20 + i} {
						reader, writer := io.Pipe()
						sent := noise(n, byte(i+2))
						go func() {
							for rest := sent; len(rest) > 0; {
								k := min(len(rest), 1+rand.IntN(40000))
								writer.Write(rest[:k])
								rest = rest[k:]
							}
							writer.Close()
						}()
						req, err := http.NewRequest(http.MethodPost, "https://site.test/", reader)
						Expect(err).NotTo(HaveOccurred())
						req.ContentLength = int64(n)
						resp, err := client.Do(req)
						Expect(err).NotTo(HaveOccurred())
						back, err := io.ReadAll(resp.Body)
						resp.Body.Close()
						Expect(err).NotTo(HaveOccurred())
						Expect(resp.Header.Get("Digest")).To(Equal(digest(sent)), "%d bytes up", n)
						Expect(digest(back)).To(Equal(digest(noise(n, 1))), "%d bytes down", n)
					}
				})
			}
			wait.Wait()
		})
	}

	It("is answered to a client that has closed its side", func() {
		r := copying(func(c net.Conn) {
			asked, _ := io.ReadAll(c)
			fmt.Fprintf(c, "HTTP/1.1 200 OK\r\n\r\n%d bytes and the end", len(asked))
		}, tls.VersionTLS13)
		c := r.dial()
		fmt.Fprintf(c, "CONNECT site.test:443 HTTP/1.1\r\n\r\n")
		_, err := http.ReadResponse(bufio.NewReader(c), &http.Request{Method: http.MethodConnect})
		Expect(err).NotTo(HaveOccurred())
		t := tls.Client(c, &tls.Config{ServerName: "site.test", InsecureSkipVerify: true})
		io.WriteString(t, "GET / HTTP/1.0\r\n\r\n")
		Expect(t.CloseWrite()).To(Succeed())
		Expect(io.ReadAll(t)).To(HaveSuffix("18 bytes and the end"))
	})
})
