package cpl_test

import (
	"os"
	"regexp"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/proxy/policy/cpl"
	"rehearse/reports/diag"
)

// grammarExample is a line of grammar.txt that starts with yes, no or hm.
type grammarExample struct{ want, id, text string }

func grammarExamples() []grammarExample {
	GinkgoHelper()
	text, err := os.ReadFile("grammar.txt")
	Expect(err).NotTo(HaveOccurred())
	var list []grammarExample
	for _, m := range regexp.MustCompile(`(?m)^  (?:(yes)|(no|hm)  (cpl-[a-z-]+)) (.*)$`).FindAllStringSubmatch(string(text), -1) {
		list = append(list, grammarExample{m[1] + m[2], m[3], asPolicy(m[4])})
	}
	return list
}

// asPolicy puts line ends into an example, and a layer header above a rule.
func asPolicy(example string) string {
	text := strings.ReplaceAll(example, `\n`, "\n")
	if strings.HasPrefix(text, "<") || strings.HasPrefix(text, "#") || regexp.MustCompile(`^(define|restrict) `).MatchString(text) {
		return text
	}
	return "<Proxy>\n" + text
}

var _ = Describe("grammar.txt", func() {
	It("says what the parser does", func() {
		examples := grammarExamples()
		Expect(len(examples)).To(BeNumerically(">", 75))
		for _, e := range examples {
			_, diags := cpl.Parse("example", []byte(e.text))
			switch e.want {
			case "yes":
				Expect(diags).To(BeEmpty(), e.text)
			case "no":
				Expect(diags).To(ContainElement(And(HaveField("ID", e.id), HaveField("Severity", diag.Error))), e.text)
			case "hm":
				Expect(diags).To(ConsistOf(And(HaveField("ID", e.id), HaveField("Severity", diag.Warning))), e.text)
			}
		}
	})
})
