package cpl_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/proxy/policy/cpl"
	"rehearse/reports/diag"
)

// The corpus: testdata/*.cpl hold policies in chunks with a line ---- between
// them. A diagnostic is expected by a comment on its line:
//
//	url.domian=a.test DENY  ;;; error cpl-unknown-condition: did you mean "url.domain"
//
// (text of the message, a note or a hint behind the colon), by several of them,
// or by ";;;+N error ..." N lines above where a comment cannot stand. Any other
// diagnostic fails. A line ";;: release 6.5.9.1", ";;: enforcement wss",
// ";;: keyring NAME" or ";;: exception NAME" sets an option of its chunk.

// chunk is one policy of the corpus.
type chunk struct {
	file string
	line int // of its first line, 0-based
	text string
}

func corpus() []chunk {
	files, err := filepath.Glob("testdata/*.cpl")
	if err != nil || len(files) == 0 {
		panic("no corpus")
	}
	var chunks []chunk
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			panic(err)
		}
		line := 0
		for part := range strings.SplitSeq(string(text), "----\n") {
			chunks = append(chunks, chunk{filepath.Base(name), line, part})
			line += strings.Count(part, "\n") + 1
		}
	}
	return chunks
}

func (c chunk) options() (opt cpl.Options) {
	for _, m := range regexp.MustCompile(`(?m)^;;: (\S+) (.*)$`).FindAllStringSubmatch(c.text, -1) {
		switch m[1] {
		case "release":
			opt.Release = cpl.MustRelease(m[2])
		case "enforcement":
			opt.Enforcement = m[2]
		case "keyring":
			opt.Keyrings = append(opt.Keyrings, m[2])
		case "exception":
			opt.Exceptions = append(opt.Exceptions, m[2])
		}
	}
	return opt
}

// expectation is one annotation.
type expectation struct {
	line               int
	severity, id, text string
}

func (c chunk) expectations() (list []expectation) {
	mark := regexp.MustCompile(`;;;(\+\d+)? (error|warning|note) (cpl-[a-z-]+)(?:: (.*))?`)
	for i, line := range strings.Split(c.text, "\n") {
		_, marks, _ := strings.Cut(line, ";;;")
		for part := range strings.SplitSeq(marks, " ;;;") {
			m := mark.FindStringSubmatch(";;;" + part)
			if m == nil {
				continue
			}
			below, _ := strconv.Atoi(m[1])
			list = append(list, expectation{c.line + i + 1 + below, m[2], m[3], strings.TrimSpace(m[4])})
		}
	}
	return list
}

func (c chunk) diagnostics() diag.List {
	// Empty lines above keep the line numbers of the file.
	file, diags := cpl.Parse(c.file, []byte(strings.Repeat("\n", c.line)+c.text))
	return append(diags, cpl.Check([]*cpl.File{file}, c.options())...)
}

func (e expectation) met(d diag.Diagnostic) bool {
	texts := append([]string{d.Message}, d.Hints...)
	for _, n := range d.Notes {
		texts = append(texts, n.Message)
	}
	has := func(s string) bool { return strings.Contains(s, e.text) }
	return e.line == d.Span.Start.Line && e.severity == d.Severity.String() && e.id == d.ID && slices.ContainsFunc(texts, has)
}

var _ = Describe("The annotated corpus", func() {
	for _, c := range corpus() {
		It(fmt.Sprintf("%s:%d", c.file, c.line+1), func() {
			var missing, unexpected []string
			got := c.diagnostics()
			for _, e := range c.expectations() {
				i := slices.IndexFunc(got, e.met)
				if i < 0 {
					missing = append(missing, fmt.Sprintf("%s:%d: %s %s: %s", c.file, e.line, e.severity, e.id, e.text))
					continue
				}
				got = slices.Delete(got, i, i+1)
			}
			for _, d := range got {
				unexpected = append(unexpected, fmt.Sprintf("%s: %s %s: %s %v", d.Span, d.Severity, d.ID, d.Message, d.Hints))
			}
			Expect(unexpected).To(BeEmpty())
			Expect(missing).To(BeEmpty())
		})
	}

	It("has every diagnostic that can be explained, and no other", func() {
		var explained, seen []string
		for _, x := range cpl.Explanations() {
			Expect(x.Title).NotTo(BeEmpty())
			Expect(x.Text).NotTo(BeEmpty())
			Expect(x.Remedy).NotTo(BeEmpty())
			explained = append(explained, x.ID)
		}
		for _, c := range corpus() {
			for _, e := range c.expectations() {
				seen = append(seen, e.id)
			}
		}
		slices.Sort(seen)
		slices.Sort(explained)
		Expect(slices.Compact(seen)).To(Equal(explained))
	})

	It("has every ID of the sources explained", func() {
		sources, err := filepath.Glob("*.go")
		Expect(err).NotTo(HaveOccurred())
		for _, name := range sources {
			text, err := os.ReadFile(name)
			Expect(err).NotTo(HaveOccurred())
			for _, id := range regexp.MustCompile(`"cpl-[a-z-]+"`).FindAllString(string(text), -1) {
				Expect(cpl.Explanations()).To(ContainElement(HaveField("ID", strings.Trim(id, `"`))))
			}
		}
	})
})
