package cpl_test

import (
	"os"
	"path/filepath"
	"testing"

	"rehearse/proxy/policy/cpl"
)

// seeds are the corpus and what of the shared policies is there.
func seeds(f *testing.F) {
	for _, c := range corpus() {
		f.Add([]byte(c.text))
	}
	files, _ := filepath.Glob(filepath.Join("..", "..", "..", "..", "shared", "policies", "*.cpl"))
	for _, name := range files {
		if text, err := os.ReadFile(name); err == nil {
			f.Add(text)
		}
	}
}

// FuzzParse holds that nothing panics, that every diagnostic has a place inside
// the text, and that what was read whole is the same tree after printing.
func FuzzParse(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, text []byte) {
		tree, diags := cpl.Parse("fuzz", text)
		diags = append(diags, cpl.Check([]*cpl.File{tree}, cpl.Options{})...)
		for _, d := range diags {
			if s := d.Span; s.Start.Line < 1 || s.Start.Offset > s.End.Offset || s.End.Offset > len(text) {
				t.Fatalf("%s has the place %+v", d.ID, s)
			}
		}
		if tree.Broken {
			return
		}
		printed := cpl.Print(tree)
		again, _ := cpl.Parse("fuzz", []byte(printed))
		if again.Broken {
			t.Fatalf("printed text does not parse:\n%s", printed)
		}
		if diff := sameTree(tree, again); diff != "" {
			t.Fatalf("another tree after printing:\n%s\n%s", printed, diff)
		}
	})
}
