package cpl

import (
	"fmt"
	"slices"
	"strings"

	"rehearse/reports/diag"
)

// nameSpan is the part of a term's span that holds its name.
func nameSpan(at diag.Span, name string) diag.Span { return within(at, 0, len(name)) }

func (c *checker) condition(t *Condition, layer string) {
	at := nameSpan(t.At, t.Name)
	e := table().find(KindCondition, t.Base)
	if e == nil {
		c.unknownCondition(t, at)
		return
	}
	if e.Free != "" && t.Arg == "" {
		c.fail("cpl-unknown-condition", at, fmt.Sprintf("condition %s needs a name behind it: %s.%s", shown(t.Base), e.Name, e.Free))
		return
	}
	c.inRelease(e, at)
	c.conditionModifiers(t, e, at)
	c.inLayer(e, at, layer)
	c.deprecated(e, at)
	c.modelled(e, at, t.Base)
	c.expression(t, e, t.Expr)
	if e.Value == ValueCondition {
		c.useInLayer(t, layer)
	}
}

func (c *checker) unknownCondition(t *Condition, at diag.Span) {
	var hints []string
	if e := table().find(KindProperty, t.Name); e != nil {
		hints = []string{fmt.Sprintf("%s is a property: write %s(VALUE)", e.Name, e.Name)}
	} else if hints = curlyHint(t.Name); hints == nil {
		hints = c.didYouMean(t.Base, KindCondition)
	}
	if mods := strings.Join(t.Modifiers, "."); mods != "" && hints != nil && strings.HasPrefix(hints[0], "did you mean") {
		hints[0] = strings.TrimSuffix(hints[0], `"?`) + "." + mods + `"?`
	}
	c.fail("cpl-unknown-condition", at, fmt.Sprintf("condition %s is unknown", shown(t.Name)), hints...)
}

func (c *checker) conditionModifiers(t *Condition, e *Entry, at diag.Span) {
	for _, m := range t.Modifiers {
		if e.Modifiers&table().modifiers[m] == 0 {
			msg := fmt.Sprintf("%s takes no modifier %q", t.Base, m)
			if names := e.Modifiers.names(); names != nil {
				msg += "; it takes " + strings.Join(names, ", ")
			}
			c.fail("cpl-unknown-modifier", at, msg)
			continue
		}
		c.inRelease(table().find(KindModifier, m), at)
	}
}

func (m Modifiers) names() (names []string) {
	for i, r := range modifierRows() {
		if m&(1<<i) != 0 {
			names = append(names, r.Name)
		}
	}
	return names
}

// expression judges every value of a condition.
func (c *checker) expression(t *Condition, e *Entry, x Expr) {
	switch x := x.(type) {
	case *Pattern:
		c.value(t, e, x.Value)
	case *Not:
		c.expression(t, e, x.X)
	case *And:
		c.expression(t, e, x.X)
		c.expression(t, e, x.Y)
	case *Or:
		c.expression(t, e, x.X)
		c.expression(t, e, x.Y)
	case *List:
		for _, it := range x.Items {
			c.expression(t, e, it)
		}
	}
}

func (c *checker) property(t *Property, layer string) {
	name := t.Name
	if t.Arg != "" {
		name += "." + t.Arg
	}
	at := nameSpan(t.At, name)
	e := table().find(KindProperty, t.Name)
	switch {
	case e == nil:
		c.unknownProperty(t, at)
		return
	case e.Free != "" && !e.FreeOptional && t.Arg == "":
		c.fail("cpl-unknown-property", at, fmt.Sprintf("property %s needs a name behind it: %s.%s(VALUE)", shown(t.Name), e.Name, e.Free))
		return
	}
	c.inRelease(e, at)
	c.inLayer(e, at, layer)
	c.deprecated(e, at)
	c.modelled(e, at, t.Name)
	c.arguments(t, e)
}

func (c *checker) unknownProperty(t *Property, at diag.Span) {
	var hints []string
	_, base, _, _ := splitCondition(t.Name)
	switch {
	case table().find(KindCondition, base) != nil:
		hints = []string{fmt.Sprintf("%s is a condition: write %s=VALUE", base, t.Name)}
	case table().find(KindAction, t.Name) != nil:
		hints = []string{fmt.Sprintf("%s is an action: it stands in define action and is switched on by action.LABEL(yes)", t.Name)}
	default:
		if hints = c.didYouMean(t.Name, KindProperty); hints == nil {
			hints = c.didYouMean(t.Name, KindVerdict)
		}
	}
	c.fail("cpl-unknown-property", at, fmt.Sprintf("property %s is unknown", shown(t.Name)), hints...)
}

