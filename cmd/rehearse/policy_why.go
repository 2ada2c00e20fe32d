package main

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"rehearse/proxy/policy/why"
	"rehearse/reports/diag"
)

// whyFlags are the flags of `rehearse policy why`.
type whyFlags struct {
	policy      policyFlags
	transaction string
	rule        string
	expect      string
	json        bool
}

func (a *app) policyWhy() *cobra.Command {
	var f whyFlags
	c := &cobra.Command{
		Use:   "why --policy FILE --transaction FILE|- (--rule FILE:LINE | --expect OUTCOME)",
		Short: "Tell why a rule did or did not decide a transaction",
		Long: `Tell what became of a rule, or which rule is nearest to an outcome that was
expected: the one condition that failed, with the value it saw and the checkpoint
that settled it; the guard that failed; the earlier rule that ended the layer; or
the rule that had the last word.

An outcome is one of ` + strings.Join(why.Expectations(), ", ") + `;
a mode of interception is asked of a transaction of type ssl.intercept.

` + transactionHelp(),
		Example: `  rehearse policy why --policy policy.cpl --transaction t.json --rule policy.cpl:12
  rehearse policy why --policy policy.cpl --transaction t.json --expect deny`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return a.why(f) },
	}
	f.policy.add(c)
	c.Flags().StringVar(&f.transaction, "transaction", "", "`FILE` with the transaction, - for standard input")
	c.Flags().StringVar(&f.rule, "rule", "", "the rule that stands at `FILE:LINE`; with one policy file LINE will do")
	c.Flags().StringVar(&f.expect, "expect", "", "the `OUTCOME` that was expected")
	c.Flags().BoolVar(&f.json, "json", false, "print the answer as JSON")
	c.MarkFlagRequired("transaction")
	c.MarkFlagsOneRequired("rule", "expect")
	c.MarkFlagsMutuallyExclusive("rule", "expect")
	return c
}

func (a *app) why(f whyFlags) error {
	p, err := a.compile(f.policy)
	if err != nil {
		return err
	}
	tx, err := a.transaction(f.transaction)
	if err != nil {
		return err
	}
	var answer why.Answer
	if f.rule != "" {
		number, err := p.rule(f.rule)
		if err != nil {
			return err
		}
		answer = why.AboutRule(p.Policy, tx, number)
	} else if answer, err = why.AboutOutcome(p.Policy, tx, f.expect); err != nil {
		return usage("--expect deny", "%v", err)
	}
	if f.json {
		return a.printJSON(answer)
	}
	return a.tell(answer, p.in.source)
}

// rule finds the rule at FILE:LINE, or at LINE of the only file.
func (p *compiled) rule(at string) (int, error) {
	name, text := p.files[0].Name, at
	if i := strings.LastIndexByte(at, ':'); i >= 0 {
		name, text = at[:i], at[i+1:]
	} else if len(p.files) > 1 {
		return 0, usage("--rule "+name+":"+at, "--rule %q: there are %d policy files; want FILE:LINE", at, len(p.files))
	}
	line, err := strconv.Atoi(text)
	if err != nil || line < 1 {
		return 0, usage("--rule "+p.files[0].Name+":12", "--rule %q: want FILE:LINE", at)
	}
	number, ok := why.Find(p.Policy, p.files, name, line)
	if !ok {
		return 0, &failure{code: exitInput, err: fmt.Errorf("--rule %s: no rule stands there%s", at, p.nearest(name, line)), hint: "rehearse policy trace --rules all shows every rule that was tried"}
	}
	return number, nil
}

// nearest names the rule of a file that stands nearest to a line.
func (p *compiled) nearest(name string, line int) string {
	best, distance := "", 0
	for _, r := range p.Rules() {
		file, n, _ := strings.Cut(r.At[strings.LastIndexByte("/"+r.At, '/'):], ":")
		at, err := strconv.Atoi(n)
		if err != nil || !strings.HasSuffix("/"+name, "/"+file) {
			continue
		}
		if d := max(at-line, line-at); best == "" || d < distance {
			best, distance = r.At+": "+r.Text, d
		}
	}
	if best == "" {
		return ""
	}
	return "; the nearest is " + best
}

// tell prints the story, each sentence with its line of policy.
func (a *app) tell(answer why.Answer, src diag.Source) error {
	var b strings.Builder
	for _, s := range answer.Story {
		if s.Span.Start.Line > 0 {
			fmt.Fprintf(&b, "%s: ", s.Span)
		}
		fmt.Fprintf(&b, "%s\n%s", s.Text, diag.Excerpt(s.Span, src))
	}
	if _, err := a.out.Write([]byte(b.String())); err != nil {
		return unable(err, "")
	}
	return nil
}
