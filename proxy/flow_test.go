package proxy_test

import (
	"io"
	"net"
	"syscall"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/proxy"
	"rehearse/proxy/emulate"
	"rehearse/proxy/wire/pseudotls"
	"rehearse/reports/journal"
)

const (
	httpsObject = "<SSL-Intercept>\n ssl.forward_proxy(https)\n"
	automatic   = "<SSL-Intercept>\n ssl.forward_proxy(yes)\n"
	denyUnknown = "<Proxy>\n DENY client.protocol=!ssl tunneled=yes\n"
	register    = "REGISTER sip:contoso.test SIP/2.0\r\nCall-ID: 1\r\n\r\n"
	getRequest  = "GET /a HTTP/1.1\r\nHost: site.test\r\n\r\n"
	oddBytes    = "\x00\x01odd bytes\r\n\r\n"
)

var _ = Describe("an explicit CONNECT", func() {
	It("is tunnelled untouched where the service does not detect", func() {
		standing(setup{policy: automatic}, func(st *stand) {
			c, _, status := st.dial("site.test:443")
			Expect(status).To(Equal(200))
			t, err := st.secure(c, "site.test")
			Expect(err).NotTo(HaveOccurred())
			Expect(issuer(t)).To(Equal("Public Root"))
		})
	})

	It("is decrypted where the service detects and policy intercepts", func() {
		standing(setup{policy: httpsObject, detect: true}, func(st *stand) {
			c, _, _ := st.dial("site.test:443")
			t, err := st.secure(c, "site.test")
			Expect(err).NotTo(HaveOccurred())
			Expect(issuer(t)).To(Equal("Private Root"))
			Expect(ask(t, getRequest)).To(Equal("HTTP/1.1 200 OK"))
		})
	})

	It("is tunnelled on exception when there is no policy", func() {
		standing(setup{detect: true}, func(st *stand) {
			c, _, _ := st.dial("site.test:443")
			t, err := st.secure(c, "site.test")
			Expect(err).NotTo(HaveOccurred())
			Expect(issuer(t)).To(Equal("Public Root"))
		})
	})

	// The four rows of KB 173494.
	DescribeTable("that policy denies",
		func(detect bool, mode string, status int, inside string) {
			p := mode + "<Proxy>\n url.domain=site.test DENY\n"
			standing(setup{policy: p, detect: detect}, func(st *stand) {
				c, _, got := st.dial("site.test:443")
				Expect(got).To(Equal(status))
				if status != 200 {
					return
				}
				t, err := st.secure(c, "site.test")
				if inside == "reset" {
					Expect(err).To(MatchError(syscall.ECONNRESET))
					return
				}
				Expect(err).NotTo(HaveOccurred())
				Expect(issuer(t)).To(Equal("Private Root"))
				Expect(ask(t, getRequest)).To(Equal(inside))
			})
		},
		Entry("detection on, on exception", true, "", 200, "HTTP/1.1 403 Forbidden"),
		Entry("detection off, on exception", false, "", 403, ""),
		Entry("detection on, interception disabled", true, "<SSL-Intercept>\n ssl.forward_proxy(no)\n", 200, "reset"),
		Entry("detection on, https", true, httpsObject, 200, "HTTP/1.1 403 Forbidden"),
	)

	It("that leads nowhere gets a page with the reason", func() {
		standing(setup{}, func(st *stand) {
			_, _, status := st.dial("nowhere.test:443")
			Expect(status).To(Equal(404))
		})
	})

	It("without a port is refused in words", func() {
		standing(setup{}, func(st *stand) {
			_, _, status := st.dial("site.test")
			Expect(status).To(Equal(400))
		})
	})
})

