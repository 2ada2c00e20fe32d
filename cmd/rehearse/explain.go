package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"rehearse/proxy"
	"rehearse/proxy/policy/cpl"
	"rehearse/proxy/revocation"
	"rehearse/reports/diag"
	"rehearse/simulator/client"
	"rehearse/simulator/pki"
	"rehearse/simulator/run"
	"rehearse/simulator/scenario"
)

// page explains one word.
type page struct {
	id     string
	kind   string // "outcome code", "policy diagnostic", ...
	text   string
	mends  []string
	source string
}

func (a *app) explain() *cobra.Command {
	return &cobra.Command{
		Use:   "explain ID",
		Short: "What an outcome, code, diagnostic or word of policy means, and what to do",
		Args:  cobra.ExactArgs(1),
		ValidArgsFunction: func(_ *cobra.Command, _ []string, prefix string) ([]string, cobra.ShellCompDirective) {
			var ids []string
			for _, p := range pages() {
				if strings.HasPrefix(p.id, prefix) {
					ids = append(ids, p.id)
				}
			}
			return ids, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(_ *cobra.Command, args []string) error { return a.explainID(args[0]) },
	}
}

func (a *app) explainID(id string) error {
	found := find(id)
	if len(found) == 0 {
		hint := "rehearse list"
		if near := diag.Nearest(id, slices.Values(ids())); near != "" {
			hint = "rehearse explain " + near
		}
		return &failure{code: exitUsage, err: fmt.Errorf("nothing is known as %q", id), hint: hint}
	}
	for i, p := range found {
		if i > 0 {
			fmt.Fprintln(a.out)
		}
		if err := p.print(a.out); err != nil {
			return unable(err, "")
		}
	}
	return nil
}

// find gives the pages of an ID, or of the family it belongs to: http_404 is one
// of http_.
func find(id string) []page {
	var found []page
	for _, p := range pages() {
		if strings.EqualFold(p.id, id) {
			found = append(found, p)
		}
	}
	if len(found) > 0 {
		return found
	}
	for _, p := range pages() {
		if strings.HasSuffix(p.id, "_") && strings.HasPrefix(id, p.id) {
			found = append(found, p)
		}
	}
	return found
}

func (p page) print(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s (%s)\n\n%s\n", p.id, p.kind, wrap(p.text, "  "))
	if len(p.mends) > 0 {
		b.WriteString("\nwhat to try:\n")
		for _, m := range p.mends {
			fmt.Fprintf(&b, "%s\n", wrap(m, "  - "))
		}
	}
	if p.source != "" {
		fmt.Fprintf(&b, "\nsource: %s\n", p.source)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// wrap breaks text into lines of at most 88 columns, the first one after lead,
// the others indented as far.
func wrap(text, lead string) string {
	var lines []string
	line := lead
	for _, word := range strings.Fields(text) {
		if len(line)+1+len(word) > 88 && len(line) > len(lead) {
			lines = append(lines, line)
			line = strings.Repeat(" ", len(lead))
		}
		if len(line) > len(lead) {
			line += " "
		}
		line += word
	}
	return strings.Join(append(lines, line), "\n")
}

func ids() []string {
	var all []string
	for _, p := range pages() {
		all = append(all, p.id)
	}
	return all
}

// pages are all pages, from the tables that each part of the program keeps.
func pages() []page {
	return slices.Concat(codePages(), exceptionPages(), diagnosticPages(), applianceFeaturePages(), profilePages(), faultPages(), vocabularyPages())
}

// codePages explain outcome codes: what is known of the mend first, then those
// whose words say all.
func codePages() []page {
	var all []page
	add := func(id, text string) {
		if !slices.ContainsFunc(all, func(p page) bool { return p.id == id }) {
			all = append(all, page{id: id, kind: "outcome code", text: text})
		}
	}
	for _, r := range run.Remedies() {
		kind := "outcome code"
		if r.Stage != "" {
			kind += " at stage " + string(r.Stage)
		}
		all = append(all, page{r.Code, kind, r.Means + ".", r.Mends, r.See})
	}
	for _, c := range revocation.Codes {
		add(c.Symbol, fmt.Sprintf("%s (0x%08X).", c.Doc, c.Value))
	}
	for _, c := range client.Codes {
		add(c.Code, c.Words+".")
	}
	for _, f := range client.Families {
		add(f.Prefix, f.Words+"...")
	}
	return all
}

func exceptionPages() []page {
	var all []page
	for _, e := range proxy.Exceptions() {
		all = append(all, page{id: e.ID, kind: "exception of the appliance", text: fmt.Sprintf("HTTP status %d, %q.", e.Status, e.Summary)})
	}
	return all
}

func diagnosticPages() []page {
	var all []page
	for _, e := range cpl.Explanations() {
		all = append(all, page{id: e.ID, kind: "policy diagnostic", text: e.Title + ". " + e.Text, mends: nonEmpty(e.Remedy)})
	}
	for _, e := range scenario.Explanations() {
		all = append(all, page{id: e.ID, kind: "scenario diagnostic", text: e.Title + ". " + e.Text, mends: nonEmpty(e.Remedy)})
	}
	return all
}

func nonEmpty(s string) []string {
	if s == "" {
		return nil
	}
	return []string{s}
}

func applianceFeaturePages() []page {
	var all []page
	for _, f := range proxy.Features() {
		all = append(all, page{id: f.Name, kind: "release feature", text: fmt.Sprintf("%s. From release %s on.", f.Doc, f.Since)})
	}
	return all
}

func profilePages() []page {
	var all []page
	for _, p := range client.Profiles {
		text := p.Doc + "."
		var sources []string
		for _, c := range p.Claims {
			text += fmt.Sprintf(" %s: %s.", c.Field, c.Says)
			sources = append(sources, c.Source)
		}
		all = append(all, page{id: p.Name, kind: "client profile", text: text, source: strings.Join(sources, "; ")})
	}
	return all
}

func faultPages() []page {
	var all []page
	for _, f := range pki.Faults() {
		all = append(all, page{id: f.Name, kind: "fault of a CRL or OCSP endpoint", text: f.Doc + "."})
	}
	return all
}

func vocabularyPages() []page {
	var all []page
	for e := range cpl.Vocabulary() {
		text := e.Doc + "."
		if layers := e.LayerTypes(); len(layers) > 0 {
			text += " Layers: " + strings.Join(layers, ", ") + "."
		}
		if !e.Modelled && (e.Kind == cpl.KindCondition || e.Kind == cpl.KindProperty) {
			text += " Parsed and checked, not modelled."
		}
		all = append(all, page{id: e.Name, kind: "CPL " + string(e.Kind), text: text, source: "confidence " + string(e.Mark) + ", since " + e.Since.String()})
	}
	return all
}
