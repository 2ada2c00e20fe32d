package policy_test

import (
	"fmt"
	"slices"
	"strings"

	"rehearse/proxy/policy"
	"rehearse/proxy/policy/cpl"
)

// The reference evaluator: what CPL means, written as plainly as can be from the
// facts and without anything of the engine. It walks the tree itself, knows no
// hash and no index, and finds out whether a verdict is final by trying every
// way in which the undecided rules could turn out.

// truth is "yes", "no", "unavailable", "n/a" or "late".
type truth string

func (t truth) misses() bool { return t != "yes" && t != "late" }

// reference is a policy to be evaluated plainly.
type reference struct {
	layers      []*cpl.Layer
	definitions []*cpl.Definition
	deny        bool
	release     cpl.Release
}

func newReference(f *cpl.File, opt policy.Options) *reference {
	ref := &reference{deny: opt.DefaultDeny, release: opt.Release}
	for _, it := range f.Resolve(cpl.Environment{Release: opt.Release}).Items {
		switch it := it.(type) {
		case *cpl.Layer:
			ref.layers = append(ref.layers, it)
		case *cpl.Definition:
			ref.definitions = append(ref.definitions, it)
		}
	}
	return ref
}

func (ref *reference) defined(kind, name string) []*cpl.Definition {
	return slices.DeleteFunc(slices.Clone(ref.definitions), func(d *cpl.Definition) bool {
		return !strings.HasSuffix(d.Type, kind) || !strings.EqualFold(d.Name, name)
	})
}

// refVerdict is a verdict as the reference sees it.
type refVerdict struct {
	exception, at string // exception "" is allow
	forced        bool
}

// refResult is what the reference comes to.
type refResult struct {
	verdict  refVerdict
	final    bool
	settings map[string][]string // last setting of each property
	marks    []string
}

// refRule is a rule with everything that must hold for it, in the order in which
// its layer looks at it.
type refRule struct {
	at       string
	rule     *cpl.Rule
	value    truth
	settings []cpl.Term // defaults first
}

func (ref *reference) decide(tx *policy.Transaction, at policy.Checkpoint) refResult {
	result := refResult{settings: map[string][]string{}}
	starts := ref.starts(tx, at)
	result.verdict = starts[0]
	ways := starts // every verdict that is possible
	for _, l := range ref.layers {
		if !takesPart(l.Type, tx) {
			continue
		}
		outcomes, first, marks := ref.layer(l, tx, at)
		result.marks = append(result.marks, marks...)
		if first != nil {
			result.verdict = next(result.verdict, first)
			for _, t := range first.settings {
				if p, ok := t.(*cpl.Property); ok {
					result.settings[fullName(p)] = texts(p.Args)
				}
			}
		}
		var all []refVerdict
		for _, v := range ways {
			for _, o := range outcomes {
				if w := next(v, o); !slices.Contains(all, w) {
					all = append(all, w)
				}
			}
		}
		ways = all
	}
	result.final = result.verdict.forced || !slices.ContainsFunc(ways, func(v refVerdict) bool {
		return v.exception != result.verdict.exception || v.exception != "" && v.at != result.verdict.at || v.forced
	})
	return result
}

// starts are the possible verdicts before any rule, the present one first.
func (ref *reference) starts(tx *policy.Transaction, at policy.Checkpoint) []refVerdict {
	start := refVerdict{}
	if ref.deny && slices.Contains([]policy.TransactionType{policy.HTTPProxy, policy.TCPTunnel, policy.HTTPSForwardProxy}, tx.Type) {
		start.exception = "policy_denied"
	}
	denied := refVerdict{exception: "connect_method_denied", at: "connect"}
	isHTTP := tx.Type == policy.HTTPProxy || tx.Type == policy.HTTPSForwardProxy || tx.Type == policy.CacheRefresh
	switch {
	case tx.Method != "CONNECT" || !isHTTP || at < policy.AtRequest:
	case tx.Detecting && tx.Tunneled == policy.Yes:
		return []refVerdict{denied}
	case tx.Detecting && tx.Tunneled == policy.Unknown && at < policy.AtResponse:
		return []refVerdict{start, denied}
	case !tx.Detecting && tx.URL.Port != 443 && tx.URL.Port != 80:
		return []refVerdict{denied}
	}
	return []refVerdict{start}
}

func takesPart(layer string, tx *policy.Transaction) bool {
	types := map[string][]policy.TransactionType{
		"Proxy":         {policy.HTTPProxy, policy.TCPTunnel, policy.SSLTunnel, policy.HTTPSForwardProxy},
		"SSL":           {policy.SSLTunnel, policy.HTTPSForwardProxy},
		"SSL-Intercept": {policy.SSLIntercept},
		"Cache":         {policy.HTTPProxy, policy.HTTPSForwardProxy, policy.CacheRefresh},
		"Forward":       {policy.HTTPProxy, policy.TCPTunnel, policy.SSLTunnel, policy.HTTPSForwardProxy, policy.CacheRefresh, policy.Forwarding},
		"Admin":         {policy.AdminConsole},
	}
	if layer == "Exception" {
		return tx.ExceptionID != ""
	}
	return slices.Contains(types[layer], tx.Type)
}