// What becomes of protocols inside TLS: interception mode by first bytes.
var _ = DescribeTable("bytes inside intercepted TLS",
	func(p, bytes, want string) {
		standing(setup{policy: p, detect: true, origin: echo, certify: plainTLS}, func(st *stand) {
			c, _, _ := st.dial("site.test:443")
			t, err := st.secure(c, "site.test")
			Expect(err).NotTo(HaveOccurred())
			Expect(ask(t, bytes)).To(Equal(want))
		})
	},
	Entry("SIP under the HTTPS object gets an HTTP error", httpsObject, register, "HTTP/1.1 400 Bad Request"),
	Entry("odd bytes under the HTTPS object get an HTTP error", httpsObject, oddBytes, "HTTP/1.1 400 Bad Request"),
	Entry("SIP under automatic detection reaches the origin", automatic, register, "REGISTER sip:contoso.test SIP/2.0"),
	Entry("SIP passes the denial of tunnels", automatic+denyUnknown, register, "REGISTER sip:contoso.test SIP/2.0"),
	Entry("bytes without a line under the HTTPS object get an HTTP error", httpsObject, "\x02\x00\x00\x44\x00\x03\x00\x40", "HTTP/1.1 400 Bad Request"),
	Entry("access_server(no) keeps the origin from being asked", httpsObject+"<Proxy>\n access_server(no)\n", getRequest, "HTTP/1.1 403 Forbidden"),
	Entry("odd bytes under automatic detection are STunnelled", automatic, oddBytes, "\x00\x01odd bytes"),
	Entry("odd bytes are closed on under the denial of tunnels", automatic+denyUnknown, oddBytes, "EOF"),
	Entry("odd bytes pass under stunnel", "<SSL-Intercept>\n ssl.forward_proxy(stunnel)\n", oddBytes, "\x00\x01odd bytes"),
)

var _ = Describe("pseudo-TLS", func() {
	hello := func() []byte { return pseudotls.ClientHello([32]byte{1, 2, 3}) }
	answer := func() []byte { return pseudotls.ServerHello([32]byte{4}, [32]byte{5}) }
	edge := func(c net.Conn) {
		buf := make([]byte, 50)
		io.ReadFull(c, buf)
		if _, err := pseudotls.ParseClientHello(buf); err == nil {
			c.Write(answer())
			io.Copy(c, c)
		}
	}
	firstAnswer := func(s setup) []byte {
		var got []byte
		s.origin = edge
		standing(s, func(st *stand) {
			c, r, _ := st.dial("192.0.2.20:443")
			c.Write(hello())
			c.SetReadDeadline(time.Now().Add(10 * time.Second))
			buf := make([]byte, 256)
			n, _ := r.Read(buf)
			got = buf[:n]
		})
		return got
	}

	It("is recognised and tunnelled, its answer in one piece", func() {
		Expect(firstAnswer(setup{policy: automatic, detect: true})).To(Equal(answer()))
		Expect(firstAnswer(setup{policy: automatic, detect: true, kind: proxy.SSL})).To(Equal(answer()))
	})

	It("is no tunnel to the denial of tunnels", func() {
		Expect(firstAnswer(setup{policy: automatic + denyUnknown, detect: true})).To(Equal(answer()))
	})

	It("gets exactly the seven alert bytes where it is taken for TLS", func() {
		alert := []byte{0x15, 3, 1, 0, 2, 2, 0x28}
		Expect(firstAnswer(setup{policy: httpsObject, detect: true, release: "6.5.9.1"})).To(Equal(alert))
		Expect(firstAnswer(setup{policy: httpsObject, kind: proxy.SSL, release: "6.5.6.1"})).To(Equal(alert))
		Expect(firstAnswer(setup{policy: automatic, kind: proxy.SSL})).To(Equal(alert), "Detect Protocol off")
	})
})

