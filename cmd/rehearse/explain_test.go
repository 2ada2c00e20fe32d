package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"rehearse/pcaps/diagnose"
	"rehearse/proxy"
	"rehearse/proxy/detect"
	"rehearse/proxy/policy/cpl"
	"rehearse/proxy/policy/dead"
	"rehearse/proxy/policy/txn"
	"rehearse/proxy/revocation"
	"rehearse/proxy/wire/tlshello"
	"rehearse/reports"
	"rehearse/reports/journal"
	"rehearse/simulator/client"
	"rehearse/simulator/run"
	"rehearse/simulator/scenario"
)

// names are the names that reports, diagnostics and tables print, by where they
// come from.
func names() map[string][]string {
	all := map[string][]string{}
	add := func(from, name string) { all[from] = append(all[from], name) }
	for _, c := range client.Codes {
		add("client.Codes", c.Code)
	}
	for _, c := range revocation.Codes {
		add("revocation.Codes", c.Symbol)
	}
	for _, r := range run.Remedies() {
		add("run.Remedies", r.Code)
	}
	for code := range 256 {
		if name := tlshello.AlertName(uint8(code)); !strings.ContainsAny(name, "0123456789") {
			add("alerts", "alert_"+name)
		}
	}
	for _, status := range []int{100, 200, 302, 400, 403, 407, 502, 599} {
		add("families", fmt.Sprintf("http_%d", status))
	}
	for _, status := range []int{200, 401, 404, 503, 606} {
		add("families", fmt.Sprintf("sip_%d", status))
	}
	for _, status := range []int{300, 400, 401, 431, 486} {
		add("families", fmt.Sprintf("msturn_%d", status))
	}
	for _, e := range proxy.Exceptions() {
		add("proxy.Exceptions", e.ID)
	}
	for _, f := range proxy.Features() {
		add("proxy.Features", f.Name)
	}
	for _, e := range cpl.Explanations() {
		add("cpl.Explanations", e.ID)
	}
	for _, e := range scenario.Explanations() {
		add("scenario.Explanations", e.ID)
	}
	for _, e := range txn.Explanations() {
		add("txn.Explanations", e.ID)
	}
	for _, e := range dead.Explanations() {
		add("dead.Explanations", e.ID)
	}
	for _, e := range reports.Explanations() {
		add("reports.Explanations", e.ID)
	}
	for _, c := range diagnose.Causes() {
		add("diagnose.Causes", c.ID)
	}
	for e := range cpl.Vocabulary() {
		add("cpl.Vocabulary", e.Name)
	}
	for _, p := range client.Profiles {
		add("client.Profiles", p.Name)
	}
	for _, s := range journal.Stages {
		add("journal.Stages", string(s))
	}
	for _, r := range journal.Results {
		add("journal.Results", string(r))
	}
	for _, k := range scenario.EventKinds() {
		add("scenario.EventKinds", k)
	}
	for _, k := range scenario.FaultKinds() {
		add("scenario.FaultKinds", k.Word)
	}
	for _, d := range append(detect.Outer(), detect.Inner()...) {
		add("detect", d.Protocol)
	}
	return all
}

func TestEveryNameIsExplained(t *testing.T) {
	for from, list := range names() {
		if len(list) == 0 {
			t.Errorf("%s has nothing to explain", from)
		}
		for _, name := range list {
			found := find(name)
			if len(found) == 0 {
				t.Errorf("%s: rehearse explain %s knows nothing", from, name)
			}
			for _, p := range found {
				if strings.Trim(p.text, ". ") == "" && len(p.facts) == 0 {
					t.Errorf("%s: rehearse explain %s says nothing as %s", from, name, p.kind)
				}
			}
		}
	}
}

func TestWordsWithoutATableOfTheirOwnHaveAText(t *testing.T) {
	for _, s := range journal.Stages {
		if stageDoc(s) == "" {
			t.Errorf("stage %s", s)
		}
	}
	for _, r := range journal.Results {
		if resultDoc(r) == "" {
			t.Errorf("result %s", r)
		}
	}
	for _, k := range scenario.EventKinds() {
		if eventDoc(k) == "" {
			t.Errorf("event %s", k)
		}
	}
	for _, p := range protocols() {
		if p.doc == "" {
			t.Errorf("protocol %s", p.name)
		}
	}
	for e := range cpl.Vocabulary() {
		if markDoc(e.Mark) == "" {
			t.Errorf("mark %q of %s", e.Mark, e.Name)
		}
	}
}

// flagsBelow are the names of the flags of a command and of those below it.
func flagsBelow(c *cobra.Command) map[string]bool {
	names := map[string]bool{}
	c.Flags().VisitAll(func(f *pflag.Flag) { names[f.Name] = true })
	for _, below := range c.Commands() {
		maps.Copy(names, flagsBelow(below))
	}
	return names
}

// Every ID that the sources give a diagnostic is one that explain knows. Names of
// flags may look like one.
func TestEveryDiagnosticOfTheSourcesIsExplained(t *testing.T) {
	id := regexp.MustCompile(`^(cpl|scenario|transaction|report|capture|pcap)-[a-z]+(-[a-z]+)*$`)
	seen, flags := 0, flagsBelow((&app{}).root())
	err := filepath.WalkDir("../..", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			lit, ok := n.(*ast.BasicLit)
			if !ok || lit.Kind != token.STRING {
				return true
			}
			if text, err := strconv.Unquote(lit.Value); err == nil && id.MatchString(text) && !flags[text] {
				if seen++; len(find(text)) == 0 {
					t.Errorf("%s: rehearse explain %s knows nothing", name, text)
				}
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if seen < 50 {
		t.Errorf("only %d IDs of diagnostics were found in the sources", seen)
	}
}

func TestSentencesBeginWithACapitalLetterUnlessTheirFirstWordIsAName(t *testing.T) {
	for text, want := range map[string]string{
		"the root is unknown": "The root is unknown", "look-ups, of names": "Look-ups, of names", "url.host is": "url.host is",
		"TLS is": "TLS is", "": "", "denied": "Denied",
	} {
		if got := sentence(text); got != want {
			t.Errorf("sentence(%q) = %q, want %q", text, got, want)
		}
	}
}

func TestTextIsBrokenIntoLinesUnderItsLead(t *testing.T) {
	got := wrap(strings.Repeat("word ", 20), "  - ")
	want := "  - " + strings.TrimSpace(strings.Repeat("word ", 17)) + "\n    word word word"
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if got := wrap("one", ""); got != "one" {
		t.Errorf("got %q", got)
	}
}