// arguments judges the arguments of a property.
func (c *checker) arguments(t *Property, e *Entry) {
	if !c.argCount(e, t.At, t.Name, len(t.Args)) {
		return
	}
	switch {
	case e.Name == "action" && t.Arg != "":
		c.reference(defAction, Value{At: t.At, Text: t.Arg})
		c.words(t.Name+"."+t.Arg, t.Args, flags())
		return
	case t.Arg != "" && len(e.Values) > 0:
		c.words(t.Name+"."+t.Arg, t.Args, flags())
		for name := range strings.SplitSeq(strings.Trim(t.Arg, "[]"), ",") {
			c.word(t.Name, Value{At: t.At, Text: strings.TrimSpace(name)}, e)
		}
		return
	case e.Name == "ssl.forward_proxy" && len(t.Args) == 2:
		if second := t.Args[1]; !strings.EqualFold(second.Text, "on_exception") {
			c.fail("cpl-unknown-value", second.At, fmt.Sprintf("the second value of ssl.forward_proxy is on_exception, got %s", shown(second.Text)))
		}
		c.argument(t, e, t.Args[0])
		return
	}
	for _, v := range t.Args {
		c.argument(t, e, v)
	}
	if e.Name == "detect_protocol" && t.Arg == "" {
		c.detectAlias(t)
	}
}

// detectAlias warns of detect_protocol(yes) and (no). Modelled: aliases of all
// and none (cpl-sgos 4.2).
func (c *checker) detectAlias(t *Property) {
	for _, v := range t.Args {
		switch strings.ToLower(v.Text) {
		case "yes":
			c.warn("cpl-deprecated", v.At, "detect_protocol(yes) is read as detect_protocol(all)", "detect_protocol(all)")
		case "no":
			c.warn("cpl-deprecated", v.At, "detect_protocol(no) is read as detect_protocol(none)", "detect_protocol(none)")
		}
	}
}

func (c *checker) argument(t *Property, e *Entry, v Value) {
	switch e.Value {
	case ValueFlag:
		c.words(t.Name, []Value{v}, flags())
	case ValueWord, ValueOpenWord:
		c.word(t.Name, v, e)
	case ValueNumber:
		c.number(t.Name, v, e)
	case ValueKeyring:
		c.keyring(v)
	case ValueString:
		c.reference(defString, v)
	case ValueAction:
		c.reference(defAction, v)
	default:
		c.substitutions(v)
	}
}

func (c *checker) argCount(e *Entry, at diag.Span, name string, got int) bool {
	if got >= e.MinArgs && (e.MaxArgs < 0 || got <= e.MaxArgs) {
		return true
	}
	want := fmt.Sprint(e.MinArgs)
	switch {
	case e.MaxArgs < 0:
		want += " or more"
	case e.MaxArgs > e.MinArgs:
		want += " to " + fmt.Sprint(e.MaxArgs)
	}
	c.fail("cpl-bad-arguments", at, fmt.Sprintf("%s takes %s in its parentheses, got %d", name, plural(want, "value"), got))
	return false
}

func plural(n, noun string) string {
	if n == "1" {
		return n + " " + noun
	}
	return n + " " + noun + "s"
}

func (c *checker) verdict(t *Verdict, layer string) {
	e := table().find(KindVerdict, t.Name)
	c.inLayer(e, nameSpan(t.At, t.Name), layer)
	if !c.argCount(e, t.At, t.Name, len(t.Args)) || len(t.Args) == 0 {
		return
	}
	if strings.HasSuffix(t.Name, "exception") {
		c.exception(t.Args[0])
	}
	for _, v := range t.Args {
		c.substitutions(v)
	}
}

// exception judges an exception id.
func (c *checker) exception(v Value) {
	id, name, own := strings.Cut(v.Text, ".")
	e := table().find(KindException, id)
	switch {
	case own && e != nil && e.Free != "":
		c.deprecated(e, v.At)
		known := func(s string) bool { return strings.EqualFold(s, name) }
		if c.opt.Exceptions == nil || slices.ContainsFunc(c.opt.Exceptions, known) {
			return
		}
	case e != nil && !own && e.Name != "all" && e.Name != "auth" && e.Free == "":
		return
	}
	d := c.warn("cpl-unknown-exception", v.At, "Exception name is not recognized as a built-in name, and will not be referenceable: "+v.Text,
		c.didYouMean(v.Text, KindException)...)
	if own && e != nil {
		d.Hints = append(d.Hints, "give the appliance an exception of that name")
	}
}

func (c *checker) deprecated(e *Entry, at diag.Span) {
	if e.Instead != "" {
		c.warn("cpl-deprecated", at, fmt.Sprintf("%s is an old spelling", e.Name), e.Instead)
	}
}

// setTwice warns of a rule that contradicts itself: of two settings of one
// thing the last one counts.
func (c *checker) setTwice(r *Rule) {
	seen := map[string]diag.Span{}
	for _, t := range r.Terms {
		key := ""
		switch t := t.(type) {
		case *Verdict:
			key = "the verdict"
		case *Property:
			if key = t.Name + "." + t.Arg; t.Arg == "" {
				key = t.Name
			}
		default:
			continue
		}
		if first, ok := seen[key]; ok {
			remark(c.warn("cpl-set-twice", t.Span(), fmt.Sprintf("the rule sets %s twice; the last one counts", key)), first, "set here first")
		}
		seen[key] = t.Span()
	}
}
