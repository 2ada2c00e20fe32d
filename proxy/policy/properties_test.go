package policy_test

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/proxy/policy"
)

// flow is the ssl.intercept transaction of a TLS flow.
func flow(host string) *policy.Transaction {
	tx := connect(host, 443)
	tx.Type, tx.Method, tx.ClientProtocol, tx.Tunneled = policy.SSLIntercept, "", "ssl", policy.Yes
	return tx
}

var _ = Describe("Interception", func() {
	DescribeTable("by ssl.forward_proxy",
		func(setting string, want policy.Interception) {
			want.At = "local:2"
			d := newest("<SSL-Intercept>", "url.domain=a.test "+setting).Decide(flow("www.a.test"), policy.AtClientHello)
			Expect(d.Interception()).To(Equal(want))
		},
		Entry(nil, "ssl.forward_proxy(no)", policy.Interception{Mode: policy.ModeNo}),
		Entry(nil, "ssl.forward_proxy(https)", policy.Interception{Mode: policy.ModeHTTPS}),
		Entry(nil, "ssl.forward_proxy(yes)", policy.Interception{Mode: policy.ModeAuto}),
		Entry(nil, "ssl.forward_proxy(on_exception)", policy.Interception{Mode: policy.ModeOnException}),
		Entry(nil, "ssl.forward_proxy(https, on_exception)", policy.Interception{Mode: policy.ModeHTTPS, OnException: true}),
		Entry(nil, "ssl.forward_proxy(stunnel, on_exception)", policy.Interception{Mode: policy.ModeSTunnel, OnException: true}),
		Entry(nil, `ssl.forward_proxy(https) ssl.forward_proxy.issuer_keyring("default") ssl.forward_proxy.preserve_untrusted(auto)`,
			policy.Interception{Mode: policy.ModeHTTPS, Keyring: "default", PreserveUntrusted: "auto"}),
	)

	DescribeTable("where no rule says anything, by release (KB 169223)",
		func(release string, want policy.Mode) {
			d := at(release, "<SSL-Intercept>", "url.domain=b.test ssl.forward_proxy(https)").Decide(flow("www.a.test"), policy.AtClientHello)
			Expect(d.Interception()).To(Equal(policy.Interception{Mode: want}))
		},
		Entry(nil, "5.5.1.1", policy.ModeNo),
		Entry(nil, "6.1.9.1", policy.ModeNo),
		Entry(nil, "6.2.1.1", policy.ModeOnException),
		Entry(nil, "6.5.10.1", policy.ModeOnException),
		Entry(nil, "7.3.1.1", policy.ModeOnException),
	)

	It("needs a release that knows the mode", func() {
		for release, ok := range map[string]bool{"6.5.9.1": false, "6.5.10.1": true, "6.6.4.1": false, "7.2.1.1": true} {
			_, err := tryCompile("<SSL-Intercept>\nssl.forward_proxy(yes)\n", release)
			Expect(err == "").To(Equal(ok), release+": "+err)
		}
	})

	It("is decided by layers of its own alone", func() {
		p := newest("<Proxy>", "DENY", "<SSL-Intercept>", "url.host.suffix=.lync.com ssl.forward_proxy(no)", "ssl.forward_proxy(https)")
		d := p.Explain(flow("sip.lync.com"), policy.AtClientHello)
		Expect(d.Interception().Mode).To(Equal(policy.ModeNo))
		Expect(outcome(d)).To(Equal("allow"))
		Expect(marks(d)).To(Equal([]string{"MATCH local:4"}))
		Expect(p.Decide(flow("lync.com"), policy.AtClientHello).Interception().Mode).To(Equal(policy.ModeHTTPS))
	})

	// KB 173494: what policy has to say in its four cases; where the answer then
	// goes (to the CONNECT, inside TLS, a reset) is the interceptor's.
	DescribeTable("of a denied host (KB 173494)",
		func(rules string, mode policy.Mode) {
			p := newest("<Proxy>", "url.domain=a.test DENY", rules)
			tx := connect("a.test", 443)
			tx.Detecting = true
			Expect(decided(p, tx, policy.AtRequest)).To(Equal("deny policy_denied"))
			tx.Tunneled = policy.No
			Expect(decided(p, tx, policy.AtFirstBytes)).To(Equal("deny policy_denied"))
			Expect(p.Decide(flow("a.test"), policy.AtClientHello).Interception().Mode).To(Equal(mode))
		},
		Entry("detection on or off, no SSL policy", "", policy.ModeOnException),
		Entry("interception switched off", "<SSL-Intercept>\nssl.forward_proxy(no)", policy.ModeNo),
		Entry("HTTPS interception", "<SSL-Intercept>\nssl.forward_proxy(https)", policy.ModeHTTPS),
	)
})

