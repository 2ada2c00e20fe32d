package policy

import (
	"regexp"
	"slices"
	"strings"
	"unicode"

	"rehearse/proxy/policy/cpl"
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
func texts(usual comparison) leaf[string] {
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
	switch {
	case how == regex:
		return c.regexTest(any, sensitive)
	case how == exact && len(any) >= hashFrom:
		return hashed(any, sensitive)
	}
	compare := comparator(how, sensitive)
	wants := make([]string, len(any))
	for i, v := range any {
		if wants[i] = v.Text; !sensitive {
			wants[i] = strings.ToLower(v.Text)
		}
	}
	if len(wants) == 1 {
		want := wants[0]
		return func(s string) bool { return compare(s, want) }
	}
	return func(s string) bool {
		return slices.ContainsFunc(wants, func(w string) bool { return compare(s, w) })
	}
}

// hashed looks a text up among many.
func hashed(any []cpl.Value, sensitive bool) func(string) bool {
	set := make(map[string]bool, len(any))
	for _, v := range any {
		if sensitive {
			set[v.Text] = true
		} else {
			set[strings.ToLower(v.Text)] = true
		}
	}
	if sensitive {
		return func(s string) bool { return set[s] }
	}
	return func(s string) bool { found, _ := lookupFolded(set, s); return found }
}

// comparator compares a text with what is wanted, which is in lower case where
// case does not count.
func comparator(how comparison, sensitive bool) func(s, want string) bool {
	switch how {
	case prefix:
		return func(s, want string) bool { return hasPrefix(s, want, sensitive) }
	case suffix:
		return func(s, want string) bool {
			return len(s) >= len(want) && hasPrefix(s[len(s)-len(want):], want, sensitive)
		}
	case substring:
		if sensitive {
			return strings.Contains
		}
		return containsFolded
	}
	if sensitive {
		return func(s, want string) bool { return s == want }
	}
	return strings.EqualFold
}

// containsFolded looks for a text in lower case. Most texts are in lower case
// themselves.
func containsFolded(s, want string) bool {
	if strings.Contains(s, want) {
		return true
	}
	if strings.IndexFunc(s, unicode.IsUpper) < 0 {
		return false
	}
	return strings.Contains(strings.ToLower(s), want)
}

// regexTest searches unanchored, as CPL does.
//
// Differs from SGOS: expressions are RE2, not Perl 5. With look-around or a
// back-reference the condition misses, and so does its negation; Check warns.
func (c *compiler) regexTest(any []cpl.Value, sensitive bool) func(string) bool {
	var tests []*regexp.Regexp
	for _, v := range any {
		text := v.Text
		if !sensitive {
			text = "(?i)" + text
		}
		if re, err := regexp.Compile(text); err == nil {
			tests = append(tests, re)
		} else {
			c.unusable = true
		}
	}
	if len(tests) == 1 {
		return tests[0].MatchString
	}
	return func(s string) bool {
		return slices.ContainsFunc(tests, func(re *regexp.Regexp) bool { return re.MatchString(s) })
	}
}

// anyOf lifts tests of one text to several: a header that stands twice, groups.
func anyOf(kind leaf[string]) leaf[[]string] {
	return func(c *compiler, cond *cpl.Condition) func([]cpl.Value) func([]string) bool {
		inner := kind(c, cond)
		return func(any []cpl.Value) func([]string) bool {
			test := inner(any)
			return func(list []string) bool { return slices.ContainsFunc(list, test) }
		}
	}
}
