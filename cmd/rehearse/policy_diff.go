package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"rehearse/proxy/policy/cpl"
	"rehearse/proxy/policy/diff"
	"rehearse/proxy/policy/space"
	"rehearse/proxy/policy/txn"
	"rehearse/reports/diag"
)

// diffFlags are the flags of `rehearse policy diff`.
type diffFlags struct {
	policy       policyFlags
	newRelease   string
	newDefault   string
	transactions string
	capture      string
	scenarios    []string
	filter       string
	flows        int
	failOn       string
	json         bool
}

func (a *app) policyDiff() *cobra.Command {
	var f diffFlags
	c := &cobra.Command{
		Use:   "diff OLD NEW",
		Short: "Compare two policies by what clients see, and name the lines that change it",
		Long: `Compare two policies by what clients see: what is newly denied or decrypted, newly
allowed or bypassed, changed otherwise, and what cannot be evaluated.

The flows that clients could make are derived from what both policies test: box by
box, each with one flow that stands for all in it. The output says whether all flows
were gone through, or that a sample was, how large it is and why. With --transactions
a list is compared instead: each request as the flow of an explicit client, on a
service that detects protocols unless "detect_protocol" says otherwise; one that
gives a "type" or "checkpoints" by itself.

With --capture the connections of a capture are compared, as a proxy would see them:
behind a CONNECT where the client asks a proxy for one, else on a transparent service,
each on one that detects protocols.

With --scenarios each scenario is run twice, with OLD and with NEW in place of every
policy that it names, and the outcomes of its steps are compared; a release that is
given overrides theirs.

Each change is attributed to the lines that cause it, by trying: the edits between the
policies are made one by one, and the one that turns the old outcome into the new one
is named.

With --fail-on widening the exit code is 5 when anything is newly allowed or bypassed.

A list of transactions is JSON, or CSV whose header has condition names; in CSV
several values of one name stand with a "|" between them.

` + transactionHelp(),
		Example: `  rehearse policy diff today.cpl tomorrow.cpl --release 6.5.10.1
  rehearse policy diff p.cpl p.cpl --release 6.5.9.1 --new-release 6.5.10.1
  rehearse policy diff p.cpl p.cpl --default allow --new-default deny
  rehearse policy diff today.cpl tomorrow.cpl --transactions requests.csv --fail-on widening
  rehearse policy diff today.cpl tomorrow.cpl --capture office.pcapng
  rehearse policy diff today.cpl tomorrow.cpl --scenarios my-scenarios/`,
		Args: cobra.ExactArgs(2),
		RunE: func(c *cobra.Command, args []string) error { return a.diff(c.Context(), args[0], args[1], f) },
	}
	f.policy.addOptions(c)
	fl := c.Flags()
	fl.StringVar(&f.newRelease, "new-release", "", "release `R` for NEW, where it is another one")
	fl.StringVar(&f.newDefault, "new-default", "", "the default proxy policy for NEW, where it is another one, `allow|deny`")
	fl.StringVar(&f.transactions, "transactions", "", "compare over the transactions in `FILE`, .json or .csv, - for JSON on standard input")
	fl.StringVar(&f.capture, "capture", "", "compare over the connections of the capture `FILE`, - for standard input")
	fl.StringArrayVar(&f.scenarios, "scenarios", nil, "compare over the steps of the scenarios in `PATH`; may be repeated")
	fl.StringVar(&f.filter, "filter", "", "with --scenarios: run only those that `EXPR` takes")
	fl.IntVar(&f.flows, "flows", 0, flowsHelp)
	fl.StringVar(&f.failOn, "fail-on", "", "exit 5 on `widening`: when anything is newly allowed or bypassed")
	fl.BoolVar(&f.json, "json", false, "print the comparison as JSON")
	c.MarkFlagsMutuallyExclusive("transactions", "capture", "scenarios")
	return c
}

