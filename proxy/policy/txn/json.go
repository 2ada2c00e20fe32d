package txn

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"rehearse/reports/diag"
)

// nodeKind is what a JSON value is.
type nodeKind int

const (
	textNode   nodeKind = iota // a string, a number as written, "yes" or "no" for a boolean
	listNode                   // [ ]
	objectNode                 // { }
	nullNode
)

func (k nodeKind) String() string { return [...]string{"a value", "a list", "an object", "null"}[k] }

// node is one JSON value with its place.
type node struct {
	at      diag.Span
	kind    nodeKind
	text    string
	items   []*node
	members []member // in the order of the text
}

// member is one name of an object with its value.
type member struct {
	at    diag.Span // of the name
	name  string
	value *node
}

// document is a JSON text under reading.
type document struct {
	file    string
	src     []byte
	decoder *json.Decoder
	lines   []int // offset of each line's first byte
}

// deepest is how far lists and objects may nest; the shape needs four.
const deepest = 16

// tree reads the whole text; nil after reporting why it cannot.
func (r *reader) tree() *node {
	var whole json.RawMessage
	if err := json.Unmarshal(r.src, &whole); err != nil {
		r.syntax(err)
		return nil
	}
	r.decoder = json.NewDecoder(bytes.NewReader(r.src))
	r.decoder.UseNumber()
	root, err := r.value(0)
	if err != nil {
		at := r.skip()
		r.fail(idJSON, r.span(at, at+1), err.Error())
		return nil
	}
	return root
}

// syntax reports where the text is no JSON.
func (r *reader) syntax(err error) {
	at, msg := len(r.src), err.Error()
	var s *json.SyntaxError
	if errors.As(err, &s) {
		at = max(int(s.Offset)-1, 0)
	}
	var hints []string
	switch {
	case strings.Contains(msg, "unexpected end"):
		at, msg = len(r.src), "the text ends too early"
	case strings.Contains(msg, "after top-level value"):
		hints = append(hints, "several transactions stand in a list: [{...}, {...}]")
	}
	r.fail(idJSON, r.span(at, at+1), "no JSON: "+msg, hints...)
}

// skip passes blanks and separators and gives the offset of what follows.
func (d *document) skip() int {
	at := int(d.decoder.InputOffset())
	for at < len(d.src) && bytes.IndexByte([]byte(" \t\r\n:,"), d.src[at]) >= 0 {
		at++
	}
	return at
}

// value reads the next JSON value.
func (r *reader) value(depth int) (*node, error) {
	if depth > deepest {
		return nil, fmt.Errorf("lists and objects nest deeper than %d", deepest)
	}
	from := r.skip()
	token, err := r.decoder.Token()
	if err != nil {
		return nil, err
	}
	n := &node{}
	switch t := token.(type) {
	case json.Delim:
		err = r.compound(n, t, depth)
	case string:
		n.text = t
	case json.Number:
		n.text = t.String()
	case bool:
		n.text = map[bool]string{true: "yes", false: "no"}[t]
	default:
		n.kind = nullNode
	}
	n.at = r.span(from, int(r.decoder.InputOffset()))
	return n, err
}

// compound reads what a bracket opens, the closing one included.
func (r *reader) compound(n *node, open json.Delim, depth int) error {
	n.kind = listNode
	if open == '{' {
		n.kind = objectNode
	}
	for r.decoder.More() {
		var m member
		if n.kind == objectNode {
			from := r.skip()
			name, err := r.decoder.Token()
			if err != nil {
				return err
			}
			m.name, _ = name.(string)
			m.at = r.span(from, int(r.decoder.InputOffset()))
		}
		v, err := r.value(depth + 1)
		if err != nil {
			return err
		}
		if m.value = v; n.kind == objectNode {
			n.members = append(n.members, m)
		} else {
			n.items = append(n.items, v)
		}
	}
	_, err := r.decoder.Token()
	return err
}

// span is a stretch of the text between two offsets.
func (d *document) span(from, to int) diag.Span {
	return diag.Span{File: d.file, Start: d.pos(from), End: d.pos(to)}
}

func (d *document) pos(offset int) diag.Pos {
	offset = min(max(offset, 0), len(d.src))
	if d.lines == nil {
		d.lines = []int{0}
		for i, c := range d.src {
			if c == '\n' {
				d.lines = append(d.lines, i+1)
			}
		}
	}
	low, high := 0, len(d.lines)
	for high-low > 1 {
		if mid := (low + high) / 2; d.lines[mid] <= offset {
			low = mid
		} else {
			high = mid
		}
	}
	return diag.Pos{Line: low + 1, Col: offset - d.lines[low] + 1, Offset: offset}
}
