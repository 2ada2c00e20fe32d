package revise_test

import (
	"bytes"
	"strings"
	"testing"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/reports"
	"rehearse/reports/diag"
	"rehearse/simulator/revise"
	"rehearse/simulator/scenario"
	"rehearse/simulator/world/worldtest"
)

func TestRevise(t *testing.T) { worldtest.Suite(t, "revise") }

// at is the place of a value in a text.
func at(text, value string) diag.Span {
	from := strings.Index(text, value)
	return diag.Span{
		File:  "a.yaml",
		Start: diag.Pos{Line: 1, Col: 1, Offset: from}, End: diag.Pos{Line: 1, Col: 1, Offset: from + len(value)},
	}
}

// missed is a scenario with one expectation, and a report in which it came to got; a
// got of "-" is that it held.
func missed(text, field, value, got string) revise.Played {
	want := scenario.Want{Span: at(text, value), Key: field, Values: strings.Split(strings.Trim(value, `[]"`), ", ")}
	step := reports.Step{Verdict: reports.Passed}
	if got != "-" {
		step.Verdict = reports.Failed
		step.Misses = []reports.Miss{{Span: want.Span, Field: field, Got: got, Want: want.Values}}
	}
	return revise.Played{
		Scenario: &scenario.Scenario{Steps: []scenario.Step{{Expect: []scenario.Want{want}}}},
		Report:   &reports.Scenario{Steps: []reports.Step{step}},
	}
}

var _ = Describe("an expectation that did not hold", func() {
	DescribeTable("comes to say what came out",
		func(before, field, value, got, after string) {
			changes, left := revise.Expectations([]revise.Played{missed(before, field, value, got)})
			Expect(left).To(BeEmpty())
			text, left := revise.Apply([]byte(before), changes)
			Expect(left).To(BeEmpty())
			Expect(string(text)).To(Equal(after))
		},
		Entry("a word", "{result: ok} # why\n", "result", "ok", "aborted", "{result: aborted} # why\n"),
		Entry("a list", "{code: [A, B], result: ok}\n", "code", "[A, B]", "C", "{code: C, result: ok}\n"),
		Entry("in quotes", `{code: "A"}`, "code", `"A"`, "B", "{code: B}"),
		Entry("what has to be quoted", "{code: A}", "code", "A", "404", `{code: "404"}`),
		Entry("what would be no text", "{code: A}", "code", "A", "no: thing", `{code: "no: thing"}`),
		Entry("none, the last of a mapping", "{result: ok, code: A}", "code", "A", "", "{result: ok}"),
		Entry("none, the first of a mapping", "{code: A, result: ok}", "code", "A", "", "{result: ok}"),
		Entry("none, a line of its own", "result: ok\ncode: A\nwire: FIN\n", "code", "A", "", "result: ok\nwire: FIN\n"),
	)
	DescribeTable("is left where its text is not plain",
		func(before, field, value, got string) {
			changes, left := revise.Expectations([]revise.Played{missed(before, field, value, got)})
			Expect(left).To(BeEmpty())
			text, left := revise.Apply([]byte(before), changes)
			Expect(left).To(HaveLen(1))
			Expect(left[0].String()).To(HaveSuffix("stands in a form that only a person can change"))
			Expect(string(text)).To(Equal(before))
		},
		Entry("the only field, and there is none", "{code: A}", "code", "A", ""),
		Entry("an item, and there is none", "- code: A\n  result: ok\n", "code", "A", ""),
		Entry("a line with a comment, and there is none", "code: A # because\n", "code", "A", ""),
	)
	It("is not touched where the text has changed meanwhile", func() {
		changes, _ := revise.Expectations([]revise.Played{missed("{result: ok}", "result", "ok", "aborted")})
		for _, text := range []string{"{result: no}", "", "{resul"} {
			_, left := revise.Apply([]byte(text), changes)
			Expect(left).To(HaveLen(1), text)
		}
	})
	It("is one place that variants have to agree on", func() {
		const text = "{result: ok}"
		one := func(got string) revise.Played { return missed(text, "result", "ok", got) }
		not := one("-")
		not.Report = nil
		for why, all := range map[string][]revise.Played{
			`variants came to different ends, "aborted", "refused"; tell them apart with when`: {one("aborted"), one("refused")},
			`holds in other variants, here it was "aborted"; tell them apart with when`:        {one("-"), one("aborted")},
			"is one of variants that were not run, too; run them all":                          {one("aborted"), not},
		} {
			changes, left := revise.Expectations(all)
			Expect(changes).To(BeEmpty())
			Expect(left).To(ConsistOf(HaveField("Why", why)))
		}
		changes, left := revise.Expectations([]revise.Played{one("aborted"), one("aborted")})
		Expect(changes).To(HaveLen(1))
		Expect(left).To(BeEmpty())
		Expect(changes[0].String()).To(HaveSuffix("result: ok becomes aborted"))
	})
	It("is left where it is a judgement", func() {
		_, left := revise.Expectations([]revise.Played{missed("{within: 1s}", "within", "1s", "2s")})
		Expect(left).To(ConsistOf(HaveField("Why", `is for a person to judge; got "2s"`)))
	})
})

// FuzzApply: whatever the text is, a change either leaves it or changes one stretch.
func FuzzApply(f *testing.F) {
	f.Add([]byte("{result: ok, code: A}\n"), 20, 1, "code", "")
	f.Add([]byte("result: [ok, timeout] # c\n"), 8, 13, "result", "aborted")
	f.Fuzz(func(t *testing.T, text []byte, from, length int, field, got string) {
		if from < 0 || length < 1 || from > len(text) || length > len(text)-from {
			return
		}
		value := string(text[from : from+length])
		span := diag.Span{Start: diag.Pos{Offset: from}, End: diag.Pos{Offset: from + length}}
		changed, left := revise.Apply(text, []revise.Change{{At: span, Field: field, Old: value, New: got}})
		if len(left) == 1 && !bytes.Equal(changed, text) {
			t.Errorf("left, and %q became %q", text, changed)
		}
	})
}
