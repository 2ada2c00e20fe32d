package revocation_test

import (
	"context"
	"crypto"
	"crypto/x509"
	"encoding/base64"
	"net"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"golang.org/x/crypto/ocsp"

	"rehearse/proxy/revocation"
	"rehearse/reports/journal"
)

// fetcher is a Fetcher from a function.
type fetcher func(method, url string, body []byte) (int, []byte, error)

func (f fetcher) Fetch(_ context.Context, method, url string, body []byte) (int, []byte, error) {
	return f(method, url, body)
}

// checkerFor is a strict Checker over b.
func checkerFor(b *bench) *revocation.Checker {
	return &revocation.Checker{Fetcher: b, Now: func() time.Time { return b.now }}
}

// decodeGET is the request in the path of a GET, and the URL before it.
func decodeGET(target string) (base string, request *ocsp.Request) {
	at := strings.LastIndex(target, "/")
	path, err := url.PathUnescape(target[at+1:])
	Expect(err).NotTo(HaveOccurred())
	der, err := base64.StdEncoding.DecodeString(path)
	Expect(err).NotTo(HaveOccurred())
	request, err = ocsp.ParseRequest(der)
	Expect(err).NotTo(HaveOccurred())
	return target[:at], request
}

var _ = Describe("Check", func() {
	It("asks every responder before any CRL, and stops at the first answer", func(ctx SpecContext) {
		b := newBench(time.Now())
		t := b.template("many.test")
		t.OCSPServer = []string{"http://down.test/1", place("ocsp", "404", "int-good"), place("ocsp", "trylater", "int-good")}
		t.CRLDistributionPoints = []string{"ldap://down.test/x", place("crl", "expired", "int-good"), place("crl", "good", "int-good"), "http://down.test/2"}
		r := checkerFor(b).Check(ctx, b.chain(issue(t, b.issuers["int-good"]).cert), nil)
		Expect(r.Accept).To(BeTrue())
		Expect(r.Each[1]).To(Equal(revocation.CertResult{Subject: "many.test", Verdict: revocation.Good, Source: revocation.CRL}))
		var results []string
		for _, f := range r.Fetches {
			results = append(results, string(f.Source)+" "+f.Judgement.String())
		}
		Expect(results).To(Equal([]string{"ocsp good", "ocsp offline: connection refused", "ocsp offline: HTTP 404",
			"ocsp try later", "crl stale: nextUpdate passed 3 days ago", "crl good"}))
	})

	DescribeTable("of several failures keeps the one that tells most", func(ctx SpecContext, ocspModes, crlModes string, want revocation.Verdict) {
		b := newBench(time.Now())
		t := b.template("failing.test")
		for _, m := range strings.Fields(ocspModes) {
			t.OCSPServer = append(t.OCSPServer, place("ocsp", m, "int-good"))
		}
		for _, m := range strings.Fields(crlModes) {
			t.CRLDistributionPoints = append(t.CRLDistributionPoints, place("crl", m, "int-good"))
		}
		r := checkerFor(b).Check(ctx, b.chain(issue(t, b.issuers["int-good"]).cert), nil)
		Expect(r.Verdict).To(Equal(want))
	},
		Entry("an answer over none", "down unknown", "down", revocation.Unknown),
		Entry("the CRL's answer over a silent responder", "down", "wrongkey", revocation.BadSignature),
		Entry("the first of several answers", "trylater unauth", "expired", revocation.TryLater),
		Entry("no answer over a pointer not followed", "", "ldap down", revocation.Offline),
		Entry("a pointer not followed over none", "", "ldap", revocation.UnsupportedScheme),
	)

	It("records each fetch and then the judgement", func(ctx SpecContext) {
		b := newBench(time.Now())
		var events []string
		checker := checkerFor(b)
		checker.Record = func(e journal.Body) { events = append(events, e.String()) }
		checker.Check(ctx, b.chain(b.leaf("recorded.test", "int-good", "down", "rev")), nil)
		Expect(events).To(Equal([]string{
			"ocsp http://status.test/ocsp/idx/root for Bench int-good: good",
			"ocsp http://down.test/ocsp/int-good for recorded.test: offline: connection refused",
			"crl http://status.test/crl/rev/int-good.crl for recorded.test: revoked: keyCompromise",
			"revocation of recorded.test: revoked: keyCompromise, refused with CRYPT_E_REVOKED",
		}))
	})

	It("has nothing to ask about a trust anchor, and refuses an empty chain", func(ctx SpecContext) {
		b := newBench(time.Now())
		Expect(checkerFor(b).Check(ctx, []*x509.Certificate{b.issuers["root"].cert}, nil)).To(Equal(
			revocation.Result{Accept: true, Verdict: revocation.Good, Certificate: "Bench root"}))
		Expect(checkerFor(b).Check(ctx, nil, nil).Code).To(Equal(revocation.CodeNoCheck))
	})

	It("is offline without a Fetcher", func(ctx SpecContext) {
		b := newBench(time.Now())
		checker := checkerFor(b)
		checker.Fetcher = nil
		r := checker.Check(ctx, b.chain(b.leaf("a.test", "int-good", "good", "good")), nil)
		Expect(r.Verdict).To(Equal(revocation.Offline))
	})

	DescribeTable("says what kept an answer from coming", func(ctx SpecContext, err error, want string) {
		b := newBench(time.Now())
		checker := checkerFor(b)
		checker.Fetcher = fetcher(func(string, string, []byte) (int, []byte, error) { return 0, nil, err })
		r := checker.Check(ctx, b.chain(b.leaf("a.test", "int-good", "good", "-")), nil)
		Expect(r.Detail).To(Equal(want))
	},
		Entry(nil, &net.DNSError{IsNotFound: true}, "no such name"),
		Entry(nil, &net.DNSError{IsTimeout: true}, "name not resolved"),
		Entry(nil, &url.Error{Op: "Get", URL: "http://x/secret", Err: net.UnknownNetworkError("tin")}, "unknown network tin"),
		Entry(nil, context.DeadlineExceeded, "timed out"),
	)

	It("refuses what is too large to be read", func(ctx SpecContext) {
		b := newBench(time.Now())
		checker := checkerFor(b)
		checker.Fetcher = fetcher(func(method, target string, body []byte) (int, []byte, error) {
			if strings.Contains(target, "/idx/") {
				return b.Fetch(ctx, method, target, body)
			}
			return http.StatusOK, make([]byte, revocation.MaxCRL+1), nil
		})
		r := checker.Check(ctx, b.chain(b.leaf("a.test", "int-good", "good", "good")), nil)
		Expect(r.Verdict).To(Equal(revocation.TooLarge))
		Expect(r.Fetches[1].Detail).To(Equal("more than 1 MiB"))
		Expect(r.Fetches[2].Detail).To(Equal("more than 32 MiB"))
	})

	It("keeps a fallback off where told", func(ctx SpecContext) {
		b := newBench(time.Now())
		checker := checkerFor(b)
		checker.Behaviour.NoFallback = true
		r := checker.Check(ctx, b.chain(b.leaf("a.test", "int-good", "down", "good")), nil)
		Expect(r.Verdict).To(Equal(revocation.Offline))
		r = checker.Check(ctx, b.chain(b.leaf("b.test", "int-good", "-", "good")), nil)
		Expect(r.Verdict).To(Equal(revocation.Good), "no responder named: the CRL is no fallback")
	})

	It("asks the CRL first where told", func(ctx SpecContext) {
		b := newBench(time.Now())
		checker := checkerFor(b)
		checker.Behaviour.Order = revocation.CRLThenOCSP
		r := checker.Check(ctx, b.chain(b.leaf("a.test", "int-good", "rev", "good")), nil)
		Expect(r.Verdict).To(Equal(revocation.Good))
		Expect(b.fetched).To(Equal([]string{"GET /crl/idx/root.crl", "GET /crl/good/int-good.crl"}))
	})

	DescribeTable("uses a staple that does not help", func(ctx SpecContext, use revocation.Staple, want revocation.Verdict) {
		b := newBench(time.Now())
		checker := checkerFor(b)
		checker.Behaviour.Staple = use
		leaf := b.leaf("a.test", "int-good", "good", "-")
		stale := b.answer("expired", "int-good", ocsp.Response{SerialNumber: leaf.SerialNumber})
		Expect(checker.Check(ctx, b.chain(leaf), stale).Verdict).To(Equal(want))
	},
		Entry("as Java: the responder is not asked", revocation.StapleDecides, revocation.Stale),
		Entry("as Chromium: the responder is asked", revocation.StapleFirst, revocation.Good),
		Entry("as NSS: not at all", revocation.StapleIgnored, revocation.Good),
	)
})

