package proxy_test

import (
	"bufio"
	"net"
	"net/http"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

var _ = Describe("HTTP in clear inside a CONNECT", func() {
	// Modelled after KB 176397: a CONNECT that carries no TLS needs a rule that allows it.
	It("goes where the CONNECT leads, whatever the Host header says", func() {
		p := automatic + "<Proxy>\n ALLOW\n"
		standing(setup{policy: p, detect: true, origin: func(c net.Conn) { speakHTTP(c) }}, func(st *stand) {
			c, r, status := st.dial("site.test:443")
			Expect(status).To(Equal(200))
			_, err := c.Write([]byte("GET /clear HTTP/1.1\r\nHost: elsewhere.test\r\n\r\n"))
			Expect(err).NotTo(HaveOccurred())
			resp, err := http.ReadResponse(bufio.NewReader(r), nil)
			Expect(err).NotTo(HaveOccurred())
			Expect(resp.StatusCode).To(Equal(200))
		})
	})
})
