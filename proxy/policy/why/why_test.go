package why_test

import (
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/proxy/policy"
	"rehearse/proxy/policy/cpl"
	"rehearse/proxy/policy/txn"
	"rehearse/proxy/policy/why"
)

// given are a policy and a transaction, both without errors.
type given struct {
	file   *cpl.File
	policy *policy.Policy
	tx     *txn.Transaction
}

func give(transaction string, lines ...string) given {
	GinkgoHelper()
	f, diags := cpl.Parse("local", []byte(strings.Join(lines, "\n")+"\n"))
	Expect(diags).To(BeEmpty())
	p, diags := policy.Compile([]*cpl.File{f}, policy.Options{})
	Expect(diags.HasErrors()).To(BeFalse(), "%v", diags)
	list, diags := txn.Parse("t.json", []byte(transaction))
	Expect(diags).To(BeEmpty())
	return given{f, p, list[0]}
}

func (g given) line(line int) why.Answer {
	GinkgoHelper()
	number, ok := why.Find(g.policy, []*cpl.File{g.file}, "local", line)
	Expect(ok).To(BeTrue())
	return why.AboutRule(g.policy, g.tx, number)
}

// told is an answer's story, without the sentence that names the rule.
func told(a why.Answer) []string {
	var lines []string
	for _, s := range a.Story {
		if !strings.HasPrefix(s.Text, "the rule in ") {
			lines = append(lines, s.Text)
		}
	}
	return lines
}

const request = `{"url": "http://www.a.test/x", "client.address": "10.1.0.11", "user": "kim"}`