// diff is the verb.
func (a *app) diff(ctx context.Context, old, new string, f diffFlags) error {
	switch {
	case f.failOn != "" && f.failOn != "widening":
		return usage("--fail-on widening", "--fail-on %q: want widening", f.failOn)
	case f.flows < 0:
		return usage("--flows 100000", "--flows %d: want 0 or more", f.flows)
	}
	pair, in, err := a.pair(old, new, f)
	if err != nil {
		return err
	}
	if len(f.scenarios) > 0 {
		rep, err := a.contrast(ctx, pair, old, new, in, f)
		if err != nil {
			return err
		}
		w := &strings.Builder{}
		printContrast(w, rep, in)
		return a.finishDiff(viewContrast(rep), w.String(), rep.Widens(), old, new, f)
	}
	var rep diff.Report
	switch {
	case f.capture != "":
		list, err := a.capturedFlows(ctx, f.capture)
		if err != nil {
			return err
		}
		rep = pair.Given(list)
	case f.transactions == "":
		rep = pair.Flows(orAffordable(f.flows, pair))
	default:
		list, err := a.transactionList(f.transactions)
		if err != nil {
			return err
		}
		rep = pair.Transactions(list)
	}
	return a.finishDiff(viewDiff(&rep, pair), diffText(&rep, pair, in, f), rep.Widens(), old, new, f)
}

// orAffordable is a number of flows, or what takes seconds where none is given.
func orAffordable(n int, pair *diff.Pair) int {
	if n == 0 {
		return pair.Affordable()
	}
	return n
}

// finishDiff prints a comparison, as JSON or text, and holds it against the gate.
func (a *app) finishDiff(view any, text string, widens bool, old, new string, f diffFlags) error {
	var err error
	if f.json {
		err = a.printJSON(view)
	} else if _, err = io.WriteString(a.out, text); err != nil {
		err = unable(err, "")
	}
	if err != nil {
		return err
	}
	if f.failOn != "" && widens {
		return &failure{code: exitGate, err: fmt.Errorf("%s lets more through than %s", new, old), hint: "see the changes that are newly allowed or bypassed"}
	}
	return nil
}

// pair reads and compiles both policies.
func (a *app) pair(old, new string, f diffFlags) (*diff.Pair, *inputs, error) {
	in := &inputs{texts: map[string][]byte{}}
	var sides [2]space.Source
	for i, name := range []string{old, new} {
		one := f.policy
		one.files = []string{name}
		if i == 1 && f.newRelease != "" {
			one.release = f.newRelease
		}
		if i == 1 && f.newDefault != "" {
			one.verdict = f.newDefault
		}
		p, err := a.compile(one)
		if err != nil {
			return nil, nil, err
		}
		opt, err := one.options()
		if err != nil {
			return nil, nil, err
		}
		sides[i] = space.Source{Policy: p.Policy, Files: p.files, Options: opt}
		in.texts[name] = p.in.texts[name]
	}
	return diff.NewPair(sides[0], sides[1]), in, nil
}

// transactionList reads a list of transactions, JSON or CSV by the file's name.
func (a *app) transactionList(file string) ([]*txn.Transaction, error) {
	if !strings.HasSuffix(strings.ToLower(file), ".csv") {
		list, _, err := a.transactions(file)
		return list, err
	}
	name, text, err := a.text(file)
	if err != nil {
		return nil, err
	}
	list, found := txn.ParseCSV(name, text)
	if err := a.show(found, func(string) []byte { return text }); err != nil {
		return nil, err
	}
	return list, nil
}

// groupTitles are the headings of the groups.
func groupTitles() map[diff.Group]string {
	return map[diff.Group]string{
		diff.Denied: "newly denied or decrypted", diff.Allowed: "newly allowed or bypassed",
		diff.Otherwise: "changed otherwise", diff.CannotDecide: "cannot be evaluated",
	}
}

// diffText is a comparison over flows or transactions as text.
func diffText(rep *diff.Report, pair *diff.Pair, in *inputs, f diffFlags) string {
	w := &strings.Builder{}
	what := "flows"
	if f.transactions != "" {
		what = "transactions"
	}
	for _, g := range diff.Groups() {
		printGroup(w, rep, g, pair, in, what)
	}
	fmt.Fprintf(w, "unchanged: %s\n", number(rep.Unchanged, what))
	if rep.Extent != nil {
		fmt.Fprintln(w, extentText(*rep.Extent))
	}
	return w.String()
}

