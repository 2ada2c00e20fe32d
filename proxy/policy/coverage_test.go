package policy_test

import (
	"sync"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/proxy/policy"
)

var _ = Describe("Coverage", func() {
	It("counts rules, and lines of named conditions where they are referred to (KB 440188)", func() {
		p := newest("<Proxy>", "condition=sites ALLOW", "DENY",
			"define condition sites", "url.domain=sport.test", "url.domain=rock.test", "category=mine", "end",
			"define category mine", "first.test", "second.test", "end")
		c := policy.NewCoverage(p)
		var all sync.WaitGroup
		for _, host := range []string{"rock.test", "www.rock.test", "first.test", "other.test"} {
			all.Go(func() { c.Count(p.Explain(get(host, "/"), policy.AtResponse)) })
		}
		all.Wait()
		Expect(c.Rules()).To(Equal([]policy.RuleCount{
			{RuleInfo: policy.RuleInfo{Layer: "<Proxy>", At: "local:2", Text: "condition=sites ALLOW"}, Count: 3},
			{RuleInfo: policy.RuleInfo{Layer: "<Proxy>", At: "local:3", Text: "DENY"}, Count: 1},
		}))
		Expect(c.Line("local:5")).To(BeZero())
		Expect(c.Line("local:6")).To(BeEquivalentTo(2))
		Expect(c.Line("local:7")).To(BeEquivalentTo(1))
	})

	It("leaves decisions of other policies out", func() {
		p, other := newest("<Proxy>", "DENY"), newest("<Proxy>", "DENY")
		c := policy.NewCoverage(p)
		c.Count(other.Explain(get("a.test", "/"), policy.AtResponse))
		Expect(c.Rules()).To(HaveExactElements(HaveField("Count", BeZero())))
	})
})
