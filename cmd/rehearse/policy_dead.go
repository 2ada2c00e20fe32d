package main

import (
	"fmt"
	"math/big"
	"strings"

	"github.com/spf13/cobra"

	"rehearse/proxy/policy/dead"
	"rehearse/proxy/policy/space"
	"rehearse/reports/diag"
)

// deadFlags are the flags of `rehearse policy dead`.
type deadFlags struct {
	policy   policyFlags
	services []string
	flows    int
	fail     bool
	json     bool
}

func (a *app) policyDead() *cobra.Command {
	var f deadFlags
	c := &cobra.Command{
		Use:   "dead FILE...",
		Short: "List the rules that no transaction can reach",
		Long: `List the rules of a policy that nothing reaches, without traffic, each with what
keeps it from matching.

Proven, for every transaction there could be: rules that are hidden by rules tried
before them, whose conditions exclude each other, or which are for other releases or
services. By going through the flows that clients could make: rules that none of
them reaches, and rules whose settings a later layer always sets again; these hold
for the interceptor as this program models it, and are claimed only where all flows
could be gone through. Otherwise the output says that a sample was tried, how large
it was and why.

Several files are one policy, in the order of installation; --policy FILE names one,
too.

Findings are no failure: the exit code is 0. With --fail it is 1 when a rule is
proven dead.`,
		Example: `  rehearse policy dead policy.cpl --release 6.5.10.1
  rehearse policy dead policy.cpl --service "Explicit HTTP" --service HTTPS --fail`,
		RunE: func(_ *cobra.Command, args []string) error {
			f.policy.files = append(f.policy.files, args...)
			return a.dead(f)
		},
	}
	f.policy.addFiles(c)
	f.policy.addOptions(c)
	c.Flags().StringArrayVar(&f.services, "service", nil, "`NAME` of a service of the appliance; may be repeated; any where it is left out")
	c.Flags().IntVar(&f.flows, "flows", 0, flowsHelp)
	c.Flags().BoolVar(&f.fail, "fail", false, "exit 1 when a rule is proven dead")
	c.Flags().BoolVar(&f.json, "json", false, "print the findings as JSON")
	return c
}

// flowsHelp is the flag --flows.
const flowsHelp = "make `N` flows at most before a sample has to do; 0: as many as take seconds, 100000 at most"

func (a *app) dead(f deadFlags) error {
	if len(f.policy.files) == 0 {
		return usage("rehearse policy dead policy.cpl", "no policy: want at least one FILE")
	}
	if f.flows < 0 {
		return usage("--flows 100000", "--flows %d: want 0 or more", f.flows)
	}
	p, err := a.compile(f.policy)
	if err != nil {
		return err
	}
	opt, err := f.policy.options()
	if err != nil {
		return err
	}
	src := space.Source{Policy: p.Policy, Files: p.files, Options: opt}
	if f.flows == 0 {
		f.flows = space.Affordable(src)
	}
	rep := dead.Find(src, dead.Options{Services: f.services, Flows: f.flows})
	if f.json {
		err = a.printJSON(viewDead(&rep, p.Release().String()))
	} else {
		err = a.printDead(&rep, p)
	}
	if err != nil {
		return err
	}
	if f.fail && len(rep.Dead) > 0 {
		return told(exitFailed)
	}
	return nil
}

func (a *app) printDead(rep *dead.Report, p *compiled) error {
	if err := diag.Render(a.out, rep.Diagnostics(), p.in.source); err != nil {
		return unable(err, "")
	}
	for _, b := range rep.LeftOut {
		fmt.Fprintf(a.out, "%s: left out at release %s: %s, with %s\n", b.Directive.Span, p.Release(), b.Directive.Text, rules(b.Rules))
	}
	if !rep.Extent.Complete {
		for _, f := range rep.Unreached {
			fmt.Fprintf(a.out, "%s: not reached by the sample, which proves nothing: %s\n", f.Rule.Span, f.Rule.Text)
		}
	}
	if len(rep.Dead)+len(rep.Unreached)+len(rep.Overridden)+len(rep.LeftOut) > 0 {
		fmt.Fprintln(a.out)
	}
	fmt.Fprintf(a.out, "%s: %d dead by proof", rules(rep.Rules), len(rep.Dead))
	if rep.Extent.Complete {
		fmt.Fprintf(a.out, ", %d reached by no flow, %d never effective", len(rep.Unreached), len(rep.Overridden))
	}
	fmt.Fprintln(a.out)
	fmt.Fprintln(a.out, extentText(rep.Extent))
	return nil
}

func rules(n int) string {
	if n == 1 {
		return "1 rule"
	}
	return fmt.Sprintf("%d rules", n)
}

