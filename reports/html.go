package reports

import (
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"strings"
)

// page is the HTML report's template, its style and its script, in parts.
//
//go:embed page
var page embed.FS

// writeHTML renders the report as one file that loads nothing: style, script and
// data are in it, and its content security policy allows nothing else. What
// happened in a step is drawn by the script when somebody looks at it; all the
// rest is there without a script.
func writeHTML(w io.Writer, r *Report) error {
	style, err := joined("base.css", "scenario.css", "ladder.css", "matrix.css", "policy.css", "print.css")
	if err != nil {
		return err
	}
	script, err := joined("dom.js", "ladder.js", "timeline.js", "happened.js", "matrix.js", "filter.js", "page.js")
	if err != nil {
		return err
	}
	script = "(() => {\n\"use strict\";\n" + script + "})();\n"
	t, err := template.New("page.html").Funcs(htmlFuncs()).ParseFS(page, "page/*.html")
	if err != nil {
		return err
	}
	v := newHTMLView(r)
	v.Style, v.Script, v.ScriptHash = template.CSS(style), template.JS(script), hash(script)
	return t.Execute(w, v)
}

// joined are files of the page, one after the other.
func joined(names ...string) (string, error) {
	var all strings.Builder
	for _, name := range names {
		text, err := page.ReadFile("page/" + name)
		if err != nil {
			return "", err
		}
		all.Write(text)
	}
	return all.String(), nil
}

// hash is how a content security policy names a script.
func hash(script string) string {
	sum := sha256.Sum256([]byte(script))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

// htmlFuncs are the words of the template.
func htmlFuncs() template.FuncMap {
	return template.FuncMap{
		"mark":    func(v Verdict) string { return paint(false).mark(v) },
		"span":    span,
		"hints":   hints,
		"byLine":  byLine,
		"join":    strings.Join,
		"dedent":  dedent,
		"counted": counted,
	}
}

// counted is "1 event", "2 events".
func counted(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// dedent takes the blanks away that all lines of a text begin with.
func dedent(text string) string {
	least := -1
	for line := range strings.Lines(text) {
		if n := len(line) - len(strings.TrimLeft(line, " ")); least < 0 || n < least {
			least = n
		}
	}
	var out strings.Builder
	for line := range strings.Lines(text) {
		out.WriteString(line[least:])
	}
	return out.String()
}
