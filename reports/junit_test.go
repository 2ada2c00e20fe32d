package reports_test

import (
	"encoding/xml"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/reports"
)

// element is an XML element read back.
type element struct {
	XMLName  xml.Name
	Attrs    []xml.Attr `xml:",any,attr"`
	Text     string     `xml:",chardata"`
	Children []element  `xml:",any"`
}

func (e element) attr(name string) string {
	for _, a := range e.Attrs {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

func (e element) all(name string) []element {
	var found []element
	for _, c := range e.Children {
		if c.XMLName.Local == name {
			found = append(found, c)
		}
	}
	return found
}

// schema is what junit-10.xsd of the Jenkins xUnit plugin says of the elements
// that stand in a report; "!" behind an attribute requires it.
func schema() map[string]struct{ attrs, children string } {
	return map[string]struct{ attrs, children string }{
		"testsuites":   {"name time tests failures errors", "testsuite"},
		"testsuite":    {"name! tests! failures! errors! group time skipped timestamp hostname id package file log url", "testsuite properties testcase system-out system-err"},
		"testcase":     {"name! time classname group", "skipped error failure rerunFailure rerunError flakyFailure flakyError system-out system-err"},
		"properties":   {"", "property"},
		"property":     {"name! value!", ""},
		"failure":      {"type message", ""},
		"error":        {"type message", ""},
		"skipped":      {"type message", ""},
		"flakyFailure": {"message type!", "stackTrace system-out system-err"},
		"rerunFailure": {"message type!", "stackTrace system-out system-err"},
	}
}

// surefireTime is the pattern that the schema has for the times of suites.
const surefireTime = `^(([0-9]{0,3},)*[0-9]{3}|[0-9]{0,3})*(\.[0-9]*)?$`

// faults are the points in which an element differs from the schema.
func faults(e element) (found []string) {
	name := e.XMLName.Local
	rule, ok := schema()[name]
	if !ok {
		return []string{"no element " + name}
	}
	allowed := strings.Fields(strings.ReplaceAll(rule.attrs, "!", ""))
	for _, a := range e.Attrs {
		if !slices.Contains(allowed, a.Name.Local) {
			found = append(found, fmt.Sprintf("%s has no attribute %s", name, a.Name.Local))
		}
		if a.Name.Local == "time" && !regexp.MustCompile(surefireTime).MatchString(a.Value) {
			found = append(found, fmt.Sprintf("%s time %q", name, a.Value))
		}
	}
	for _, want := range strings.Fields(rule.attrs) {
		if required, is := strings.CutSuffix(want, "!"); is && !slices.ContainsFunc(e.Attrs, func(a xml.Attr) bool { return a.Name.Local == required }) {
			found = append(found, fmt.Sprintf("%s lacks %s", name, required))
		}
	}
	for _, c := range e.Children {
		if !slices.Contains(strings.Fields(rule.children), c.XMLName.Local) {
			found = append(found, fmt.Sprintf("%s in %s", c.XMLName.Local, name))
		}
		found = append(found, faults(c)...)
	}
	return found
}

// parsed is a report as JUnit, read back.
func parsed(r *reports.Report) element {
	GinkgoHelper()
	format, _ := reports.FormatNamed("junit")
	d := xml.NewDecoder(strings.NewReader(string(rendered(format, r))))
	var root element
	Expect(d.Decode(&root)).To(Succeed())
	_, err := d.Token()
	if err == nil { // the newline at the end
		_, err = d.Token()
	}
	Expect(err).To(Equal(io.EOF))
	return root
}

var _ = Describe("the JUnit form", func() {
	It("holds to the schema that Jenkins validates with", func() {
		Expect(faults(parsed(sample()))).To(BeEmpty())
		Expect(faults(parsed(&reports.Report{}))).To(BeEmpty())
	})

	It("has a suite for each file and a case for each variant", func() {
		root := parsed(sample())
		var cases []string
		for _, suite := range root.all("testsuite") {
			for _, c := range suite.all("testcase") {
				cases = append(cases, c.attr("classname")+": "+c.attr("name"))
			}
		}
		Expect(root.all("testsuite")).To(HaveLen(5))
		Expect(cases).To(HaveLen(len(sample().Scenarios)))
		Expect(cases).To(ContainElements(
			"1-symptom.old: an old release breaks sign-in [deployment=explicit]",
			"1-symptom.old: an old release breaks sign-in [deployment=transparent]",
			"own.foreign: asked of another proxy",
		))
	})

	It("counts what it holds", func() {
		root := parsed(sample())
		kinds := map[string]int{}
		for _, suite := range root.all("testsuite") {
			for _, c := range suite.all("testcase") {
				kinds["tests"]++
				for _, v := range c.Children {
					kinds[v.XMLName.Local]++
				}
			}
			Expect(suite.attr("tests")).To(Equal(strconv.Itoa(len(suite.all("testcase")))))
		}
		Expect(kinds).To(Equal(map[string]int{"tests": 8, "failure": 2, "error": 1, "skipped": 1}))
		Expect([]string{root.attr("tests"), root.attr("failures"), root.attr("errors")}).To(Equal([]string{"8", "2", "1"}))
	})

	It("gives times on the scenario's clock, in seconds", func() {
		suite := parsed(sample()).all("testsuite")[1]
		Expect(suite.all("testcase")[0].attr("time")).To(Equal("7200.140"))
		Expect(suite.attr("time")).To(Equal("14490.140"))
	})

	It("gives labels and variants as properties", func() {
		var all []string
		for _, p := range parsed(sample()).all("testsuite")[0].all("properties")[0].all("property") {
			all = append(all, p.attr("name")+"="+p.attr("value"))
		}
		Expect(all).To(Equal([]string{"label=founding-case", "label=sign-in", "variant.deployment=explicit", "variant.deployment=transparent"}))
	})

	It("says of a failure what the console says of it", func() {
		failure := parsed(sample()).all("testsuite")[2].all("testcase")[0].all("failure")[0]
		Expect(failure.attr("message")).To(Equal(`3-mend/whole story.yaml:5:21: stage: got "revocation", want "register"`))
		Expect(failure.Text).To(And(
			ContainSubstring("        expect: {stage: register, code: http_400}\n"),
			ContainSubstring("sent SIP REGISTER\n"), ContainSubstring("means: nothing to ask"), ContainSubstring("try:   give emulated"),
		))
	})

	It("replaces what XML has no place for", func() {
		suite := parsed(sample()).all("testsuite")[3]
		Expect(suite.attr("name")).To(Equal("bell \uFFFD and <tag> & \uFFFD[31m"))
	})

	DescribeTable("takes any text", func(text, want string) {
		r := &reports.Report{Scenarios: []reports.Scenario{{File: "a.yaml", Name: text, Verdict: reports.Failed, Problem: text}}}
		c := parsed(r).all("testsuite")[0].all("testcase")[0]
		Expect(c.attr("name")).To(Equal(want))
		Expect(c.all("error")[0].attr("message")).To(Equal(want))
	},
		Entry("what looks like the end of a CDATA section", "a ]]> b", "a ]]> b"),
		Entry("tabs and line ends", "a\tb\nc\rd", "a\tb\nc\rd"),
		Entry("no UTF-8", "a\xffb", "a\uFFFDb"),
		Entry("no character", "a\uFFFEb\uFFFFc", "a\uFFFDb\uFFFDc"),
		Entry("beyond the basic plane", "a\U0001F512b", "a\U0001F512b"),
		Entry("NUL", "a\x00b", "a\uFFFDb"),
	)

	DescribeTable("makes a class of a path", func(file, class string) {
		r := &reports.Report{Scenarios: []reports.Scenario{{File: file, Name: "n", Verdict: reports.Passed}}}
		Expect(parsed(r).all("testsuite")[0].all("testcase")[0].attr("classname")).To(Equal(class))
	},
		Entry(nil, "1-symptom/old.yaml", "1-symptom.old"),
		Entry(nil, "old.yml", "old"),
		Entry(nil, "./a/b.yaml", "a.b"),
		Entry(nil, "../a/b.yaml", "a.b"),
		Entry(nil, "/abs/a/b.yaml", "abs.a.b"),
	)
})
