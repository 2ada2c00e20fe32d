package scenario_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"rehearse/reports/diag"
	"rehearse/simulator/scenario"
)

// FuzzLoad holds any text to the promises of Load: no panic, variants or errors but
// not both, and spans that lie in the text.
func FuzzLoad(f *testing.F) {
	f.Add(example)
	files, err := filepath.Glob("testdata/diagnostics/*.yaml")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		for chunk := range strings.SplitSeq(string(b), between) {
			f.Add(chunk)
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		fsys := fstest.MapFS{"case.yaml": {Data: []byte(text)}}
		file, list := scenario.Load(fsys, "case.yaml", "")
		if list.HasErrors() == (len(file.Variants) > 0) {
			t.Fatalf("%d variants with %v", len(file.Variants), list)
		}
		for _, d := range list {
			within(t, d.Span, text)
			for _, n := range d.Notes {
				within(t, n.Span, text)
			}
		}
		if err := diag.Render(discard{}, list, func(string) []byte { return []byte(text) }); err != nil {
			t.Fatal(err)
		}
	})
}

type discard struct{}

func (discard) Write(b []byte) (int, error) { return len(b), nil }

func within(t *testing.T, s diag.Span, text string) {
	lines := strings.Count(text, "\n") + 1
	if s.Start.Line > lines || s.Start.Offset > len(text) || s.End.Offset > len(text) || s.End.Line != 0 && s.End.Offset < s.Start.Offset {
		t.Fatalf("span %+v of a text of %d lines, %d bytes", s, lines, len(text))
	}
}

func BenchmarkLoad(b *testing.B) {
	fsys := fstest.MapFS{
		"s/case.yaml":                   {Data: []byte(example)},
		"policy/https-interception.cpl": {Data: []byte("<SSL-Intercept>\n  ssl.forward_proxy(https)\n")},
		"policy/detect-protocols.cpl":   {Data: []byte("<SSL-Intercept>\n  ssl.forward_proxy(yes)\n")},
	}
	for b.Loop() {
		if f, list := scenario.Load(fsys, "s/case.yaml", ""); len(f.Variants) != 2 {
			b.Fatal(list)
		}
	}
}
