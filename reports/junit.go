package reports

import (
	"encoding/xml"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
	"unicode/utf8"
)

// Elements and attributes are those of the schema that Jenkins holds results to
// (junit-10.xsd of its xUnit plugin): one suite a scenario file, one case a
// variant. In that schema only suites have properties. Times are seconds on the
// scenario's clock, so two runs give the same bytes.
type (
	junitSuites struct {
		XMLName xml.Name `xml:"testsuites"`
		Name    string   `xml:"name,attr"`
		junitCounts
		Time   seconds      `xml:"time,attr"`
		Suites []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name string `xml:"name,attr"`
		junitCounts
		Skipped    int             `xml:"skipped,attr"`
		Time       seconds         `xml:"time,attr"`
		File       string          `xml:"file,attr"`
		Properties []junitProperty `xml:"properties>property,omitempty"`
		Cases      []junitCase     `xml:"testcase"`
	}
	junitCounts struct {
		Tests    int `xml:"tests,attr"`
		Failures int `xml:"failures,attr"`
		Errors   int `xml:"errors,attr"`
	}
	junitCase struct {
		Name    string        `xml:"name,attr"`
		Class   string        `xml:"classname,attr"`
		Time    seconds       `xml:"time,attr"`
		Skipped *junitVerdict `xml:"skipped"`
		Error   *junitVerdict `xml:"error"`
		Failure *junitVerdict `xml:"failure"`
		// Attempts before this one: flaky ones of what passed then, else reruns.
		Flaky []junitVerdict `xml:"flakyFailure"`
		Rerun []junitVerdict `xml:"rerunFailure"`
	}
	junitProperty struct {
		Name  string `xml:"name,attr"`
		Value string `xml:"value,attr"`
	}
	junitVerdict struct {
		Message string `xml:"message,attr"`
		Type    string `xml:"type,attr"`
		Text    string `xml:",cdata"`
	}
)

// seconds are milliseconds that XML shows as seconds with three digits.
type seconds int64

// MarshalText implements encoding.TextMarshaler.
func (s seconds) MarshalText() ([]byte, error) {
	return fmt.Appendf(nil, "%d.%03d", s/1000, s%1000), nil
}

// writeJUnit renders the report for CI servers.
func writeJUnit(w io.Writer, r *Report) error {
	all := junitSuites{Name: r.Tool.Name}
	for _, f := range byFile(r.Scenarios) {
		s := newJUnitSuite(f)
		all.Tests += s.Tests
		all.Failures += s.Failures
		all.Errors += s.Errors
		all.Time += s.Time
		all.Suites = append(all.Suites, s)
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	e := xml.NewEncoder(w)
	e.Indent("", "  ")
	if err := e.Encode(all); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

func newJUnitSuite(f file) junitSuite {
	suite := junitSuite{Name: printable(f.name), File: printable(f.path), Properties: properties(f)}
	for _, s := range f.variants {
		c := newJUnitCase(s)
		suite.Tests++
		suite.Failures += count(c.Failure)
		suite.Errors += count(c.Error)
		suite.Skipped += count(c.Skipped)
		suite.Time += c.Time
		suite.Cases = append(suite.Cases, c)
	}
	return suite
}

func count(v *junitVerdict) int {
	if v == nil {
		return 0
	}
	return 1
}

// properties are the labels of a file's variants, and the values of each axis
// of its matrix.
func properties(f file) []junitProperty {
	var list []junitProperty
	add := func(name, value string) {
		if p := (junitProperty{printable(name), printable(value)}); !slices.Contains(list, p) {
			list = append(list, p)
		}
	}
	for _, s := range f.variants {
		for _, l := range s.Labels {
			add("label", l)
		}
	}
	labels := len(list)
	for _, s := range f.variants {
		for _, v := range s.Variant {
			add("variant."+v.Name, v.Value)
		}
	}
	slices.SortStableFunc(list[labels:], func(a, b junitProperty) int { return strings.Compare(a.Name, b.Name) })
	return list
}

func newJUnitCase(s *Scenario) junitCase {
	c := junitCase{Name: printable(s.title()), Class: printable(class(s.File)), Time: seconds(s.took().Milliseconds())}
	for _, a := range s.Failures {
		v := junitVerdict{printable(a.Why), "expectation", printable(a.Text)}
		if s.Flaky() {
			c.Flaky = append(c.Flaky, v)
		} else {
			c.Rerun = append(c.Rerun, v)
		}
	}
	switch {
	case s.Problem != "":
		c.Error = &junitVerdict{printable(s.Problem), "problem", printable(s.FailureText())}
	case s.Verdict == Failed:
		c.Failure = &junitVerdict{printable(s.firstMiss()), "expectation", printable(s.FailureText())}
	case s.Verdict == Unsupported:
		c.Skipped = &junitVerdict{Message: "could not be asked of what was tested", Type: string(Unsupported)}
	}
	return c
}

// class is the file's path as a name of packages and a class: CI servers make a
// tree of it, by the dots.
func class(file string) string {
	file = strings.TrimSuffix(file, path.Ext(file))
	return strings.ReplaceAll(strings.Trim(path.Clean(file), "./"), "/", ".")
}

// printable replaces what XML 1.0 has no place for, control characters above all.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\t', r == '\n', r == '\r', r >= ' ' && r <= 0xD7FF, r >= 0xE000 && r <= 0xFFFD, r > 0xFFFF:
			return r
		}
		return utf8.RuneError
	}, s)
}
