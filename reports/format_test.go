package reports_test

import (
	"regexp"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/reports"
	"rehearse/simulator/world/worldtest"
)

// own is what a format wrote of a report, without a page's style and script, which
// are files of their own.
func own(text []byte) []byte {
	parts := regexp.MustCompile(`(?s)(<style>).*?(</style>)|(<script>).*?(</script>)|sha256-[^']*`)
	return parts.ReplaceAll(text, []byte("$1$2$3$4"))
}

var _ = Describe("the formats", func() {
	It("are found by their names, each once", func() {
		seen := map[string]bool{}
		for _, f := range reports.Formats() {
			Expect(seen[f.Name]).To(BeFalse(), f.Name)
			seen[f.Name] = true
			found, known := reports.FormatNamed(f.Name)
			Expect(known).To(BeTrue())
			Expect(found.Ext).To(Equal(f.Ext))
			Expect(f.Ext).NotTo(HavePrefix("."))
		}
	})
	It("know nothing of another name", func() {
		_, known := reports.FormatNamed("JSON")
		Expect(known).To(BeFalse())
	})

	for _, f := range reports.Formats() {
		Describe(f.Name, func() {
			It("is as ever", func() {
				worldtest.Golden(GinkgoTB(), "testdata/sample."+f.Name+".golden", own(rendered(f, sample())))
			})
			It("gives the same bytes twice and leaves the report as it was", func() {
				r := sample()
				first := rendered(f, r)
				Expect(rendered(f, r)).To(Equal(first))
				Expect(r).To(Equal(sample()))
			})
			It("ends in one newline, for an empty report too", func() {
				for _, r := range []*reports.Report{{}, sample()} {
					Expect(rendered(f, r)).To(And(HaveSuffix("\n"), Not(HaveSuffix("\n\n"))))
				}
			})
			It("says when it could not write", func() {
				Expect(f.Write(full{}, sample())).To(MatchError(errFull))
			})
		})
	}
})

var _ = Describe("totals", func() {
	It("count scenarios by verdict", func() {
		Expect(sample().Totals).To(Equal(reports.Totals{Passed: 4, Failed: 3, Unsupported: 1}))
	})
})