var _ = Describe("Detection", func() {
	DescribeTable("by detect_protocol",
		func(settings string, ssl, http, sips bool) {
			d := newest("<Proxy>", settings).Decide(connect("a.test", 443), policy.AtRequest)
			Expect([]bool{d.Detects("ssl"), d.Detects("http"), d.Detects("sips")}).To(Equal([]bool{ssl, http, sips}))
		},
		Entry("unset", "access_log(no)", true, true, true),
		Entry(nil, "detect_protocol(all)", true, true, true),
		Entry(nil, "detect_protocol(none)", false, false, false),
		Entry("alias", "detect_protocol(no)", false, false, false),
		Entry("alias", "detect_protocol(yes)", true, true, true),
		Entry("a list", "detect_protocol(ssl, SIPS)", true, false, true),
		Entry("one off", "detect_protocol.sips(no)", true, true, false),
		Entry("some off", "detect_protocol.[ssl,sips](no)", false, true, false),
		Entry("one on again in a later layer", "detect_protocol(none)\n<Proxy>\ndetect_protocol.http(yes)", false, true, false),
		Entry("all off in a later layer", "detect_protocol.http(yes)\n<Proxy>\ndetect_protocol(none)", false, false, false),
	)

	It("can be forced", func() {
		force := func(s string) string {
			return newest("<Proxy>", s).Decide(connect("a.test", 443), policy.AtRequest).ForceProtocol()
		}
		Expect(force("force_protocol(http)")).To(Equal("http"))
		Expect(force("force_protocol(no)")).To(BeEmpty())
		Expect(force("force_protocol.ssl(yes)")).To(Equal("ssl"))
		Expect(force("access_log(no)")).To(BeEmpty())
	})
})

var _ = Describe("Validation of the origin's certificate", func() {
	ssl := func(host string) *policy.Transaction {
		tx := flow(host)
		tx.Type = policy.SSLTunnel
		return tx
	}
	DescribeTable("by server.certificate.validate",
		func(settings string, want policy.Validation) {
			Expect(newest("<SSL>", settings).Decide(ssl("a.test"), policy.AtClientHello).Validation()).To(Equal(want))
		},
		Entry("unset (KB 169432)", "access_log(no)", policy.Validation{On: true, Revocation: "auto"}),
		Entry(nil, "server.certificate.validate(no)", policy.Validation{Revocation: "auto"}),
		Entry(nil, "server.certificate.validate.check_revocation(no)", policy.Validation{On: true, Revocation: "no"}),
		Entry(nil, "server.certificate.validate.ignore.expiration(yes)", policy.Validation{On: true, Revocation: "auto", IgnoreExpiration: true}),
		Entry(nil, "server.certificate.validate.ignore(hostname_mismatch, untrusted_issuer)",
			policy.Validation{On: true, Revocation: "auto", IgnoreHostname: true, IgnoreUntrusted: true}),
		Entry("all but one", "server.certificate.validate.ignore(all) server.certificate.validate.ignore.expiration(no)",
			policy.Validation{On: true, Revocation: "auto", IgnoreHostname: true, IgnoreUntrusted: true}),
		Entry("none after all", "server.certificate.validate.ignore(all)\n<SSL>\nserver.certificate.validate.ignore(none)", policy.Validation{On: true, Revocation: "auto"}),
	)
})

