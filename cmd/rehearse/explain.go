package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"rehearse/reports/diag"
)

func (a *app) explain() *cobra.Command {
	return &cobra.Command{
		Use:   "explain ID",
		Short: "What a code, diagnostic, event, fault or word of policy means, and what to do",
		Long: `Explain anything that this tool prints or takes by name: codes of outcomes, stages,
results, IDs of diagnostics, exceptions, events, profiles, protocols, faults,
features of releases, and the words of CPL. rehearse list shows them by table.`,
		Example: `  rehearse explain CRYPT_E_NO_REVOCATION_CHECK
  rehearse explain http_503
  rehearse explain ssl.forward_proxy`,
		Args: arguments(1, "one ID"),
		ValidArgsFunction: func(_ *cobra.Command, _ []string, prefix string) ([]string, cobra.ShellCompDirective) {
			ids := slices.DeleteFunc(ids(), func(id string) bool { return !strings.HasPrefix(id, prefix) })
			return ids, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(_ *cobra.Command, args []string) error { return a.explainID(args[0]) },
	}
}

func (a *app) explainID(id string) error {
	found := find(id)
	if len(found) == 0 {
		return unknownID(id)
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

// unknownID names what was perhaps meant: the nearest ID, or those that have the
// text in them.
func unknownID(id string) error {
	all := ids()
	if near := diag.Nearest(id, slices.Values(all)); near != "" {
		return usage("rehearse explain "+near, "nothing is known as %q", id)
	}
	const few = 8
	var having []string
	for _, known := range all {
		if len(id) > 2 && strings.Contains(strings.ToLower(known), strings.ToLower(id)) && !slices.Contains(having, known) {
			having = append(having, known)
		}
	}
	if len(having) == 0 {
		return usage("rehearse list", "nothing is known as %q", id)
	}
	more := ""
	if len(having) > few {
		more = fmt.Sprintf(" and %d more", len(having)-few)
	}
	return usage("rehearse explain "+having[0], "nothing is known as %q; it is part of %s%s", id, strings.Join(having[:min(len(having), few)], ", "), more)
}

// find gives the pages of an ID. A member of a family, such as http_404, has the
// page of the family with its own name, behind a page of its own where there is
// one.
func find(id string) []page {
	var found []page
	for _, p := range pages() {
		if strings.EqualFold(p.id, id) {
			found = append(found, p)
		}
	}
	if p, ok := member(id); ok {
		found = append(found, p)
	}
	return found
}

func (p page) print(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s (%s)\n", p.id, p.kind)
	if p.text != "" {
		fmt.Fprintf(&b, "\n%s\n", wrap(sentence(p.text), "  "))
	}
	if len(p.facts) > 0 {
		b.WriteByte('\n')
		for _, f := range p.facts {
			fmt.Fprintf(&b, "%s\n", wrap(f.says, "  "+f.name+": "))
		}
	}
	if len(p.mends) > 0 {
		b.WriteString("\nwhat to try:\n")
		for _, m := range p.mends {
			fmt.Fprintf(&b, "%s\n", wrap(m, "  - "))
		}
	}
	if p.source != "" {
		fmt.Fprintf(&b, "\n%s\n", wrap(p.source, "source: "))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// sentence begins a text with a capital letter, unless its first word is a name.
func sentence(text string) string {
	word, _, _ := strings.Cut(text, " ")
	plain := strings.TrimRight(word, ",:;")
	if plain == "" || strings.ContainsFunc(plain, func(r rune) bool { return !unicode.IsLower(r) && r != '-' }) {
		return text
	}
	r, n := utf8.DecodeRuneInString(text)
	return string(unicode.ToUpper(r)) + text[n:]
}

// width is where text that runs on is broken.
const width = 88

// wrap breaks text into lines, the first one after lead, the others indented as
// far.
func wrap(text, lead string) string {
	var lines []string
	line, indent := lead, utf8.RuneCountInString(lead)
	at := indent
	for _, word := range strings.Fields(text) {
		n := utf8.RuneCountInString(word)
		switch {
		case at == indent:
		case at+1+n > width:
			lines = append(lines, line)
			line, at = strings.Repeat(" ", indent), indent
		default:
			line, at = line+" ", at+1
		}
		line, at = line+word, at+n
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