var _ = Describe("What became of a rule", func() {
	DescribeTable("is one outcome, with the condition and the value it saw",
		func(line int, outcome why.Outcome, checkpoint, condition, saw, story string, lines ...string) {
			a := give(request, lines...).line(line)
			Expect(a.Outcome).To(Equal(outcome))
			Expect(a.Checkpoint).To(Equal(checkpoint))
			if condition == "" {
				Expect(a.Condition).To(BeNil())
			} else {
				Expect([]string{a.Condition.Text, a.Condition.Saw}).To(Equal([]string{condition, saw}))
			}
			Expect(strings.Join(told(a), "\n")).To(Equal(story))
		},
		Entry("a condition that fails", 2, why.Missed, "request", "client.address=192.0.2.0/24", "10.1.0.11",
			`it did not match: client.address=192.0.2.0/24 does not hold, the value is 10.1.0.11, settled at checkpoint "request"`,
			"<Proxy>", "url.domain=a.test client.address=192.0.2.0/24 DENY"),
		Entry("the first of two that fail", 2, why.Missed, "request", "url.domain=b.test", "http://www.a.test/x",
			`it did not match: url.domain=b.test does not hold, the value is http://www.a.test/x, settled at checkpoint "request"`,
			"<Proxy>", "url.domain=b.test client.address=192.0.2.0/24 DENY"),
		Entry("one without a value", 2, why.Missed, "user", "realm=!x", "",
			`it did not match: realm=!x has no value to test, so that neither it nor its negation holds, settled at checkpoint "user"`,
			"<Proxy>", "realm=!x DENY"),
		Entry("one that does not apply", 2, why.Missed, "request", "client.connection.negotiated_cipher.strength=low", "",
			`it did not match: client.connection.negotiated_cipher.strength=low does not apply to http.proxy transactions that go as this one does, settled at checkpoint "request"`,
			"<Proxy>", "client.connection.negotiated_cipher.strength=low DENY"),
		Entry("a guard", 2, why.Guarded, "request", "client.address=192.0.2.1", "10.1.0.11",
			`its layer was passed over: client.address=192.0.2.1 does not hold, the value is 10.1.0.11, settled at checkpoint "request"`,
			"<Proxy> client.address=192.0.2.1", "DENY"),
		Entry("a section's guard", 3, why.Guarded, "request", "url.port=443", "80",
			`its section was passed over: url.port=443 does not hold, the value is 80, settled at checkpoint "request"`,
			"<Proxy>", "[Rule] url.port=443", "DENY"),
		Entry("a pattern", 3, why.Missed, "request", "b.test", "http://www.a.test/x",
			`it did not match: its pattern b.test does not cover http://www.a.test/x, settled at checkpoint "request"`,
			"<Proxy>", "[url.domain]", "b.test DENY"),
		Entry("an earlier rule that matched", 3, why.NotReached, "request", "", "",
			"it was not tried: the rule at local:2 matched at checkpoint \"request\", and the first match ends the layer\nby itself it would have matched",
			"<Proxy>", "url.domain=a.test ALLOW", "DENY"),
		Entry("an earlier rule, and a condition besides", 3, why.NotReached, "request", "url.port=443", "80",
			"it was not tried: the rule at local:2 matched at checkpoint \"request\", and the first match ends the layer\n"+
				`it would not have matched either: url.port=443 does not hold, the value is 80, settled at checkpoint "request"`,
			"<Proxy>", "url.domain=a.test ALLOW", "url.port=443 DENY"),
		Entry("a later verdict", 2, why.Overridden, "request", "", "",
			`it matched at checkpoint "request", but its DENY gives way: the rule at local:4 in a later <Proxy> layer has the last word`,
			"<Proxy>", "url.domain=a.test DENY", "<Proxy \"last\">", "ALLOW"),
		Entry("a verdict that was forced before", 4, why.Overridden, "request", "", "",
			`it matched at checkpoint "request", but its ALLOW gives way: the rule at local:2 forced its verdict, which no other rule changes`,
			"<Proxy>", "url.domain=a.test FORCE_DENY", "<Proxy>", "ALLOW"),
		Entry("a later property", 2, why.Overridden, "request", "", "",
			`it matched at checkpoint "request", but its access_log(no) gives way: the rule at local:4 in a later <Proxy> layer has the last word`,
			"<Proxy>", "access_log(no) trace.request(yes)", "<Proxy>", "access_log(auto)"),
		Entry("nothing: it decided", 2, why.Decided, "request", "", "",
			`it matched at checkpoint "request", and what it sets stands`,
			"<Proxy>", "DENY"),
		Entry("a layer that takes no part", 2, why.NoPart, "", "", "",
			"it takes no part: http.proxy transactions do not evaluate <SSL-Intercept> layers",
			"<SSL-Intercept \"x\">", "ssl.forward_proxy(https)"),
	)

	It("is followed through named conditions to the innermost", func() {
		a := give(request,
			"define condition inner", "url.domain=b.test", "url.domain=a.test url.port=8080", "end",
			"define condition outer", "condition=inner client.address=10.0.0.0/8", "end",
			"<Proxy>", "condition=outer DENY").line(9)
		Expect(a.Outcome).To(Equal(why.Missed))
		Expect(a.Condition.Through).To(Equal([]string{"outer", "inner"}))
		Expect([]any{a.Condition.Text, a.Condition.Saw, a.Condition.Span.Start.Line, a.Condition.Span.Start.Col}).To(Equal([]any{"url.port=8080", "80", 3, 19}))
		Expect(told(a)).To(Equal([]string{
			`it did not match: condition=outer does not hold, settled at checkpoint "request"`,
			"outer does not hold: in its only line condition=inner does not hold",
			"inner does not hold: in the nearest of its 2 lines url.port=8080 does not hold, the value is 80",
		}))
	})

	It("says which line makes a condition hold that must not", func() {
		a := give(request, "define condition sites", "url.domain=b.test", "url.domain=a.test", "end", "<Proxy>", "condition=!sites DENY").line(6)
		Expect(told(a)[1]).To(Equal("sites holds by its line at local:3"))
	})

	It("says of lists what URL they do not cover", func() {
		a := give(request, "define url.domain condition sites", "b.test", "end", "<Proxy>", "condition=sites DENY").line(5)
		Expect(told(a)[1]).To(Equal("sites does not hold: no pattern of it covers http://www.a.test/x"))
	})

	It("is told at the first checkpoint that settles it", func() {
		a := give(`{"url": "a.test:443", "http.method": "CONNECT", "detect_protocol": true,
			"checkpoints": [{"at": "request"}, {"at": "first bytes", "tunneled": "no"}]}`, "<Proxy>", "tunneled=yes DENY").line(2)
		Expect([]string{string(a.Outcome), a.Checkpoint, a.Condition.Saw}).To(Equal([]string{"missed", "first bytes", "no"}))
	})

	It("may not be known yet", func() {
		g := give(`{"url": "a.test:443", "http.method": "CONNECT", "detect_protocol": true, "checkpoints": [{"at": "request"}]}`,
			"<Proxy>", "tunneled=yes DENY", "url.port=443 ALLOW")
		a := g.line(2)
		Expect(a.Outcome).To(Equal(why.Waiting))
		Expect(told(a)).To(Equal([]string{`it is not decided: tunneled=yes is not known before checkpoint "first bytes"; the transaction ends at checkpoint "request"`}))
		Expect(told(g.line(3))[0]).To(Equal("it was not tried: the rule at local:2 comes first in the layer and waits for tunneled=yes"))
	})

	It("is found on any line of the rule, and by the end of the file's path", func() {
		f, _ := cpl.Parse("dir/p.cpl", []byte("<Proxy>\nurl.port=1 \\\n DENY\n"))
		p, _ := policy.Compile([]*cpl.File{f}, policy.Options{})
		for _, name := range []string{"dir/p.cpl", "p.cpl"} {
			number, ok := why.Find(p, []*cpl.File{f}, name, 3)
			Expect([]any{number, ok}).To(Equal([]any{0, true}))
		}
		_, ok := why.Find(p, []*cpl.File{f}, "p.cpl", 1)
		Expect(ok).To(BeFalse())
	})
})

