package scenario

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"rehearse/reports/diag"
)

// source is one file that a scenario is made of.
type source struct {
	path  string // in the file system, slash-separated
	shown string // in diagnostics
	text  []byte
	lines []int // offset of each line's first byte
}

func newSource(path, shown string, text []byte) *source {
	s := &source{path: path, shown: shown, text: text, lines: []int{0}}
	for i, b := range text {
		if b == '\n' {
			s.lines = append(s.lines, i+1)
		}
	}
	return s
}

// pos is the place of a line and a column, which YAML counts in characters.
func (s *source) pos(line, column int) diag.Pos {
	if line < 1 || line > len(s.lines) {
		return diag.Pos{Line: line, Col: column}
	}
	at := s.lines[line-1]
	for range column - 1 {
		if at >= len(s.text) || s.text[at] == '\n' {
			break
		}
		_, n := utf8.DecodeRune(s.text[at:])
		at += n
	}
	return diag.Pos{Line: line, Col: at - s.lines[line-1] + 1, Offset: at}
}

// point is the span of nothing but a place.
func (s *source) point(line, column int) diag.Span {
	return diag.Span{File: s.shown, Start: s.pos(line, column)}
}

// stretch is the span from start over n bytes of the same line.
func (s *source) stretch(start diag.Pos, n int) diag.Span {
	return diag.Span{File: s.shown, Start: start, End: diag.Pos{Line: start.Line, Col: start.Col + n, Offset: start.Offset + n}}
}

// kind is the shape of a node.
type kind uint8

const (
	scalar kind = iota
	list
	mapping
)

func (k kind) String() string { return [...]string{"a text", "a list", "a mapping"}[k] }

// node is a piece of a scenario's text as a tree. Nodes are not changed once read;
// merging and variants make new ones that share what stays.
type node struct {
	kind   kind
	text   string // of a scalar
	null   bool   // a scalar without a value
	src    *source
	span   diag.Span
	items  []*node // of a list
	fields []field // of a mapping, in order
}

// field is one key of a mapping with its value.
type field struct{ key, value *node }

func (n *node) get(key string) *node {
	if n == nil {
		return nil
	}
	for _, f := range n.fields {
		if f.key.text == key {
			return f.value
		}
	}
	return nil
}

// with is the mapping with one field set; the new key goes last.
func (n *node) with(key, value *node) *node {
	out := *n
	out.fields = append([]field(nil), n.fields...)
	for i, f := range out.fields {
		if f.key.text == key.text {
			out.fields[i].value = value
			return &out
		}
	}
	out.fields = append(out.fields, field{key, value})
	return &out
}

// without is the mapping with one field left out.
func (n *node) without(key string) *node {
	out := *n
	out.fields = nil
	for _, f := range n.fields {
		if f.key.text != key {
			out.fields = append(out.fields, f)
		}
	}
	return &out
}

// tree reads YAML. What is wrong with it goes to report; the result is nil where
// nothing could be read.
func (s *source) tree(report func(diag.Diagnostic)) *node {
	if bytes.HasPrefix(s.text, []byte("\xff\xfe")) || bytes.HasPrefix(s.text, []byte("\xfe\xff")) {
		report(diag.Diagnostic{ID: "scenario-yaml", Span: diag.Span{File: s.shown}, Message: "the file is UTF-16, want UTF-8", Hints: []string{"save it as UTF-8"}})
		return nil
	}
	dec := yaml.NewDecoder(bytes.NewReader(s.text))
	var doc, more yaml.Node
	switch err := dec.Decode(&doc); {
	case errors.Is(err, io.EOF):
		report(diag.Diagnostic{ID: "scenario-yaml", Span: s.point(1, 1), Message: "the file is empty", Hints: []string{"rehearse init"}})
		return nil
	case err != nil:
		report(s.syntax(err))
		return nil
	}
	if err := dec.Decode(&more); err == nil {
		report(diag.Diagnostic{ID: "scenario-yaml", Span: s.point(max(more.Line, 1), 1), Message: "a second document; one file is one scenario"})
	} else if !errors.Is(err, io.EOF) {
		report(s.syntax(err))
		return nil
	}
	return (&reader{src: s, report: report}).node(doc.Content[0])
}

// reader turns the YAML package's nodes into ours.
type reader struct {
	src    *source
	report func(diag.Diagnostic)
}

func (r *reader) node(y *yaml.Node) *node {
	n := &node{src: r.src, span: r.span(y)}
	if y.Kind == yaml.AliasNode || y.Anchor != "" || y.Style&yaml.TaggedStyle != 0 {
		r.report(diag.Diagnostic{ID: "scenario-yaml", Span: n.span, Message: "anchors, aliases and tags are not used in scenarios", Hints: []string{"share settings with `extends: other.yaml`"}})
		n.null = true
		return n
	}
	switch y.Kind {
	case yaml.SequenceNode:
		n.kind = list
		for _, item := range y.Content {
			n.items = append(n.items, r.node(item))
		}
	case yaml.MappingNode:
		n.kind = mapping
		r.fields(n, y.Content)
	default:
		n.text, n.null = y.Value, y.Tag == "!!null"
	}
	return n
}

func (r *reader) fields(n *node, content []*yaml.Node) {
	for i := 0; i+1 < len(content); i += 2 {
		key := r.node(content[i])
		if key.kind != scalar || key.null {
			r.report(diag.Diagnostic{ID: "scenario-yaml", Span: key.span, Message: "a key has to be a word, this is " + describe(key)})
			continue
		}
		if first := keyIn(n, key.text); first != nil {
			r.report(diag.Diagnostic{
				ID: "scenario-duplicate-key", Span: key.span, Message: fmt.Sprintf("key %q stands here twice", key.text),
				Notes: []diag.Remark{{Span: first.span, Message: "the first one"}},
			})
			continue
		}
		n.fields = append(n.fields, field{key, r.node(content[i+1])})
	}
}

func keyIn(n *node, name string) *node {
	for _, f := range n.fields {
		if f.key.text == name {
			return f.key
		}
	}
	return nil
}

// describe is what a node is, for messages.
func describe(n *node) string {
	switch {
	case n.null:
		return "empty"
	case n.kind == scalar:
		return strconv.Quote(n.text)
	case len(n.items)+len(n.fields) == 0:
		return "an empty " + strings.TrimPrefix(n.kind.String(), "a ")
	}
	return n.kind.String()
}
