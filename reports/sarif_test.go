package reports_test

import (
	"bytes"
	"encoding/json"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/reports"
	"rehearse/reports/diag"
	"rehearse/simulator/world/worldtest"
)

func spanOf(file string, line, from, to int) diag.Span {
	return diag.Span{File: file, Start: diag.Pos{Line: line, Col: from}, End: diag.Pos{Line: line, Col: to}}
}

var _ = Describe("SARIF", func() {
	sarif := reports.SARIF{
		Tool:   reports.Tool{Name: "rehearse", Version: "v1.2.3"},
		Source: func(string) []byte { return []byte("<Proxy>\n  ü.domian=a.test DENY\n") },
		Explain: func(id string) (string, []string) {
			return "what " + id + " means", []string{"do this", "or that"}
		},
	}
	list := diag.List{
		{ID: "cpl-unknown-name", Severity: diag.Error, Span: spanOf("policy/my policy.cpl", 2, 3, 12), Message: `unknown condition "ü.domian"`, Hints: []string{`did you mean "url.domain"?`}},
		{
			ID: "cpl-shadowed", Severity: diag.Warning, Span: spanOf("a.cpl", 1, 1, 8), Message: "never reached",
			Notes: []diag.Remark{{Span: spanOf("a.cpl", 2, 1, 2), Message: "the rule above it"}, {Message: "a fact"}},
		},
		{ID: "cpl-unknown-name", Severity: diag.Note, Span: diag.Span{File: "b.cpl"}, Message: "in the whole file"},
	}

	It("is as ever", func() {
		var b bytes.Buffer
		Expect(sarif.Write(&b, list)).To(Succeed())
		worldtest.Golden(GinkgoTB(), "testdata/sarif.golden", b.Bytes())
	})
	It("counts columns in characters", func() {
		var b bytes.Buffer
		Expect(sarif.Write(&b, list)).To(Succeed())
		Expect(b.String()).To(ContainSubstring(`"startColumn": 3,
                  "endLine": 2,
                  "endColumn": 11`), "nine bytes are eight characters here")
	})
	It("has a run without results where nothing is wrong", func() {
		var b bytes.Buffer
		Expect(sarif.Write(&b, nil)).To(Succeed())
		var log struct{ Runs []struct{ Results []any } }
		Expect(json.Unmarshal(b.Bytes(), &log)).To(Succeed())
		Expect(log.Runs).To(HaveLen(1))
		Expect(log.Runs[0].Results).To(And(BeEmpty(), Not(BeNil())))
	})
	It("says when it could not write", func() {
		Expect(sarif.Write(full{}, list)).To(MatchError(errFull))
	})
})
