package policy_test

import (
	"fmt"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/proxy/policy"
	"rehearse/proxy/policy/cpl"
	"rehearse/reports/diag"
)

// tryCompile compiles for a release; the first error's message, "" for none.
func tryCompile(text, release string) (*policy.Policy, string) {
	f, diags := cpl.Parse("local", []byte(text))
	p, more := policy.Compile([]*cpl.File{f}, policy.Options{Release: cpl.MustRelease(release)})
	for _, d := range append(diags, more...) {
		if d.Severity == diag.Error {
			return p, d.Message
		}
	}
	return p, ""
}

var _ = Describe("Compiling", func() {
	It("checks, and gives no policy with an error", func() {
		p, err := tryCompile("<Proxy>\nurl.domian=a.test DENY\n", "7.3.1.1")
		Expect(p).To(BeNil())
		Expect(err).To(ContainSubstring("url.domian"))
	})

	It("refuses a file that could not be read whole", func() {
		f, _ := cpl.Parse("local", []byte("<Proxy>\nurl.domain=(a.test DENY\n"))
		p, diags := policy.Compile([]*cpl.File{f}, policy.Options{})
		Expect(p).To(BeNil())
		Expect(diags).NotTo(ContainElement(HaveField("Severity", diag.Error)), "they are Parse's to tell")
	})

	It("leaves out what the preprocessor drops", func() {
		text := "#if release.version=6.5.10.1..\n<Proxy>\nDENY\n#else\n<Proxy>\nexception(silent_denied)\n#endif\n"
		for release, want := range map[string]string{"6.5.9.1": "deny silent_denied", "6.5.10.1": "deny policy_denied", "7.1.1.1": "deny policy_denied"} {
			p, err := tryCompile(text, release)
			Expect(err).To(BeEmpty())
			Expect(decided(p, get("a.test", "/"), policy.AtInnerRequest)).To(Equal(want), release)
			Expect(p.Rules()).To(HaveLen(1))
		}
	})

	It("puts files together in their order", func() {
		first, second := parsed("<Proxy>\ncondition=here DENY\n"), parsed("<Proxy>\nALLOW\ndefine condition here\nurl.domain=a.test\nend\n")
		first.Name = "vpm-cpl"
		for want, files := range map[string][]*cpl.File{"allow": {first, second}, "deny policy_denied": {second, first}} {
			p, diags := policy.Compile(files, policy.Options{})
			Expect(diags.HasErrors()).To(BeFalse())
			Expect(decided(p, get("a.test", "/"), policy.AtInnerRequest)).To(Equal(want))
		}
	})

	It("lists rules with their layers, hashed ones too", func() {
		p := newest("<Proxy \"one\">", "[url.domain]", "a.test DENY", "[Rule]", "ALLOW", "<SSL-Intercept>", "ssl.forward_proxy(no)")
		Expect(p.Rules()).To(Equal([]policy.RuleInfo{
			{Layer: `<Proxy "one">`, At: "local:3", Text: "a.test DENY"}, {Layer: `<Proxy "one">`, At: "local:5", Text: "ALLOW"},
			{Layer: "<SSL-Intercept>", At: "local:7", Text: "ssl.forward_proxy(no)"},
		}))
	})

	It("takes conditions that each name the one before twice", func() {
		var b strings.Builder
		b.WriteString("<Proxy>\ncondition=c60 DENY\ndefine condition c0\nurl.domain=a.test\nend\n")
		for i := range 60 {
			fmt.Fprintf(&b, "define condition c%d\ncondition=c%d condition=c%d\nend\n", i+1, i, i)
		}
		p := newest(b.String())
		Expect(decided(p, get("a.test", "/"), policy.AtInnerRequest)).To(Equal("deny policy_denied"))
		Expect(decided(p, get("b.test", "/"), policy.AtInnerRequest)).To(Equal("allow"))
	})

	It("makes a miss of a Perl expression it cannot run, negated or not", func() {
		for _, value := range []string{`"a(?!b)"`, `!"a(?!b)"`} {
			p := newest("<Proxy>", "url.regex="+value+" DENY")
			Expect(decided(p, get("a.test", "/"), policy.AtInnerRequest)).To(Equal("allow"))
		}
	})
})

var _ = Describe("Hashed sections", func() {
	rule := func(p *policy.Policy, tx *policy.Transaction) string {
		Expect(decided(p, tx, policy.AtInnerRequest)).NotTo(BeEmpty())
		if d := p.Explain(tx, policy.AtInnerRequest); len(d.Steps) > 0 && d.Steps[len(d.Steps)-1].Mark == policy.Match {
			return d.Steps[len(d.Steps)-1].Rule
		}
		return ""
	}

	DescribeTable("take the most specific entry, ties in source order",
		func(host, path, want string) {
			p := newest("<Proxy>", "[url.domain]", "test access_log(a)", "a.test access_log(b)", "a.test/docs access_log(c)", "a.test access_log(d)",
				"www.a.test url.port=443 access_log(e)", "www.a.test/docs/x access_log(f)", "10.1.2.3 access_log(g)")
			Expect(rule(p, get(host, path))).To(Equal(want))
		},
		Entry(nil, "b.test", "/", "test access_log(a)"),
		Entry(nil, "a.test", "/", "a.test access_log(b)"),
		Entry(nil, "x.a.test", "/docs/1", "a.test/docs access_log(c)"),
		Entry("an entry whose condition misses gives way", "www.a.test", "/", "a.test access_log(b)"),
		Entry(nil, "www.a.test", "/docs/x", "www.a.test/docs/x access_log(f)"),
		Entry(nil, "10.1.2.3", "/", "10.1.2.3 access_log(g)"),
		Entry(nil, "a.example", "/", ""),
	)

	It("of whole URLs", func() {
		p := newest("<Proxy>", "[url]", "a.test access_log(a)", "http://a.test/docs access_log(b)", "/docs access_log(c)")
		Expect(rule(p, get("a.test", "/docs"))).To(Equal("http://a.test/docs access_log(b)"))
		Expect(rule(p, get("www.a.test", "/docs"))).To(Equal("/docs access_log(c)"))
		Expect(rule(p, get("www.a.test", "/"))).To(BeEmpty())
	})

	It("of URLs as they are sent, in Forward too", func() {
		p := newest("<Proxy>", "[server_url.domain]", "b.test access_log(a)")
		Expect(rule(p, on(get("a.test", "/"), func(tx *policy.Transaction) { tx.ServerURL = policy.URL{Scheme: "http", Host: "x.b.test", Port: 80} }))).To(Equal("b.test access_log(a)"))
	})

	It("stop at an entry that is late", func() {
		p := newest("<Proxy>", "[url.domain]", "a.test DENY", "www.a.test http.response.code=200 ALLOW")
		Expect(decided(p, get("www.a.test", "/"), policy.AtInnerRequest)).To(Equal("allow?"))
		Expect(decided(p, get("a.test", "/"), policy.AtInnerRequest)).To(Equal("deny policy_denied"))
	})

	It("do not take longer with more entries on other hosts", func() {
		var small, large strings.Builder
		small.WriteString("<Proxy>\n[url.domain]\na.test DENY\n")
		large.WriteString(small.String())
		for i := range 20000 {
			fmt.Fprintf(&large, "h%d.other.test ALLOW\n", i)
		}
		for _, text := range []string{small.String(), large.String()} {
			d := newest(text).Explain(get("www.a.test", "/"), policy.AtInnerRequest)
			Expect(d.Steps).To(HaveLen(1))
		}
	})
})
