package space_test

import (
	"fmt"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/proxy/policy"
	"rehearse/proxy/policy/cpl"
	"rehearse/proxy/policy/policytest"
	"rehearse/proxy/policy/space"
)

// source compiles a policy that has to compile.
func source(text string, opt policy.Options) space.Source {
	f, diags := cpl.Parse("p", []byte(text))
	ExpectWithOffset(1, diags.HasErrors()).To(BeFalse(), "%v\n%s", diags, text)
	p, diags := policy.Compile([]*cpl.File{f}, opt)
	ExpectWithOffset(1, p).NotTo(BeNil(), "%v\n%s", diags, text)
	return space.Source{Policy: p, Files: []*cpl.File{f}, Options: opt}
}

// verdicts tells of each rule of a policy whether it is alive, impossible or
// hidden, and by which lines.
func verdicts(text string) []string {
	v := space.New(source(text, policy.Options{Release: cpl.MustRelease("6.5.10.1")})).Views()[0]
	var list []string
	for _, l := range v.Layers {
		for _, r := range l.Rules {
			word := "alive"
			if because, ok := v.Impossible(r); ok {
				word = "impossible: " + strings.Join(because, " ")
			} else if by, ok := v.Hidden(r); ok {
				word = "hidden by"
				for _, o := range by {
					word += fmt.Sprint(" ", o.AST.At.Start.Line)
				}
			}
			list = append(list, word)
		}
	}
	return list
}

var _ = Describe("A rule that nothing reaches", func() {
	DescribeTable("is proven so",
		func(want string, lines ...string) {
			found := verdicts(strings.Join(lines, "\n") + "\n")
			Expect(found[len(found)-1]).To(Equal(want))
			for _, other := range found[:len(found)-1] {
				Expect(other).To(Equal("alive"))
			}
		},
		Entry("below a rule without conditions", "hidden by 2", "<Proxy>", "DENY", "url.domain=a.test ALLOW"),
		Entry("below the same rule", "hidden by 2", "<Proxy>", "url.domain=a.test DENY", "url.domain=a.test ALLOW"),
		Entry("below a wider domain", "hidden by 2", "<Proxy>", "url.domain=a.test DENY", "url.domain=www.a.test ALLOW"),
		Entry("below a wider domain, by host", "hidden by 2", "<Proxy>", "url.domain=a.test DENY", "url.host=www.a.test ALLOW"),
		Entry("below a part of its name", "hidden by 2", "<Proxy>", "url.host.substring=lync DENY", "url.domain=sip.lync.test ALLOW"),
		Entry("below an ending", "hidden by 2", "<Proxy>", "url.host.suffix=ync.test DENY", "url.domain=lync.test ALLOW"),
		Entry("below an ending with a dot that a domain has", "hidden by 2", "<Proxy>", "url.domain=lync.test DENY", "url.host.suffix=.lync.test ALLOW"),
		Entry("not below an ending that leaves the domain itself", "alive", "<Proxy>", "url.host.suffix=.lync.test DENY", "url.domain=lync.test ALLOW"),
		Entry("below a longer part", "alive", "<Proxy>", "url.host.substring=sip.lync DENY", "url.host.substring=lync ALLOW"),
		Entry("below a shorter part", "hidden by 2", "<Proxy>", "url.host.substring=lync DENY", "url.host.substring=sip.lync ALLOW"),
		Entry("below an expression that is plain text", "hidden by 2", "<Proxy>", `url.host.regex="lync" DENY`, "url.domain=sip.lync.test ALLOW"),
		Entry("below an expression, by whole host", "hidden by 2", "<Proxy>", `url.host.regex="l[xy]nc" DENY`, "url.host=sip.lync.test ALLOW"),
		Entry("not below an expression, by domain", "alive", "<Proxy>", `url.host.regex="^l[xy]nc" DENY`, "url.domain=lync.test ALLOW"),
		Entry("below the same expression", "hidden by 2", "<Proxy>", `url.regex="l[xy]nc" DENY`, `url.regex="l[xy]nc" url.port=443 ALLOW`),
		Entry("below two that halve it", "hidden by 2 3", "<Proxy>", "url.port=..443 DENY", "url.port=444.. DENY", "url.port=1.. ALLOW"),
		Entry("below two of three", "hidden by 2 4", "<Proxy>", "client.address=10.0.0.0/9 DENY", "url.port=22 DENY", "client.address=10.128.0.0/9 DENY", "client.address=10.0.0.0/8 ALLOW"),
		Entry("below a list of its values", "hidden by 2", "<Proxy>", "http.method=(GET, POST) DENY", "http.method=POST url.domain=a.test ALLOW"),
		Entry("below a subnet", "hidden by 5", "define subnet S", "10.0.0.0/8", "end", "<Proxy>", "client.address=S DENY", "client.address=10.1.2.3 ALLOW"),
		Entry("below a named condition", "hidden by 6", "define condition C", "url.domain=a.test", "url.port=22", "end", "<Proxy>", "condition=C DENY", "url.port=22 client.address=10.1.2.3 ALLOW"),
		Entry("below the negation of a named condition", "hidden by 5", "define condition C", "url.domain=a.test", "end", "<Proxy>", "condition=!C DENY", "url.domain=b.test ALLOW"),
		Entry("below a category it belongs to", "hidden by 5", "define category K", "a.test", "end", "<Proxy>", "category=K DENY", "url.domain=www.a.test ALLOW"),
		Entry("in a later section", "hidden by 3", "<Proxy>", "[url.domain]", "a.test DENY", "[Rule]", "url.domain=www.a.test ALLOW"),
		Entry("not in a hashed section, where the closer domain is first", "alive", "<Proxy>", "[url.domain]", "a.test DENY", "www.a.test ALLOW"),
		Entry("in a hashed section, by the same domain", "hidden by 3", "<Proxy>", "[url.domain]", "a.test DENY", "a.test url.port=443 ALLOW"),
		Entry("by the guard of its layer", "hidden by 2", "<Proxy> url.domain=a.test", "url.host.suffix=a.test DENY", "url.port=443 ALLOW"),
		Entry("nobody is not another user", "alive", "<Proxy>", "user=!kim DENY", "url.domain=a.test ALLOW"),
		Entry("known or not, a header misses or is missed", "hidden by 2 3", "<Proxy> http.connect=no", `request.header.Via="x" DENY`, `request.header.Via=!"x" DENY`, "url.domain=a.test ALLOW"),
		Entry("a user with a domain in front", "hidden by 2", "<Proxy>", "user=kim DENY", `user="CORP\kim" ALLOW`),
		Entry("hours of the day", "hidden by 2 3", "<Proxy>", "time=0800..1759 DENY", "hour=18..7 DENY", "hour=5..12 ALLOW"),
		Entry("days of the week", "hidden by 2 3", "<Proxy>", "weekday=1..5 DENY", "weekday=6..7 DENY", "date=20260101..20260110 ALLOW"),
	)

	DescribeTable("asks for what cannot be",
		func(want string, lines ...string) {
			found := verdicts(strings.Join(lines, "\n") + "\n")
			Expect(found[len(found)-1]).To(Equal(want))
		},
		Entry("two hosts", "impossible: url.host=a.test url.host=b.test", "<Proxy>", "url.host=a.test url.host=b.test DENY"),
		Entry("a host outside its domain", "impossible: url.domain=//a.test/ url.host=xa.test", "<Proxy>", "url.domain=a.test url.host=xa.test DENY"),
		Entry("a guard that says otherwise", "impossible: service.name=A service.name=B", "<Proxy> service.name=A", "service.name=B url.domain=a.test DENY"),
		Entry("two ports", "impossible: url.port=..80 url.port=443", "<Proxy>", "url.port=..80 url.port=443 DENY"),
		Entry("another release", "impossible: release.version=..6.4", "<Proxy>", "release.version=..6.4 DENY"),
		Entry("an empty list", "impossible: url.domain=()", "<Proxy>", "url.domain=() DENY"),
		Entry("an empty definition", "impossible: condition=C", "define condition C", "end", "<Proxy>", "condition=C DENY"),
		Entry("a user of nobody", "impossible: authenticated=no user=kim", "<Proxy>", "authenticated=no user=kim DENY"),
		Entry("groups may be several", "alive", "<Proxy>", "group=a group=b DENY"),
		Entry("headers may be several", "alive", "<Proxy>", `request.header.Via.exact="a" request.header.Via.exact="b" DENY`),
		Entry("a name that is a number", "impossible: url.host.is_numeric=yes url.domain=//a.test/", "<Proxy>", "url.host.is_numeric=yes url.domain=a.test DENY"),
	)
})