var _ = Describe("requests", func() {
	// sent is the first request about a leaf whose responder is at base.
	sent := func(ctx context.Context, base string, how revocation.Behaviour) (method, target string, body []byte) {
		b := newBench(time.Now())
		t := b.template("asked.test")
		t.OCSPServer = []string{base}
		checker := checkerFor(b)
		how.Scope = revocation.LeafOnly
		checker.Behaviour = how
		checker.Fetcher = fetcher(func(m, u string, content []byte) (int, []byte, error) {
			method, target, body = m, u, content
			return http.StatusServiceUnavailable, nil, nil
		})
		checker.Check(ctx, b.chain(issue(t, b.issuers["int-good"]).cert), nil)
		return method, target, body
	}

	It("go by GET while the whole URL has at most 255 bytes", func(ctx SpecContext) {
		for n := range 120 { // from well below to well above, whatever the request's bytes are
			base := "http://status.test/ocsp/" + strings.Repeat("a", n)
			method, target, body := sent(ctx, base, revocation.Behaviour{})
			if method == http.MethodGet {
				Expect(len(target)).To(BeNumerically("<=", 255))
				Expect(body).To(BeNil())
				at, request := decodeGET(target)
				Expect(at).To(Equal(strings.TrimSuffix(base, "/")))
				Expect(request.HashAlgorithm).To(Equal(crypto.SHA1))
				continue
			}
			Expect(method).To(Equal(http.MethodPost))
			Expect(target).To(Equal(base))
			Expect(ocsp.ParseRequest(body)).NotTo(BeNil())
			Expect(len(base) + len("/") + len(url.QueryEscape(base64.StdEncoding.EncodeToString(body)))).To(BeNumerically(">", 255))
		}
	})

	It("leave nothing in the path that a server would take for its own", func(ctx SpecContext) {
		for range 20 { // + and / come up sooner or later
			_, target, _ := sent(ctx, "http://status.test", revocation.Behaviour{})
			Expect(strings.TrimPrefix(target, "http://status.test/")).NotTo(ContainSubstring("/"))
			Expect(target).NotTo(ContainSubstring("+"))
			Expect(target).NotTo(ContainSubstring("="))
		}
	})

	It("go by POST, with SHA-256 and a nonce, where told", func(ctx SpecContext) {
		how := revocation.Behaviour{Method: revocation.AlwaysPost, Hash: crypto.SHA256, Nonce: true}
		method, _, body := sent(ctx, "http://status.test", how)
		Expect(method).To(Equal(http.MethodPost))
		request, err := ocsp.ParseRequest(body)
		Expect(err).NotTo(HaveOccurred())
		Expect(request.HashAlgorithm).To(Equal(crypto.SHA256))
		_, _, again := sent(ctx, "http://status.test", how)
		Expect(again[len(again)-32:]).NotTo(Equal(body[len(body)-32:]))
	})
})

