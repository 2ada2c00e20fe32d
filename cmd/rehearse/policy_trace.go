package main

import (
	"bytes"
	"encoding/json"
	"io"
	"slices"

	"github.com/spf13/cobra"

	"rehearse/proxy/policy"
	"rehearse/proxy/policy/txn"
)

// traceFlags are the flags of `rehearse policy trace`.
type traceFlags struct {
	policy      policyFlags
	transaction string
	rules       string
	json        bool
}

func (a *app) policyTrace() *cobra.Command {
	var f traceFlags
	c := &cobra.Command{
		Use:   "trace --policy FILE --transaction FILE|-",
		Short: "Take a transaction through a policy and print the appliance's trace",
		Long: `Take a transaction through a policy and print the trace that the appliance would
write at its end, in its layout; with --json the decision at every checkpoint and
the lines that made it.

` + transactionHelp(),
		Example: `  echo '{"url": "http://www.example.com/", "client.address": "10.1.0.11"}' |
    rehearse policy trace --policy policy.cpl --release 6.5.10.1 --transaction -`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return a.trace(f) },
	}
	f.policy.add(c)
	c.Flags().StringVar(&f.transaction, "transaction", "", "`FILE` with the transaction, - for standard input")
	c.Flags().StringVar(&f.rules, "rules", "", "which rules the trace shows, `yes|all|no`; where it is left out what policy says in trace.rules, or else all")
	c.Flags().BoolVar(&f.json, "json", false, "print the decision at every checkpoint as JSON")
	c.MarkFlagRequired("transaction")
	return c
}

func (a *app) trace(f traceFlags) error {
	if f.rules != "" && !slices.Contains([]string{"yes", "all", "no"}, f.rules) {
		return usage("--rules all", "--rules %q: want yes, all or no", f.rules)
	}
	p, err := a.compile(f.policy)
	if err != nil {
		return err
	}
	list, several, err := a.transactions(f.transaction)
	if err != nil {
		return err
	}
	var out any
	views := []transactionView{}
	for _, t := range list {
		if !f.json {
			if err := writeTrace(a.out, p.Policy, t, f.rules); err != nil {
				return unable(err, "")
			}
			continue
		}
		views = append(views, viewTransaction(p.Policy, t))
	}
	switch {
	case !f.json:
		return nil
	case several:
		out = views
	default:
		out = views[0]
	}
	return a.printJSON(out)
}

// writeTrace writes what the appliance would at the end of a transaction.
func writeTrace(w io.Writer, p *policy.Policy, t *txn.Transaction, rules string) error {
	end := t.Last()
	d := p.Explain(end.Transaction, end.At)
	if rules == "" {
		rules = "all"
		if _, set := d.Property("trace.rules"); set {
			rules = d.Tracing().Rules
		}
	}
	return policy.WriteTrace(w, policy.Trace{ID: t.ID, Transaction: end.Transaction, Decision: d, Rules: rules, ClientStatus: t.Status})
}

// printJSON prints a value as indented JSON.
func (a *app) printJSON(v any) error {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	err := e.Encode(v)
	if err == nil {
		_, err = a.out.Write(b.Bytes())
	}
	if err != nil {
		return unable(err, "")
	}
	return nil
}

// transactionView is a transaction with its decisions, as JSON.
type transactionView struct {
	Name        string         `json:"name,omitempty"`
	ID          int            `json:"id"`
	Type        string         `json:"type"`
	URL         string         `json:"url,omitempty"`
	Release     string         `json:"release"`
	Checkpoints []decisionView `json:"checkpoints"`
}

// decisionView is a decision at one checkpoint.
type decisionView struct {
	At           string            `json:"at"`
	Verdict      verdictView       `json:"verdict"`
	Final        bool              `json:"final"`
	Interception *interceptionView `json:"interception,omitempty"`
	Properties   []settingView     `json:"properties"`
	// Rules are those looked at, guards that failed among them.
	Rules []stepView `json:"rules"`
}

type verdictView struct {
	Result    string `json:"result"` // "allow" or "deny"
	Exception string `json:"exception,omitempty"`
	Details   string `json:"details,omitempty"`
	Forced    bool   `json:"forced"`
	At        string `json:"at"` // "" by default
}

type interceptionView struct {
	Mode        string `json:"mode"`
	OnException bool   `json:"on_exception"`
	At          string `json:"at"`
}

type settingView struct {
	Name string   `json:"name"`
	Args []string `json:"args"`
	At   string   `json:"at"`
}

type stepView struct {
	Outcome    string `json:"outcome"` // "match", "miss", "not applicable", "late"
	Layer      string `json:"layer"`
	Section    string `json:"section,omitempty"`
	At         string `json:"at"`
	Rule       string `json:"rule"`
	Guard      bool   `json:"guard,omitempty"` // of a layer or section that was passed over
	Failed     string `json:"failed,omitempty"`
	WaitingFor string `json:"waiting_for,omitempty"`
}

func viewTransaction(p *policy.Policy, t *txn.Transaction) transactionView {
	end := t.Last().Transaction
	v := transactionView{Name: t.Name, ID: t.ID, Type: string(end.Type), Release: p.Release().String()}
	if end.URL.Host != "" {
		v.URL = end.URL.String()
	}
	for i, d := range t.Explain(p) {
		v.Checkpoints = append(v.Checkpoints, viewDecision(t.Points[i].At, end.Type, d))
	}
	return v
}

func viewDecision(at policy.Checkpoint, kind policy.TransactionType, d policy.Decision) decisionView {
	v := decisionView{At: at.String(), Verdict: viewVerdict(d.Verdict), Final: d.Final, Properties: []settingView{}, Rules: []stepView{}}
	if kind == policy.SSLIntercept {
		in := d.Interception()
		v.Interception = &interceptionView{string(in.Mode), in.OnException, in.At}
	}
	for _, s := range d.Settings() {
		v.Properties = append(v.Properties, settingView{s.Name, append([]string{}, s.Args...), s.At})
	}
	for _, s := range d.Steps {
		v.Rules = append(v.Rules, stepView{markWord(s.Mark), s.Layer, s.Section, s.At, s.Rule, s.Number < 0, s.Failed, s.Unknown})
	}
	return v
}

func viewVerdict(v policy.Verdict) verdictView {
	word := "allow"
	if v.Kind == policy.Exception {
		word = "deny"
	}
	return verdictView{word, v.ID, v.Details, v.Forced, v.At}
}

// markWord is a trace's tag as a word.
func markWord(m policy.Mark) string {
	return [...]string{policy.Match: "match", policy.Miss: "miss", policy.NotApplicable: "not applicable", policy.Late: "late"}[m]
}
