package cpl

import (
	"fmt"
	"regexp/syntax"
	"slices"
	"strings"
)

func flags() []Word {
	return []Word{{Text: "yes"}, {Text: "no"}, {Text: "true"}, {Text: "false"}, {Text: "on"}, {Text: "off"}}
}

// value judges one value of a condition.
func (c *checker) value(t *Condition, e *Entry, v Value) {
	switch kind := valueKindOf(e, t.Modifiers); kind {
	case ValueFlag:
		c.words(t.Name, []Value{v}, flags())
	case ValueWord, ValueOpenWord:
		c.word(t.Name, v, e)
	case ValueNumber, ValueBitrate, ValueTime, ValueDate, ValueRelease:
		c.number(t.Name, v, e)
	case ValueRegex:
		c.regex(v)
	case ValueDomain:
		c.domain(v)
	case ValueAddress:
		c.address(t, v)
	case ValueCategory:
		c.category(v)
	case ValueCondition:
		c.reference(defCondition, v)
	case ValueException:
		c.exception(v)
	default:
		c.curly(v)
	}
}

// words holds values against a closed set.
func (c *checker) words(name string, values []Value, allowed []Word) {
	for _, v := range values {
		c.word(name, v, &Entry{Value: ValueWord, Values: allowed})
	}
}

func (c *checker) word(name string, v Value, e *Entry) {
	i := slices.IndexFunc(e.Values, func(w Word) bool { return strings.EqualFold(w.Text, v.Text) })
	if i >= 0 {
		if since := e.Values[i].Since; !since.Has(c.opt.release()) {
			c.fail("cpl-unknown-value", v.At, fmt.Sprintf("value %s of %s is unknown to release %s; it is known from %s on", shown(v.Text), name, c.opt.release(), since),
				fmt.Sprintf("#if release.version=%s..", since))
		}
		return
	}
	hints := c.guess(v.Text, wordsOf(e.Values))
	if e.Value == ValueOpenWord {
		c.warn("cpl-unknown-value", v.At, fmt.Sprintf("value %s of %s is none of those known here: %s", shown(v.Text), name, wordList(e.Values)), hints...)
		return
	}
	c.fail("cpl-unknown-value", v.At, fmt.Sprintf("%s has no value %s; it has %s", name, shown(v.Text), wordList(e.Values)), hints...)
}

func wordList(words []Word) string {
	var b strings.Builder
	for i, w := range words {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(w.Text)
	}
	return b.String()
}

// number judges everything that is counted: numbers, times, dates, releases.
func (c *checker) number(name string, v Value, e *Entry) {
	kind := ValueNumber
	r, err := Range{}, error(nil)
	switch e.Value {
	case ValueBitrate:
		kind = e.Value
		r, err = ParseBitrate(v.Text)
	case ValueTime:
		kind = e.Value
		r, err = ParseTime(v.Text)
	case ValueDate:
		kind = e.Value
		r, err = ParseDate(v.Text)
	case ValueRelease:
		kind = e.Value
		_, _, err = ParseReleaseRange(v.Text)
	default:
		r, err = ParseRange(v.Text)
	}
	switch {
	case err != nil:
		c.fail("cpl-bad-number", v.At, fmt.Sprintf("%s wants a %s, got %s: %s", name, kind, shown(v.Text), oneLine(err)))
	case e.Max > 0 && kind == ValueNumber && outside(r, e):
		c.fail("cpl-bad-number", v.At, fmt.Sprintf("%s goes from %d to %d, got %s", name, e.Min, e.Max, v.Text))
	case r.Low > r.High && !cyclic(e):
		c.fail("cpl-bad-number", v.At, fmt.Sprintf("the range %s is reversed; only times of day and parts of dates wrap around", v.Text))
	}
}

func oneLine(err error) string { return strings.ReplaceAll(err.Error(), "\n", "; ") }

func outside(r Range, e *Entry) bool {
	open := uint64(1<<64 - 1)
	low := r.Low != 0 && (r.Low < e.Min || r.Low > e.Max)
	high := r.High != open && (r.High > e.Max || r.High < e.Min)
	return low || high
}

// cyclic says whether a reversed range of the condition wraps around.
func cyclic(e *Entry) bool {
	return slices.Contains([]string{"time", "minute", "hour", "weekday", "day", "month"}, e.Name)
}

// regex judges a regular expression. The appliance takes Perl's; what Go's
// engine lacks is a warning, because the appliance would accept it.
func (c *checker) regex(v Value) {
	if len(v.Text) > longestRegex {
		c.fail("cpl-bad-regex", v.At, fmt.Sprintf("the expression has %d characters; %d are the most that is read", len(v.Text), longestRegex))
		return
	}
	_, err := syntax.Parse(v.Text, syntax.Perl)
	switch {
	case err == nil:
		c.curly(v)
	case perlOnly(err):
		c.warn("cpl-regex-not-modelled", v.At, fmt.Sprintf("the expression uses what Perl has and the engine here has not (%s); it never matches", err.(*syntax.Error).Expr),
			"write it without look-around, back references and possessive repetition")
	default:
		c.fail("cpl-bad-regex", v.At, fmt.Sprintf("%s is no regular expression: %s", shown(v.Text), strings.TrimPrefix(err.Error(), "error parsing regexp: ")))
	}
}

