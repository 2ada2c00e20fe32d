package diag_test

import (
	"errors"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/reports/diag"
)

// source is one text for every file.
func source(text string) diag.Source { return func(string) []byte { return []byte(text) } }

var _ = Describe("an excerpt", func() {
	DescribeTable("shows a line with a caret and tildes", func(text string, s diag.Span, want string) {
		Expect(diag.Excerpt(s, source(text))).To(Equal(want))
	},
		Entry("in the middle", "one\ntwo three\n", at("f", 2, 5, 10), "    two three\n        ^~~~~\n"),
		Entry("a whole line", "abc", at("f", 1, 1, 4), "    abc\n    ^~~\n"),
		Entry("the last line without its end", "a\nbc", at("f", 2, 2, 3), "    bc\n     ^\n"),
		Entry("a point", "abc", at("f", 1, 2, 0), "    abc\n     ^\n"),
		Entry("an empty stretch", "abc", at("f", 1, 2, 2), "    abc\n     ^\n"),
		Entry("a line only", "abc", at("f", 1, 0, 0), "    abc\n    ^\n"),
		Entry("tabs before it stay tabs", "\ta\tb c\n", at("f", 1, 4, 5), "    \ta\tb c\n    \t \t^\n"),
		Entry("characters of several bytes count once", "é=ü wört", at("f", 1, 7, 12), "    é=ü wört\n        ^~~~\n"),
		Entry("line ends of Windows", "one\r\ntwo\r\n", at("f", 2, 1, 4), "    two\n    ^~~\n"),
		Entry("to the line's end when it goes on below", "if a\nthen", diag.Span{File: "f", Start: diag.Pos{Line: 1, Col: 4}, End: diag.Pos{Line: 2, Col: 5}}, "    if a\n       ^\n"),
		Entry("behind the end of the line", "abc", at("f", 1, 4, 4), "    abc\n       ^\n"),
		Entry("far behind it", "abc", at("f", 1, 40, 50), "    abc\n       ^\n"),
		Entry("an end behind the line", "abc", at("f", 1, 2, 90), "    abc\n     ^~\n"),
		Entry("an end before the start", "abc", at("f", 1, 3, 1), "    abc\n      ^\n"),
		Entry("an empty line", "\n\nx", at("f", 2, 1, 1), "    \n    ^\n"),
		Entry("an empty text", "", at("f", 1, 1, 1), "    \n    ^\n"),
		Entry("no UTF-8", "\xff\xfe x", at("f", 1, 4, 5), "    \uFFFD\uFFFD x\n       ^\n"),
		Entry("control characters", "a\x1b[31m\tb\x07", at("f", 1, 8, 9), "    a\uFFFD[31m\tb\uFFFD\n          \t^\n"),
		Entry("the part around the caret of a long line", strings.Repeat("a", 100)+"bcd"+strings.Repeat("e", 200), at("f", 1, 101, 104),
			"    ..."+strings.Repeat("a", 60)+"bcd"+strings.Repeat("e", 94)+"...\n    "+strings.Repeat(" ", 63)+"^~~\n"),
		Entry("the beginning of a long stretch", strings.Repeat("x", 1000), at("f", 1, 1, 1001), "    "+strings.Repeat("x", 160)+"\n    ^"+strings.Repeat("~", 159)+"\n"),
	)
	It("finds its line by offset, if that fits", func() {
		text := source("one\ntwo\nthree")
		for _, offset := range []int{4, 0, 5, -3, 99} {
			s := diag.Span{File: "f", Start: diag.Pos{Line: 2, Col: 1, Offset: offset}}
			Expect(diag.Excerpt(s, text)).To(Equal("    two\n    ^\n"), "offset %d", offset)
		}
	})
	DescribeTable("is empty where there is no such line", func(s diag.Span, src diag.Source) {
		Expect(diag.Excerpt(s, src)).To(BeEmpty())
	},
		Entry("no source", at("f", 1, 1, 1), nil),
		Entry("no line", diag.Span{File: "f"}, source("abc")),
		Entry("a line behind the end", at("f", 3, 1, 1), source("a\nb")),
		Entry("a negative line", at("f", -1, 1, 1), source("a")),
	)
	It("is of the span's file", func() {
		asked := ""
		diag.Excerpt(at("x/y.cpl", 1, 1, 1), func(file string) []byte { asked = file; return nil })
		Expect(asked).To(Equal("x/y.cpl"))
	})
})

var _ = Describe("rendered diagnostics", func() {
	It("have their place, line, notes and hints", func() {
		list := diag.List{
			{
				ID: "cpl-unknown-name", Severity: diag.Error, Span: at("policy.cpl", 2, 2, 12), Message: `unknown condition "url.domian"`,
				Notes: []diag.Remark{{Span: at("policy.cpl", 1, 1, 8), Message: "in this layer"}, {Message: "known since 6.5"}},
				Hints: []string{`did you mean "url.domain"?`, "rehearse explain cpl-unknown-name"},
			},
			{Severity: diag.Warning, Span: diag.Span{File: "other.cpl"}, Message: "no rule"},
		}
		var b strings.Builder
		Expect(diag.Render(&b, list, source("<Proxy>\n url.domian=a.test DENY\n"))).To(Succeed())
		Expect(b.String()).To(Equal(`policy.cpl:2:2: error: unknown condition "url.domian" [cpl-unknown-name]
     url.domian=a.test DENY
     ^~~~~~~~~~
policy.cpl:1:1: note: in this layer
    <Proxy>
    ^~~~~~~
note: known since 6.5
hint: did you mean "url.domain"?
hint: rehearse explain cpl-unknown-name
other.cpl: warning: no rule
`))
	})
	It("say when they could not be written", func() {
		Expect(diag.Render(full{}, diag.List{{}}, nil)).To(MatchError(errFull))
	})
	It("are nothing for an empty list", func() {
		var b strings.Builder
		Expect(diag.Render(&b, nil, nil)).To(Succeed())
		Expect(b.String()).To(BeEmpty())
	})
})

// full is a writer with no room.
type full struct{}

var errFull = errors.New("no space left on device")

func (full) Write([]byte) (int, error) { return 0, errFull }
