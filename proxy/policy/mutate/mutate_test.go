package mutate_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/proxy/policy/cpl"
	"rehearse/proxy/policy/mutate"
)

func mutants(text string) []mutate.Mutant {
	f, diags := cpl.Parse("p", []byte(text))
	ExpectWithOffset(1, diags.HasErrors()).To(BeFalse(), "%v", diags)
	return mutate.Mutants(f)
}

// lines is a policy's text in one line.
func lines(text []byte) string {
	return strings.Join(strings.Fields(strings.ReplaceAll(string(text), "\n", " / ")), " ")
}

var _ = Describe("Mutants of a policy", func() {
	It("have one mistake each", func() {
		var list []string
		for _, m := range mutants("<Proxy>\nurl.domain=a.test url.port=!443 DENY\nALLOW\n") {
			list = append(list, fmt.Sprintf("%s %d: %s", m.Kind, m.At.Start.Line, lines(m.Text)))
		}
		Expect(list).To(Equal([]string{
			"delete 2: <Proxy> / ALLOW /",
			"negate 2: <Proxy> / url.domain=!a.test url.port=!443 DENY / ALLOW /",
			"widen 2: <Proxy> / url.port=!443 DENY / ALLOW /",
			"negate 2: <Proxy> / url.domain=a.test url.port=443 DENY / ALLOW /",
			"widen 2: <Proxy> / url.domain=a.test DENY / ALLOW /",
			"swap 2: <Proxy> / ALLOW / url.domain=a.test url.port=!443 DENY /",
			"delete 3: <Proxy> / url.domain=a.test url.port=!443 DENY /",
		}))
	})

	It("keep preprocessor blocks, and the order of hashed sections", func() {
		var kinds []mutate.Kind
		for _, m := range mutants("<Proxy>\n[url.domain]\na.test DENY\n#if release.version=6.5..\nb.test DENY\n#endif\n") {
			kinds = append(kinds, m.Kind)
			if m.At.Start.Line == 3 {
				Expect(string(m.Text)).To(ContainSubstring("#if release.version=6.5..\n    b.test DENY\n#endif"))
			}
		}
		Expect(kinds).To(Equal([]mutate.Kind{mutate.Delete, mutate.Delete}))
	})

	It("parse, of every development policy", func() {
		names, _ := filepath.Glob(filepath.Join("..", "..", "..", "..", "shared", "policies", "own-[0-9]*.cpl"))
		if len(names) == 0 {
			Skip("the development policies are not beside the module")
		}
		for _, name := range names {
			text, err := os.ReadFile(name)
			Expect(err).NotTo(HaveOccurred())
			f, _ := cpl.Parse(name, text)
			for _, m := range mutate.Mutants(f) {
				again, diags := cpl.Parse(name, m.Text)
				Expect(again.Broken).To(BeFalse(), "%v\n%s", diags, m.Text)
			}
		}
	})
})
