package space

import (
	"regexp"
	"regexp/syntax"
	"strings"
)

// How a text is compared with its pattern.
type comparison int

const (
	exact comparison = iota
	prefix
	suffix
	substring
	regex
	domain // the text is the pattern or a name below it
)

// textTest is one comparison of a text with a pattern, as the engine makes it.
type textTest struct {
	textKey
	spelled string         // as policy has it
	re      *regexp.Regexp // of a regex
}

// textKey is what tells tests apart.
type textKey struct {
	how       comparison
	text      string // lower case unless sensitive
	sensitive bool
}

// newTextTest makes a test; expressions that are plain text in disguise become
// what they are. false: the expression cannot be run.
func newTextTest(how comparison, text string, sensitive bool) (textTest, bool) {
	var re *regexp.Regexp
	if how == regex {
		var err error
		if re, err = compileRegex(text, sensitive); err != nil {
			return textTest{}, false
		}
		how, text = unmask(text)
	}
	spelled := text
	if how != regex && strings.ToLower(text) == strings.ToUpper(text) {
		sensitive = false
	}
	if !sensitive && how != regex {
		text = strings.ToLower(text)
	}
	return textTest{textKey{how, text, sensitive}, spelled, re}, true
}

func compileRegex(text string, sensitive bool) (*regexp.Regexp, error) {
	if !sensitive {
		text = "(?i)" + text
	}
	return regexp.Compile(text)
}

// unmask finds the plain text in an expression that holds nothing else.
func unmask(expression string) (comparison, string) {
	re, err := syntax.Parse(expression, syntax.Perl)
	if err != nil {
		return regex, expression
	}
	re = re.Simplify()
	parts := []*syntax.Regexp{re}
	if re.Op == syntax.OpConcat {
		parts = re.Sub
	}
	begins, ends := false, false
	if len(parts) > 0 && parts[0].Op == syntax.OpBeginText {
		begins, parts = true, parts[1:]
	}
	if n := len(parts); n > 0 && parts[n-1].Op == syntax.OpEndText {
		ends, parts = true, parts[:n-1]
	}
	text := ""
	switch {
	case len(parts) == 0:
	case len(parts) == 1 && parts[0].Op == syntax.OpEmptyMatch:
	case len(parts) == 1 && parts[0].Op == syntax.OpLiteral && parts[0].Flags&syntax.FoldCase == 0:
		text = string(parts[0].Rune)
	default:
		return regex, expression
	}
	switch {
	case begins && ends:
		return exact, text
	case begins:
		return prefix, text
	case ends:
		return suffix, text
	}
	return substring, text
}

// holds makes the comparison.
func (t textTest) holds(s string) bool {
	if t.how == regex {
		return t.re.MatchString(s)
	}
	if !t.sensitive {
		s = strings.ToLower(s)
	}
	switch t.how {
	case prefix:
		return strings.HasPrefix(s, t.text)
	case suffix:
		return strings.HasSuffix(s, t.text)
	case substring:
		return strings.Contains(s, t.text)
	case domain:
		return s == t.text || strings.HasSuffix(s, "."+t.text)
	}
	return s == t.text
}

// implies says whether every text that passes t passes o, as far as the patterns
// show it.
func (t textTest) implies(o textTest) bool {
	if t.textKey == o.textKey || o.text == "" && (o.how == prefix || o.how == suffix || o.how == substring) {
		return true
	}
	if o.sensitive && !t.sensitive || t.how == regex || o.how == regex && t.how != exact {
		return false
	}
	text := t.text
	if !o.sensitive {
		text = strings.ToLower(text)
	}
	switch t.how {
	case exact:
		return o.holds(text)
	case prefix:
		return o.how == prefix && strings.HasPrefix(text, o.text) || o.how == substring && strings.Contains(text, o.text)
	case suffix:
		return o.how == suffix && strings.HasSuffix(text, o.text) || o.how == substring && strings.Contains(text, o.text)
	case substring:
		return o.how == substring && strings.Contains(text, o.text)
	case domain:
		return o.how == domain && o.holds(text) || o.how == suffix && strings.HasSuffix(text, o.text) || o.how == substring && strings.Contains(text, o.text)
	}
	return false
}

// excludes says whether no text passes both, as far as the patterns show it.
func (t textTest) excludes(o textTest) bool {
	same := func(a, b string) (string, string) {
		if t.sensitive && o.sensitive {
			return a, b
		}
		return strings.ToLower(a), strings.ToLower(b)
	}
	a, b := same(t.text, o.text)
	switch {
	case t.how == exact && o.how != regex:
		return !asIs(o.how, b).holds(a)
	case o.how == exact && t.how != regex:
		return !asIs(t.how, a).holds(b)
	case t.how == prefix && o.how == prefix:
		return !strings.HasPrefix(a, b) && !strings.HasPrefix(b, a)
	case t.how == suffix && o.how == suffix:
		return !strings.HasSuffix(a, b) && !strings.HasSuffix(b, a)
	case t.how == domain && o.how == domain:
		return !t.holds(b) && !o.holds(a)
	}
	return false
}

// asIs is a test with regard to case.
func asIs(how comparison, text string) textTest {
	return textTest{textKey: textKey{how, text, true}, spelled: text}
}

// plainTest is a test without regard to case.
func plainTest(how comparison, text string) textTest {
	return textTest{textKey: textKey{how, strings.ToLower(text), false}, spelled: text}
}

// example is a text that passes, "" where none is found.
func (t textTest) example() string {
	if t.how != regex {
		return t.spelled
	}
	re, err := syntax.Parse(t.text, syntax.Perl)
	if err != nil {
		return ""
	}
	s := sample(re.Simplify())
	if !t.holds(s) {
		return ""
	}
	return s
}

// sample is a short text that an expression's syntax tree admits. Assertions are
// overlooked: whoever asks tries the text.
func sample(re *syntax.Regexp) string {
	switch re.Op {
	case syntax.OpLiteral:
		return string(re.Rune)
	case syntax.OpCharClass:
		return string(ordinary(re.Rune))
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return "x"
	case syntax.OpCapture, syntax.OpPlus:
		return sample(re.Sub[0])
	case syntax.OpRepeat:
		return strings.Repeat(sample(re.Sub[0]), min(re.Min, 64))
	case syntax.OpConcat:
		var b strings.Builder
		for _, sub := range re.Sub {
			b.WriteString(sample(sub))
		}
		return b.String()
	case syntax.OpAlternate:
		return sample(re.Sub[0])
	}
	return ""
}

// ordinary picks a character of a class, given as pairs of ends: a letter or a
// digit where it has one.
func ordinary(pairs []rune) rune {
	for _, span := range []string{"xabcdefghijklmnopqrstuvwyz", "1234567890", "-._/ "} {
		for _, c := range span {
			for i := 0; i+1 < len(pairs); i += 2 {
				if pairs[i] <= c && c <= pairs[i+1] {
					return c
				}
			}
		}
	}
	if len(pairs) == 0 {
		return 'x'
	}
	return pairs[0]
}
