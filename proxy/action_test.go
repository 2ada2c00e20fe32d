package proxy_test

import (
	"bufio"
	"fmt"
	"net"
	"net/http"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

var _ = Describe("action blocks", func() {
	// tell answers with the header fields and the path that it was sent.
	tell := func(c net.Conn) {
		r := bufio.NewReader(c)
		for {
			req, err := http.ReadRequest(r)
			if err != nil {
				return
			}
			body := fmt.Sprintf("%s ctx=%q ref=%q", req.URL.Path, req.Header.Get("Sec-Context"), req.Header.Get("Referer"))
			fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nX-Origin: here\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
		}
	}
	get := func(actions, path string) (status int, body string, h http.Header) {
		p := httpsObject + "define action A\n" + actions + "\nend\n<Proxy>\n url.domain=site.test action.A(yes)\n"
		standing(setup{policy: p, detect: true, origin: tell, certify: plainTLS}, func(st *stand) {
			c, _, _ := st.dial("site.test:443")
			t, err := st.secure(c, "site.test")
			Expect(err).NotTo(HaveOccurred())
			fmt.Fprintf(t, "GET %s HTTP/1.1\r\nHost: site.test\r\nReferer: http://from.test/\r\nConnection: close\r\n\r\n", path)
			resp, err := http.ReadResponse(bufio.NewReader(t), nil)
			Expect(err).NotTo(HaveOccurred())
			text := make([]byte, 200)
			n, _ := resp.Body.Read(text)
			status, body, h = resp.StatusCode, string(text[:n]), resp.Header
		})
		return status, body, h
	}

	It("set and delete request header fields", func() {
		_, body, _ := get(`set( request.header.Sec-Context, "for $(client.address)" )`+"\n"+`delete(request.header.Referer)`, "/a")
		Expect(body).To(Equal(`/a ctx="for 10.1.0.11" ref=""`))
	})

	It("redirect when the expression matches the whole URL", func() {
		status, _, h := get(`redirect( 307, "https://site\.test/v/(.*)", "https://www.test/$(1)" )`, "/v/film")
		Expect(status).To(Equal(307))
		Expect(h.Get("Location")).To(Equal("https://www.test/film"))
		status, _, _ = get(`redirect( 307, "https://site\.test/v", "https://www.test/" )`, "/v/film")
		Expect(status).To(Equal(200))
	})

	It("rewrite the URL", func() {
		_, body, _ := get(`rewrite(url, "/old/", "/new/")`, "/old/a")
		Expect(body).To(HavePrefix("/new/a "))
	})

	It("change response header fields", func() {
		_, _, h := get(`set(response.header.X-Seen, "yes")`+"\n"+`delete(response.header.X-Origin)`, "/a")
		Expect(h.Get("X-Seen")).To(Equal("yes"))
		Expect(h.Get("X-Origin")).To(BeEmpty())
	})
})
