package gateway_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/proxy"
	"rehearse/proxy/gateway"
)

var _ = Describe("a gateway", func() {
	It("carries intercepted requests, and plain ones, and writes them down", func() {
		r := opened(intercept, nil)
		c := r.client()
		Expect(get(c, "https://site.test/a")).To(Equal("200 /a"))
		Expect(get(c, "https://site.test/b")).To(Equal("200 /b"))
		Expect(get(c, "http://plain.test/c")).To(Equal("200 /c"))
		Eventually(r.log.told).Should(ConsistOf(
			"TCP_ACCELERATED CONNECT site.test 200", "TCP_NC_MISS GET site.test 200", "TCP_NC_MISS GET site.test 200", "TCP_NC_MISS GET plain.test 200",
		))
	})

	It("listens on addresses of both families with one port", func() {
		r := opened(intercept, func(c *gateway.Config) {
			c.Listen = append(c.Listen, netip.MustParseAddrPort("[::1]:0"))
		})
		six, err := net.Dial("tcp", netip.AddrPortFrom(netip.IPv6Loopback(), r.Addr().Port()).String())
		Expect(err).NotTo(HaveOccurred())
		defer six.Close()
		fmt.Fprintf(six, "GET http://plain.test/six HTTP/1.0\r\n\r\n")
		Expect(io.ReadAll(six)).To(HaveSuffix("/six"))
		Expect(r.Listening()).To(HaveLen(2))
	})

	It("puts a new policy in force for new flows", func() {
		r := opened(intercept, nil)
		Expect(get(r.client(), "https://site.test/a")).To(Equal("200 /a"))
		r.Install(compiled("<Proxy>\n DENY\n"))
		Expect(get(r.client(), "http://plain.test/a")).To(HavePrefix("403 "))
	})

	It("is no open relay", func() {
		r := opened(intercept, nil)
		conf := r.config(intercept)
		conf.Listen = []netip.AddrPort{netip.MustParseAddrPort("0.0.0.0:0")}
		_, err := gateway.Open(context.Background(), conf)
		Expect(err).To(MatchError("listening at 0.0.0.0:0, which is not a loopback address, needs a list of the sources that may use the proxy"))
	})

	It("resets clients that may not use it, and writes that down", func() {
		r := opened(intercept, func(c *gateway.Config) { c.Allow = []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")} })
		Expect(r.refuses()).To(BeTrue())
		Eventually(r.log.told).Should(Equal([]string{"DENIED   0"}))
	})

	It("serves so many connections and no more, until one has ended", func() {
		r := opened(intercept, func(c *gateway.Config) { c.MaxConnections = 1 })
		first := r.dial()
		fmt.Fprintf(first, "GET http://plain.test/a HTTP/1.1\r\nHost: plain.test\r\n\r\n")
		Expect(http.ReadResponse(bufio.NewReader(first), nil)).To(HaveField("StatusCode", 200))
		Expect(r.refuses()).To(BeTrue())
		first.Close()
		Eventually(func() string { return get(r.client(), "http://plain.test/b") }).Should(Equal("200 /b"))
	})

	It("serves so many connections of one client and no more", func() {
		r := opened(intercept, func(c *gateway.Config) { c.MaxPerClient = 1 })
		first := r.dial()
		fmt.Fprintf(first, "GET http://plain.test/a HTTP/1.1\r\nHost: plain.test\r\n\r\n")
		Expect(http.ReadResponse(bufio.NewReader(first), nil)).To(HaveField("StatusCode", 200))
		Expect(r.refuses()).To(BeTrue())
		first.Close()
		Eventually(func() string { return get(r.client(), "http://plain.test/b") }).Should(Equal("200 /b"))
	})

	It("does not connect to itself", func() {
		r := opened(intercept, nil)
		Expect(get(r.client(), "http://"+r.Addr().String()+"/")).To(HavePrefix("503 "))
	})

	It("refuses a header without end in words", func() {
		r := opened(intercept, nil)
		c := r.dial()
		go fmt.Fprintf(c, "GET http://plain.test/ HTTP/1.1\r\nX: %s", strings.Repeat("x", 1<<20))
		answer, _ := io.ReadAll(c)
		Expect(string(answer)).To(And(HavePrefix("HTTP/1.1 400 "), ContainSubstring("the header of the request has more than 65536 bytes")))
	})

	It("ends connections on which nothing moves", func() {
		r := opened("", func(c *gateway.Config) { c.Proxy.Limits.Idle = 50 * time.Millisecond })
		kept := r.dial()
		fmt.Fprintf(kept, "GET http://plain.test/a HTTP/1.1\r\nHost: plain.test\r\n\r\n")
		Expect(io.ReadAll(kept)).To(HaveSuffix("/a"))
		tunnel := r.dial()
		fmt.Fprintf(tunnel, "CONNECT site.test:443 HTTP/1.1\r\n\r\nodd bytes")
		Expect(io.ReadAll(tunnel)).To(HavePrefix("HTTP/1.1 200 Connection established\r\n\r\n"))
	})
})

var _ = Describe("the end of a gateway", func() {
	It("closes what waits, and lets a request finish", func() {
		r := opened(intercept, func(c *gateway.Config) { c.Grace = time.Minute })
		idle, busy := r.dial(), r.dial()
		in := bufio.NewReader(idle)
		fmt.Fprintf(idle, "GET http://plain.test/a HTTP/1.1\r\nHost: plain.test\r\n\r\n")
		Expect(http.ReadResponse(in, nil)).To(HaveField("StatusCode", 200))
		fmt.Fprintf(busy, "POST http://plain.test/upload HTTP/1.1\r\nHost: plain.test\r\nExpect: 100-continue\r\nContent-Length: 8\r\n\r\n")
		_, err := io.ReadFull(busy, make([]byte, len("HTTP/1.1 100 Continue\r\n\r\n")))
		Expect(err).NotTo(HaveOccurred())
		io.WriteString(busy, "half")
		r.stop()
		_, err = io.Copy(io.Discard, in)
		Expect(err).NotTo(HaveOccurred(), "FIN, not RST")
		_, err = net.Dial("tcp", r.Addr().String())
		Expect(err).To(HaveOccurred())
		io.WriteString(busy, "full")
		answer, _ := io.ReadAll(busy)
		Expect(string(answer)).To(And(HavePrefix("HTTP/1.1 200 "), ContainSubstring("Connection: close"), HaveSuffix("8")))
		<-r.ended
	})

	It("closes copied connections that wait, and lets an answer come", func() {
		asked, answer := make(chan struct{}), make(chan struct{})
		slow := netip.MustParseAddrPort(listening(func(c net.Conn) {
			http.ReadRequest(bufio.NewReader(c))
			close(asked)
			<-answer
			io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nlate")
		}))
		secure := newOrigin("127.0.0.1")
		conf := secure.config(netip.MustParseAddr("127.0.0.1"))
		front := netip.MustParseAddrPort(listening(func(c net.Conn) {
			back, err := net.Dial("tcp", slow.String())
			if err != nil {
				return
			}
			defer back.Close()
			t := tls.Server(c, conf)
			go io.Copy(back, t)
			io.Copy(t, back)
		}))
		r := opened(intercept+"<SSL>\n server.certificate.validate(no)\n", func(c *gateway.Config) {
			c.Proxy.AccessLog, c.Grace = nil, time.Minute
			c.Host.Hosts["slow.test"] = front
		})
		client := r.client()
		client.Transport.(*http.Transport).TLSClientConfig.InsecureSkipVerify = true
		Expect(get(client, "https://site.test/a")).To(Equal("200 /a"), "and it stays")
		late := make(chan string)
		go func() { late <- get(client, "https://slow.test/b") }()
		<-asked
		r.stop()
		Eventually(r.Connections, "10s").Should(Equal(1))
		close(answer)
		Expect(<-late).To(Equal("200 late"))
		<-r.ended
	})

	It("comes after the grace, whatever is under way", func() {
		r := opened("", nil)
		c := r.dial()
		fmt.Fprintf(c, "CONNECT site.test:443 HTTP/1.1\r\n\r\nodd bytes")
		Expect(http.ReadResponse(bufio.NewReader(c), &http.Request{Method: http.MethodConnect})).To(HaveField("StatusCode", 200))
		r.stop()
		<-r.ended
		_, err := io.ReadAll(c)
		Expect(err).To(HaveOccurred())
	})
})

// SOCKS clients as RFC 1928 and the memo of SOCKS 4a have them.
var _ = DescribeTable("a SOCKS client",
	func(detect bool, says, hears string) {
		r := opened(intercept, func(c *gateway.Config) {
			c.Services = []proxy.Service{{Name: "SOCKS", Kind: proxy.SOCKS, DetectProtocol: detect}}
		})
		c := r.dial()
		io.WriteString(c, says)
		answer := make([]byte, len(hears))
		c.SetReadDeadline(time.Now().Add(10 * time.Second))
		_, err := io.ReadFull(c, answer)
		Expect(err).NotTo(HaveOccurred())
		Expect(string(answer)).To(Equal(hears))
		if strings.HasSuffix(says, "\r\n\r\n") {
			Expect(http.ReadResponse(bufio.NewReader(c), nil)).To(HaveField("StatusCode", 200))
		}
	},
	Entry("of 4a, to a name", true, "\x04\x01\x00\x50\x00\x00\x00\x01me\x00plain.test\x00GET /a HTTP/1.1\r\nHost: plain.test\r\n\r\n", "\x00\x5a\x00\x00\x00\x00\x00\x00"),
	Entry("of 5, to a name", true, "\x05\x01\x00\x05\x01\x00\x03\x0aplain.test\x00\x50GET /a HTTP/1.1\r\nHost: plain.test\r\n\r\n", "\x05\x00\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00"),
	Entry("of 5, to nowhere", false, "\x05\x01\x00\x05\x01\x00\x01\x7f\x00\x00\x01\x00\x01", "\x05\x00\x05\x05\x00\x01\x00\x00\x00\x00\x00\x00"),
	Entry("of 4, to nowhere", false, "\x04\x01\x00\x01\x7f\x00\x00\x01\x00", "\x00\x5b\x00\x00\x00\x00\x00\x00"),
	Entry("of 5 that wants to be asked for a password", true, "\x05\x01\x02", "\x05\xff"),
	Entry("of 5 that wants UDP", true, "\x05\x01\x00\x05\x03\x00\x01\x7f\x00\x00\x01\x00\x35", "\x05\x00\x05\x07\x00\x01\x00\x00\x00\x00\x00\x00"),
)

var _ = Describe("SOCKS in policy", func() {
	It("is tested by socks= and refused in the client's own words", func() {
		r := opened("<Proxy>\n socks=yes socks.version=5 DENY\n", func(c *gateway.Config) {
			c.Services = []proxy.Service{{Name: "SOCKS", Kind: proxy.SOCKS}}
		})
		c := r.dial()
		io.WriteString(c, "\x05\x01\x00\x05\x01\x00\x03\x0aplain.test\x00\x50")
		Expect(io.ReadAll(c)).To(Equal([]byte("\x05\x00\x05\x02\x00\x01\x00\x00\x00\x00\x00\x00")))
		Eventually(r.log.told).Should(Equal([]string{"DENIED  plain.test 0 policy_denied"}))
	})
})
