package policy

import "rehearse/proxy/policy/cpl"

// expression compiles the right side of a condition into a test of the trigger's
// value. The leaf makes the test for any of several patterns, so that a long
// list becomes one look-up.
func expression[T any](x cpl.Expr, leaf func(any []cpl.Value) func(T) bool) func(T) bool {
	switch x := x.(type) {
	case *cpl.Not:
		inner := expression(x.X, leaf)
		return func(v T) bool { return !inner(v) }
	case *cpl.And:
		a, b := expression(x.X, leaf), expression(x.Y, leaf)
		return func(v T) bool { return a(v) && b(v) }
	}
	patterns, rest := alternatives(x, nil, nil)
	tests := make([]func(T) bool, 0, len(rest)+1)
	if len(patterns) > 0 {
		tests = append(tests, leaf(patterns))
	}
	for _, r := range rest {
		tests = append(tests, expression(r, leaf))
	}
	switch len(tests) {
	case 0:
		return func(T) bool { return false }
	case 1:
		return tests[0]
	}
	return func(v T) bool {
		for _, t := range tests {
			if t(v) {
				return true
			}
		}
		return false
	}
}

// alternatives takes lists and || apart: plain patterns, and what is neither.
func alternatives(x cpl.Expr, patterns []cpl.Value, rest []cpl.Expr) ([]cpl.Value, []cpl.Expr) {
	switch x := x.(type) {
	case *cpl.Pattern:
		return append(patterns, x.Value), rest
	case *cpl.Or:
		patterns, rest = alternatives(x.X, patterns, rest)
		return alternatives(x.Y, patterns, rest)
	case *cpl.List:
		for _, item := range x.Items {
			patterns, rest = alternatives(item, patterns, rest)
		}
		return patterns, rest
	}
	return patterns, append(rest, x)
}

// combined is expression for tests that have outcomes of their own: condition=.
func combined(x cpl.Expr, leaf func(cpl.Value) func(*machine) value) func(*machine) value {
	switch x := x.(type) {
	case *cpl.Not:
		inner := combined(x.X, leaf)
		return func(m *machine) value { return not(inner(m)) }
	case *cpl.And:
		return either(no, combined(x.X, leaf), combined(x.Y, leaf))
	case *cpl.Or:
		return either(yes, combined(x.X, leaf), combined(x.Y, leaf))
	case *cpl.List:
		tests := make([]func(*machine) value, len(x.Items))
		for i, item := range x.Items {
			tests[i] = combined(item, leaf)
		}
		return either(yes, tests...)
	case *cpl.Pattern:
		return leaf(x.Value)
	}
	return func(*machine) value { return no }
}

// either is the first test that comes to settled, else late if any is late: a
// disjunction settles at yes, a conjunction at no.
func either(settled value, tests ...func(*machine) value) func(*machine) value {
	return func(m *machine) value {
		result := not(settled)
		for _, t := range tests {
			switch v := t(m); v {
			case settled:
				return settled
			case late:
				result = late
			}
		}
		return result
	}
}
