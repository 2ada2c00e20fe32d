package policy_test

import (
	"fmt"
	"net/http"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/proxy/policy"
)

// many is a layer of 100 rules on one condition, "%d" in it counting.
func many(condition string) *policy.Policy {
	var b strings.Builder
	b.WriteString("<Proxy>\n")
	for i := range 100 {
		fmt.Fprintf(&b, condition+" DENY\n", i)
	}
	return newest(b.String())
}

var _ = Describe("Many rules on one condition", func() {
	DescribeTable("are decided alike with and without an index, known and not yet known",
		func(condition string, hit, miss func(*policy.Transaction), late policy.Checkpoint) {
			p := many(condition)
			tx := get("none.test", "/")
			hit(tx)
			Expect(decided(p, tx, policy.AtResponse)).To(Equal("deny policy_denied"))
			Expect(p.Decide(tx, policy.AtResponse).Verdict.At).To(Equal("local:79"))
			miss(tx)
			Expect(decided(p, tx, policy.AtResponse)).To(Equal("allow"))
			if late >= 0 {
				Expect(decided(p, tx, late)).To(Equal("allow?"))
			}
		},
		Entry("a domain", "url.domain=d%d.test",
			func(tx *policy.Transaction) { tx.URL.Host = "www.d77.test" }, func(tx *policy.Transaction) { tx.URL.Host = "d777.test" }, policy.AtAccept),
		Entry("a host", "url.host=d%d.test",
			func(tx *policy.Transaction) { tx.URL.Host = "d77.test" }, func(tx *policy.Transaction) { tx.URL.Host = "www.d77.test" }, policy.AtAccept),
		Entry("a URL", "url=http://d%d.test/a",
			func(tx *policy.Transaction) { tx.URL.Host, tx.URL.Path = "d77.test", "/a/b" }, func(tx *policy.Transaction) { tx.URL.Path = "/b" }, policy.AtAccept),
		Entry("a category", "category=(\"Sort %d\", x)",
			func(tx *policy.Transaction) { tx.Categories = []string{"SORT 77@Vendor"} }, func(tx *policy.Transaction) { tx.Categories = []string{"Sort 7 7"} }, policy.AtAccept),
		Entry("an address", "client.address=10.0.%d.0/24",
			func(tx *policy.Transaction) { tx.Client = addrPort("10.0.77.255:1") }, func(tx *policy.Transaction) { tx.Client = addrPort("10.0.100.0:1") }, policy.Checkpoint(-1)),
		Entry("a user", "user=\"CORP\\u%d\"",
			func(tx *policy.Transaction) { tx.User = `corp\U77` }, func(tx *policy.Transaction) { tx.User = "u77" }, policy.AtRequest),
		Entry("a group", "group=g%d",
			func(tx *policy.Transaction) { tx.User, tx.GroupsOf = "kim", []string{"a", "G77"} }, func(tx *policy.Transaction) { tx.User = "" }, policy.AtRequest),
		Entry("a method", "http.method=M%d",
			func(tx *policy.Transaction) { tx.Method = "M77" }, func(tx *policy.Transaction) { tx.Type = policy.TCPTunnel }, policy.Checkpoint(-1)),
		Entry("a list of hosts and an address together", "url.domain=(d%[1]d.test, e%[1]d.test) client.address=10.0.%[1]d.0/24",
			func(tx *policy.Transaction) { tx.Client, tx.URL.Host = addrPort("10.0.77.1:1"), "e77.test" }, func(tx *policy.Transaction) { tx.URL.Host = "e76.test" }, policy.AtAccept),
	)

	It("take no memory to decide", func() {
		if racing {
			Skip("the race detector makes pools forget")
		}
		p := many("url.domain=d%d.test")
		tx := get("www.d77.test", "/x")
		tx.RequestHeader = http.Header{"User-Agent": {"x"}}
		Expect(allocations(func() { p.Decide(tx, policy.AtInnerRequest) })).To(BeZero())
	})
})