// extentText says how much of a space was gone through.
func extentText(e space.Extent) string {
	if e.Elsewhere != nil {
		return focusedText(e)
	}
	if e.Complete {
		return fmt.Sprintf("flows: complete: %d stand for all %s combinations of what policy tests (%d values, %d kinds of flows)", e.Flows, thousands(e.Whole), e.Axes, e.Shapes)
	}
	return fmt.Sprintf("flows: a sample of %d, of %s combinations of what policy tests (%d values, %d kinds of flows); not complete because of %s",
		e.Flows, thousands(e.Whole), e.Axes, e.Shapes, strings.Join(e.Lacking, "; "))
}

// focusedText is extentText for flows that lines which differ could have to do
// with.
func focusedText(e space.Extent) string {
	rest := fmt.Sprintf("%s others meet no line that differs", thousands(e.Elsewhere))
	if e.Complete {
		return fmt.Sprintf("flows: complete: %d stand for all %s combinations that lines which differ could have to do with (%d values, %d kinds of flows); %s",
			e.Flows, thousands(e.Whole), e.Axes, e.Shapes, rest)
	}
	return fmt.Sprintf("flows: a sample of %d, of %s combinations that lines which differ could have to do with (%d values, %d kinds of flows); not complete because of %s; %s",
		e.Flows, thousands(e.Whole), e.Axes, e.Shapes, strings.Join(e.Lacking, "; "), rest)
}

// thousands is a number as people read it: in digits up to a million million.
func thousands(n *big.Int) string {
	text := n.String()
	if len(text) > 12 {
		return fmt.Sprintf("%s.%se%d", text[:1], text[1:3], len(text)-1)
	}
	return text
}

// deadView is the report as JSON.
type deadView struct {
	Release    string        `json:"release"`
	Rules      int           `json:"rules"`
	Dead       []findingView `json:"dead"`            // proven from conditions
	Unreached  []findingView `json:"unreached"`       // by no flow, where all were tried
	Overridden []findingView `json:"never_effective"` // likewise
	NotReached []lineView    `json:"not_reached_by_sample"`
	LeftOut    []leftOutView `json:"left_out"`
	Space      spaceView     `json:"space"`
}

type findingView struct {
	Kind    string     `json:"kind"`
	At      string     `json:"at"`
	Layer   string     `json:"layer"`
	Rule    string     `json:"rule"`
	By      []lineView `json:"by"`
	Because []string   `json:"because"`
	Message string     `json:"message"`
}

type lineView struct {
	At   string `json:"at"`
	Text string `json:"text"`
}

type leftOutView struct {
	At    string `json:"at"`
	Text  string `json:"text"`
	Rules int    `json:"rules"`
}

// spaceView is how much of a space was gone through.
type spaceView struct {
	Complete     bool     `json:"complete"`
	Flows        int      `json:"flows"`
	Combinations string   `json:"combinations"`        // a number that may be larger than JSON's
	Elsewhere    string   `json:"elsewhere,omitempty"` // combinations that meet no line that differs
	Values       int      `json:"values"`
	Kinds        int      `json:"kinds"`
	Lacking      []string `json:"lacking"`
}

func viewSpace(e space.Extent) spaceView {
	v := spaceView{Complete: e.Complete, Flows: e.Flows, Combinations: e.Whole.String(), Values: e.Axes, Kinds: e.Shapes, Lacking: append([]string{}, e.Lacking...)}
	if e.Elsewhere != nil {
		v.Elsewhere = e.Elsewhere.String()
	}
	return v
}

func viewDead(rep *dead.Report, release string) deadView {
	v := deadView{Release: release, Rules: rep.Rules, Dead: viewFindings(rep.Dead), Unreached: []findingView{}, Overridden: viewFindings(rep.Overridden),
		NotReached: []lineView{}, LeftOut: []leftOutView{}, Space: viewSpace(rep.Extent)}
	if rep.Extent.Complete {
		v.Unreached = viewFindings(rep.Unreached)
	} else {
		for _, f := range rep.Unreached {
			v.NotReached = append(v.NotReached, lineView{lineOf(f.Rule.Span), f.Rule.Text})
		}
	}
	for _, b := range rep.LeftOut {
		v.LeftOut = append(v.LeftOut, leftOutView{lineOf(b.Directive.Span), b.Directive.Text, b.Rules})
	}
	return v
}

func viewFindings(list []dead.Finding) []findingView {
	views := []findingView{}
	for _, f := range list {
		one := findingView{Kind: string(f.Kind), At: lineOf(f.Rule.Span), Layer: f.Layer, Rule: f.Rule.Text,
			By: []lineView{}, Because: append([]string{}, f.Because...), Message: f.Diagnostic().Message}
		for _, by := range f.By {
			one.By = append(one.By, lineView{lineOf(by.Span), by.Text})
		}
		views = append(views, one)
	}
	return views
}

// lineOf is "file:line".
func lineOf(s diag.Span) string { return fmt.Sprintf("%s:%d", s.File, s.Start.Line) }
