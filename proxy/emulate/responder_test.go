package emulate_test

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"golang.org/x/crypto/ocsp"

	"rehearse/proxy/emulate"
)

// endpoint is a responder with two authorities, and what it reported.
type endpoint struct {
	*emulate.Responder
	clock         *clock
	root, issuing *emulate.Authority
	leaf          *x509.Certificate
	seen          *[]string
}

func newEndpoint() endpoint {
	c := newClock()
	root, issuing := pair(c.Now)
	e := endpoint{emulate.NewResponder(issuing), c, root, issuing, leafOf(issuing, "a.test"), new([]string)}
	e.Seen = func(method, what, authority, result string) {
		*e.seen = append(*e.seen, strings.Join([]string{method, what, authority, result}, " "))
	}
	return e
}

func (e endpoint) do(method, target string, body []byte) *http.Response {
	w := httptest.NewRecorder()
	e.ServeHTTP(w, httptest.NewRequest(method, target, bytes.NewReader(body)))
	return w.Result()
}

func bodyOf(r *http.Response) []byte {
	body, err := io.ReadAll(r.Body)
	Expect(err).NotTo(HaveOccurred())
	return body
}

func (e endpoint) question() []byte { return question(e.leaf, e.issuing.Certificate(), crypto.SHA1) }

func (e endpoint) statusIn(r *http.Response) int {
	answer, err := ocsp.ParseResponseForCert(bodyOf(r), e.leaf, e.issuing.Certificate())
	Expect(err).NotTo(HaveOccurred())
	return answer.Status
}