const longestRegex = 1 << 16

// domain judges the pattern of url.domain.
func (c *checker) domain(v Value) {
	d, err := ParseDomain(v.Text)
	switch {
	case err != nil:
		c.fail("cpl-bad-domain", v.At, err.Error(), curlyHint(v.Text)...)
	case strings.Contains(d.Host, "*"):
		c.warn("cpl-bad-domain", v.At, fmt.Sprintf("%s holds a \"*\", which is not a wildcard in a domain: it never matches", shown(v.Text)), strings.TrimPrefix(d.Host, "*."))
	case isAddress(d.Host):
		c.warn("cpl-bad-domain", v.At, fmt.Sprintf("%s is an address and not a domain: it never matches", shown(v.Text)), "url.address="+d.Host)
	}
}

func isAddress(host string) bool {
	_, err := ParseAddresses(host)
	return err == nil
}

// address judges an address, subnet or the label of one.
func (c *checker) address(t *Condition, v Value) {
	if _, err := ParseAddresses(v.Text); err == nil {
		return
	}
	if c.use(defSubnet, v.Text) {
		return
	}
	if _, err := ParseAddresses(v.Text); strings.ContainsAny(v.Text, "/:") || strings.Trim(v.Text, "0123456789.-") == "" {
		c.fail("cpl-bad-address", v.At, fmt.Sprintf("%s wants an address or subnet: %s", t.Name, err), curlyHint(v.Text)...)
		return
	}
	c.undefined(defSubnet, v)
}

// category marks a category as used. Names that no definition has are the
// content filter's, which is not known here.
func (c *checker) category(v Value) {
	name, _, _ := strings.Cut(v.Text, "@")
	c.use(defCategory, name)
	if v.Quote != 0 && strings.HasPrefix(v.Text, "(") && strings.HasSuffix(v.Text, ")") {
		c.note("cpl-quoted-list", v.At, fmt.Sprintf("the parentheses stand inside the quotes, so this is one category named %s", shown(v.Text)), v.Text)
	}
	c.curly(v)
}

// keyring judges a keyring's name, in the appliance's words (KB 167544).
func (c *checker) keyring(v Value) {
	switch strings.ToLower(v.Text) {
	case "no", "auto":
		return
	}
	known := slices.Concat(builtinKeyrings(), c.opt.Keyrings)
	if slices.ContainsFunc(known, func(k string) bool { return strings.EqualFold(k, v.Text) }) {
		return
	}
	c.fail("cpl-unknown-keyring", v.At, fmt.Sprintf("Reference to an unknown keyring: '%s'", v.Text), c.guess(v.Text, slices.Values(known))...)
}

// curly warns of typographic quotes, which belong to the value like any letter.
func (c *checker) curly(v Value) {
	if hints := curlyHint(v.Text); hints != nil {
		c.warn("cpl-curly-quote", v.At, "the value holds typographic quotes, which are not quotes in policy", hints...)
	}
}

func curlyHint(s string) []string {
	i := strings.IndexAny(s, "\u2018\u2019\u201a\u201c\u201d\u201e")
	if i < 0 {
		return nil
	}
	return []string{fmt.Sprintf("byte %d of it is a typographic quote from a word processor; type \" or '", i+1)}
}

// substitutions notes a $(name) that nothing here knows.
func (c *checker) substitutions(v Value) {
	for rest := v.Text; ; {
		_, tail, ok := strings.Cut(rest, "$(")
		if !ok {
			return
		}
		name, tail, ok := strings.Cut(tail, ")")
		if !ok {
			return
		}
		if !knownSubstitution(name) {
			c.note("cpl-unknown-substitution", v.At, fmt.Sprintf("$(%s) is no substitution known here", name), c.didYouMean(name, KindSubstitution)...)
		}
		rest = tail
	}
}

func knownSubstitution(name string) bool {
	v := table()
	if v.find(KindSubstitution, name) != nil || name != "" && strings.Trim(name, "0123456789") == "" {
		return true
	}
	if e, _ := v.family(KindSubstitution, name); e != nil {
		return true
	}
	if _, base, _, _ := splitCondition(name); v.find(KindCondition, base) != nil {
		return true
	}
	prefix, _, ok := strings.Cut(name, "-") // a field of the access log: cs-uri, x-virus-id
	return ok && slices.Contains([]string{"c", "s", "r", "sc", "cs", "sr", "rs", "x"}, prefix) || strings.ContainsAny(name, ":(")
}
