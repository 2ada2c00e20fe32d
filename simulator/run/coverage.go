package run

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"

	"rehearse/proxy/policy/cpl"
	"rehearse/reports"
	"rehearse/reports/journal"
	"rehearse/simulator/scenario"
)

// place is a rule: a policy file and a line in it.
type place struct {
	file string
	line int
}

// coverage counts the matches of rules; rules that never matched count 0.
type coverage map[place]*reports.Rule

func (c coverage) add(o coverage) {
	for at, rule := range o {
		if have := c[at]; have != nil {
			have.Matches += rule.Matches
			continue
		}
		copied := *rule
		c[at] = &copied
	}
}

// coverage counts what the rehearsal's policies did. A rule is counted once for
// each evaluation in which it matched.
func (r *rehearsal) coverage() coverage {
	c := coverage{}
	for _, p := range r.scenario.Policies() {
		c.rules(p)
	}
	for _, e := range r.log.Log() {
		m, ok := e.Body.(journal.RuleMatched)
		if !ok {
			continue
		}
		if rule := c[placeOf(m.At)]; rule != nil {
			rule.Matches++
		}
	}
	return c
}

// rules enters every rule of a policy.
func (c coverage) rules(p scenario.Policy) {
	f, _ := cpl.Parse(p.Name, p.Source)
	for _, item := range f.Items {
		layer, ok := item.(*cpl.Layer)
		if !ok {
			continue
		}
		for _, section := range layer.Sections {
			for _, rule := range section.Rules {
				at := place{p.Name, rule.At.Start.Line}
				c[at] = &reports.Rule{Line: at.line, Text: cpl.RuleText(rule)}
			}
		}
	}
}

func placeOf(at string) place {
	i := strings.LastIndexByte(at, ':')
	if i < 0 {
		return place{}
	}
	line, _ := strconv.Atoi(at[i+1:])
	return place{at[:i], line}
}

// report puts the counts in order of files and lines.
func (c coverage) report() []reports.Coverage {
	places := slices.SortedFunc(maps.Keys(c), func(a, b place) int {
		return cmp.Or(cmp.Compare(a.file, b.file), cmp.Compare(a.line, b.line))
	})
	out := []reports.Coverage{}
	for _, at := range places {
		if len(out) == 0 || out[len(out)-1].File != at.file {
			out = append(out, reports.Coverage{File: at.file})
		}
		last := &out[len(out)-1]
		last.Rules = append(last.Rules, *c[at])
	}
	return out
}