var _ = Describe("the table of behaviours", func() {
	It("has a source for every field that is not the zero value", func() {
		for _, b := range revocation.Behaviours() {
			Expect(b.Doc).NotTo(BeEmpty(), b.Name)
			claimed := map[string]bool{"Name": true, "Doc": true, "Claims": true}
			for _, c := range b.Claims {
				_, known := reflect.TypeFor[revocation.Behaviour]().FieldByName(c.Field)
				Expect(known).To(BeTrue(), "%s claims %s", b.Name, c.Field)
				Expect(c.Source).NotTo(BeEmpty(), "%s %s", b.Name, c.Field)
				claimed[c.Field] = true
			}
			v := reflect.ValueOf(b)
			for i := range v.NumField() {
				field := v.Type().Field(i).Name
				Expect(claimed[field] || v.Field(i).IsZero()).To(BeTrue(), "%s says %s without a source", b.Name, field)
			}
		}
	})

	It("has no name twice, and none that is unknown", func() {
		seen := map[string]bool{}
		for _, b := range revocation.Behaviours() {
			Expect(seen).NotTo(HaveKey(b.Name))
			seen[b.Name] = true
		}
		_, ok := revocation.BehaviourNamed("nobody")
		Expect(ok).To(BeFalse())
	})
})

var _ = Describe("the table of verdicts", func() {
	It("gives each refusal a code that is explained", func() {
		codes := map[string]bool{"": true}
		for _, c := range revocation.Codes {
			codes[c.Symbol] = true
		}
		for _, m := range revocation.Verdicts {
			Expect(codes).To(HaveKey(m.Code), string(m.Verdict))
			Expect(m.Verdict.Code()).To(Equal(m.Code))
		}
	})
})
