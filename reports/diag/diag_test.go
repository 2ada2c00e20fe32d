package diag_test

import (
	"testing"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/reports/diag"
	"rehearse/simulator/world/worldtest"
)

func TestDiag(t *testing.T) { worldtest.Suite(t, "diag") }

// at is a span of one line.
func at(file string, line, from, to int) diag.Span {
	return diag.Span{File: file, Start: diag.Pos{Line: line, Col: from}, End: diag.Pos{Line: line, Col: to}}
}

var _ = Describe("a span", func() {
	DescribeTable("is written as far as it is known", func(s diag.Span, want string) {
		Expect(s.String()).To(Equal(want))
	},
		Entry(nil, at("a.cpl", 4, 5, 9), "a.cpl:4:5"),
		Entry(nil, at("a.cpl", 4, 0, 0), "a.cpl:4"),
		Entry(nil, diag.Span{File: "a.cpl"}, "a.cpl"),
		Entry(nil, diag.Span{}, ""),
	)
})

var _ = Describe("severities", func() {
	It("have names", func() {
		Expect([]string{diag.Error.String(), diag.Warning.String(), diag.Note.String()}).To(Equal([]string{"error", "warning", "note"}))
	})
})

var _ = Describe("a list of diagnostics", func() {
	finding := func(message, file string, offset, line int) diag.Diagnostic {
		return diag.Diagnostic{Message: message, Span: diag.Span{File: file, Start: diag.Pos{Offset: offset, Line: line}}}
	}
	messages := func(l diag.List) (all []string) {
		for _, d := range l {
			all = append(all, d.Message)
		}
		return all
	}

	It("sorts by file, then place, and keeps the order of equals", func() {
		l := diag.List{
			finding("late in a", "a", 30, 3), finding("b", "b", 0, 1), finding("first of two", "a", 10, 2),
			finding("second of two", "a", 10, 2), finding("early in a", "a", 2, 1), finding("no file", "", 0, 0),
		}
		l.Sort()
		Expect(messages(l)).To(Equal([]string{"no file", "early in a", "first of two", "second of two", "late in a", "b"}))
	})
	It("goes by lines where offsets are not known", func() {
		l := diag.List{finding("second", "a", 0, 2), finding("first", "a", 0, 1)}
		l.Sort()
		Expect(messages(l)).To(Equal([]string{"first", "second"}))
	})
	DescribeTable("knows whether it has an error", func(want bool, severities ...diag.Severity) {
		var l diag.List
		for _, s := range severities {
			l = append(l, diag.Diagnostic{Severity: s})
		}
		Expect(l.HasErrors()).To(Equal(want))
	},
		Entry("empty", false),
		Entry("warnings and notes", false, diag.Warning, diag.Note),
		Entry("one error", true, diag.Note, diag.Error),
	)
})
