package txn_test

import (
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/proxy/policy"
	"rehearse/proxy/policy/cpl"
	"rehearse/proxy/policy/txn"
	"rehearse/reports/diag"
)

// read reads a text that has to be one transaction without errors.
func read(text string) *txn.Transaction {
	GinkgoHelper()
	list, diags := txn.Parse("t.json", []byte(text))
	Expect(diags).To(BeEmpty())
	Expect(list).To(HaveLen(1))
	return list[0]
}

// last is what such a transaction knows at its end.
func last(text string) *policy.Transaction {
	GinkgoHelper()
	return read(text).Last().Transaction
}

// complaints are the diagnostics of a text as a person reads them.
func complaints(text string) string {
	_, diags := txn.Parse("t.json", []byte(text))
	var b strings.Builder
	_ = diag.Render(&b, diags, func(string) []byte { return []byte(text) })
	return b.String()
}

// compiled is a policy for the newest release that has to compile.
func compiled(text string) *policy.Policy {
	GinkgoHelper()
	f, diags := cpl.Parse("local", []byte(text))
	Expect(diags).To(BeEmpty())
	p, diags := policy.Compile([]*cpl.File{f}, policy.Options{})
	Expect(diags.HasErrors()).To(BeFalse())
	return p
}

var _ = Describe("A transaction file", func() {
	It("has condition names and their values", func() {
		tx := last(`{"type": "http.proxy", "time": "2026-03-04T10:50:00Z", "client.address": "10.1.0.11",
			"proxy.address": "10.1.0.1", "proxy.port": 8080, "service.name": "Explicit HTTP", "service.group": "Standard",
			"http.method": "get", "url": "http://WWW.Example.com/a/b?c=d", "request.header.user-agent": "Probe",
			"response.header.X": ["1", "2"], "http.response.code": 200, "user": "CORP\\kim", "realm": "corp",
			"group": ["staff", "kids"], "category": "Games", "server_url": "https://inner.test:8443/", "url.address": ["192.0.2.7"]}`)
		Expect(tx.Time).To(Equal(time.Date(2026, 3, 4, 10, 50, 0, 0, time.UTC)))
		Expect(tx.Client.Addr()).To(Equal(netip.MustParseAddr("10.1.0.11")))
		Expect(tx.Proxy).To(Equal(netip.MustParseAddrPort("10.1.0.1:8080")))
		Expect(tx.URL).To(Equal(policy.URL{Scheme: "http", Host: "www.example.com", Port: 80, Path: "/a/b", Query: "c=d"}))
		Expect(tx.ServerURL).To(Equal(policy.URL{Scheme: "https", Host: "inner.test", Port: 8443, Path: "/"}))
		Expect(tx.RequestHeader).To(Equal(http.Header{"User-Agent": {"Probe"}}))
		Expect(tx.ResponseHeader).To(Equal(http.Header{"X": {"1", "2"}}))
		Expect([]any{tx.Method, tx.Status, tx.Service, tx.Group}).To(Equal([]any{"GET", 200, "Explicit HTTP", "Standard"}))
		Expect([]any{tx.User, tx.Realm, tx.GroupsOf, tx.Categories}).To(Equal([]any{`CORP\kim`, "corp", []string{"staff", "kids"}, []string{"Games"}}))
		Expect(tx.ResolveHost("any")).To(Equal([]netip.Addr{netip.MustParseAddr("192.0.2.7")}))
	})

	It("has the origin's certificate and TLS", func() {
		tx := last(`{"type": "ssl.intercept", "url": "sip.example.com:443", "client.connection.ssl_server_name": "sip.example.com",
			"server.certificate.hostname": ["sip.example.com", "*.example.com"], "server.certificate.subject": "CN=sip, O=Example, C=DE",
			"server.connection.negotiated_ssl_version": "TLSV1.2", "client.connection.negotiated_cipher": "TLS_RSA_WITH_RC4_128_SHA"}`)
		Expect(tx.ServerCertificate.DNSNames).To(Equal([]string{"sip.example.com", "*.example.com"}))
		Expect(tx.ServerCertificate.Subject.String()).To(Equal("CN=sip,O=Example,C=DE"))
		Expect([]string{tx.SNI, tx.ServerTLSVersion, tx.ClientCipher}).To(Equal([]string{"sip.example.com", "TLSV1.2", "TLS_RSA_WITH_RC4_128_SHA"}))
		Expect(tx.URL.String()).To(Equal("tcp://sip.example.com:443/"))
	})

	DescribeTable("fills in what follows from the type", func(text, kind, url, protocol string, tunneled policy.Ternary) {
		tx := last(text)
		Expect([]any{string(tx.Type), tx.URL.String(), tx.ClientProtocol, tx.Tunneled}).To(Equal([]any{kind, url, protocol, tunneled}))
	},
		Entry("a request", `{"url": "http://a.test/x"}`, "http.proxy", "http://a.test/x", "http", policy.No),
		Entry("a decrypted request", `{"url": "https://a.test/x"}`, "https.forward-proxy", "https://a.test/x", "https", policy.No),
		Entry("a CONNECT", `{"url": "https://a.test/x", "http.method": "CONNECT"}`, "http.proxy", "tcp://a.test:443/", "http", policy.Yes),
		Entry("a CONNECT with detection", `{"url": "a.test:5061", "http.method": "CONNECT", "detect_protocol": true}`, "http.proxy", "tcp://a.test:5061/", "http", policy.Unknown),
		Entry("a TCP tunnel", `{"type": "tcp.tunnel", "url": "192.0.2.1:22"}`, "tcp.tunnel", "tcp://192.0.2.1:22/", "tcp", policy.Yes),
		Entry("a TLS flow", `{"type": "ssl.tunnel", "url.host": "a.test"}`, "ssl.tunnel", "tcp://a.test:443/", "ssl", policy.Yes),
		Entry("SIP in a decrypted one", `{"type": "ssl.tunnel", "url": "a.test:443", "client.protocol": "sips"}`, "ssl.tunnel", "tcp://a.test:443/", "sips", policy.No),
	)

	It("takes the date and the time as conditions have them", func() {
		Expect(last(`{"url": "http://a.test/", "date": 20260304, "time": "1050"}`).Time).To(Equal(time.Date(2026, 3, 4, 10, 50, 0, 0, time.UTC)))
	})

	It("keeps the values of conditions that nothing else tells", func() {
		tx := last(`{"url": "http://a.test/", "request.application.name": "Gmail", "health_check": "yes"}`)
		Expect(tx.Other).To(Equal(map[string][]string{"request.application.name": {"Gmail"}, "health_check": {"yes"}}))
	})

	It("stands at every checkpoint, or at those it names with what is new there", func() {
		Expect(read(`{"url": "http://a.test/"}`).Points).To(HaveLen(9))
		t := read(`{"http.method": "CONNECT", "url": "a.test:443", "detect_protocol": true, "name": "one", "transaction.id": 7,
			"checkpoints": [{"at": "request"}, {"at": "first bytes", "tunneled": false}, {"at": "client hello", "request.header.X": "y"}]}`)
		Expect([]any{t.Name, t.ID}).To(Equal([]any{"one", 7}))
		var tunneled []policy.Ternary
		for _, p := range t.Points {
			tunneled = append(tunneled, p.Transaction.Tunneled)
		}
		Expect(tunneled).To(Equal([]policy.Ternary{policy.Unknown, policy.No, policy.No}))
		Expect(t.Points[1].Transaction.RequestHeader).To(BeEmpty())
		Expect(t.Last().At).To(Equal(policy.AtClientHello))
		Expect(t.Last().Transaction.RequestHeader).To(HaveKey("X"))
	})

	It("is decided at each of them", func() {
		t := read(`{"http.method": "CONNECT", "url": "a.test:443", "detect_protocol": true,
			"checkpoints": [{"at": "request"}, {"at": "first bytes", "tunneled": "yes"}]}`)
		d := t.Explain(compiled("<Proxy>\n  tunneled=yes FORCE_DENY\n"))
		Expect(d[0].Final).To(BeFalse())
		Expect(d[1].Verdict.At).To(Equal("local:2"))
	})

	It("may be one of a list", func() {
		list, diags := txn.Parse("t.json", []byte(`[{"url": "http://a.test/", "name": "a"}, {"url": "http://b.test/", "name": "b"}]`))
		Expect(diags).To(BeEmpty())
		Expect(list[1].Name).To(Equal("b"))
		Expect(list[1].At.Start.Col).To(Equal(42))
	})
})