// printGroup shows the flips of a group, those of one cause together.
func printGroup(w io.Writer, rep *diff.Report, g diff.Group, pair *diff.Pair, in *inputs, what string) {
	var flips []diff.Flip
	items := 0
	for _, f := range rep.Flips {
		if f.Group == g {
			flips, items = append(flips, f), items+f.Count
		}
	}
	fmt.Fprintf(w, "%s: %s\n", groupTitles()[g], number(items, what))
	for i := range flips {
		if i == 0 || !flips[i].Cause.Same(flips[i-1].Cause) || len(flips[i].Cause.Edits) == 0 {
			fmt.Fprintln(w)
			printCause(w, g, flips[i].Cause, in)
		}
		printFlip(w, &flips[i], pair, what)
	}
	if len(flips) > 0 {
		fmt.Fprintln(w)
	}
}

func number(n int, what string) string {
	if n == 1 {
		what = strings.TrimSuffix(what, "s")
	}
	return fmt.Sprintf("%d %s", n, what)
}

// printFlip shows one way in which outcomes changed: what clients saw and see, and
// an example.
func printFlip(w io.Writer, f *diff.Flip, pair *diff.Pair, what string) {
	releases := pair.Releases()
	fmt.Fprintf(w, "  %s", number(f.Count, what))
	if f.Stands != nil {
		fmt.Fprintf(w, " for %s combinations", thousands(f.Stands))
	}
	fmt.Fprintf(w, ", such as %s\n", exampleText(&f.Example))
	fmt.Fprintf(w, "    was: %s%s\n", f.From.Outcome, by(f.From.Line))
	fmt.Fprintf(w, "    is:  %s%s\n", f.To.Outcome, by(f.To.Line))
	if f.Why != "" {
		fmt.Fprintf(w, "    as far as can be told: %s\n", f.Why)
	}
	byBrowsers := f.Example.Shape == nil || f.Example.Shape.IsHTTP()
	browser, strict := f.To.Outcome.Browser(), f.To.Outcome.Strict(releases[1])
	if browser == strict || !byBrowsers {
		fmt.Fprintf(w, "    a client sees: %s\n", strict)
	} else {
		fmt.Fprintf(w, "    a browser sees: %s\n    a strict client: %s\n", browser, strict)
	}
}

func by(l diff.Line) string {
	if at := l.At(); at != "" {
		return ", by " + at
	}
	return ", by default"
}

// printCause shows the edits that make the difference, with their lines.
func printCause(w io.Writer, g diff.Group, c diff.Cause, in *inputs) {
	if len(c.Edits) == 0 && g != diff.CannotDecide {
		fmt.Fprintln(w, "no line was found that causes this by itself")
	}
	if len(c.Edits) > 0 && !c.Verified {
		fmt.Fprintln(w, "likely, but not verified by trying:")
	}
	for _, e := range c.Edits {
		printEdit(w, e, in)
	}
}

func printEdit(w io.Writer, e diff.Edit, in *inputs) {
	show := func(word string, lines []diff.Line) {
		l := lines[0]
		fmt.Fprintf(w, "%s: %s", l.At(), word)
		if len(lines) > 1 {
			fmt.Fprintf(w, ", with the %d lines below it", len(lines)-1)
		}
		fmt.Fprintf(w, "\n%s", diag.Excerpt(l.Span, in.source))
	}
	switch e.Kind {
	case diff.Removed:
		show("removed", e.Old)
	case diff.Added:
		show("added", e.New)
	case diff.Moved:
		show("moved from here", e.Old)
		show("to here", e.New)
	case diff.Changed:
		show("changed from", e.Old)
		show("to", e.New)
	case diff.Released:
		fmt.Fprintln(w, "the release is another one")
	case diff.Default:
		fmt.Fprintln(w, "the default proxy policy is another one")
	}
}

// exampleText is a flow or transaction in a line.
func exampleText(e *diff.Example) string {
	if t := e.Transaction; t != nil {
		end := t.Last().Transaction
		text := string(end.Type) + " " + strings.TrimSpace(end.Method+" "+end.URL.String())
		if e.Flow != nil {
			text = e.Flow.Opening()
		}
		if t.Name != "" {
			text = t.Name + ": " + text
		}
		return fmt.Sprintf("%s (%s)", text, t.At)
	}
	if e.Shape == nil {
		return fmt.Sprintf("%s (%s)", e.Flow.Describe(), e.Name)
	}
	return fmt.Sprintf("%s: %s", e.Shape, e.Flow.Describe())
}