// layer evaluates a layer: every rule that could end up deciding it (nil for
// none), the rule that decides it now, and the marks of its trace.
func (ref *reference) layer(l *cpl.Layer, tx *policy.Transaction, at policy.Checkpoint) (outcomes []*refRule, now *refRule, marks []string) {
	settled := false
	for _, r := range ref.candidates(l, tx, at) {
		if !settled {
			marks = append(marks, string(r.value)+" "+r.at)
		}
		switch r.value {
		case "late":
			outcomes, settled = append(outcomes, r), true
		case "yes":
			if !settled {
				now = r
			}
			return append(outcomes, r), now, marks
		}
	}
	return append(outcomes, nil), nil, marks
}

// candidates are the rules of a layer in the order in which they are looked at.
// Those that a guard or a pattern rules out are left out.
func (ref *reference) candidates(l *cpl.Layer, tx *policy.Transaction, at policy.Checkpoint) (list []*refRule) {
	guard := ref.all(l.Guard, tx, at)
	if guard.misses() {
		return nil
	}
	for _, s := range l.Sections {
		both := conjunction(guard, ref.all(s.Guard, tx, at))
		if both.misses() {
			continue
		}
		for _, r := range ref.inOrder(s, tx) {
			value := ref.all(r.Terms, tx, at)
			if s.Type == "url.regex" {
				value = conjunction(ref.regexLine(r, tx, at), value)
			}
			list = append(list, &refRule{
				at: fmt.Sprintf("%s:%d", r.At.File, r.At.Start.Line), rule: r,
				value:    conjunction(both, value),
				settings: slices.Concat(l.Guard, s.Guard, r.Terms),
			})
		}
	}
	return list
}

// inOrder is a section's rules as they stand; of a section about URLs those whose
// pattern matches, the most specific first.
func (ref *reference) inOrder(s *cpl.Section, tx *policy.Transaction) []*cpl.Rule {
	if s.Type == "Rule" || s.Type == "url.regex" {
		return s.Rules
	}
	u := tx.URL
	if s.Type == "server_url.domain" && tx.ServerURL != (policy.URL{}) {
		u = tx.ServerURL
	}
	var rules []*cpl.Rule
	for _, r := range s.Rules {
		if urlMatches(r.Pattern.Text, u, s.Type == "url", false) {
			rules = append(rules, r)
		}
	}
	slices.SortStableFunc(rules, func(a, b *cpl.Rule) int {
		ha, pa := cutURL(a.Pattern.Text)
		hb, pb := cutURL(b.Pattern.Text)
		if d := strings.Count(hb, ".") - strings.Count(ha, "."); d != 0 && ha != hb {
			return d
		}
		return len(pb) - len(pa)
	})
	return rules
}

func (ref *reference) regexLine(r *cpl.Rule, tx *policy.Transaction, at policy.Checkpoint) truth {
	return ref.condition(&cpl.Condition{Base: "url", Name: "url.regex", Modifiers: []string{"regex"}, Expr: r.Pattern}, tx, at)
}

// next is the verdict after a layer decided by a rule.
func next(v refVerdict, r *refRule) refVerdict {
	if r == nil || v.forced {
		return v
	}
	for _, t := range r.settings {
		w, ok := t.(*cpl.Verdict)
		if !ok {
			continue
		}
		v = refVerdict{at: fmt.Sprintf("%s:%d", w.At.File, w.At.Start.Line), forced: strings.HasPrefix(w.Name, "force_")}
		switch w.Name {
		case "deny", "force_deny":
			v.exception = "policy_denied"
		case "deny.unauthorized":
			v.exception = "authorization_failed"
		case "exception", "force_exception":
			v.exception = strings.Replace(w.Args[0].Text, "user_defined.", "user-defined.", 1)
		}
	}
	return v
}

// all is the conjunction of a line's conditions.
func (ref *reference) all(terms []cpl.Term, tx *policy.Transaction, at policy.Checkpoint) truth {
	result := truth("yes")
	for _, t := range terms {
		if c, ok := t.(*cpl.Condition); ok {
			result = conjunction(result, ref.condition(c, tx, at))
		}
	}
	return result
}

func conjunction(a, b truth) truth {
	switch {
	case a.misses():
		return a
	case b.misses():
		return b
	case a == "late":
		return a
	}
	return b
}

func fullName(p *cpl.Property) string {
	if p.Arg != "" {
		return p.Name + "." + strings.ToLower(p.Arg)
	}
	return p.Name
}

func texts(args []cpl.Value) []string {
	var list []string
	for _, a := range args {
		list = append(list, a.Text)
	}
	return list
}
