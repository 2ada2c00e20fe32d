package gateway_test

import (
	"io"
	"net/http"
	"net/netip"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/proxy/gateway"
)

// watched is a gateway with a status page.
func watched(program string) *running {
	return opened(program, func(c *gateway.Config) { c.Console = netip.MustParseAddrPort("127.0.0.1:0") })
}

// look gets a page of the console.
func (r *running) look(path string) string { return r.lookAs("", path) }

func (r *running) lookAs(host, path string) string {
	req, err := http.NewRequest(http.MethodGet, r.ConsoleURL()+path, nil)
	Expect(err).NotTo(HaveOccurred())
	req.Host = host
	resp, err := http.DefaultClient.Do(req)
	Expect(err).NotTo(HaveOccurred())
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	Expect(err).NotTo(HaveOccurred())
	return string(text)
}

var _ = Describe("the status page", func() {
	It("tells what the gateway is and what it counted", func() {
		r := watched(intercept)
		Expect(get(r.client(), "https://site.test/a")).To(Equal("200 /a"))
		Expect(get(r.client(), "http://plain.test/b")).To(Equal("200 /b"))
		Expect(r.look("/")).To(And(ContainSubstring("<th>Release<td>6.5.10.1"), ContainSubstring("Explicit HTTP (explicit-http, detect on) at "), ContainSubstring("2 of 100")))
		Expect(r.look("/metrics")).To(And(
			ContainSubstring("# TYPE rehearse_connections gauge\nrehearse_connections 2\n"),
			ContainSubstring("\nrehearse_connections_total 2\n"),
			ContainSubstring(`rehearse_handshakes_total{side="server",version="TLS 1.2",result="ok"} 1`),
			ContainSubstring(`rehearse_flows_total{how="http",protocol="https"} 1`),
			ContainSubstring(`rehearse_requests_total{status="2xx"} 2`),
			ContainSubstring(`rehearse_certificates_total{cached="false"} 1`),
			ContainSubstring("\nrehearse_certificates_cached 1\n"),
		))
		Eventually(func() string { return r.look("/metrics") }).Should(ContainSubstring(`rehearse_log_records_total{log="main"} 3`))
	})

	It("shows the traces that policy asks for, where an appliance has them", func() {
		r := watched(intercept + "<Proxy>\n url.path=/traced trace.request(yes) trace.rules(all) trace.destination(\"mine.html\")\n")
		Expect(r.look("/Policy/Trace/mine.html")).To(Equal("no trace page \"mine.html\"; policy writes one with trace.request(yes) and trace.destination(\"mine.html\")\n"))
		c := r.client()
		Expect(get(c, "https://site.test/traced")).To(Equal("200 /traced"))
		Expect(get(c, "https://site.test/other")).To(Equal("200 /other"))
		Expect(r.look("/Policy/Trace/")).To(Equal("mine.html\n"))
		Expect(r.look("/Policy/Trace/mine.html")).To(And(ContainSubstring("GET https://site.test/traced"), Not(ContainSubstring("/other"))))
		Expect(r.look("/")).To(ContainSubstring(`<a href="/Policy/Trace/mine.html">`))
	})

	It("is for this machine alone", func() {
		r := watched(intercept)
		Expect(r.lookAs("rebound.test", "/")).To(Equal("ask for this page by its address\n"))
		Expect(get(r.client(), r.ConsoleURL()+"/")).To(HavePrefix("503 "), "not through the proxy")
		conf := r.config(intercept)
		conf.Console = netip.MustParseAddrPort("0.0.0.0:0")
		_, err := gateway.Open(GinkgoT().Context(), conf)
		Expect(err).To(MatchError(ContainSubstring("a status page at 0.0.0.0:0, which is not a loopback address")))
	})
})
