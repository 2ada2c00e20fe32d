package reports_test

import (
	"bytes"
	"strings"
	"testing"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/reports"
	"rehearse/reports/diag"
)

func format(name string) reports.Format {
	f, known := reports.FormatNamed(name)
	if !known {
		panic("no format " + name)
	}
	return f
}

// shown are diagnostics as a user sees them.
func shown(list diag.List, text string) string {
	GinkgoHelper()
	var b bytes.Buffer
	Expect(diag.Render(&b, list, func(string) []byte { return []byte(text) })).To(Succeed())
	return b.String()
}

var _ = Describe("reading a report", func() {
	It("gives back what was written, to the byte", func() {
		text := rendered(format("json"), sample())
		r, list := reports.Read("a.json", text)
		Expect(list).To(BeEmpty())
		Expect(rendered(format("json"), r)).To(Equal(text))
	})

	DescribeTable("that is none says where and why", func(text, want string) {
		r, list := reports.Read("a.json", []byte(text))
		Expect(r).To(BeNil())
		Expect(shown(list, text)).To(Equal(strings.TrimPrefix(want, "\n")))
	},
		Entry("nothing", "", `
a.json: error: the file is empty [report-json]
`),
		Entry("no text", "\x7fELF\x00", `
a.json: error: this is no text [report-json]
`),
		Entry("other text", "{\n  \"schema\": 1,\n  oops\n}", `
a.json:3:3: error: this is no JSON: invalid character 'o' looking for beginning of object key string [report-json]
      oops
      ^
`),
		Entry("other JSON", `{"tests": 3}`, `
a.json:1:1: error: no "schema": this is no report of rehearse [report-schema]
    {"tests": 3}
    ^
`),
		Entry("a later form", `{"tool": {}, "schema": 2, "verdicts": []}`, `
a.json:1:14: error: schema 2, want 1 [report-schema]
    {"tool": {}, "schema": 2, "verdicts": []}
                 ^
`),
		Entry("a field that no report has", "{\"schema\": 1,\n \"scenarioes\": []}", `
a.json:2:2: error: unknown field "scenarioes" [report-json]
     "scenarioes": []}
     ^
note: a newer version of rehearse may have written it
`),
		Entry("another type", `{"schema": 1, "selected": "all"}`, `
a.json:1:32: error: selected is string, want int [report-json]
    {"schema": 1, "selected": "all"}
                                   ^
`),
		Entry("more behind it", "{\"schema\": 1}\n{}", `
a.json:2:1: error: this is no JSON: invalid character '{' after top-level value [report-json]
    {}
    ^
`),
		Entry("a verdict that is none", `{"schema": 1, "selected": 2, "scenarios": [{"index": 1, "verdict": "flaky", "steps": [{"verdict": ""}]}]}`, `
a.json: error: scenarios[0]: verdict "flaky", want passed, failed or unsupported [report-value]
a.json: error: scenarios[0].steps[0]: verdict "", want passed, failed or unsupported [report-value]
`),
		Entry("places that cannot be", `{"schema": 1, "selected": 2, "scenarios": [{"index": 1, "verdict": "passed"}, {"index": 1, "verdict": "passed"}, {"index": 2, "verdict": "passed", "evidence": [{"step": 3}]}]}`, `
a.json: error: scenarios[1]: a second one with index 1 [report-value]
a.json: error: scenarios[2]: index 2 of 2 selected [report-value]
a.json: error: scenarios[2].evidence[0]: step 3 of 0 [report-value]
`),
		Entry("totals that do not add up", `{"schema": 1, "selected": 1, "scenarios": [{"verdict": "failed"}], "totals": {"passed": 1}}`, `
a.json: error: totals 1 passed, 0 failed, want 0 passed, 1 failed as counted [report-value]
`),
	)

	It("reports no ID that is not explained", func() {
		var ids []string
		for _, e := range reports.Explanations() {
			ids = append(ids, e.ID)
		}
		Expect(ids).To(ConsistOf("report-json", "report-schema", "report-value"))
	})
})

func FuzzRead(f *testing.F) {
	var text bytes.Buffer
	if err := format("json").Write(&text, sample()); err != nil {
		f.Fatal(err)
	}
	f.Add(text.Bytes())
	f.Add([]byte(`{"schema": 1, "selected": 1, "scenarios": [{"variant": {"a": "b"}, "verdict": "passed"}], "totals": {"passed": 1}}`))
	f.Add([]byte(`{"schema": 1, "scenarios": null}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		r, list := reports.Read("a.json", text)
		if (r == nil) != list.HasErrors() {
			t.Fatalf("report %v with %v", r, list)
		}
		if r == nil {
			return
		}
		var once, twice bytes.Buffer
		if err := format("json").Write(&once, r); err != nil {
			t.Fatal(err)
		}
		again, list := reports.Read("b.json", once.Bytes())
		if list.HasErrors() {
			t.Fatalf("what was written cannot be read: %v", list)
		}
		if err := format("json").Write(&twice, again); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(once.Bytes(), twice.Bytes()) {
			t.Fatal("reading changed the report")
		}
	})
}