// diffView is the comparison as JSON.
type diffView struct {
	Old          string     `json:"old_release"`
	New          string     `json:"new_release"`
	Edits        int        `json:"edits"`
	NewlyDenied  []flipView `json:"newly_denied"`
	NewlyAllowed []flipView `json:"newly_allowed"`
	Otherwise    []flipView `json:"changed_otherwise"`
	CannotDecide []flipView `json:"cannot_evaluate"`
	Unchanged    int        `json:"unchanged"`
	Widens       bool       `json:"widens"`
	Space        *spaceView `json:"space"` // null for what was given
}

type flipView struct {
	From    sideView       `json:"from"`
	To      sideView       `json:"to"`
	Cause   []editView     `json:"cause"`
	Tried   bool           `json:"verified"`
	Why     string         `json:"why,omitempty"`
	Count   int            `json:"count"`
	Stands  string         `json:"combinations,omitempty"`
	Example map[string]any `json:"example"`
}

type sideView struct {
	Outcome   string `json:"outcome"`
	Code      string `json:"code"`
	Exception string `json:"exception,omitempty"`
	Status    int    `json:"status,omitempty"`
	Browser   string `json:"browser"`
	Strict    string `json:"strict"`
	At        string `json:"at"` // "" by default
	Rule      string `json:"rule,omitempty"`
}

type editView struct {
	Kind string     `json:"kind"`
	Old  []lineView `json:"old"`
	New  []lineView `json:"new"`
}

func viewDiff(rep *diff.Report, pair *diff.Pair) diffView {
	r := pair.Releases()
	v := diffView{Old: r[0].String(), New: r[1].String(), Edits: rep.Edits, NewlyDenied: []flipView{}, NewlyAllowed: []flipView{},
		Otherwise: []flipView{}, CannotDecide: []flipView{}, Unchanged: rep.Unchanged, Widens: rep.Widens()}
	if rep.Extent != nil {
		s := viewSpace(*rep.Extent)
		v.Space = &s
	}
	for _, f := range rep.Flips {
		to := map[diff.Group]*[]flipView{diff.Denied: &v.NewlyDenied, diff.Allowed: &v.NewlyAllowed, diff.Otherwise: &v.Otherwise, diff.CannotDecide: &v.CannotDecide}[f.Group]
		*to = append(*to, viewFlip(&f, r))
	}
	return v
}

func viewFlip(f *diff.Flip, r [2]cpl.Release) flipView {
	v := flipView{From: viewSide(f.From, r[0]), To: viewSide(f.To, r[1]), Cause: []editView{}, Tried: f.Cause.Verified, Why: f.Why, Count: f.Count, Example: viewExample(&f.Example)}
	if f.Stands != nil {
		v.Stands = f.Stands.String()
	}
	for _, e := range f.Cause.Edits {
		v.Cause = append(v.Cause, editView{string(e.Kind), viewLines(e.Old), viewLines(e.New)})
	}
	return v
}

func viewSide(s diff.Side, r cpl.Release) sideView {
	o := s.Outcome
	return sideView{o.String(), o.Name(), o.ID, o.Status, o.Browser(), o.Strict(r), s.Line.At(), s.Line.Text}
}

func viewLines(list []diff.Line) []lineView {
	views := []lineView{}
	for _, l := range list {
		views = append(views, lineView{l.At(), l.Text})
	}
	return views
}

func viewExample(e *diff.Example) map[string]any {
	if e.Transaction != nil {
		return map[string]any{"at": e.Transaction.At.String(), "name": e.Transaction.Name, "url": e.Transaction.Last().Transaction.URL.String()}
	}
	if e.Shape == nil {
		return map[string]any{"name": e.Name, "flow": e.Flow.Describe()}
	}
	return map[string]any{"kind": e.Shape.String(), "flow": e.Flow.Describe()}
}
