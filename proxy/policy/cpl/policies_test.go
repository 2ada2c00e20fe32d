package cpl_test

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/proxy/policy/cpl"
	"rehearse/reports/diag"
)

// shared is a file of the folder beside the module that holds policies and
// facts; where it is absent the spec is skipped.
func shared(path ...string) []byte {
	GinkgoHelper()
	text, err := os.ReadFile(filepath.Join(append([]string{"..", "..", "..", "..", "shared"}, path...)...))
	if os.IsNotExist(err) {
		Skip("the shared folder is not beside the module")
	}
	Expect(err).NotTo(HaveOccurred())
	return text
}

// table reads a tab-separated file with a head line, as one map a row.
func table(text []byte) (rows []map[string]string) {
	lines := strings.Split(strings.TrimRight(string(text), "\n"), "\n")
	head := strings.Split(lines[0], "\t")
	for _, line := range lines[1:] {
		row := map[string]string{}
		for i, field := range strings.Split(line, "\t") {
			row[head[i]] = field
		}
		rows = append(rows, row)
	}
	return rows
}

// counts are what OWN-EXPECT.tsv counts.
func counts(f *cpl.File, diags diag.List) map[string]int {
	n := map[string]int{"errors": 0, "warnings": 0, "layers": 0, "rules": 0, "definitions": 0}
	for _, it := range f.Items {
		l, ok := it.(*cpl.Layer)
		if !ok {
			n["definitions"]++
			continue
		}
		n["layers"]++
		for _, s := range l.Sections {
			n["rules"] += len(s.Rules)
		}
	}
	for _, d := range diags {
		switch d.Severity {
		case diag.Error:
			n["errors"]++
		case diag.Warning:
			n["warnings"]++
		}
	}
	return n
}

func checked(name string, text []byte, opt cpl.Options) (*cpl.File, diag.List) {
	f, diags := cpl.Parse(name, text)
	return f, append(diags, cpl.Check([]*cpl.File{f}, opt)...)
}

func lines(diags diag.List, sev diag.Severity) (lines []int) {
	for _, d := range diags {
		if d.Severity == sev {
			lines = append(lines, d.Span.Start.Line)
		}
	}
	return lines
}

// sameTree compares trees but for positions.
func sameTree(a, b *cpl.File) string {
	return cmp.Diff(a.Items, b.Items, cmpopts.IgnoreTypes(diag.Span{}), cmpopts.EquateEmpty())
}

