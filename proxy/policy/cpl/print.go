package cpl

import "strings"

// style is how terms are printed.
type style int

const (
	// asWritten keeps the quotes and the spelling of values.
	asWritten style = iota
	// asListed is the compiler's way, as traces, coverage and listings show it
	// (cpl-corpus, section 3, rules 6, 8 and 9).
	asListed
)

// RuleText is a rule as a trace prints it: conditions, then properties and
// exceptions in source order, then allow or deny. The blank that traces put at
// the end is not part of it.
func RuleText(r *Rule) string {
	conditions, verdicts, rest := sortTerms(r)
	return strings.Join(append(append(conditions, rest...), verdicts...), " ")
}

// ListingText is a rule as coverage pages print it, with allow or deny first
// (KB 440188).
func ListingText(r *Rule) string {
	conditions, verdicts, rest := sortTerms(r)
	return strings.Join(append(append(verdicts, conditions...), rest...), " ")
}

func sortTerms(r *Rule) (conditions, verdicts, rest []string) {
	if r.Pattern != nil {
		conditions = append(conditions, r.Pattern.source())
	}
	for _, t := range r.Terms {
		text := TermText(t)
		switch t := t.(type) {
		case *Condition:
			conditions = append(conditions, text)
		case *Verdict:
			if t.Name == "exception" || t.Name == "force_exception" {
				rest = append(rest, text)
			} else {
				verdicts = append(verdicts, text)
			}
		case *Property:
			rest = append(rest, text)
		}
	}
	return conditions, verdicts, rest
}

// TermText is a condition, property or verdict as a trace prints it.
func TermText(t Term) string { return asListed.term(t) }

// SourceText is a condition, property or verdict as it is written in source.
func SourceText(t Term) string { return asWritten.term(t) }

// PatternText is the pattern of a line in a URL section, as it is written.
func PatternText(p *Pattern) string { return p.source() }

// LayerHeader is a layer's header without its guard: <Proxy "label">.
func LayerHeader(l *Layer) string { return bracket("<", l.Type, l.Label, ">") }

// SectionHeader is a section's header without its guard: [url.domain].
func SectionHeader(s *Section) string { return bracket("[", s.Type, s.Label, "]") }

func bracket(open, typ, label, closing string) string {
	if label != "" {
		typ += " " + quoteAlways(label)
	}
	return open + typ + closing
}

func (st style) term(t Term) string {
	switch t := t.(type) {
	case *Condition:
		return st.condition(t)
	case *Property:
		name := t.Name
		if t.Arg != "" {
			name += "." + t.Arg
		}
		return name + "(" + st.args(t.Args) + ")"
	case *Verdict:
		name := t.Name
		switch name {
		case "allow", "deny", "force_deny":
			name = strings.ToUpper(name)
		}
		if len(t.Args) == 0 {
			return name
		}
		return name + "(" + st.args(t.Args) + ")"
	}
	return ""
}

func (st style) args(args []Value) string {
	texts := make([]string, len(args))
	for i, v := range args {
		texts[i] = v.source()
		if st == asListed && v.Quote != 0 {
			texts[i] = quoteIfNeeded(v.Text)
		}
	}
	return strings.Join(texts, ", ")
}

func (st style) condition(c *Condition) string {
	if st == asWritten {
		return c.Name + "=" + exprText(c.Expr, Value.source)
	}
	name := c.Name
	if name == "url.category" {
		name = "category" // rule 6
	}
	return name + "=" + exprText(c.Expr, listedValue(c))
}

// listedValue says how the compiler prints the values of c.
func listedValue(c *Condition) func(Value) string {
	e := table().find(KindCondition, c.Base)
	if e == nil {
		return Value.source
	}
	switch kind := valueKindOf(e, c.Modifiers); {
	case kind == ValueDomain && strings.HasSuffix(c.Base, "url.domain"):
		return func(v Value) string { return quoteIfNeeded(ListedDomain(v.Text)) }
	case kind == ValueRegex:
		return func(v Value) string { return quoteAlways(v.Text) }
	}
	return func(v Value) string { return quoteIfNeeded(v.Text) }
}

// ListedDomain is a domain as the compiler prints it: //host/ or //host/path.
func ListedDomain(s string) string {
	host, path, _ := strings.Cut(strings.TrimPrefix(s, "//"), "/")
	return "//" + host + "/" + strings.TrimSuffix(path, "/")
}

// expression prints an expression, value by value.
type expression struct {
	strings.Builder
	value func(Value) string
}

func exprText(x Expr, value func(Value) string) string {
	w := &expression{value: value}
	w.top(x)
	return w.String()
}

// top prints an expression that stands alone: && and || need parentheses.
func (w *expression) top(x Expr) {
	switch x.(type) {
	case *And, *Or:
		w.WriteByte('(')
		w.inner(x)
		w.WriteByte(')')
	default:
		w.inner(x)
	}
}

// inner prints an expression inside parentheses, where && binds tighter than
// || and both group to the left.
func (w *expression) inner(x Expr) {
	switch x := x.(type) {
	case *Pattern:
		w.WriteString(w.value(x.Value))
	case *Not:
		w.WriteByte('!')
		w.top(x.X)
	case *List:
		w.list(x)
	case *And:
		if _, chain := x.X.(*And); chain {
			w.inner(x.X)
		} else {
			w.top(x.X)
		}
		w.WriteString(" && ")
		w.top(x.Y)
	case *Or:
		w.inner(x.X)
		w.WriteString(" || ")
		if _, right := x.Y.(*Or); right {
			w.top(x.Y)
		} else {
			w.inner(x.Y)
		}
	}
}

func (w *expression) list(l *List) {
	w.WriteByte('(')
	for i, x := range l.Items {
		if i > 0 {
			w.WriteString(", ")
		}
		w.inner(x)
	}
	w.WriteByte(')')
}

// source is a value as it was written.
func (v Value) source() string {
	if v.Quote != 0 {
		return string(v.Quote) + v.Text + string(v.Quote)
	}
	return v.Text
}

// quoteIfNeeded leaves the quotes away where the text is one word without a
// comma (rule 9).
func quoteIfNeeded(s string) string {
	for i := range len(s) {
		if !isWordByte(s[i]) || s[i] == ',' {
			return quoteAlways(s)
		}
	}
	if s == "" {
		return quoteAlways(s)
	}
	return s
}

func quoteAlways(s string) string {
	if strings.Contains(s, `"`) {
		return "'" + s + "'"
	}
	return `"` + s + `"`
}
