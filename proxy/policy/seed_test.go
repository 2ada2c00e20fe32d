package policy_test

import (
	"os"
	"path/filepath"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/proxy/policy"
	"rehearse/proxy/policy/cpl"
)

// The DENY of the founding document.
const seedRule = "client.protocol=!ssl tunneled=yes DENY"

var _ = Describe("DENY client.protocol=!ssl tunneled=yes", func() {
	// What the interceptor fills in for each kind of flow, and whether the rule
	// fires: facts, cpl-sgos 3.2 with corpus findings 3 and 4.
	DescribeTable("by kind of flow",
		func(t policy.TransactionType, protocol string, tunneled policy.Ternary, at policy.Checkpoint, want string) {
			tx := connect("www.a.test", 443)
			tx.Type, tx.ClientProtocol, tx.Tunneled = t, protocol, tunneled
			if t != policy.HTTPProxy {
				tx.Method, tx.RequestHeader = "", nil
			}
			Expect(decided(newest("<Proxy>", seedRule), tx, at)).To(Equal(want))
		},
		Entry("CONNECT without detection", policy.HTTPProxy, "http", policy.Yes, policy.AtFirstBytes, "deny policy_denied"),
		Entry("CONNECT with detection, just read", policy.HTTPProxy, "http", policy.Unknown, policy.AtRequest, "allow?"),
		Entry("CONNECT, then TLS", policy.HTTPProxy, "http", policy.No, policy.AtFirstBytes, "allow"),
		Entry("the TLS flow, not intercepted", policy.SSLTunnel, "ssl", policy.Yes, policy.AtServerCertificate, "allow"),
		Entry("TLS intercepted, HTTP inside", policy.HTTPSForwardProxy, "https", policy.No, policy.AtInnerRequest, "allow"),
		Entry("TLS intercepted, SIP inside", policy.SSLTunnel, "sips", policy.No, policy.AtInner, "allow"),
		Entry("TLS intercepted, MS-TURN inside", policy.SSLTunnel, "ms-turn", policy.No, policy.AtInner, "allow"),
		Entry("pseudo-TLS, then MS-TURN", policy.HTTPProxy, "ms-turn", policy.No, policy.AtFirstBytes, "allow"),
		Entry("TLS intercepted, unknown inside: STunnel", policy.SSLTunnel, "stunnel", policy.Yes, policy.AtInner, "deny policy_denied"),
		Entry("CONNECT, then HTTP in clear", policy.HTTPProxy, "http", policy.No, policy.AtFirstBytes, "allow"),
		Entry("CONNECT, then neither TLS nor known", policy.HTTPProxy, "http", policy.Yes, policy.AtFirstBytes, "deny policy_denied"),
		Entry("transparent TCP tunnel without detection", policy.TCPTunnel, "tcp", policy.Yes, policy.AtFirstBytes, "deny policy_denied"),
		Entry("transparent TLS, not intercepted", policy.SSLTunnel, "ssl", policy.Yes, policy.AtServerCertificate, "allow"),
	)

	// legacy asks twice, as the interceptor does: at the CONNECT for detection, and
	// once more when that is off.
	legacy := func(p *policy.Policy) (detects bool, then string) {
		tx := connect("legacy.test", 443)
		tx.Detecting = true
		d := p.Decide(tx, policy.AtRequest)
		tx.Detecting = d.Detects("ssl")
		if !tx.Detecting {
			tx.Tunneled = policy.Yes
		}
		return tx.Detecting, decided(p, tx, policy.AtFirstBytes)
	}

	It("is hidden by a rule above it in the same layer", func() {
		detects, then := legacy(newest("<Proxy>", "url.domain=legacy.test detect_protocol(none)", seedRule))
		Expect(detects).To(BeFalse())
		Expect(then).To(Equal("allow"))
	})

	It("is not hidden by a rule in another layer", func() {
		detects, then := legacy(newest("<Proxy>", "url.domain=legacy.test detect_protocol(none)", "<Proxy>", seedRule))
		Expect(detects).To(BeFalse())
		Expect(then).To(Equal("deny policy_denied"))
	})

	It("keeps a rule below it from switching detection off: it is late", func() {
		detects, then := legacy(newest("<Proxy>", seedRule, "url.domain=legacy.test detect_protocol(none)"))
		Expect(detects).To(BeTrue())
		Expect(then).To(Equal("allow?"))
	})

	It("leaves what an earlier layer set early readable", func() {
		p := newest("<Proxy>", "url.domain=legacy.test detect_protocol(none)", "<Proxy>", seedRule)
		d := p.Explain(connect("legacy.test", 443), policy.AtRequest)
		Expect(marks(d)).To(Equal([]string{"MATCH local:2", "late local:4"}))
		Expect(d.Detects("ssl")).To(BeFalse())
		Expect(d.Final).To(BeFalse())
	})
})

