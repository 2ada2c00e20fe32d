package cpl

import (
	"fmt"
	"slices"
	"strings"

	"rehearse/reports/diag"
)

// lateEarly reports properties that a condition guards which becomes known too
// late. The first match ends a layer, so every condition above a property in
// its layer decides whether the property is set (KB 173456).
func (c *checker) lateEarly(l *Layer) {
	var latest guard
	c.guards(&latest, l.Guard)
	for _, s := range l.Sections {
		c.guards(&latest, s.Guard)
		for _, r := range s.Rules {
			c.guards(&latest, r.Terms)
			c.guarded(latest, r.Terms)
		}
		c.guarded(latest, s.Guard)
	}
	c.guarded(latest, l.Guard)
}

// guard is the latest condition so far.
type guard struct {
	at     When
	cond   *Condition // as it stands in the layer
	inside *Condition // the one in a definition that is late, nil for none
}

func (c *checker) guards(latest *guard, terms []Term) {
	for _, t := range terms {
		cond, ok := t.(*Condition)
		if !ok || decidesItself(cond) {
			continue
		}
		if e := table().find(KindCondition, cond.Base); e != nil && e.At > latest.at {
			*latest = guard{at: e.At, cond: cond}
		}
		for _, d := range c.named(cond) {
			if c.visit(d, nil); d.state == 2 && d.at > latest.at {
				*latest = guard{at: d.at, cond: cond, inside: d.late}
			}
		}
	}
}

// decidesItself says whether a condition depends on a property that policy
// sets: detection. Modelled: such a rule is undecided until detection ends, and
// no error (Q35).
func decidesItself(t *Condition) bool { return t.Base == "client.protocol" || t.Base == "tunneled" }

func (c *checker) guarded(latest guard, terms []Term) {
	for _, t := range terms {
		p, ok := t.(*Property)
		if !ok {
			continue
		}
		e := table().find(KindProperty, p.Name)
		if e == nil || latest.cond == nil || e.At >= latest.at {
			continue
		}
		d := c.fail("cpl-late-early", p.At, "Late condition guards early action")
		remark(d, latest.cond.At, "Condition '%s' %s", SourceText(latest.cond), place(latest.cond.At))
		remark(d, p.At, "Action '%s' %s", SourceText(p), place(p.At))
		if latest.inside != nil {
			remark(d, latest.inside.At, "the named condition tests %s", SourceText(latest.inside))
		}
		d.Hints = append(d.Hints, fmt.Sprintf("put the rule with %s into a layer of its own", SourceText(p)))
	}
}

// place is "file:line", as the appliance names places.
func place(at diag.Span) string { return fmt.Sprintf("%s:%d", at.File, at.Start.Line) }

// detectionOrder warns of a rule that switches detection off below one that
// refuses by what detection finds: the upper one is met first and, once
// detection is over, the lower one changes nothing (Q35).
func (c *checker) detectionOrder(l *Layer) {
	var refusal *Rule
	for _, s := range l.Sections {
		for _, r := range s.Rules {
			if refusal != nil {
				c.detectionBelow(refusal, r)
			}
			if refusal == nil && refusesByProtocol(r) {
				refusal = r
			}
		}
	}
}

func (c *checker) detectionBelow(refusal, r *Rule) {
	for _, t := range r.Terms {
		p, ok := t.(*Property)
		if !ok || p.Name != "detect_protocol" || !switchesOff(p) {
			continue
		}
		d := c.warn("cpl-detection-below-deny", p.At, "detection is switched off below a rule that refuses by its outcome, so this rule comes too late")
		remark(d, refusal.At, "this rule waits for detection and is tried first")
		d.Hints = append(d.Hints, "move the rule above the refusing one, in the same layer")
	}
}

func switchesOff(p *Property) bool {
	return slices.ContainsFunc(p.Args, func(v Value) bool {
		return strings.EqualFold(v.Text, "none") || strings.EqualFold(v.Text, "no")
	})
}

func refusesByProtocol(r *Rule) bool {
	refuses, tests := false, false
	for _, t := range r.Terms {
		switch t := t.(type) {
		case *Verdict:
			refuses = refuses || t.Name != "allow"
		case *Condition:
			tests = tests || decidesItself(t)
		}
	}
	return refuses && tests
}

// serverNames warns where a release cannot test host names before decrypting.
func (c *checker) serverNames(l *Layer) {
	since := first("6.5.6.1") // KB 169283
	if l.Type != "SSL-Intercept" || since.Has(c.opt.release()) {
		return
	}
	var found *Condition
	look := func(terms []Term) {
		for _, t := range terms {
			if cond, ok := t.(*Condition); ok && found == nil && (testsHost(cond) || slices.ContainsFunc(c.named(cond), func(d *define) bool { return d.host })) {
				found = cond
			}
		}
	}
	look(l.Guard)
	for _, s := range l.Sections {
		for _, r := range s.Rules {
			look(r.Terms)
		}
	}
	if found != nil {
		c.warn("cpl-sni-release", found.At, fmt.Sprintf("release %s does not use the SNI in <SSL-Intercept>: %s never matches a transparent flow; the SNI is used from %s on", c.opt.release(), SourceText(found), since),
			"client.address=CLIENT or url.address=SERVER, which need no name")
	}
}

func testsHost(t *Condition) bool {
	switch t.Base {
	case "url", "url.domain", "url.host", "url.category", "category":
		return true
	}
	return false
}
