package scenario

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"rehearse/reports/diag"
)

// Load reads the scenario file at path of fsys and everything it names: the file
// it extends, and policies. Their paths are relative to the file that names them;
// where they lead above the root of fsys it is up to fsys whether they can be read.
// In diagnostics and in the result paths stand behind prefix.
//
// The File is never nil; with errors among the diagnostics it has no variants,
// but the texts are there.
func Load(fsys fs.FS, name, prefix string) (*File, diag.List) {
	l := &loader{fsys: fsys, prefix: prefix, texts: map[string][]byte{}, faults: FaultKinds()}
	f := &File{Path: l.shown(name), Texts: l.texts}
	root := l.read(name, nil)
	f.Source = l.texts[f.Path]
	if root == nil {
		return f, l.sorted()
	}
	variants := l.variants(root)
	if !l.found.HasErrors() {
		f.Variants = variants
		f.Name, f.Labels = variants[0].Name, variants[0].Labels
	}
	return f, l.sorted()
}

// loader reads one scenario file.
type loader struct {
	fsys   fs.FS
	prefix string
	texts  map[string][]byte
	faults []FaultKind
	found  diag.List
}

func (l *loader) shown(name string) string {
	if path.IsAbs(name) {
		return name
	}
	return path.Join(l.prefix, name)
}

// beside is the path that a file names, from the folder of that file; one that
// begins at the root stays as it is.
func beside(file, name string) string {
	if path.IsAbs(name) {
		return path.Clean(name)
	}
	return path.Join(path.Dir(file), name)
}

func (l *loader) report(d diag.Diagnostic) { l.found = append(l.found, d) }

func (l *loader) sorted() diag.List {
	l.found.Sort()
	return l.found
}

// open reads a file that the text at names; at is nil for the scenario itself.
func (l *loader) open(name string, at *node) *source {
	if text, ok := l.texts[l.shown(name)]; ok {
		return newSource(name, l.shown(name), text)
	}
	text, err := fs.ReadFile(l.fsys, name)
	if err == nil {
		l.texts[l.shown(name)] = text
		return newSource(name, l.shown(name), text)
	}
	d := diag.Diagnostic{ID: "scenario-file", Span: diag.Span{File: l.shown(name)}, Message: fmt.Sprintf("%s cannot be read: %s", l.shown(name), reason(err))}
	if at != nil {
		d.Span = at.span
		d.Hints = suggest(path.Base(name), l.siblings(name))
	}
	l.report(d)
	return nil
}

// reason is why a file could not be read, without the path that the error repeats.
func reason(err error) string {
	var p *fs.PathError
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "there is no such file"
	case errors.As(err, &p) && errors.Is(err, fs.ErrInvalid):
		return "the path leads out of the folder that is read"
	case errors.As(err, &p):
		return p.Err.Error()
	}
	return err.Error()
}

// siblings are the files of the same kind in a file's folder.
func (l *loader) siblings(name string) []string {
	entries, err := fs.ReadDir(l.fsys, path.Dir(name))
	if err != nil {
		return nil
	}
	var names []string
	for _, e := range entries {
		if !e.IsDir() && path.Ext(e.Name()) == path.Ext(name) {
			names = append(names, e.Name())
		}
	}
	return names
}

// read reads a scenario file and what it extends. chain are the files that led
// here.
func (l *loader) read(name string, chain []*node) *node {
	var at *node
	if len(chain) > 0 {
		at = chain[len(chain)-1]
	}
	src := l.open(name, at)
	if src == nil {
		return nil
	}
	n := src.tree(l.report)
	if n == nil {
		return nil
	}
	if n.kind != mapping {
		l.report(diag.Diagnostic{ID: "scenario-type", Span: n.span, Message: "a scenario is a mapping, this is " + describe(n), Hints: []string{"name: what the scenario is about"}})
		return nil
	}
	ext := n.get("extends")
	n = n.without("extends")
	if ext == nil {
		return n
	}
	if ext.kind != scalar || ext.null || ext.text == "" {
		l.report(diag.Diagnostic{ID: "scenario-type", Span: ext.span, Message: "extends wants the path of a scenario file, this is " + describe(ext)})
		return n
	}
	base := l.extended(name, append(chain, ext))
	if base == nil {
		return n
	}
	return merge(base, n)
}

// extended reads the file that the last of chain names.
func (l *loader) extended(name string, chain []*node) *node {
	at := chain[len(chain)-1]
	target := beside(name, at.text)
	if i := ringAt(chain, target); i >= 0 {
		d := diag.Diagnostic{ID: "scenario-extends-cycle", Span: at.span, Message: fmt.Sprintf("%s extends itself", l.shown(target))}
		for _, n := range chain[i : len(chain)-1] {
			d.Notes = append(d.Notes, diag.Remark{Span: n.span, Message: "by way of this"})
		}
		l.report(d)
		return nil
	}
	return l.read(target, chain)
}

// ringAt is the place in chain of the file that is to be read again, or -1.
func ringAt(chain []*node, target string) int {
	for i, n := range chain {
		if n.src.path == target {
			return i
		}
	}
	return -1
}

// merge lays a file over the one it extends: mappings are merged key by key, a list
// or a text replaces what was there, and a key without a value takes away what was
// inherited. Inherited keys come first.
func merge(base, over *node) *node {
	if base.kind != mapping || over.kind != mapping {
		return over
	}
	out := *over
	out.fields = append([]field(nil), base.fields...)
	merged := &out
	for _, f := range over.fields {
		inherited := merged.get(f.key.text)
		switch {
		case inherited == nil:
			merged = merged.with(f.key, f.value)
		case f.value.null:
			merged = merged.without(f.key.text)
		default:
			merged = merged.with(f.key, merge(inherited, f.value))
		}
	}
	return merged
}

// suggest is a hint at the nearest of some names, where one is near.
func suggest(name string, names []string) []string {
	if s := diag.Nearest(name, slices.Values(names)); s != "" {
		return []string{fmt.Sprintf("did you mean %q?", s)}
	}
	return nil
}

// allowed are words as a sentence has them: "a, b or c".
func allowed(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " or " + words[len(words)-1]
}