var _ = Describe("a responder", func() {
	It("serves an authority and those above it", func() {
		e := newEndpoint()
		Expect(e.Authorities).To(HaveLen(2))
		Expect(e.Authorities["issuing"]).To(Equal(e.issuing))
		Expect(e.Authorities["root"]).To(Equal(e.root))
	})

	It("answers POST", func() {
		e := newEndpoint()
		r := e.do("POST", "/ocsp/issuing", e.question())
		Expect(r.StatusCode).To(Equal(200))
		Expect(r.Header.Get("Content-Type")).To(Equal("application/ocsp-response"))
		Expect(r.Header.Get("Cache-Control")).To(Equal("no-store"))
		Expect(e.statusIn(r)).To(Equal(ocsp.Good))
		Expect(*e.seen).To(Equal([]string{"POST ocsp issuing good"}))
	})

	DescribeTable("answers GET, however the base64 is written", func(encode func(string) string) {
		e := newEndpoint()
		// Serial numbers are random; some request among these has a slash and a plus.
		for range 20 {
			e.leaf = leafOf(e.issuing, "a.test")
			r := e.do("GET", "/ocsp/issuing/"+encode(base64.StdEncoding.EncodeToString(e.question())), nil)
			Expect(r.StatusCode).To(Equal(200))
			Expect(e.statusIn(r)).To(Equal(ocsp.Good))
		}
	},
		Entry("percent-encoded as a query value", url.QueryEscape),
		Entry("percent-encoded as a path segment", url.PathEscape),
		Entry("with bare slashes and plus signs", func(s string) string { return s }),
		Entry("without padding", func(s string) string { return strings.TrimRight(s, "=") }),
		Entry("with lower-case escapes", func(s string) string {
			return strings.NewReplacer("/", "%2f", "+", "%2b", "=", "%3d").Replace(s)
		}),
	)

	It("lets an answer to GET be cached until nextUpdate", func() {
		e := newEndpoint()
		r := e.do("GET", "/ocsp/issuing/"+url.QueryEscape(base64.StdEncoding.EncodeToString(e.question())), nil)
		week := 7*24*time.Hour - 5*time.Minute
		Expect(r.Header.Get("Cache-Control")).To(Equal(fmt.Sprintf("max-age=%d, public, no-transform, must-revalidate", int(week.Seconds()))))
		Expect(r.Header.Get("Expires")).To(Equal(e.clock.Now().Add(week).Format(http.TimeFormat)))
		Expect(r.Header.Get("Last-Modified")).To(Equal(e.clock.Now().Add(-5 * time.Minute).Format(http.TimeFormat)))
	})

	It("does not let an answer with a nonce be cached, nor one that is not valid now", func() {
		e := newEndpoint()
		withNonce := base64.StdEncoding.EncodeToString(craft(e.issuing.Certificate(), nonce(16), e.leaf.SerialNumber))
		Expect(e.do("GET", "/ocsp/issuing/"+url.QueryEscape(withNonce), nil).Header.Get("Cache-Control")).To(Equal("no-store"))
		e.How = func(string, string) emulate.Answer { return emulate.Answer{Stale: true} }
		plain := base64.StdEncoding.EncodeToString(e.question())
		Expect(e.do("GET", "/ocsp/issuing/"+url.QueryEscape(plain), nil).Header.Get("Cache-Control")).To(Equal("no-store"))
		Expect(e.do("GET", "/crl/issuing.crl", nil).Header.Get("Cache-Control")).To(Equal("no-store"))
	})

	It("serves CRLs to GET and HEAD", func() {
		e := newEndpoint()
		r := e.do("GET", "/crl/root.crl", nil)
		Expect(r.StatusCode).To(Equal(200))
		Expect(r.Header.Get("Content-Type")).To(Equal("application/pkix-crl"))
		Expect(r.Header.Get("Cache-Control")).To(HavePrefix("max-age="))
		body := bodyOf(r)
		list, err := x509.ParseRevocationList(body)
		Expect(err).NotTo(HaveOccurred())
		Expect(list.CheckSignatureFrom(e.root.Certificate())).To(Succeed())
		head := e.do("HEAD", "/crl/root.crl", nil)
		Expect(head.Header.Get("Content-Length")).To(Equal(fmt.Sprint(len(body))))
		Expect(bodyOf(head)).To(BeEmpty())
		Expect(*e.seen).To(Equal([]string{"GET crl root crl", "HEAD crl root crl"}))
	})

	It("asks how to answer, by kind and authority", func() {
		e := newEndpoint()
		e.How = func(what, authority string) emulate.Answer {
			return emulate.Answer{Revoked: what == "ocsp" && authority == "issuing", Malformed: what == "crl"}
		}
		Expect(e.statusIn(e.do("POST", "/ocsp/issuing", e.question()))).To(Equal(ocsp.Revoked))
		Expect(string(bodyOf(e.do("GET", "/crl/issuing.crl", nil)))).To(HavePrefix("<!DOCTYPE html>"))
		Expect(*e.seen).To(Equal([]string{"POST ocsp issuing revoked", "GET crl issuing malformed"}))
	})

	DescribeTable("says in plain words why it does not answer",
		func(method, target string, body []byte, status int, want string) {
			e := newEndpoint()
			r := e.do(method, target, body)
			Expect(r.StatusCode).To(Equal(status))
			Expect(string(bodyOf(r))).To(ContainSubstring(want))
			Expect(*e.seen).To(HaveLen(1))
			Expect((*e.seen)[0]).To(HaveSuffix(fmt.Sprintf("http %d", status)))
		},
		Entry("another path", "GET", "/", nil, 404, `nothing at "/"`),
		Entry("no authority", "GET", "/crl/.crl", nil, 404, `no authority ""`),
		Entry("a stranger", "POST", "/ocsp/stranger", nil, 404, `no authority "stranger"`),
		Entry("a stranger's list", "GET", "/crl/stranger.crl", nil, 404, `no authority "stranger"`),
		Entry("a list without its ending", "GET", "/crl/root", nil, 404, "served are /ocsp/ID and /crl/ID.crl"),
		Entry("GET without a request", "GET", "/ocsp/root", nil, 400, "want /ocsp/ID/BASE64"),
		Entry("GET with an empty request", "GET", "/ocsp/root/", nil, 400, "want /ocsp/ID/BASE64"),
		Entry("no base64", "GET", "/ocsp/root/***", nil, 400, "not base64"),
		Entry("POST to a list", "POST", "/crl/root.crl", nil, 405, "a CRL is fetched with GET"),
		Entry("PUT", "PUT", "/ocsp/root", nil, 405, "method PUT, want GET or POST"),
		Entry("POST with a request in the path", "POST", "/ocsp/root/MEUw", nil, 404, "want it in the body"),
		Entry("a large body", "POST", "/ocsp/root", make([]byte, 16<<10+1), 413, "more than 16384 bytes"),
		Entry("a large path", "GET", "/ocsp/root/"+strings.Repeat("A", 48<<10+1), nil, 400, "49153 bytes in the path"),
	)

	It("names the methods allowed", func() {
		e := newEndpoint()
		Expect(e.do("PUT", "/ocsp/root", nil).Header.Get("Allow")).To(Equal("GET, POST"))
		Expect(e.do("POST", "/crl/root.crl", nil).Header.Get("Allow")).To(Equal("GET, HEAD"))
	})

	It("answers what it cannot read with malformedRequest", func() {
		e := newEndpoint()
		r := e.do("POST", "/ocsp/issuing", []byte("hello"))
		Expect(r.StatusCode).To(Equal(200))
		Expect(bodyOf(r)).To(Equal(ocsp.MalformedRequestErrorResponse))
		Expect(*e.seen).To(Equal([]string{"POST ocsp issuing malformed request"}))
	})
})

var _ = Describe("pointers", func() {
	It("lead to where the responder serves", func() {
		e := newEndpoint()
		p := emulate.Pointers{CRL: true, OCSP: true, Base: "http://status.test/"}
		urls, lists := p.For(e.issuing)
		Expect(urls).To(Equal([]string{"http://status.test/ocsp/issuing"}))
		Expect(lists).To(Equal([]string{"http://status.test/crl/issuing.crl"}))
		Expect(e.do("GET", lists[0], nil).StatusCode).To(Equal(200))
		Expect(e.do("POST", urls[0], e.question()).StatusCode).To(Equal(200))
	})

	It("say what they are", func() {
		Expect(emulate.Pointers{}.String()).To(Equal("none"))
		Expect(emulate.Pointers{CRL: true}.String()).To(Equal("crl"))
		Expect(emulate.Pointers{OCSP: true}.String()).To(Equal("ocsp"))
		Expect(emulate.Pointers{CRL: true, OCSP: true}.String()).To(Equal("crl,ocsp"))
	})
})
