package policy_test

import (
	"strings"
	"sync"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/proxy/policy"
	"rehearse/proxy/policy/cpl"
)

// seen is what a policy's counts are after requests to hosts.
func seen(p *policy.Policy, hosts ...string) policy.Counts {
	var c policy.Coverage
	var all sync.WaitGroup
	for _, host := range hosts {
		all.Go(func() { c.Count(p.Explain(get(host, "/"), policy.AtResponse)) })
	}
	all.Wait()
	return c.Counts()
}

// page is the appliance's page of a policy's counts.
func page(text string, counts policy.Counts) string {
	var b strings.Builder
	ExpectWithOffset(1, policy.WriteCoverage(&b, []*cpl.File{parsed(text)}, policy.Options{}, counts)).To(Succeed())
	return b.String()
}

var _ = Describe("Coverage", func() {
	It("counts rules, and lines of named conditions where they are referred to (KB 440188)", func() {
		counts := seen(newest("<Proxy>", "condition=sites ALLOW", "DENY",
			"define condition sites", "url.domain=sport.test", "url.domain=rock.test", "category=mine", "end",
			"define category mine", "first.test", "second.test", "end"),
			"rock.test", "www.rock.test", "first.test", "other.test")
		Expect(counts).To(Equal(policy.Counts{
			Headers:    map[string]int64{"local:1": 4},
			Rules:      map[string]int64{"local:2": 3, "local:3": 1},
			Conditions: map[string][]int64{"local:2": {3}},
			Lines:      map[string]int64{"local:6": 2, "local:7": 1},
		}))
	})

	It("counts each condition of a rule that was tried", func() {
		counts := seen(newest("<Proxy>", "url.domain=test url.host=a.test user=kim DENY", "url.domain=b.test ALLOW"), "a.test", "b.test", "c.test")
		Expect(counts.Conditions).To(Equal(map[string][]int64{"local:2": {3, 1}, "local:3": {1}}))
		Expect(counts.Rules).To(Equal(map[string]int64{"local:3": 1}))
	})

	It("sums up", func() {
		p := newest("<Proxy>", "[url.domain]", "a.test client.address=10.10.1.1 DENY")
		var all policy.Counts
		all.Add(seen(p, "a.test"))
		all.Add(seen(p, "a.test", "b.test"))
		Expect(all).To(Equal(seen(p, "a.test", "b.test", "a.test")))
		Expect(all.Headers).To(Equal(map[string]int64{"local:1": 2, "local:2": 2}))
	})

	It("is a page in the appliance's layout (KB 440188)", func() {
		text := strings.Join([]string{
			"define category NewCategory2", "first.test", "second.test", "end",
			"define condition testcondition", "url.domain=sport.test", "url.domain=rock.test", "category=NewCategory2", "end",
			"<Proxy>", "condition=testcondition ALLOW"}, "\n")
		counts := policy.Counts{
			Headers: map[string]int64{"local:10": 92}, Rules: map[string]int64{"local:11": 92}, Conditions: map[string][]int64{"local:11": {92}},
			Lines: map[string]int64{"local:7": 29, "local:8": 63},
		}
		Expect(page(text, counts)).To(Equal(`92: <Proxy> [layer 1] [local:10]
92: ALLOW condition=testcondition (92)
: define category NewCategory2
0: //first.test/
0: //second.test/
: end
: define condition testcondition
0: url.domain=//sport.test/ (0)
29: url.domain=//rock.test/ (29)
63: category=NewCategory2 (63)
: end
`))
	})

	It("has sections, guards and settings on that page", func() {
		text := strings.Join([]string{"<Proxy \"x\"> client.address=10.0.0.0/8", "[url.domain]", "a.test user=kim DENY trace.request(yes)", "[url.regex]", "\"x\" exception(notify)",
			"define subnet n", "10.0.0.0/8", "end", "define action t", "set(request.header.X, \"y\")", "end", "define url.domain condition u", "b.test url.port=80", "end"}, "\n")
		Expect(page(text, seen(newest(text), "a.test", "x.test"))).To(Equal(`1: <Proxy "x"> client.address=10.0.0.0/8 [layer 1] [local:1]
0: [url.domain]
0: DENY a.test user=kim (0) trace.request(yes)
1: [url.regex]
1: "x" (1) exception(notify)
: define subnet n
0: 10.0.0.0/8
: end
: define action t
0: set(request.header.X, "y")
: end
: define url.domain condition u
0: //b.test/ (0) url.port=80 (0)
: end
`))
	})
})
