package reports_test

import (
	"bytes"
	"encoding/json"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/reports"
)

var _ = Describe("the JSON form", func() {
	format, _ := reports.FormatNamed("json")

	It("reads back to the same report", func() {
		text := rendered(format, sample())
		var back reports.Report
		d := json.NewDecoder(bytes.NewReader(text))
		d.DisallowUnknownFields()
		Expect(d.Decode(&back)).To(Succeed())
		Expect(rendered(format, &back)).To(Equal(text))
	})
	It("has the fields that scripts rely on", func() {
		var doc map[string]any
		Expect(json.Unmarshal(rendered(format, sample()), &doc)).To(Succeed())
		Expect(doc).To(And(HaveKey("schema"), HaveKey("tool"), HaveKey("scenarios"), HaveKey("policy_coverage"), HaveKey("totals")))
		scenario := doc["scenarios"].([]any)[0].(map[string]any)
		for _, key := range []string{"file", "name", "labels", "variant", "verdict", "steps", "evidence"} {
			Expect(scenario).To(HaveKey(key))
		}
		step := scenario["steps"].([]any)[1].(map[string]any)
		for _, key := range []string{"line", "actor", "action", "outcome", "expected", "verdict"} {
			Expect(step).To(HaveKey(key))
		}
		for _, key := range []string{"stage", "result", "code", "text", "virtual_ms"} {
			Expect(step["outcome"]).To(HaveKey(key))
		}
	})
	It("leaves < > & readable", func() {
		Expect(rendered(format, sample())).To(ContainSubstring(`"url.domain=<a&b> DENY"`))
	})
})

var _ = Describe("a variant in JSON", func() {
	DescribeTable("is an object in the order of the matrix", func(v reports.Variant, text string) {
		out, err := json.Marshal(v)
		Expect(err).NotTo(HaveOccurred())
		Expect(string(out)).To(Equal(text))
		var back reports.Variant
		Expect(json.Unmarshal(out, &back)).To(Succeed())
		Expect(back).To(Equal(v))
	},
		Entry("empty", reports.Variant{}, `{}`),
		Entry("not sorted", reports.Variant{{Name: "release", Value: "6.5.9"}, {Name: "deployment", Value: "explicit"}}, `{"release":"6.5.9","deployment":"explicit"}`),
		Entry("quotes", reports.Variant{{Name: `a"b`, Value: "c\nd"}}, `{"a\"b":"c\nd"}`),
		Entry("empty texts", reports.Variant{{Name: "", Value: ""}}, `{"":""}`),
		Entry("escaped where the encoder says so", reports.Variant{{Name: "a", Value: "<&>"}}, `{"a":"\u003c\u0026\u003e"}`),
	)
	It("null is none", func() {
		v := reports.Variant{{Name: "a", Value: "b"}}
		Expect(json.Unmarshal([]byte("null"), &v)).To(Succeed())
		Expect(v).To(BeNil())
	})
	DescribeTable("that is something else is refused", func(text, message string) {
		var v reports.Variant
		Expect(v.UnmarshalJSON([]byte(text))).To(MatchError(ContainSubstring(message)))
	},
		Entry("a list", `["a"]`, "got [, want an object"),
		Entry("a text", `"a"`, "got a, want an object"),
		Entry("a number inside", `{"a": 1}`, "variant: a: json: cannot unmarshal number"),
		Entry("cut", `{"a": "b"`, "EOF"),
		Entry("nothing", ``, "EOF"),
		Entry("a key without a value", `{"a"}`, "variant: a: expected colon"),
	)
})