var _ = Describe("The shared policies", func() {
	It("give the counts of OWN-EXPECT.tsv at the newest release", func() {
		for _, row := range table(shared("policies", "OWN-EXPECT.tsv")) {
			f, diags := checked("local", shared("policies", row["file"]), cpl.Options{})
			for what, n := range counts(f, diags) {
				Expect(strconv.Itoa(n)).To(Equal(row[what]), "%s: %s: %v", row["file"], what, diags)
			}
		}
	})

	It("have their errors and warnings on the lines that their head comments name", func() {
		for name, want := range map[string][]int{
			"own-e1-late-early.cpl": {5}, "own-e2-typographic-quotes.cpl": {5}, "own-e3-unknown-layer.cpl": {3},
			"own-e4-forward-url.cpl": {8, 9}, "own-e5-unknown-references.cpl": {4, 5, 7}, "own-e6-unterminated.cpl": {3, 4},
		} {
			_, diags := checked("local", shared("policies", name), cpl.Options{})
			Expect(lines(diags, diag.Error)).To(Equal(want), name)
		}
		_, diags := checked("local", shared("policies", "own-w1-loose-lists.cpl"), cpl.Options{})
		Expect(lines(diags, diag.Warning)).To(Equal([]int{6, 8, 9}))
	})

	It("give the appliance's own words for a late condition (KB 173456)", func() {
		_, diags := checked("local", shared("policies", "own-e1-late-early.cpl"), cpl.Options{})
		Expect(diags).To(HaveLen(1))
		Expect(diags[0].Message).To(Equal("Late condition guards early action"))
		Expect(diags[0].Notes[0].Message).To(Equal("Condition 'user=kim' local:4"))
		Expect(diags[0].Notes[1].Message).To(Equal("Action 'authenticate(no)' local:5"))
	})

	It("have names of later releases that older ones refuse", func() {
		text := shared("policies", "own-15-later-releases.cpl")
		for release, want := range map[string][]int{"6.3.1.1": {6, 7, 9, 10, 15, 18, 19, 22}, "6.7.4.1": {7, 9, 10}, "7.3.10.1": {9, 10}, "7.3.11.1": nil} {
			_, diags := checked("local", text, cpl.Options{Environment: cpl.Environment{Release: cpl.MustRelease(release)}})
			for _, line := range want {
				Expect(lines(diags, diag.Error)).To(ContainElement(line), release)
			}
			if want == nil {
				Expect(lines(diags, diag.Error)).To(BeEmpty())
			}
		}
	})

	It("keep by the variable enforcement what their head comments say", func() {
		f, _ := cpl.Parse("local", shared("policies", "own-01-upe-enforcement.cpl"))
		for enforcement, first := range map[string]string{"appliance": `condition="Large Files Allowed" ALLOW`, "wss": `condition="Large Files Allowed" response.icap.error_code=max_file_size_exceeded ALLOW`} {
			kept := f.Resolve(cpl.Environment{Enforcement: enforcement})
			layer := layers(kept)[1]
			Expect(cpl.LayerHeader(layer)).To(Equal(`<Proxy "errors">`))
			Expect(layer.Sections[0].Rules).To(HaveLen(2))
			Expect(cpl.RuleText(layer.Sections[0].Rules[0])).To(Equal(first))
		}
	})

	It("are the same tree after printing", func() {
		for _, row := range table(shared("policies", "OWN-EXPECT.tsv")) {
			if row["errors"] != "0" {
				continue
			}
			f, _ := cpl.Parse("local", shared("policies", row["file"]))
			again, diags := cpl.Parse("local", []byte(cpl.Print(f)))
			Expect(diags).To(BeEmpty(), row["file"])
			if row["warnings"] == "0" {
				Expect(sameTree(f, again)).To(BeEmpty(), row["file"])
			}
			Expect(cpl.Print(again)).To(Equal(cpl.Print(f)))
		}
	})

	It("read the same with CRLF line ends and a byte order mark", func() {
		text := shared("policies", "own-08-vpm-style.cpl")
		f, _ := cpl.Parse("local", text)
		crlf, diags := cpl.Parse("local", []byte("\uFEFF"+strings.ReplaceAll(string(text), "\n", "\r\n")))
		Expect(diags).To(BeEmpty())
		Expect(sameTree(f, crlf)).To(BeEmpty())
	})

	It("print rules as the real listing has them", func() {
		f, _ := cpl.Parse("local", shared("policies", "own-13-listing-source.cpl"))
		listing := string(shared("policies", "own-13-listing-expected.txt"))
		for _, l := range layers(f)[:1] {
			for _, r := range l.Sections[0].Rules[1:] {
				Expect(listing).To(ContainSubstring("\n    " + cpl.RuleText(r) + " \n"))
			}
		}
		for _, it := range f.Items {
			if d, ok := it.(*cpl.Definition); ok && (d.Name == "__CondList1Sources" || d.Name == "Category-Off" || d.Name == "Category-List" || d.Name == "__CondList1DoNotCache") {
				for _, line := range d.Lines {
					Expect(listing).To(ContainSubstring("\n    " + cpl.TermText(line.Terms[0]) + " \n"))
				}
			}
		}
	})
})

func layers(f *cpl.File) (list []*cpl.Layer) {
	for _, it := range f.Items {
		if l, ok := it.(*cpl.Layer); ok {
			list = append(list, l)
		}
	}
	return list
}
