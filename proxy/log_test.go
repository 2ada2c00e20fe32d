package proxy_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/proxy"
	"rehearse/proxy/accesslog"
	"rehearse/proxy/emulate"
)

// logs are the access logs main, ssl and custom, in memory.
type logs struct {
	mu    sync.Mutex
	lines []string
	rows  []accesslog.Record
}

func (*logs) Names() []string { return []string{"main", "ssl", "custom"} }

func (l *logs) Write(to []string, r *accesslog.Record) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.rows = append(l.rows, *r)
	l.lines = append(l.lines, strings.Join(strings.Fields(fmt.Sprintf("%s: %s %s %s://%s:%d%s %d %s %s", strings.Join(to, "+"), r.Action, r.Method,
		r.Scheme, r.Host, r.Port, r.Path, r.Status, r.Exception, r.Supplier)), " "))
}

func (l *logs) use(c *proxy.Config) { c.AccessLog = l }

// after lets everything under way end, and gives the lines.
func (l *logs) after() []string {
	time.Sleep(time.Minute)
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.lines)
}

// What a flow to site.test leaves in the access logs.
var _ = DescribeTable("an access log says of",
	func(s setup, inside string, want ...string) {
		var l logs
		s.change = l.use
		standing(s, func(st *stand) {
			c, _, status := st.dial("site.test:443")
			if status == 200 && inside != "" {
				t := tls.Client(c, &tls.Config{ServerName: "site.test", InsecureSkipVerify: true})
				if t.Handshake() == nil {
					ask(t, inside)
					t.Close()
				}
			}
			c.Close()
			Expect(append([]string{}, l.after()...)).To(Equal(append([]string{}, want...)))
		})
	},
	Entry("a CONNECT that is tunnelled", setup{policy: automatic}, getRequest,
		"main: TCP_TUNNELED CONNECT tcp://site.test:443/ 200 site.test"),
	Entry("a CONNECT that is denied", setup{policy: "<Proxy>\n DENY\n"}, "",
		"main: TCP_DENIED CONNECT tcp://site.test:443/ 403 policy_denied"),
	Entry("TLS that is not decrypted", setup{policy: "<SSL-Intercept>\n ssl.forward_proxy(no)\n", detect: true}, getRequest,
		"main: TCP_ACCELERATED CONNECT tcp://site.test:443/ 200",
		"ssl: TUNNELED ssl://site.test:443/ 0 site.test"),
	Entry("HTTPS that is decrypted", setup{policy: httpsObject, detect: true}, getRequest,
		"main: TCP_ACCELERATED CONNECT tcp://site.test:443/ 200",
		"main: TCP_NC_MISS GET https://site.test:443/a 200 site.test"),
	Entry("HTTPS that is denied", setup{policy: httpsObject + "<Proxy>\n client.protocol=https DENY\n", detect: true}, getRequest,
		"main: TCP_ACCELERATED CONNECT tcp://site.test:443/ 200",
		"main: TCP_DENIED GET https://site.test:443/a 403 policy_denied"),
	Entry("a CONNECT that is denied inside TLS", setup{policy: httpsObject + "<Proxy>\n DENY\n", detect: true}, getRequest,
		"main: TCP_DENIED CONNECT tcp://site.test:443/ 403 policy_denied"),
	Entry("a CONNECT that is denied by a reset", setup{policy: "<SSL-Intercept>\n ssl.forward_proxy(no)\n<Proxy>\n DENY\n", detect: true}, getRequest,
		"main: TCP_DENIED CONNECT tcp://site.test:443/ 200 policy_denied"),
	Entry("an origin's certificate that has expired", setup{policy: httpsObject, detect: true, certify: expiredYesterday}, getRequest,
		"main: TCP_ACCELERATED CONNECT tcp://site.test:443/ 200",
		"main: TCP_ERR_MISS GET https://site.test:443/a 503 ssl_server_cert_expired"),
	Entry("an STunnel", setup{policy: automatic, detect: true, origin: echo, certify: plainTLS}, oddBytes,
		"main: TCP_ACCELERATED CONNECT tcp://site.test:443/ 200",
		"ssl: TUNNELED ssl://site.test:443/ 0 site.test"),
	Entry("an STunnel that is denied", setup{policy: automatic + denyUnknown, detect: true, origin: echo, certify: plainTLS}, oddBytes,
		"main: TCP_ACCELERATED CONNECT tcp://site.test:443/ 200",
		"ssl: DENIED ssl://site.test:443/ 0 policy_denied"),
	Entry("decrypted bytes that are no HTTP", setup{policy: httpsObject, detect: true, origin: echo, certify: plainTLS}, oddBytes,
		"main: TCP_ACCELERATED CONNECT tcp://site.test:443/ 200",
		"main: TCP_ERR_MISS https://site.test:443/ 400 invalid_request site.test"),
	Entry("nothing where policy says so", setup{policy: httpsObject + "<Proxy>\n access_log(no)\n<SSL>\n access_log(no)\n", detect: true}, getRequest),
	Entry("what a log of its own is for", setup{policy: httpsObject + "<Proxy>\n client.protocol=https access_log(custom)\n", detect: true}, getRequest,
		"main: TCP_ACCELERATED CONNECT tcp://site.test:443/ 200",
		"custom: TCP_NC_MISS GET https://site.test:443/a 200 site.test"),
	Entry("what one more log is for", setup{policy: httpsObject + "<Proxy>\n access_log.custom(yes)\n", detect: true}, getRequest,
		"main+custom: TCP_ACCELERATED CONNECT tcp://site.test:443/ 200",
		"main+custom: TCP_NC_MISS GET https://site.test:443/a 200 site.test"),
)

