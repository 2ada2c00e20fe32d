package cpl_test

import (
	"fmt"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/proxy/policy/cpl"
)

// firstTerm is the first term of a rule, nil for none.
func firstTerm(rule string) cpl.Term {
	f, _ := cpl.Parse("example", []byte("<Proxy>\n"+rule))
	for _, l := range layers(f) {
		for _, s := range l.Sections {
			for _, r := range s.Rules {
				if len(r.Terms) > 0 {
					return r.Terms[0]
				}
			}
		}
	}
	return nil
}

// known says whether the vocabulary has what an example of the fact table shows.
func known(kind, name, example string) bool {
	lookup := func(k cpl.Kind, name string) bool { _, ok := cpl.Lookup(k, name); return ok }
	switch kind {
	case "condition":
		c, ok := firstTerm(example).(*cpl.Condition)
		return ok && lookup(cpl.KindCondition, c.Base) && knownModifiers(c)
	case "property":
		switch t := firstTerm(example).(type) {
		case *cpl.Property:
			return lookup(cpl.KindProperty, t.Name)
		case *cpl.Verdict:
			return lookup(cpl.KindVerdict, t.Name)
		}
		return false
	case "verdict":
		_, ok := firstTerm(example).(*cpl.Verdict)
		return ok
	case "layer":
		return lookup(cpl.KindLayer, strings.Trim(name, "<>")) == (name != "<access>")
	case "section":
		return lookup(cpl.KindSection, strings.Trim(name, "[]"))
	case "definition":
		return lookup(cpl.KindDefinition, strings.TrimPrefix(name, "define "))
	case "preprocessor":
		return lookup(cpl.KindDirective, strings.TrimPrefix(name, "variable "))
	case "modifier":
		return name == "NAME@PROVIDER" || name == ".category" || lookup(cpl.KindModifier, strings.TrimPrefix(name, "."))
	case "action":
		return lookup(cpl.KindAction, strings.TrimSuffix(name, "()"))
	case "exception-id":
		return lookup(cpl.KindException, strings.TrimSuffix(name, ".NAME"))
	case "substitution":
		return lookup(cpl.KindSubstitution, strings.TrimSuffix(strings.Trim(name, "$()"), ".NAME"))
	}
	return true // value and message: held to the corpus
}

func knownModifiers(c *cpl.Condition) bool {
	f, _ := cpl.Parse("example", []byte("<Proxy>\n"+c.Name+"=1"))
	for _, d := range cpl.Check([]*cpl.File{f}, cpl.Options{}) {
		if d.ID == "cpl-unknown-modifier" || d.ID == "cpl-unknown-condition" {
			return false
		}
	}
	return true
}

var _ = Describe("The vocabulary", func() {
	It("has all names of the fact table", func() {
		for _, row := range table(shared("facts", "cpl-vocabulary.tsv")) {
			Expect(known(row["kind"], row["name"], row["example"])).To(BeTrue(), "%s %s, such as %s", row["kind"], row["name"], row["example"])
		}
	})

	It("marks names as the fact table does", func() {
		var wrong []string
		for _, row := range table(shared("facts", "cpl-vocabulary.tsv")) {
			name := strings.TrimSuffix(row["name"], "()")
			e, ok := cpl.Lookup(cpl.Kind(row["kind"]), name)
			if ok && e.Free == "" && string(e.Mark) != row["mark"] {
				wrong = append(wrong, fmt.Sprintf("%s %s: %s, want %s", row["kind"], name, e.Mark, row["mark"]))
			}
		}
		Expect(wrong).To(BeEmpty())
	})

	It("says of each name what it is, once", func() {
		seen := map[string]bool{}
		n := 0
		for e := range cpl.Vocabulary() {
			key := string(e.Kind) + " " + strings.ToLower(e.Name)
			Expect(seen[key]).To(BeFalse(), key)
			seen[key] = true
			Expect(e.Doc).NotTo(BeEmpty(), key)
			Expect(e.Doc).NotTo(MatchRegexp(`[^.]\.$`), key)
			Expect(e.Mark).To(BeElementOf(cpl.Mark("D"), cpl.Mark("D3"), cpl.Mark("I"), cpl.Mark("R")), key)
			n++
		}
		Expect(n).To(BeNumerically(">", 400))
	})

	It("tells where a name may stand", func() {
		domain, _ := cpl.Lookup(cpl.KindCondition, "URL.Domain")
		Expect(domain.Name).To(Equal("url.domain"))
		Expect(domain.Allows("Proxy")).To(BeTrue())
		Expect(domain.Allows("Forward")).To(BeFalse())
		Expect(domain.LayerTypes()).To(ContainElements("Proxy", "SSL-Intercept"))
		address, _ := cpl.Lookup(cpl.KindCondition, "client.address")
		Expect(address.Allows("Forward")).To(BeTrue())
		Expect(address.LayerTypes()).To(BeNil())
	})
})