var _ = Describe("An expectation", func() {
	outcome := func(g given, want string) why.Answer {
		GinkgoHelper()
		a, err := why.AboutOutcome(g.policy, g.tx, want)
		Expect(err).NotTo(HaveOccurred())
		return a
	}

	It("holds, or leads to the nearest rule", func() {
		g := give(request, "<Proxy>", "url.domain=b.test client.address=10.0.0.0/8 DENY", "url.domain=a.test client.address=10.9.0.0/16 user=kim DENY", "url.port=1 url.domain=c.test DENY")
		a := outcome(g, "allow")
		Expect(a.Outcome).To(Equal(why.AsExpected))
		Expect(told(a)).To(Equal([]string{"the transaction ends with allow by default"}))
		a = outcome(g, "deny")
		Expect(a.Rule.At).To(Equal("local:3"))
		Expect(a.Condition.Text).To(Equal("client.address=10.9.0.0/16"))
		Expect(told(a)[0]).To(Equal("the transaction ends with allow by default, not with deny"))
	})

	It("is overridden", func() {
		a := outcome(give(request, "<Proxy>", "DENY", "<Proxy>", "url.domain=a.test ALLOW"), "deny")
		Expect([]any{a.Outcome, a.Rule.At, a.By.At}).To(Equal([]any{why.Overridden, "local:2", "local:4"}))
	})

	It("is hopeless against a verdict that is forced", func() {
		a := outcome(give(request, "<Proxy>", "FORCE_DENY", "<Proxy>", "ALLOW"), "allow")
		Expect(told(a)[:2]).To(Equal([]string{
			"the transaction ends with deny by the rule at local:2, not with allow",
			"it is forced: whatever else matches, this rule must not",
		}))
	})

	It("may be a mode of interception", func() {
		g := give(`{"type": "ssl.intercept", "url": "www.a.test:443"}`, "<SSL-Intercept>", "url.domain=b.test ssl.forward_proxy(no)", "ssl.forward_proxy(https)")
		Expect(outcome(g, "HTTPS")).To(And(HaveField("Outcome", why.AsExpected), HaveField("Rule.At", "local:3")))
		a := outcome(g, "no")
		Expect([]any{a.Outcome, a.Rule.At, a.Condition.Text}).To(Equal([]any{why.Missed, "local:2", "url.domain=b.test"}))
		a = outcome(give(request, "<SSL-Intercept>", "ssl.forward_proxy(https)"), "https")
		Expect(told(a)).To(Equal([]string{"a mode of interception is decided by ssl.intercept transactions, this is one of type http.proxy"}))
	})

	It("may have no rule", func() {
		a := outcome(give(request, "<Proxy>", "ALLOW"), "deny")
		Expect(a.Outcome).To(Equal(why.NoRule))
		Expect(told(a)).To(Equal([]string{"the transaction ends with allow by the rule at local:2, not with deny", "no rule of the policy would bring about deny"}))
	})

	It("is a word of a closed set", func() {
		g := give(request, "<Proxy>", "ALLOW")
		_, err := why.AboutOutcome(g.policy, g.tx, "block")
		Expect(err).To(MatchError(HavePrefix(`"block" cannot be expected; want one of allow, deny, `)))
	})
})
