package policy_test

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/proxy/policy"
)

var _ = Describe("Verdicts", func() {
	DescribeTable("over layers",
		func(want string, lines ...string) {
			Expect(decided(newest(lines...), get("www.a.test", "/"), policy.AtInnerRequest)).To(Equal(want))
		},
		Entry("a later ALLOW lifts a DENY (KB 166602)", "allow", "<Proxy>", "url.host=www.a.test DENY", "<Proxy>", "ALLOW"),
		Entry("but not a FORCE_DENY (KB 166602)", "force-deny policy_denied", "<Proxy>", "url.host=www.a.test FORCE_DENY", "<Proxy>", "ALLOW"),
		Entry("a later DENY takes back an ALLOW", "deny policy_denied", "<Proxy>", "ALLOW", "<Proxy>", "DENY"),
		Entry("the first match ends its layer", "deny policy_denied", "<Proxy>", "url.domain=a.test DENY", "url.domain=a.test ALLOW"),
		Entry("a later exception replaces an earlier", "deny content_filter_denied", "<Proxy>", "DENY", "<Proxy>", "exception(content_filter_denied)"),
		Entry("the first of two forced ones stays", "force-deny silent_denied", "<Proxy>", "force_exception(silent_denied)", "<Proxy>", "FORCE_DENY"),
		Entry("a forced one stands over an earlier DENY", "force-deny silent_denied", "<Proxy>", "DENY", "<Proxy>", "force_exception(silent_denied)", "<Proxy>", "ALLOW"),
		Entry("deny.unauthorized", "deny authorization_failed", "<Proxy>", "deny.unauthorized"),
		Entry("a user-defined exception in the old spelling", "deny user-defined.mine", "<Proxy>", "exception(user_defined.mine)"),
		Entry("no rule, no verdict", "allow", "<Proxy>", "url.domain=b.test DENY"),
		Entry("a rule without a verdict leaves an earlier one pending", "deny policy_denied", "<Proxy>", "DENY", "<Proxy>", "access_log(no)"),
	)

	It("starts from the default policy", func() {
		p := compiled("<Proxy>\nurl.domain=b.test ALLOW\n", policy.Options{DefaultDeny: true})
		Expect(decided(p, get("a.test", "/"), policy.AtInnerRequest)).To(Equal("deny policy_denied"))
		Expect(decided(p, get("b.test", "/"), policy.AtInnerRequest)).To(Equal("allow"))
		Expect(p.Decide(get("a.test", "/"), policy.AtInnerRequest).Verdict.At).To(BeEmpty())
	})

	It("says which rule it was, with its details", func() {
		p := newest("<Proxy>", "url.domain=a.test DENY(\"no $(url.host) for $(client.address), $(exception.id)\")")
		v := p.Decide(get("www.a.test", "/"), policy.AtInnerRequest).Verdict
		Expect(v.At).To(Equal("local:2"))
		Expect(v.Details).To(Equal("no www.a.test for 10.10.1.1, policy_denied"))
	})
})

var _ = Describe("A verdict that waits", func() {
	const later = "http.response.code=500..599 "
	DescribeTable("is final when no late rule could change it (KB 218637)",
		func(want string, lines ...string) {
			Expect(decided(newest(lines...), get("www.a.test", "/"), policy.AtInnerRequest)).To(Equal(want))
		},
		Entry("a DENY before a late DENY waits", "deny policy_denied?", "<Proxy>", "DENY", "<Proxy>", later+"DENY"),
		Entry("a DENY before a late ALLOW waits", "deny policy_denied?", "<Proxy>", "DENY", "<Proxy>", later+"ALLOW"),
		Entry("a DENY behind a late rule does not", "deny policy_denied", "<Proxy>", later+"ALLOW", "<Proxy>", "DENY"),
		Entry("a DENY before a late setting does not", "deny policy_denied", "<Proxy>", "DENY", "<Proxy>", later+"access_log(no)"),
		Entry("a late rule hides what stands below it", "allow?", "<Proxy>", later+"access_log(no)", "DENY"),
		Entry("a late rule of another host does not count", "deny policy_denied", "<Proxy>", "DENY", "<Proxy>", "url.domain=b.test "+later+"ALLOW"),
		Entry("an allow does not wait for a late ALLOW", "allow", "<Proxy>", later+"ALLOW"),
		Entry("an allow waits for a late DENY", "allow?", "<Proxy>", later+"DENY"),
		Entry("an allow waits for a late forced one before it", "allow?", "<Proxy>", later+"FORCE_DENY", "<Proxy>", "ALLOW"),
		Entry("a late forced one stays possible behind a layer that allows either way", "allow?",
			"<Proxy>", later+"FORCE_DENY", "<Proxy>", later+"ALLOW", "ALLOW"),
		Entry("a layer that allows either way settles an allow", "allow", "<Proxy>", later+"DENY", "<Proxy>", later+"ALLOW", "ALLOW"),
		Entry("a forced one waits for nothing", "force-deny policy_denied", "<Proxy>", "FORCE_DENY", "<Proxy>", later+"ALLOW"),
		Entry("a late guard over rules that miss does not count", "allow", "<Proxy> "+later, "url.domain=b.test DENY"),
		Entry("a late guard over a rule that would match does", "allow?", "<Proxy> "+later, "url.domain=a.test DENY"),
	)

	It("becomes final with the response", func() {
		p := newest("<Proxy>", "DENY", "<Proxy>", later+"ALLOW")
		tx := get("a.test", "/")
		tx.Status = 503
		Expect(decided(p, tx, policy.AtResponse)).To(Equal("allow"))
		tx.Status = 200
		Expect(decided(p, tx, policy.AtResponse)).To(Equal("deny policy_denied"))
	})

	It("names the condition it waits for", func() {
		d := newest("<Proxy>", "url.domain=a.test "+later+"DENY", "ALLOW").Explain(get("a.test", "/"), policy.AtInnerRequest)
		Expect(d.Steps).To(HaveExactElements(And(HaveField("Mark", policy.Late), HaveField("Unknown", "http.response.code=500..599"))))
	})
})