func expiredYesterday(t *emulate.Template) {
	t.NotBefore, t.NotAfter = time.Now().Add(-48*time.Hour), time.Now().Add(-24*time.Hour)
}

var _ = Describe("an access log", func() {
	It("has a client that refuses the emulated certificate", func() {
		var l logs
		standing(setup{policy: httpsObject, detect: true, kind: proxy.SSL, change: l.use}, func(st *stand) {
			c, _, _ := st.dial("192.0.2.20:443")
			tls.Client(c, &tls.Config{ServerName: "site.test"}).Handshake() // trusts the system's roots
			c.Close()
			Expect(l.after()).To(Equal([]string{"ssl: FAILED ssl://site.test:443/ 0 site.test"}))
		})
	})

	It("counts the bytes of tunnels and requests at the client", func() {
		var l logs
		standing(setup{origin: func(c net.Conn) { c.Write([]byte("banner")); echo(c) }, change: l.use}, func(st *stand) {
			c, r, _ := st.dial("site.test:443")
			r.Peek(6)
			c.Write([]byte("ping"))
			r.Peek(10)
			c.Close()
			l.after()
			connect := len("CONNECT site.test:443 HTTP/1.1\r\nHost: site.test:443\r\n\r\n")
			Expect(l.rows[0].Received).To(Equal(int64(connect + len("ping"))))
			Expect(l.rows[0].Sent).To(Equal(int64(len("HTTP/1.1 200 Connection established\r\n\r\n") + len("bannerping"))))
		})
	})

	It("knows TLS on both sides and the origin's certificate", func() {
		var l logs
		standing(setup{policy: automatic, detect: true, origin: echo, certify: plainTLS, change: l.use}, func(st *stand) {
			c, _, _ := st.dial("site.test:443")
			t, err := st.secure(c, "site.test")
			Expect(err).NotTo(HaveOccurred())
			ask(t, oddBytes)
			t.Close()
			l.after()
			row := l.rows[len(l.rows)-1]
			Expect(row.ServerTLS.Version).NotTo(BeZero())
			Expect(row.ClientTLS.Version).NotTo(BeZero())
			Expect(row.CertificateHost).To(Equal("site.test"))
			Expect(row.SupplierAddr.String()).To(Equal("192.0.2.20"))
		})
	})
})

var _ = Describe("limits", func() {
	idle := func(c *proxy.Config) { c.Limits.Idle = time.Minute }

	It("end a tunnel on which nothing moves, and no other", func() {
		standing(setup{origin: echo, change: idle}, func(st *stand) {
			c, r, _ := st.dial("site.test:443")
			began := time.Now()
			for range 10 {
				c.Write([]byte("x"))
				Expect(r.ReadByte()).To(Equal(byte('x')))
				time.Sleep(50 * time.Second)
			}
			_, err := r.ReadByte()
			Expect(err).To(HaveOccurred())
			quiet := time.Since(began) - 9*50*time.Second
			Expect(quiet).To(BeNumerically(">=", time.Minute))
			Expect(quiet).To(BeNumerically("<=", 2*time.Minute+time.Second))
		})
	})

	It("keep a tunnel in which one side talks", func() {
		talk := func(c net.Conn) {
			for range 20 {
				c.Write([]byte("x"))
				time.Sleep(30 * time.Second)
			}
		}
		standing(setup{origin: talk, change: idle}, func(st *stand) {
			_, r, _ := st.dial("site.test:443")
			n := 0
			for {
				if _, err := r.ReadByte(); err != nil {
					break
				}
				n++
			}
			Expect(n).To(Equal(20))
		})
	})

	It("end connections that wait for requests", func() {
		standing(setup{policy: httpsObject, detect: true, change: idle}, func(st *stand) {
			c, _, _ := st.dial("site.test:443")
			t, err := st.secure(c, "site.test")
			Expect(err).NotTo(HaveOccurred())
			began := time.Now()
			_, err = t.Read(make([]byte, 1))
			Expect(err).To(HaveOccurred())
			Expect(time.Since(began)).To(BeNumerically("~", time.Minute, time.Second))
		})
	})

	It("end a request that comes byte by byte", func() {
		standing(setup{change: idle}, func(st *stand) {
			c, err := st.client.Dial(context.Background(), "tcp", "10.1.0.1:8080")
			Expect(err).NotTo(HaveOccurred())
			began := time.Now()
			_, err = c.Write([]byte("GET http://site.test/ HTTP/1.1\r\nX: "))
			for err == nil {
				_, err = c.Write([]byte("x"))
				time.Sleep(time.Second)
			}
			Expect(time.Since(began)).To(BeNumerically("~", time.Minute, 5*time.Second))
		})
	})
})