var _ = Describe("What is wrong with a transaction file", func() {
	DescribeTable("is told at its place", func(text, want string) {
		Expect(complaints(text)).To(Equal(strings.TrimLeft(want, "\n")))
	},
		Entry("a misspelt name", `{"client.adress": "10.1.0.11"}`, `
t.json:1:2: error: unknown name "client.adress"; want the name of a condition, or one of type, name, transaction.id, time, detect_protocol, checkpoints [transaction-name]
    {"client.adress": "10.1.0.11"}
     ^~~~~~~~~~~~~~~
hint: did you mean "client.address"?
`),
		Entry("a test in place of a value", `{"url.host.substring": "lync"}`, `
t.json:1:2: error: "url.host.substring" is a test; want the value that it tests [transaction-name]
    {"url.host.substring": "lync"}
     ^~~~~~~~~~~~~~~~~~~~
hint: "url.host": ...
`),
		Entry("what follows from another value", `{"hour": 7}`, `
t.json:1:2: error: the value of hour follows from time [transaction-name]
    {"hour": 7}
     ^~~~~~
hint: "time": ...
`),
		Entry("a word outside a closed set", `{"type": "http-proxy"}`, `
t.json:1:10: error: type: got "http-proxy", want one of http.proxy, tcp.tunnel, ssl.intercept, ssl.tunnel, https.forward-proxy, admin, cache, forwarding [transaction-value]
    {"type": "http-proxy"}
             ^~~~~~~~~~~~
hint: did you mean "http.proxy"?
`),
		Entry("several errors at once", "{\n  \"client.address\": \"10.1.0\",\n  \"proxy.port\": 70000\n}", `
t.json:2:21: error: client.address: got "10.1.0", want an address such as 10.1.0.11 [transaction-value]
      "client.address": "10.1.0",
                        ^~~~~~~~
t.json:3:17: error: proxy.port: got "70000", want a port from 1 to 65535 [transaction-value]
      "proxy.port": 70000
                    ^~~~~
`),
		Entry("a name that stands twice", `{"user": "kim", "User": "lee"}`, `
t.json:1:17: error: "User" stands there twice [transaction-duplicate]
    {"user": "kim", "User": "lee"}
                    ^~~~~~
`),
		Entry("a list where one value is wanted", `{"user": ["kim"]}`, `
t.json:1:10: error: user: want one value, got a list [transaction-value]
    {"user": ["kim"]}
             ^~~~~~~
`),
		Entry("no JSON", `{"user": kim}`, `
t.json:1:10: error: no JSON: invalid character 'k' looking for beginning of value [transaction-json]
    {"user": kim}
             ^
`),
		Entry("an end that comes too early", `{"user": "kim"`, `
t.json:1:15: error: no JSON: the text ends too early [transaction-json]
    {"user": "kim"
                  ^
`),
		Entry("an unknown checkpoint", `{"checkpoints": [{"at": "helo"}]}`, `
t.json:1:25: error: at: got "helo", want one of accept, request, user, first bytes, hello, server certificate, client TLS, inner protocol, inner request, response [transaction-value]
    {"checkpoints": [{"at": "helo"}]}
                            ^~~~~~
hint: did you mean "hello"?
`),
		Entry("checkpoints out of order", `{"checkpoints": [{"at": "hello"}, {"at": "request"}]}`, `
t.json:1:42: error: checkpoint "request" stands behind "hello"; they go from accept to response [transaction-order]
    {"checkpoints": [{"at": "hello"}, {"at": "request"}]}
                                             ^~~~~~~~~
`),
		Entry("a header without its name", `{"request.header": "x"}`, `
t.json:1:2: error: request.header needs a name behind it [transaction-name]
    {"request.header": "x"}
     ^~~~~~~~~~~~~~~~
hint: "request.header.NAME": ...
`),
		Entry("half a time", `{"time": "1050"}`, `
t.json:1:1: error: time: date and time belong together; want both, as 20260304 and 1050 [transaction-value]
    {"time": "1050"}
    ^~~~~~~~~~~~~~~~
`),
	)

	It("has an explanation for each ID", func() {
		ids := map[string]bool{}
		for _, e := range txn.Explanations() {
			ids[e.ID] = true
			Expect(e.Remedy).NotTo(BeEmpty())
		}
		for _, text := range []string{`{`, `1`, `{"x": 1}`, `{"user": []}`, `{"user":1,"user":2}`, `{"checkpoints":[{"at":"hello"},{"at":"hello"}]}`, `[]`} {
			_, diags := txn.Parse("t.json", []byte(text))
			Expect(diags).NotTo(BeEmpty(), text)
			Expect(ids).To(HaveKey(diags[0].ID))
		}
	})
})

// FuzzParse holds that nothing panics and that every diagnostic has a place
// inside the text.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{`{"url": "https://a.test/", "http.method": "CONNECT"}`, `[{"at": 1}, {"checkpoints": [{"at": "hello"}]}]`,
		`{"request.header.X": ["a"], "server.certificate.subject": "CN=a,O"}`, `{"time": "1050", "date": "20260304"}`, `{"": null}`, "{\"a\"\n:"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		list, diags := txn.Parse("fuzz", text)
		for _, d := range diags {
			if s := d.Span; s.Start.Line < 1 || s.Start.Offset > s.End.Offset || s.End.Offset > len(text) {
				t.Fatalf("%s has the place %+v", d.ID, s)
			}
		}
		for _, one := range list {
			if len(one.Points) == 0 {
				t.Fatal("a transaction without a point")
			}
		}
		if len(list) == 0 && len(diags) == 0 {
			t.Fatal("neither a transaction nor a diagnostic")
		}
	})
}
