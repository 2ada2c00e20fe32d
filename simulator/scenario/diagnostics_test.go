package scenario_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/reports/diag"
	"rehearse/simulator/scenario"
	"rehearse/simulator/world/worldtest"
)

// The corpus in testdata/diagnostics: scenarios between lines of =====, in which
// each expected diagnostic stands behind ### on the line it is reported at, as its
// ID (behind "warning " where it is one) and the beginning of its message.
const (
	between = "=====\n"
	mark    = "### "
)

// expectations are "line: id message" for each mark of a text.
func expectations(text string) (want []string) {
	for i, line := range strings.Split(text, "\n") {
		parts := strings.Split(line, mark)
		for _, w := range parts[1:] {
			want = append(want, fmt.Sprintf("%d: %s", i+1, strings.TrimSpace(w)))
		}
	}
	return want
}

// found is how a mark would have to say it.
func found(d diag.Diagnostic) string {
	severity := ""
	if d.Severity != diag.Error {
		severity = d.Severity.String() + " "
	}
	return fmt.Sprintf("%d: %s%s %s", d.Span.Start.Line, severity, d.ID, d.Message)
}

// differences are the marks that were not met and the diagnostics without a mark.
func differences(want []string, list diag.List) (all []string) {
	for _, d := range list {
		got := found(d)
		i := slices.IndexFunc(want, func(w string) bool { return strings.HasPrefix(got, w) })
		if i < 0 {
			all = append(all, "unexpected: "+got)
			continue
		}
		want = slices.Delete(want, i, i+1)
	}
	for _, w := range want {
		all = append(all, "missing: "+w)
	}
	return all
}

// corpus is every scenario of the corpus.
func corpus() (texts []string) {
	files, err := filepath.Glob("testdata/diagnostics/*.yaml")
	Expect(err).NotTo(HaveOccurred())
	Expect(files).NotTo(BeEmpty())
	for _, name := range files {
		b, err := os.ReadFile(name)
		Expect(err).NotTo(HaveOccurred())
		texts = append(texts, strings.Split(string(b), between)...)
	}
	return texts
}

var _ = Describe("diagnostics", func() {
	It("come where the corpus says, and nowhere else", func() {
		for _, text := range corpus() {
			f, list := load(text, nil)
			Expect(differences(expectations(text), list)).To(BeEmpty(), text)
			Expect(list.HasErrors()).To(Equal(len(f.Variants) == 0))
		}
	})

	It("look as they always did", func() {
		var out bytes.Buffer
		for _, text := range corpus() {
			// The marks would be in the excerpts.
			lines := strings.Split(text, "\n")
			for i, line := range lines {
				before, _, _ := strings.Cut(line, mark)
				lines[i] = strings.TrimRight(before, " ")
			}
			f, list := load(strings.Join(lines, "\n"), nil)
			Expect(diag.Render(&out, list, func(file string) []byte { return f.Texts[file] })).To(Succeed())
			out.WriteString("\n")
		}
		worldtest.Golden(GinkgoTB(), "testdata/diagnostics.golden", out.Bytes())
	})

	It("are all explained, and all in the corpus", func() {
		seen := map[string]bool{}
		for _, text := range corpus() {
			_, list := load(text, nil)
			for _, d := range list {
				seen[d.ID] = true
			}
		}
		var ids []string
		for _, e := range scenario.Explanations() {
			ids = append(ids, e.ID)
			Expect(e.Title).NotTo(BeEmpty())
			Expect(e.Remedy).NotTo(BeEmpty())
		}
		for id := range seen {
			Expect(ids).To(ContainElement(id))
		}
		Expect(seen).To(HaveLen(len(ids)))
	})

	It("say so when the file itself cannot be read, or leads out", func() {
		f, list := scenario.Load(os.DirFS("testdata"), "nothing.yaml", "some/where")
		Expect(f.Variants).To(BeEmpty())
		Expect(list).To(ConsistOf(And(
			HaveField("ID", "scenario-file"), HaveField("Span.File", "some/where/nothing.yaml"),
			HaveField("Message", "some/where/nothing.yaml cannot be read: there is no such file"))))
		dir := GinkgoT().TempDir()
		Expect(os.WriteFile(filepath.Join(dir, "case.yaml"), []byte(small("extends: ../up.yaml\n")), 0o600)).To(Succeed())
		_, list = scenario.Load(os.DirFS(dir), "case.yaml", "")
		Expect(list).To(ConsistOf(HaveField("Message", "../up.yaml cannot be read: the path leads out of the folder that is read")))
	})
})

var _ = DescribeTable("what is no YAML has its place",
	func(text, place, message string) {
		_, list := load(text, nil)
		Expect(list).To(HaveLen(1))
		Expect(list[0].Span.String()).To(Equal(place))
		Expect(list[0].Message).To(ContainSubstring(message))
	},
	Entry("on the first line", "name: a: b\n", "s/case.yaml:1", "mapping values are not allowed"),
	Entry("on a later one", "name: x\nlabels: a: b\n", "s/case.yaml:2", "mapping values are not allowed"),
	Entry("a control character", "name: x\nlabels: [a\x00b]\n", "s/case.yaml:2:11", "control characters"),
	Entry("bytes that are no UTF-8", "name: x\nlabels: \xff\n", "s/case.yaml:2:9", "UTF-8"),
	Entry("an alias of nothing", "name: x\nlabels: *nothing\n", "s/case.yaml:2:9", "unknown anchor"),
	Entry("too deep", "name: "+strings.Repeat("[", 20000), "s/case.yaml:1", "depth"),
	Entry("UTF-16", "\xff\xfen\x00", "s/case.yaml", "the file is UTF-16, want UTF-8"),
)
