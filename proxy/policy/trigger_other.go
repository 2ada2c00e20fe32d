package policy

import (
	"strings"

	"rehearse/proxy/policy/cpl"
)

// namedTrigger is condition=NAME.
func namedTrigger(c *compiler, cond *cpl.Condition) func(*machine) value {
	return combined(cond.Expr, func(v cpl.Value) func(*machine) value {
		n, ok := c.named(v.Text)
		if !ok {
			return func(*machine) value { return no } // Check reports it
		}
		return func(m *machine) value { return m.holds(n) }
	})
}

// exceptionIDs compares ids of exceptions in either spelling.
func exceptionIDs(c *compiler, cond *cpl.Condition) func([]cpl.Value) func(string) bool {
	inner := texts(exact)(c, cond)
	return func(any []cpl.Value) func(string) bool {
		ids := make([]cpl.Value, len(any))
		for i, v := range any {
			v.Text = exceptionID(v.Text)
			ids[i] = v
		}
		return inner(ids)
	}
}

func exceptionOf(m *machine) (string, value) { return exceptionID(m.tx.ExceptionID), yes }

// healthCheck is yes, no or the name of the check.
func healthCheck(m *machine) (string, value) {
	switch names := m.tx.Other["health_check"]; {
	case len(names) > 0:
		return names[0], yes
	case m.tx.Type == Forwarding:
		return "yes", yes
	}
	return "no", yes
}

// releaseTrigger is release.version=, which is settled when policy is compiled.
func releaseTrigger(c *compiler, cond *cpl.Condition) func(*machine) value {
	test := expression(cond.Expr, func(any []cpl.Value) func(cpl.Release) bool {
		return func(r cpl.Release) bool {
			for _, v := range any {
				low, high, err := cpl.ParseReleaseRange(v.Text)
				if err == nil && r.Compare(low) >= 0 && r.Compare(high) <= 0 {
					return true
				}
			}
			return false
		}
	})
	settled := of(test(c.policy.Release()))
	return func(*machine) value { return settled }
}

// applianceTrigger is appliance.name=, settled likewise (KB 254731).
func applianceTrigger(c *compiler, cond *cpl.Condition) func(*machine) value {
	settled := unavailable
	if name := c.policy.opt.Appliance; name != "" {
		settled = of(expression(cond.Expr, texts(exact)(c, cond))(name))
	}
	return func(*machine) value { return settled }
}

// otherTrigger is any condition that the engine does not know to evaluate: it
// tests the values that the transaction has under its name, as numbers, flags or
// text, from the first checkpoint on; without any it does not apply.
func otherTrigger(c *compiler, cond *cpl.Condition, first Checkpoint) func(*machine) value {
	name := cond.Base
	if cond.Arg != "" {
		name += "." + cond.Arg
	}
	return on(anyOf(loose), func(m *machine) ([]string, value) {
		values := m.tx.Other[name]
		switch {
		case len(values) == 0:
			return nil, inapplicable
		case m.at < first:
			return nil, late
		}
		return values, yes
	})(c, cond)
}

// loose compares a value in any way its pattern can be read.
func loose(c *compiler, cond *cpl.Condition) func([]cpl.Value) func(string) bool {
	text, number := texts(exact)(c, cond), numeric(c, cond)
	return func(any []cpl.Value) func(string) bool {
		byText, byNumber := text(any), number(any)
		return func(s string) bool {
			if byText(s) || byNumber(s) {
				return true
			}
			b, isFlag := parseBoolean(s)
			for _, v := range any {
				if want, ok := parseBoolean(v.Text); isFlag && ok && want == b || strings.EqualFold(v.Text, "any") {
					return true
				}
			}
			return false
		}
	}
}