var _ = Describe("the denial of tunnels and a host without detection", func() {
	const exempt = "url.domain=legacy.test detect_protocol(none)\n"
	const deny = "DENY client.protocol=!ssl tunneled=yes\n"
	DescribeTable("in a CONNECT",
		func(p string, status int) {
			standing(setup{policy: automatic + p, detect: true}, func(st *stand) {
				_, _, got := st.dial("legacy.test:443")
				Expect(got).To(Equal(status))
			})
		},
		Entry("in one layer, exemption first: works", "<Proxy>\n"+exempt+deny, 200),
		Entry("in two layers: denied", "<Proxy>\n"+exempt+"<Proxy>\n"+deny, 403),
	)

	It("in reversed order: the exemption is never reached, so detection stays on", func() {
		standing(setup{policy: automatic + "<Proxy>\n" + deny + exempt, detect: true, origin: echo, certify: plainTLS}, func(st *stand) {
			c, _, _ := st.dial("legacy.test:443")
			t, err := st.secure(c, "legacy.test")
			Expect(err).NotTo(HaveOccurred())
			Expect(ask(t, oddBytes)).To(Equal("EOF"))
		})
	})
})

var _ = Describe("a transparent flow", func() {
	const bypass = "<SSL-Intercept>\n url.host.substring=site ssl.forward_proxy(no)\n ssl.forward_proxy(https)\n"
	DescribeTable("with a bypass by name",
		func(release, want string) {
			standing(setup{policy: bypass, detect: true, kind: proxy.SSL, release: release}, func(st *stand) {
				c, _, _ := st.dial("192.0.2.20:443")
				t, err := st.secure(c, "site.test")
				Expect(err).NotTo(HaveOccurred())
				Expect(issuer(t)).To(Equal(want))
			})
		},
		Entry("6.5.5 does not know the SNI", "6.5.5.1", "Private Root"),
		Entry("6.5.6.1 does", "6.5.6.1", "Public Root"),
	)

	DescribeTable("is allowed by name, where the name is known",
		func(release string, detect bool, want string) {
			p := "<Proxy>\n DENY\n<Proxy>\n url.domain=site.test ALLOW\n"
			standing(setup{policy: p, detect: detect, kind: proxy.SSL, release: release}, func(st *stand) {
				c, _, _ := st.dial("192.0.2.20:443")
				t, err := st.secure(c, "site.test")
				Expect(err).NotTo(HaveOccurred())
				Expect(ask(t, getRequest)).To(Equal(want))
			})
		},
		Entry("6.5.5 knows an address", "6.5.5.1", true, "HTTP/1.1 403 Forbidden"),
		Entry("6.5.6.1 knows the SNI", "6.5.6.1", true, "HTTP/1.1 200 OK"),
		Entry("without detection too", "6.5.6.1", false, "HTTP/1.1 200 OK"),
	)

	It("tells how the client refused", func() {
		standing(setup{policy: httpsObject, detect: true, kind: proxy.SSL}, func(st *stand) {
			c, _, _ := st.dial("192.0.2.20:443")
			_, err := st.secure(c, "other.test")
			Expect(err).To(MatchError(ContainSubstring("not other.test")))
			time.Sleep(time.Second)
			Expect(journal.Find[journal.AlertSent](st.log.Log())).To(ContainElement(journal.AlertSent{Received: true, Code: 42, Name: "bad_certificate"}))
		})
	})
})

var _ = Describe("the origin's certificate", func() {
	expired := func(t *emulate.Template) {
		t.NotBefore, t.NotAfter = time.Now().Add(-48*time.Hour), time.Now().Add(-24*time.Hour)
	}
	It("that has expired brings a page inside TLS, on exception too", func() {
		for _, p := range []string{"", httpsObject} {
			standing(setup{policy: p, detect: true, certify: expired}, func(st *stand) {
				Expect(st.pageThroughTLS()).To(Equal("HTTP/1.1 503 Service Unavailable"))
			})
		}
	})
	It("is not looked at where policy says so", func() {
		p := httpsObject + "<SSL>\n server.certificate.validate(no)\n"
		standing(setup{policy: p, detect: true, certify: expired}, func(st *stand) {
			Expect(st.pageThroughTLS()).To(Equal("HTTP/1.1 200 OK"))
		})
	})
})
