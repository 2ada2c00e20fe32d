package policy_test

import (
	"fmt"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/proxy/policy"
)

// tested are an inspection's tests in short.
func tested(list []policy.Test) (lines []string) {
	for _, t := range list {
		lines = append(lines, fmt.Sprintf("%s %s %s [%s]", t.Part, t.Text, t.Outcome, t.Saw))
	}
	return lines
}

var _ = Describe("Inspecting a rule", func() {
	It("shows each test with the value it saw", func() {
		p := newest("<Proxy> client.address=10.0.0.0/8", "[url.domain] url.port=80", "a.test user=!kim client.connection.negotiated_cipher.strength=low DENY",
			"b.test url.category=Games tunneled=yes DENY", "<Cache>", "cache(no)")
		tx := get("www.b.test", "/x")
		tx.Categories = []string{"News"}
		i := p.Inspect(tx, policy.AtAccept, 1)
		Expect(i.Evaluated).To(BeTrue())
		Expect(i.Text).To(Equal("b.test category=Games tunneled=yes DENY"))
		Expect(tested(i.Tests)).To(Equal([]string{
			"guard of the layer client.address=10.0.0.0/8 holds [10.10.1.1]",
			"guard of the section url.port=80 is not known yet []",
			"pattern b.test holds [http://www.b.test/x]",
			"condition category=Games is not known yet []",
			"condition tunneled=yes is not known yet []",
		}))
		i = p.Inspect(tx, policy.AtResponse, 1)
		Expect(tested(i.Tests[3:])).To(Equal([]string{"condition category=Games does not hold [News]", "condition tunneled=yes does not hold [no]"}))
		Expect(i.Failing().Text).To(Equal("category=Games"))
		i = p.Inspect(tx, policy.AtResponse, 0)
		Expect(tested(i.Tests[2:])).To(Equal([]string{
			"pattern a.test does not hold [http://www.b.test/x]",
			"condition user=!kim has no value []",
			"condition client.connection.negotiated_cipher.strength=low does not apply []",
		}))
		tx.Type = policy.SSLIntercept
		Expect(p.Inspect(tx, policy.AtResponse, 2).Evaluated).To(BeFalse())
	})

	It("gives what the rule would do, with the defaults above it", func() {
		p := newest("<Proxy> access_log(no)", "url.port=80 DENY(\"x\") trace.request(yes)")
		i := p.Inspect(get("a.test", "/"), policy.AtResponse, 0)
		Expect(i.Holds()).To(BeTrue())
		Expect(i.Settings).To(HaveExactElements(HaveField("Name", "access_log"), HaveField("Name", "trace.request")))
		Expect(i.Verdict).To(HaveValue(And(HaveField("Details", "x"), HaveField("At", "local:2"))))
	})

	It("finds the line of a named condition that is nearest to holding", func() {
		p := newest("<Proxy>", "condition=sites DENY", "define condition sites", "url.domain=a.test url.port=1", "url.domain=b.test url.port=2", "end",
			"define url.domain condition list", "c.test", "end")
		near := p.Nearest(get("b.test", "/"), policy.AtResponse, "SITES")
		Expect([]any{near.At, near.Of}).To(Equal([]any{"local:5", 2}))
		Expect(tested(near.Tests)).To(Equal([]string{"condition url.domain=//b.test/ holds [http://b.test/]", "condition url.port=2 does not hold [80]"}))
		Expect(p.Nearest(get("b.test", "/"), policy.AtResponse, "list")).To(BeNil())
		Expect(p.Nearest(get("b.test", "/"), policy.AtResponse, "none")).To(BeNil())
	})
})