var _ = Describe("What is proven of random policies", func() {
	It("no random transaction contradicts", func() {
		proven, tried := 0, 0
		for seed := uint64(0); seed < 300; seed++ {
			r := policytest.New(seed)
			text := r.Policy()
			f, _ := cpl.Parse("p", []byte(text))
			opt := policy.Options{}
			p, _ := policy.Compile([]*cpl.File{f}, opt)
			if p == nil {
				continue
			}
			v := space.New(space.Source{Policy: p, Files: []*cpl.File{f}, Options: opt}).Views()[0]
			dead := map[int]string{}
			for _, l := range v.Layers {
				for _, rule := range l.Rules {
					if because, ok := v.Impossible(rule); ok {
						dead[rule.Number] = "impossible: " + strings.Join(because, " ")
					} else if by, ok := v.Hidden(rule); ok {
						dead[rule.Number] = fmt.Sprint("hidden by ", by[0].AST.At)
					}
				}
			}
			proven += len(dead)
			for range 100 {
				tx, at := r.Transaction()
				for _, step := range p.Explain(tx, at).Steps {
					tried++
					if why, isDead := dead[step.Number]; isDead && step.Mark == policy.Match && step.Number >= 0 {
						Fail(fmt.Sprintf("%s matches at %s, but is %s\n%+v\n%s", step.At, at, why, *tx, text))
					}
				}
			}
		}
		AddReportEntry("random", fmt.Sprintf("%d rules proven dead, %d steps", proven, tried))
		Expect(proven).To(BeNumerically(">", 100))
	})
})
