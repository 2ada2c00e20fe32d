package peers_test

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
)

// folder has the scenarios that any interceptor should pass.
const folder = "8-any-interceptor"

// report is what is read of a JSON report.
type report struct {
	Scenarios []struct {
		File    string
		Variant map[string]string
		Steps   []struct {
			Verdict string
			Outcome struct{ Stage, Result, Code, Media string }
		}
	}
}

// cell is what came of one step: "✓ ok", "✗ register refused http_400".
func (r report) cell(file string, step int, settings ...string) string {
	for _, s := range r.Scenarios {
		fits := strings.HasSuffix(s.File, "/"+file)
		for _, setting := range settings {
			name, value, _ := strings.Cut(setting, "=")
			fits = fits && s.Variant[name] == value
		}
		if !fits || step >= len(s.Steps) {
			continue
		}
		at := s.Steps[step]
		words := strings.Fields(strings.TrimPrefix(at.Outcome.Stage, "done") + " " + at.Outcome.Result + " " + at.Outcome.Code)
		mark := map[string]string{"passed": "✓", "failed": "✗", "unsupported": "–"}[at.Verdict]
		return mark + " " + strings.Join(words, " ")
	}
	return "not played"
}

// row is one line of the README's table: a step of a scenario.
type row struct {
	what, file string
	step       int
	settings   []string
}

func rows() []row {
	origin := func(certificate string) []string { return []string{"servers.bad.test.certificate=" + certificate} }
	return []row{
		{"a browser gets a page", "browsing.yaml", 0, nil},
		{"sign-in, revocation not enforced", "sign-in.yaml", 0, nil},
		{"sign-in, revocation enforced", "strict-sign-in.yaml", 0, nil},
		{"audio in a meeting (MS-TURN, pseudo-TLS)", "meeting.yaml", 0, nil},
		{"an unknown protocol inside TLS", "relays-inside-tls.yaml", 0, nil},
		{"TURN inside TLS", "relays-inside-tls.yaml", 1, nil},
		{"MS-TURN inside TLS", "relays-inside-tls.yaml", 2, nil},
		{"an untrusted origin is not made good", "bad-origins.yaml", 1, origin("untrusted")},
		{"nor an expired one", "bad-origins.yaml", 1, origin("expired")},
		{"nor one of another name", "bad-origins.yaml", 1, origin("wrong_name")},
		{"nor a revoked one", "revoked-origin.yaml", 1, nil},
	}
}

// table is the README's, in Markdown.
func table(columns []string, reports map[string]report) string {
	var b strings.Builder
	fmt.Fprintf(&b, "| | %s |\n|---%s|\n", strings.Join(columns, " | "), strings.Repeat("|---", len(columns)))
	for _, r := range rows() {
		cells := []string{r.what}
		for _, c := range columns {
			cells = append(cells, reports[c].cell(r.file, r.step, r.settings...))
		}
		fmt.Fprintf(&b, "| %s |\n", strings.Join(cells, " | "))
	}
	return b.String()
}

// The table stands in the README between these lines.
const (
	tableBegin = "<!-- made by proxy/gateway/peers/against.sh -->\n"
	tableEnd   = "<!-- end -->\n"
	readme     = "../../../README.md"
)

// placed is a text with its table replaced.
func placed(text, table string) (string, error) {
	before, rest, ok := strings.Cut(text, tableBegin)
	_, after, closed := strings.Cut(rest, tableEnd)
	if !ok || !closed {
		return "", fmt.Errorf("there is no place for the table: want a line %q and one %q", strings.TrimSpace(tableBegin), strings.TrimSpace(tableEnd))
	}
	return before + tableBegin + table + tableEnd + after, nil
}

func read(t *testing.T, text []byte) (r report) {
	if err := json.Unmarshal(text, &r); err != nil {
		t.Fatal(err)
	}
	return r
}

// TestTable is what against.sh runs: all installed peers, all scenarios, the table
// printed and, with "readme", written into the README.
func TestTable(t *testing.T) {
	wanted := os.Getenv("REHEARSE_AGAINST")
	if wanted == "" {
		t.Skip("this is for against.sh")
	}
	all, columns := map[string]report{}, []string{}
	room := rooms(t, program(t))
	for _, p := range peers() {
		if !p.installed() {
			t.Logf("%s is not installed, or cannot be run here", p.name)
			continue
		}
		column := strings.TrimSpace(p.name + " " + p.release())
		columns = append(columns, column)
		all[column] = read(t, p.against(t, room(p.name), folder))
	}
	made := table(columns, all)
	fmt.Print(made)
	if wanted != "readme" {
		return
	}
	text, err := os.ReadFile(readme)
	if err != nil {
		t.Fatal(err)
	}
	changed, err := placed(string(text), made)
	if err == nil {
		err = os.WriteFile(readme, []byte(changed), 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestPeers holds the installed ones to what the README says of all of them: browsers
// go on, a client that enforces revocation has nothing to ask.
func TestPeers(t *testing.T) {
	if testing.Short() {
		t.Skip("other programs are run")
	}
	room := sync.OnceValue(func() func(string) room { return rooms(t, program(t)) })
	for _, p := range peers() {
		t.Run(p.name, func(t *testing.T) {
			if !p.installed() {
				t.Skip("not installed, or cannot be run here: " + strings.Join(p.needs(), ", "))
			}
			r := read(t, p.against(t, room()(p.name), folder+"/browsing.yaml", folder+"/strict-sign-in.yaml"))
			want := "✗ revocation aborted CRYPT_E_NO_REVOCATION_CHECK"
			if p.program == "" {
				want = "✓ ok"
			}
			if got := r.cell("browsing.yaml", 0); got != "✓ ok" {
				t.Errorf("a browser: %s", got)
			}
			if got := r.cell("strict-sign-in.yaml", 0); got != want {
				t.Errorf("a strict client: %s, want %s", got, want)
			}
		})
	}
}

func TestTheTableOfTheReadmeHasItsRows(t *testing.T) {
	text, err := os.ReadFile(readme)
	if err != nil {
		t.Skip("there is no README.md")
	}
	if _, err := placed(string(text), ""); err != nil {
		t.Fatal(err)
	}
	for _, r := range rows() {
		if !strings.Contains(string(text), "\n| "+r.what+" | ") {
			t.Errorf("no row %q; proxy/gateway/peers/against.sh --readme makes the table", r.what)
		}
	}
}