var _ = Describe("Properties", func() {
	decide := func(lines ...string) policy.Decision {
		return newest(append(lines, "define action tag", `set(request.header.X, "1")`, "end", "define action other", `delete(request.header.Y)`, "end")...).
			Decide(get("www.a.test", "/"), policy.AtInnerRequest)
	}

	It("are merged over layers, the last one counts", func() {
		d := decide("<Proxy>", "access_log(no) access_server(no) DENY", "<Proxy>", "access_log(main)")
		Expect(d.Settings()).To(Equal([]policy.Setting{
			{Name: "access_log", Args: []string{"main"}, At: "local:4"}, {Name: "access_server", Args: []string{"no"}, At: "local:2"},
		}))
		Expect(outcome(d)).To(Equal("deny policy_denied"))
		Expect(d.AccessServer()).To(BeFalse())
		Expect(decide("<Proxy>", "ALLOW").AccessServer()).To(BeTrue())
		Expect(d.Settings()[0].String()).To(Equal("access_log(main)"))
	})

	It("have defaults of layer and section, which a rule overrides", func() {
		lines := []string{"<Proxy> access_log(no) trace.rules(yes)", "[Rule] access_log(main)", "url.domain=b.test access_log(ssl)", "url.domain=a.test"}
		d := decide(lines...)
		Expect(property(d, "access_log")).To(Equal([]string{"main"}))
		Expect(property(d, "trace.rules")).To(Equal([]string{"yes"}))
	})

	It("have no defaults where no rule of the layer matches", func() {
		_, set := decide("<Proxy> access_log(no)", "url.domain=b.test DENY").Property("access_log")
		Expect(set).To(BeFalse())
		_, set = decide("<Proxy> url.domain=b.test access_log(no)", "DENY").Property("access_log")
		Expect(set).To(BeFalse())
	})

	It("take a verdict as a default too", func() {
		Expect(outcome(decide("<Proxy> DENY", "access_log(no)"))).To(Equal("deny policy_denied"))
		Expect(outcome(decide("<Proxy> DENY", "[url.domain] ALLOW", "a.test access_log(no)"))).To(Equal("allow"))
		Expect(outcome(decide("<Proxy> DENY", "url.domain=a.test ALLOW"))).To(Equal("allow"))
	})

	It("switch actions on and off", func() {
		Expect(decide("<Proxy>", "action.Tag(yes) action.other(yes)").Actions()).To(Equal([]string{"tag", "other"}))
		Expect(decide("<Proxy>", "action.tag(yes) action.other(yes)", "<Proxy>", "action.tag(no)").Actions()).To(Equal([]string{"other"}))
		Expect(decide("<Proxy>", "action.tag(yes)", "<Proxy>", "action(other)").Actions()).To(Equal([]string{"other"}))
		p := newest("<Proxy>", "action.tag(yes)", "define action tag", `set(request.header.X, "$(client.address)")`, "log_message(\"x\")", "end")
		calls, _ := p.CallsOf("TAG")
		Expect(calls).To(Equal([]policy.Call{
			{Name: "set", Args: []string{"request.header.X", "$(client.address)"}, At: "local:4"}, {Name: "log_message", Args: []string{"x"}, At: "local:5"},
		}))
		_, there := p.CallsOf("none")
		Expect(there).To(BeFalse())
	})

	It("say what to trace and to log", func() {
		Expect(decide("<Proxy>", "ALLOW").Tracing()).To(Equal(policy.Tracing{Rules: "no", Destination: "default.trace.html"}))
		Expect(decide("<Proxy>", `trace.request(yes) trace.rules(all) trace.destination("x.txt")`).Tracing()).
			To(Equal(policy.Tracing{Request: true, Rules: "all", Destination: "x.txt"}))
		Expect(decide("<Proxy>", "ALLOW").Logs("main", true)).To(BeTrue())
		Expect(decide("<Proxy>", "access_log(no)").Logs("main", true)).To(BeFalse())
		Expect(decide("<Proxy>", "access_log(ssl)").Logs("main", true)).To(BeFalse())
		Expect(decide("<Proxy>", "access_log(no) access_log.[main,ssl](yes)").Logs("ssl", false)).To(BeTrue())
		Expect(decide("<Proxy>", "access_log(auto)").Logs("main", false)).To(BeFalse())
	})

	It("name the realm to authenticate in", func() {
		Expect(decide("<Proxy>", `authenticate(corp, "Corporate")`).Realm()).To(Equal("corp"))
		Expect(decide("<Proxy>", "authenticate(corp)", "<Proxy>", "authenticate(no)").Realm()).To(BeEmpty())
	})

	It("are kept of any number of layers", func() {
		var lines []string
		for range 40 {
			lines = append(lines, "<Proxy>", "access_log(no)")
		}
		d := decide(append(lines, "<Proxy>", "access_log(main)")...)
		Expect(property(d, "access_log")).To(Equal([]string{"main"}))
	})
})

func property(d policy.Decision, name string) []string {
	args, _ := d.Property(name)
	return args
}