var _ = Describe("CONNECT", func() {
	on := func(port uint16, tunneled policy.Ternary) *policy.Transaction {
		tx := connect("a.test", port)
		tx.Detecting, tx.Tunneled = true, tunneled
		return tx
	}
	off := func(port uint16) *policy.Transaction {
		tx := connect("a.test", port)
		tx.Tunneled = policy.Yes
		return tx
	}
	nothing := "<Proxy>\nurl.domain=nobody.test DENY\n"

	DescribeTable("has a denial of its own (KB 176397, KB 166814)",
		func(tx *policy.Transaction, want, details string) {
			p := newest(nothing)
			Expect(decided(p, tx, policy.AtFirstBytes)).To(Equal(want))
			Expect(p.Decide(tx, policy.AtFirstBytes).Verdict.Details).To(Equal(details))
		},
		Entry("detection on, TLS inside", on(443, policy.No), "allow", ""),
		Entry("detection on, TLS inside, any port", on(8443, policy.No), "allow", ""),
		Entry("detection on, no TLS inside", on(443, policy.Yes), "deny connect_method_denied", "CONNECT with a protocol other than SSL is not permitted"),
		Entry("detection on, nothing read yet", on(443, policy.Unknown), "allow?", ""),
		Entry("detection off, port 443", off(443), "allow", ""),
		Entry("detection off, port 80", off(80), "allow", ""),
		Entry("detection off, another port", off(22), "deny connect_method_denied", "CONNECT to a port other than 443 (the default HTTPS port) is not permitted"),
	)

	DescribeTable("and any matching ALLOW lifts it",
		func(want string, lines ...string) {
			Expect(decided(newest(lines...), on(443, policy.Yes), policy.AtFirstBytes)).To(Equal(want))
		},
		Entry("ALLOW", "allow", "<Proxy>", "url.domain=a.test ALLOW"),
		Entry("a DENY takes its place", "deny policy_denied", "<Proxy>", "DENY"),
		Entry("a setting leaves it", "deny connect_method_denied", "<Proxy>", "url.domain=a.test access_log(no)"),
	)

	It("stands above the default policy deny", func() {
		p := compiled(nothing, policy.Options{DefaultDeny: true})
		Expect(decided(p, on(443, policy.Yes), policy.AtFirstBytes)).To(Equal("deny connect_method_denied"))
		Expect(decided(p, on(443, policy.No), policy.AtFirstBytes)).To(Equal("deny policy_denied"))
	})
})

// shared reads a policy of the development set, or skips the spec.
func shared(name string) string {
	text, err := os.ReadFile(filepath.Join("..", "..", "..", "shared", "policies", name))
	if err != nil {
		Skip("the development policies are not beside the module")
	}
	return string(text)
}

var _ = Describe("The development policies", func() {
	DescribeTable("own-02: tunnels by CONNECT",
		func(host string, inside policy.Ternary, want string) {
			p := compiled(shared("own-02-connect-tunnel.cpl"), policy.Options{})
			tx := connect(host, 443)
			tx.Detecting = true
			if d := p.Decide(tx, policy.AtRequest); !d.Detects("ssl") {
				tx.Detecting, inside = false, policy.Yes
			}
			tx.Tunneled = inside
			Expect(decided(p, tx, policy.AtFirstBytes)).To(Equal(want))
		},
		Entry("TLS to a site that is allowed", "site.test", policy.No, "allow"),
		Entry("SSH to a site that is allowed", "site.test", policy.Yes, "deny policy_denied"),
		Entry("anything to a named tunnel", "ssh.test", policy.Yes, "allow"),
		Entry("TLS to a named tunnel", "ssh.test", policy.No, "allow"),
		Entry("SSH elsewhere", "other.test", policy.Yes, "deny policy_denied"),
		Entry("TLS elsewhere", "other.test", policy.No, "allow"),
	)

	It("own-02: without the first two layers SSH meets the built-in denial", func() {
		p := newest("<Proxy>", "url.domain=ssh.test detect_protocol(none) ALLOW")
		tx := connect("other.test", 443)
		tx.Detecting, tx.Tunneled = true, policy.Yes
		Expect(decided(p, tx, policy.AtFirstBytes)).To(Equal("deny connect_method_denied"))
	})

	DescribeTable("own-10: sections",
		func(host, path, client, want, rule string) {
			p := compiled(shared("own-10-sections.cpl"), policy.Options{})
			tx := get(host, path)
			tx.Client = addrPort(client)
			Expect(decided(p, tx, policy.AtInnerRequest)).To(Equal(want))
			Expect(p.Decide(tx, policy.AtInnerRequest).Verdict.At).To(Equal(rule))
		},
		Entry("the default of the section", "www.a.test", "/sports/x", "192.0.2.1:1", "deny policy_denied", "local:8"),
		Entry("the less specific entry", "www.b.test", "/", "192.0.2.1:1", "deny policy_denied", "local:8"),
		Entry("the more specific entry", "www.ok.b.test", "/", "192.0.2.1:1", "allow", "local:11"),
		Entry("no section has a rule", "www.a.test", "/news", "192.0.2.1:1", "allow", ""),
		Entry("a later section", "www.a.test", "/ads/1", "192.0.2.1:1", "deny policy_denied", "local:18"),
		Entry("the guard of the layer", "www.b.test", "/", "198.51.100.7:1", "allow", ""),
		Entry("nobody is authenticated", "www.inside.test", "/internal/x", "192.0.2.1:1", "allow", ""),
	)

	It("compile, all that are meant to", func() {
		names, _ := filepath.Glob(filepath.Join("..", "..", "..", "shared", "policies", "*.cpl"))
		if len(names) == 0 {
			Skip("the development policies are not beside the module")
		}
		for _, name := range names {
			if base := filepath.Base(name); len(base) > 5 && base[:5] == "own-e" {
				continue
			}
			text, err := os.ReadFile(name)
			Expect(err).NotTo(HaveOccurred())
			f, diags := cpl.Parse(filepath.Base(name), text)
			p, more := policy.Compile([]*cpl.File{f}, policy.Options{})
			Expect(p).NotTo(BeNil(), "%s: %v %v", name, diags, more)
		}
	})
})
