package cpl

// constant says whether a condition is settled when policy is compiled, and how:
// tests of the release, and empty lists, which are never true. Modelled: the name of
// an appliance is not looked at, for a listing is made for any.
func (e Environment) constant(c *Condition) (holds, known bool) {
	if list, ok := c.Expr.(*List); ok && len(list.Items) == 0 {
		return false, true
	}
	if c.Base != "release.version" {
		return false, false
	}
	sound := true
	mapValues(c.Expr, func(v Value) Value {
		_, _, err := ParseReleaseRange(v.Text)
		sound = sound && err == nil
		return v
	})
	return sound && e.constantExpr(c.Expr), sound
}

func (e Environment) constantExpr(x Expr) bool {
	switch x := x.(type) {
	case *Pattern:
		lo, hi, err := ParseReleaseRange(x.Text)
		return err == nil && e.release().Compare(lo) >= 0 && e.release().Compare(hi) <= 0
	case *Not:
		return !e.constantExpr(x.X)
	case *And:
		return e.constantExpr(x.X) && e.constantExpr(x.Y)
	case *Or:
		return e.constantExpr(x.X) || e.constantExpr(x.Y)
	case *List:
		for _, item := range x.Items {
			if e.constantExpr(item) {
				return true
			}
		}
	}
	return false
}

// fold leaves out what is settled when policy is compiled: a condition that always
// holds; false where one never does, and all that hangs on it goes (KB 254731).
func (e Environment) fold(terms []Term) ([]Term, bool) {
	var out []Term
	for _, t := range terms {
		if c, ok := t.(*Condition); ok {
			switch holds, known := e.constant(c); {
			case known && !holds:
				return nil, false
			case known:
				continue
			}
		}
		out = append(out, t)
	}
	return out, true
}

// constants notes the rules and guards that the appliance's optimizer reduces, in
// its own words.
func (c *checker) constants(terms []Term) {
	for _, t := range terms {
		cond, ok := t.(*Condition)
		if !ok {
			continue
		}
		switch holds, known := c.opt.constant(cond); {
		case known && !holds:
			c.note("cpl-constant-rule", cond.At, "Optimizer: reducing constant false rule: this never holds here, so all that hangs on it is left out")
			return
		case known:
			c.note("cpl-constant-rule", cond.At, "Optimizer: reducing constant true rule: this always holds here and is left out")
		}
	}
}
