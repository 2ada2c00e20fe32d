package run

import (
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

// coverage counts what the rehearsal's policies did. A rule is counted once for
// each evaluation in which it matched.
func (r *rehearsal) coverage() []reports.Coverage {
	var all []reports.Coverage
	counts := map[place]*reports.Rule{}
	for _, p := range r.scenario.Policies() {
		c := reports.Coverage{File: p.Name, Source: string(p.Source), Rules: rules(p)}
		for i := range c.Rules {
			counts[place{c.File, c.Rules[i].Line}] = &c.Rules[i]
		}
		all = append(all, c)
	}
	for _, e := range r.log.Log() {
		m, ok := e.Body.(journal.RuleMatched)
		if !ok {
			continue
		}
		if rule := counts[placeOf(m.At)]; rule != nil {
			rule.Matches++
		}
	}
	return all
}

// rules are those of a policy, none of which has matched.
func rules(p scenario.Policy) []reports.Rule {
	all := []reports.Rule{}
	f, _ := cpl.Parse(p.Name, p.Source)
	for _, item := range f.Items {
		layer, ok := item.(*cpl.Layer)
		if !ok {
			continue
		}
		for _, section := range layer.Sections {
			for _, rule := range section.Rules {
				all = append(all, reports.Rule{Line: rule.At.Start.Line, Text: cpl.RuleText(rule)})
			}
		}
	}
	return all
}

func placeOf(at string) place {
	i := strings.LastIndexByte(at, ':')
	if i < 0 {
		return place{}
	}
	line, _ := strconv.Atoi(at[i+1:])
	return place{at[:i], line}
}
