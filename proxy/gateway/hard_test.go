package gateway_test

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync/atomic"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/proxy/gateway"
)

// piecemeal sends the first record in TLS records of so many bytes, each write of them in
// segments of so many.
type piecemeal struct {
	net.Conn
	record, segment int
	sent            bool
}

// Write implements net.Conn.
func (p *piecemeal) Write(b []byte) (int, error) {
	if p.sent {
		return p.Conn.Write(b)
	}
	p.sent = true
	var out []byte
	for body := b[5:]; len(body) > 0; {
		n := min(p.record, len(body))
		out = binary.BigEndian.AppendUint16(append(out, b[:3]...), uint16(n))
		out, body = append(out, body[:n]...), body[n:]
	}
	for len(out) > 0 {
		n := min(p.segment, len(out))
		if _, err := p.Conn.Write(out[:n]); err != nil {
			return 0, err
		}
		out = out[n:]
	}
	return len(b), nil
}

// asked makes TLS over a connection that a CONNECT has opened and gives the first line
// of the answer to a request.
func (r *running) asked(conf *tls.Config, wrap func(net.Conn) net.Conn) (line string, cs tls.ConnectionState) {
	c := r.dial()
	fmt.Fprintf(c, "CONNECT site.test:443 HTTP/1.1\r\n\r\n")
	_, err := http.ReadResponse(bufio.NewReader(c), &http.Request{Method: http.MethodConnect})
	Expect(err).NotTo(HaveOccurred())
	conf.ServerName, conf.RootCAs = "site.test", x509.NewCertPool()
	conf.RootCAs.AddCert(r.authority.Root())
	t := tls.Client(wrap(c), conf)
	if err := t.Handshake(); err != nil {
		return err.Error(), t.ConnectionState()
	}
	fmt.Fprintf(t, "GET /a HTTP/1.1\r\nHost: site.test\r\n\r\n")
	line, err = bufio.NewReader(t).ReadString('\n')
	Expect(err).NotTo(HaveOccurred())
	return strings.TrimSpace(line), t.ConnectionState()
}

func same(c net.Conn) net.Conn { return c }

var _ = Describe("a hello with a post-quantum key share", func() {
	DescribeTable("is over 1,024 bytes and read in any pieces",
		func(record, segment int) {
			r := opened(intercept, newest)
			line, cs := r.asked(&tls.Config{}, func(c net.Conn) net.Conn { return &piecemeal{Conn: c, record: record, segment: segment} })
			Expect(line).To(Equal("HTTP/1.1 200 OK"))
			Expect(cs.Version).To(Equal(uint16(tls.VersionTLS13)))
			Expect(cs.CurveID).To(Equal(tls.X25519), "as on the releases that are modelled")
		},
		Entry("in one", 1<<14, 1<<14),
		Entry("in many segments", 1<<14, 100),
		Entry("in many records", 64, 1<<14),
		Entry("in many of both", 100, 64),
		Entry("byte by byte", 1<<14, 1),
	)

	It("alone is served, too", func() {
		r := opened(intercept, newest)
		line, cs := r.asked(&tls.Config{CurvePreferences: []tls.CurveID{tls.X25519MLKEM768}}, same)
		Expect(line).To(Equal("HTTP/1.1 200 OK"))
		Expect(cs.CurveID).To(Equal(tls.X25519MLKEM768))
	})
})

var _ = Describe("what goes wrong upstream", func() {
	It("in the middle of an answer ends it, and is written down", func() {
		reset := netip.MustParseAddrPort(resetting())
		r := opened(intercept, func(c *gateway.Config) { c.Host.Hosts["reset.test"] = reset })
		resp, err := r.client().Get("http://reset.test/a")
		Expect(err).NotTo(HaveOccurred())
		_, err = io.ReadAll(resp.Body)
		Expect(err).To(HaveOccurred(), "1000 bytes were promised")
		Eventually(r.log.told).Should(ContainElement("TCP_NC_MISS GET reset.test 200"))
		Eventually(r.Connections).Should(BeZero())
	})

	It("before an answer is an exception", func() {
		closing := netip.MustParseAddrPort(listening(func(c net.Conn) { http.ReadRequest(bufio.NewReader(c)) }))
		r := opened(intercept, func(c *gateway.Config) { c.Host.Hosts["closing.test"] = closing })
		Expect(get(r.client(), "http://closing.test/a")).To(HavePrefix("502 "))
	})

	It("in a handshake is an exception inside TLS", func() {
		closing := netip.MustParseAddrPort(listening(func(c net.Conn) { c.Read(make([]byte, 1)) }))
		r := opened(intercept, func(c *gateway.Config) { c.Host.Hosts["closing.test"] = closing })
		Expect(get(r.client(), "https://closing.test/a")).To(HavePrefix("503 "))
		Eventually(r.log.told).Should(ContainElement(HaveSuffix("ssl_failed")))
	})
})

var _ = Describe("a clock that jumps", func() {
	It("makes no certificate that clients of its time refuse", func() {
		var ahead atomic.Int64
		now := func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
		r := opened(intercept, func(c *gateway.Config) {
			newest(c)
			c.Proxy.Now, c.Pointers, c.Staple = now, both(), true
		})
		client := &tls.Config{Time: now, ClientSessionCache: tls.NewLRUClientSessionCache(8)}
		for _, jump := range []time.Duration{0, 60 * 24 * time.Hour, -30 * time.Minute, 80 * 24 * time.Hour} {
			ahead.Store(int64(jump))
			line, _ := r.asked(client, same)
			Expect(line).To(Equal("HTTP/1.1 200 OK"), jump.String())
		}
	})
})
