package gateway_test

import (
	"encoding/pem"
	"io"
	"net/http"
	"path/filepath"
	"runtime"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/proxy"
	"rehearse/proxy/emulate"
	"rehearse/proxy/gateway"
)

// revoking is a gateway whose emulated certificates carry pointers; with OCSP among
// them it staples.
func revoking(p emulate.Pointers) *running {
	r := opened(intercept, func(c *gateway.Config) {
		c.Pointers, c.Staple = p, p.OCSP
		c.Services = append(c.Services, proxy.Service{Name: "SOCKS", Kind: proxy.SOCKS, DetectProtocol: true})
		c.Host.Hosts["localhost"] = c.Host.Hosts["site.test"]
	})
	writeFile(r.dir, "root.pem", gateway.RootPEM(r.authority))
	return r
}

// lists fetches the CRL that emulated certificates lead to, and puts it after the
// root as openssl wants it; without pointers there is the root alone.
func (r *running) lists() string {
	text := gateway.RootPEM(r.authority)
	if r.StatusURL() != "" {
		resp, err := http.Get(emulate.CRLURL(r.StatusURL(), "issuer"))
		Expect(err).NotTo(HaveOccurred())
		defer resp.Body.Close()
		der, err := io.ReadAll(resp.Body)
		Expect(err).NotTo(HaveOccurred())
		text = append(text, pem.EncodeToMemory(&pem.Block{Type: "X509 CRL", Bytes: der})...)
	}
	return writeFile(r.dir, "lists.pem", text)
}

// Strict clients as people have them, each through the gateway. With the pointers
// that they look for they go on; without, they stop for the reasons that they give in
// front of any interceptor without pointers.
var _ = DescribeTable("a real client",
	func(program string, p emulate.Pointers, says func(r *running, program string) string, want string) {
		path := judge(program)
		r := revoking(p)
		Expect(says(r, path)).To(ContainSubstring(want))
	},
	Entry("openssl with CRLs of the whole chain", "openssl", both(), openssl, "Verification: OK"),
	Entry("openssl with CRLs, none being published", "openssl", emulate.Pointers{}, openssl, "verify error:num=3:unable to get certificate CRL"),
	Entry("openssl asking the responder", "openssl", emulate.Pointers{OCSP: true}, opensslOCSP, ": good"),
	Entry("openssl wanting a staple", "openssl", both(), opensslStatus, "Cert Status: good"),
	Entry("openssl wanting a staple, there being none", "openssl", emulate.Pointers{CRL: true}, opensslStatus, "OCSP response: no response sent"),
	Entry("curl", "curl", emulate.Pointers{}, curl(), "/asked"),
	Entry("curl wanting a staple", "curl", both(), curl("--cert-status"), "/asked"),
	Entry("curl wanting a staple, there being none", "curl", emulate.Pointers{}, curl("--cert-status"), "No OCSP response received"),
	Entry("gnutls", "gnutls-cli", both(), gnutls, "Handshake was completed"),
	Entry("gnutls, nobody to be asked", "gnutls-cli", emulate.Pointers{}, gnutls, "Cannot find OCSP server URI in certificate"),
	Entry("java, OCSP", "java", emulate.Pointers{OCSP: true}, java, "accept"),
	Entry("java, CRL", "java", emulate.Pointers{CRL: true}, java, "accept"),
	Entry("java, neither", "java", emulate.Pointers{}, java, "reject: Certificate does not specify OCSP responder"),
)

func openssl(r *running, program string) string {
	return run(r.dir, program, "s_client", "-proxy", r.Addr().String(), "-connect", "site.test:443", "-servername", "site.test",
		"-verify_hostname", "site.test", "-verify_return_error", "-x509_strict", "-crl_check_all", "-CAfile", r.lists())
}

func opensslStatus(r *running, program string) string {
	return run(r.dir, program, "s_client", "-proxy", r.Addr().String(), "-connect", "site.test:443", "-servername", "site.test", "-CAfile", "root.pem", "-status")
}

// opensslOCSP asks about the certificate that s_client was shown.
func opensslOCSP(r *running, program string) string {
	shown := run(r.dir, program, "s_client", "-proxy", r.Addr().String(), "-connect", "site.test:443", "-servername", "site.test", "-CAfile", "root.pem")
	block, _ := pem.Decode([]byte(shown))
	Expect(block).NotTo(BeNil(), shown)
	writeFile(r.dir, "leaf.pem", pem.EncodeToMemory(block))
	url := strings.TrimSpace(run(r.dir, program, "x509", "-in", "leaf.pem", "-noout", "-ocsp_uri"))
	return run(r.dir, program, "ocsp", "-issuer", "root.pem", "-cert", "leaf.pem", "-CAfile", "root.pem", "-url", url)
}

func curl(more ...string) func(*running, string) string {
	return func(r *running, program string) string {
		args := append(more, "-sS", "--proxy", "http://"+r.Addr().String(), "--cacert", "root.pem", "https://site.test/asked")
		return run(r.dir, program, args...)
	}
}

func gnutls(r *running, program string) string {
	return run(r.dir, program, "--ocsp", "--x509cafile", "root.pem", "--sni-hostname", "site.test", "--verify-hostname", "site.test",
		"-p", r.through("site.test:443"), "127.0.0.1")
}

// java is the strict client beside package emulate.
func java(r *running, program string) string {
	_, here, _, _ := runtime.Caller(0)
	source := filepath.Join(filepath.Dir(here), "..", "emulate", "testdata", "Strict.java")
	out := run(r.dir, program, "-Dcom.sun.security.enableCRLDP=true", source, "localhost", r.through("localhost:443"), "root.pem")
	if strings.Contains(out, "jdk.compiler") {
		Skip("this Java runs no source files")
	}
	return out
}

var _ = Describe("curl", func() {
	It("comes by every kind of proxy protocol", func() {
		program, r := judge("curl"), revoking(emulate.Pointers{})
		socks := strings.TrimPrefix(r.Listening()[1], "SOCKS (socks, detect on) at ")
		for _, proxy := range []string{"http://" + r.Addr().String(), "socks4a://" + socks, "socks5h://" + socks} {
			Expect(run(r.dir, program, "-sS", "--proxy", proxy, "--cacert", "root.pem", "https://site.test/asked")).To(Equal("/asked"), proxy)
		}
		Expect(run(r.dir, program, "-sS", "--proxytunnel", "--proxy", "http://"+r.Addr().String(), "http://plain.test:80/asked")).To(Equal("/asked"))
	})
})
