package diff

import (
	"regexp"
	"slices"
	"strings"

	"rehearse/proxy/policy"
	"rehearse/proxy/policy/cpl"
	"rehearse/proxy/policy/flow"
	"rehearse/proxy/policy/space"
)

// blindness knows the rules of a policy that have a condition which cannot be
// evaluated: an expression that only Perl runs, or a condition that is not
// modelled and that a transaction gives no value for.
type blindness struct {
	policy *policy.Policy
	rules  map[int][]string // by number, the texts of such conditions
	given  map[string]string
	named  map[string]*cpl.Definition
}

func newBlindness(src space.Source) *blindness {
	b := &blindness{policy: src.Policy, rules: map[int][]string{}, given: map[string]string{}, named: map[string]*cpl.Definition{}}
	number := 0
	var layers []*cpl.Layer
	for _, f := range src.Files {
		for _, it := range f.Resolve(cpl.Environment{Release: src.Policy.Release(), Enforcement: src.Options.Enforcement}).Items {
			switch it := it.(type) {
			case *cpl.Definition:
				b.named[cpl.LabelKey(it.Name)] = it
			case *cpl.Layer:
				layers = append(layers, it)
			}
		}
	}
	for _, l := range layers {
		for _, s := range l.Sections {
			for _, r := range s.Rules {
				for _, terms := range [][]cpl.Term{l.Guard, s.Guard, r.Terms} {
					b.note(number, terms)
				}
				number++
			}
		}
	}
	return b
}

// note keeps what of a line cannot be evaluated.
func (b *blindness) note(number int, terms []cpl.Term) {
	for _, t := range terms {
		if c, ok := t.(*cpl.Condition); ok && b.dark(c, 0) {
			b.rules[number] = append(b.rules[number], cpl.TermText(c))
		}
	}
}

// deepest is how far named conditions are followed.
const deepest = 16

// dark says whether a condition cannot be evaluated, or may not be.
func (b *blindness) dark(c *cpl.Condition, depth int) bool {
	if c.Base == "condition" {
		return depth < deepest && slices.ContainsFunc(patterns(c.Expr), func(label string) bool {
			d := b.named[cpl.LabelKey(label)]
			return d != nil && slices.ContainsFunc(d.Lines, func(l *cpl.Line) bool {
				return slices.ContainsFunc(l.Terms, func(t cpl.Term) bool {
					inner, ok := t.(*cpl.Condition)
					return ok && b.dark(inner, depth+1)
				})
			})
		})
	}
	if !policy.Evaluates(c.Base) {
		name := c.Base
		if c.Arg != "" {
			name += "." + c.Arg
		}
		b.given[cpl.TermText(c)] = name
		return true
	}
	isRegex := slices.Contains(c.Modifiers, "regex") || len(c.Modifiers) == 0 && (c.Base == "url.query" || strings.HasSuffix(c.Base, "header"))
	return isRegex && slices.ContainsFunc(patterns(c.Expr), func(p string) bool {
		_, err := regexp.Compile(p)
		return err != nil
	})
}

func patterns(x cpl.Expr) []string {
	switch x := x.(type) {
	case *cpl.Pattern:
		return []string{x.Text}
	case *cpl.Not:
		return patterns(x.X)
	case *cpl.And:
		return append(patterns(x.X), patterns(x.Y)...)
	case *cpl.Or:
		return append(patterns(x.X), patterns(x.Y)...)
	case *cpl.List:
		var list []string
		for _, item := range x.Items {
			list = append(list, patterns(item)...)
		}
		return list
	}
	return nil
}

// blind is what a policy asks on the way of a flow and cannot evaluate, though
// everything else that the rule needs holds; "" for nothing.
func (c *comparison) blind(side int, visits []flow.Visit) string {
	b := c.blindness[side]
	if len(b.rules) == 0 {
		return ""
	}
	var found []string
	for _, v := range visits {
		for number, texts := range b.rules {
			inspected := b.policy.Inspect(v.Transaction, v.At, number)
			if !inspected.Evaluated {
				continue
			}
			dark := ""
			rest := true
			for _, t := range inspected.Tests {
				switch {
				case slices.Contains(texts, t.Text) && t.Outcome.Fails() && !b.answered(v.Transaction, t.Text):
					dark = t.Text
				case t.Outcome.Fails():
					rest = false
				}
			}
			if dark != "" && rest && !slices.Contains(found, dark) && b.looksAt(v, number) {
				found = append(found, dark)
			}
		}
	}
	slices.Sort(found)
	return strings.Join(found, ", ")
}

// looksAt says whether the rule's turn comes: whether none before it ended the
// layer.
func (b *blindness) looksAt(v flow.Visit, number int) bool {
	return slices.ContainsFunc(b.policy.Explain(v.Transaction, v.At).Steps, func(s policy.Step) bool { return s.Number == number })
}

// answered says whether a transaction has the value that a condition asks for.
func (b *blindness) answered(tx *policy.Transaction, text string) bool {
	name, ok := b.given[text]
	return ok && len(tx.Other[name]) > 0
}
