package reports

import (
	"cmp"
	"slices"
)

// Coverage is how often the rules of one policy file decided.
type Coverage struct {
	File string `json:"file"`
	// Source is the policy's text. Scenarios can bring policies of one name whose
	// texts differ; each text is counted by itself.
	Source string `json:"source,omitempty"`
	Rules  []Rule `json:"rules"`
}

// Rule is one rule of a policy with the number of its matches. A transaction is
// judged at several checkpoints, and a rule that matched at each counts each time; the
// verb policy cover counts transactions.
type Rule struct {
	Line    int    `json:"line"`
	Text    string `json:"text"`
	Matches int    `json:"matches"`
}

// MergeCoverage adds up what several runs, or parts of one, covered. The result
// is in order of files, texts and lines, however the parts were cut.
func MergeCoverage(parts ...[]Coverage) []Coverage {
	all := []Coverage{}
	places := map[[2]string]int{}
	for _, part := range parts {
		for _, c := range part {
			at, ok := places[[2]string{c.File, c.Source}]
			if !ok {
				at = len(all)
				places[[2]string{c.File, c.Source}] = at
				all = append(all, Coverage{File: c.File, Source: c.Source, Rules: []Rule{}})
			}
			all[at].add(c.Rules)
		}
	}
	slices.SortFunc(all, func(a, b Coverage) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Source, b.Source))
	})
	return all
}

// add counts further matches; rules stay in order of their lines.
func (c *Coverage) add(rules []Rule) {
	for _, r := range rules {
		at, found := slices.BinarySearchFunc(c.Rules, r, func(a, b Rule) int {
			return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Text, b.Text))
		})
		if !found {
			c.Rules = slices.Insert(c.Rules, at, r)
			continue
		}
		c.Rules[at].Matches += r.Matches
	}
}
