package reports

import (
	"fmt"
	"path"
	"strconv"
	"strings"
)

// htmlPolicy is one policy with how often its lines decided.
type htmlPolicy struct {
	File    string
	Again   int // which of several texts of that name, from 1 on
	Rules   int
	Matched int
	Lines   []htmlLine
}

type htmlLine struct {
	Number  int
	Text    string
	Rule    bool
	Matches int
}

func htmlPolicies(all []Coverage) []htmlPolicy {
	var list []htmlPolicy
	seen := map[string]int{}
	for _, c := range all {
		seen[c.File]++
		p := htmlPolicy{File: c.File, Again: seen[c.File], Rules: len(c.Rules)}
		for i, text := range strings.Split(strings.TrimRight(c.Source, "\n"), "\n") {
			if c.Source != "" {
				p.Lines = append(p.Lines, htmlLine{Number: i + 1, Text: strings.TrimRight(text, "\r")})
			}
		}
		for _, r := range c.Rules {
			if r.Matches > 0 {
				p.Matched++
			}
			line := htmlLine{Number: r.Line, Text: r.Text, Rule: true, Matches: r.Matches}
			if at := r.Line - 1; at >= 0 && at < len(p.Lines) {
				line.Text = p.Lines[at].Text
				p.Lines[at] = line
			} else {
				p.Lines = append(p.Lines, line)
			}
		}
		list = append(list, p)
	}
	return list
}

// htmlRule is a policy line that is spoken of.
type htmlRule struct {
	Rule  string // "policy/a.cpl:12"
	Short string // "a.cpl:12"
	Href  string // "" where the report does not have the policy
}

// Rule is a policy line for the template.
func (v *htmlView) Rule(rule string) htmlRule {
	return htmlRule{Rule: rule, Short: path.Base(rule), Href: v.RuleHref(rule)}
}

// RuleHref leads to a policy line, "file.cpl:12"; "" where the report has no such
// policy.
func (v *htmlView) RuleHref(rule string) string {
	i := strings.LastIndexByte(rule, ':')
	if i < 0 {
		return ""
	}
	line, err := strconv.Atoi(rule[i+1:])
	if err != nil {
		return ""
	}
	for n, p := range v.Policies {
		if p.File == rule[:i] {
			return fmt.Sprintf("#p%d-%d", n, line)
		}
	}
	return ""
}
