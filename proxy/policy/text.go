package policy

import (
	"errors"
	"regexp"
	resyntax "regexp/syntax"
	"slices"
	"strconv"
	"strings"

	"rehearse/proxy/policy/cpl"
	"rehearse/reports/diag"
)

// how a text is compared with its pattern.
type comparison string

const (
	exact     comparison = "exact"
	prefix    comparison = "prefix"
	substring comparison = "substring"
	suffix    comparison = "suffix"
	regex     comparison = "regex"
)

// texts makes tests of one text. usual is the comparison where no modifier says
// otherwise. Case counts only with .case_sensitive.
func texts(usual comparison) func(*compiler, *cpl.Condition) func([]cpl.Value) func(string) bool {
	return func(c *compiler, cond *cpl.Condition) func([]cpl.Value) func(string) bool {
		how, sensitive := usual, false
		for _, m := range cond.Modifiers {
			switch m {
			case "exact", "prefix", "substring", "suffix", "regex":
				how = comparison(m)
			case "case_sensitive":
				sensitive = true
			}
		}
		return func(any []cpl.Value) func(string) bool { return c.textTest(any, how, sensitive) }
	}
}

// hashFrom is the length from which a list of exact texts becomes a map.
const hashFrom = 8

func (c *compiler) textTest(any []cpl.Value, how comparison, sensitive bool) func(string) bool {
	if how == regex {
		return c.regexTest(any, sensitive)
	}
	wants := make([]string, len(any))
	for i, v := range any {
		if wants[i] = v.Text; !sensitive {
			wants[i] = strings.ToLower(v.Text)
		}
	}
	compare := comparators[how]
	if how == exact && len(wants) >= hashFrom {
		set := make(map[string]bool, len(wants))
		for _, w := range wants {
			set[w] = true
		}
		return func(s string) bool { return set[folded(s, sensitive)] }
	}
	if len(wants) == 1 {
		want := wants[0]
		return func(s string) bool { return compare(folded(s, sensitive), want) }
	}
	return func(s string) bool {
		s = folded(s, sensitive)
		return slices.ContainsFunc(wants, func(w string) bool { return compare(s, w) })
	}
}

// folded is the text in lower case; it makes no copy of one that is so already.
func folded(s string, sensitive bool) string {
	if sensitive {
		return s
	}
	return strings.ToLower(s)
}

var comparators = map[comparison]func(s, want string) bool{
	exact:     func(s, want string) bool { return s == want },
	prefix:    strings.HasPrefix,
	substring: strings.Contains,
	suffix:    strings.HasSuffix,
}

// regexTest searches unanchored, as CPL does.
//
// Differs from SGOS: expressions are RE2, not Perl 5; look-around and
// back-references are errors.
func (c *compiler) regexTest(any []cpl.Value, sensitive bool) func(string) bool {
	var tests []*regexp.Regexp
	for _, v := range any {
		text := v.Text
		if !sensitive {
			text = "(?i)" + text
		}
		re, err := regexp.Compile(text)
		if err != nil {
			c.fail("cpl-regex", v.At, "regular expression "+quote(v.Text)+" cannot be used: "+regexReason(err))
			continue
		}
		tests = append(tests, re)
	}
	if len(tests) == 1 {
		return tests[0].MatchString
	}
	return func(s string) bool {
		return slices.ContainsFunc(tests, func(re *regexp.Regexp) bool { return re.MatchString(s) })
	}
}

// anyOf lifts tests of one text to several: a header that stands twice, groups.
func anyOf(leaf func(*compiler, *cpl.Condition) func([]cpl.Value) func(string) bool) func(*compiler, *cpl.Condition) func([]cpl.Value) func([]string) bool {
	return func(c *compiler, cond *cpl.Condition) func([]cpl.Value) func([]string) bool {
		inner := leaf(c, cond)
		return func(any []cpl.Value) func([]string) bool {
			test := inner(any)
			return func(list []string) bool { return slices.ContainsFunc(list, test) }
		}
	}
}

func (c *compiler) fail(id string, at diag.Span, message string, hints ...string) {
	c.diags = append(c.diags, diag.Diagnostic{ID: id, Severity: diag.Error, Span: at, Message: message, Hints: hints})
}

func quote(s string) string { return strconv.Quote(s) }

// regexReason is what Go's parser has against an expression, without its prefix.
func regexReason(err error) string {
	var syntax *resyntax.Error
	if errors.As(err, &syntax) {
		return syntax.Code.String()
	}
	return err.Error()
}
