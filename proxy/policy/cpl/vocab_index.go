package cpl

import "strings"

// vocabulary finds rows by kind and name.
type vocabulary struct {
	rows   []*Entry
	byName map[Kind]map[string]*Entry // by canonical and by lower-case name
	// The bits of layer types and modifiers, by canonical name.
	layers    map[string]Layers
	modifiers map[string]Modifiers
}

func index(rows []Entry) *vocabulary {
	v := &vocabulary{byName: map[Kind]map[string]*Entry{}, layers: map[string]Layers{}, modifiers: map[string]Modifiers{}}
	for i := range rows {
		e := &rows[i]
		v.rows = append(v.rows, e)
		names := v.byName[e.Kind]
		if names == nil {
			names = map[string]*Entry{}
			v.byName[e.Kind] = names
		}
		names[e.Name] = e
		names[strings.ToLower(e.Name)] = e
	}
	for i, e := range layerRows() {
		v.layers[e.Name] = 1 << i
	}
	for i, e := range modifierRows() {
		v.modifiers[e.Name] = 1 << i
	}
	return v
}

// find is the row of a name in any case, nil for none.
func (v *vocabulary) find(kind Kind, name string) *Entry {
	if e := v.byName[kind][name]; e != nil {
		return e
	}
	return v.byName[kind][lower(name)]
}

// lower is the name in lower case; its length stays, so that spans fit.
func lower(s string) string {
	i := 0
	for i < len(s) && (s[i] < 'A' || s[i] > 'Z') {
		i++
	}
	if i == len(s) {
		return s
	}
	b := []byte(s)
	for ; i < len(b); i++ {
		if 'A' <= b[i] && b[i] <= 'Z' {
			b[i] += 'a' - 'A'
		}
	}
	return string(b)
}

// family finds the row whose name stands before a free part, longest first.
func (v *vocabulary) family(kind Kind, name string) (e *Entry, arg string) {
	for i := strings.LastIndexByte(name, '.'); i > 0; i = strings.LastIndexByte(name[:i], '.') {
		if e := v.find(kind, name[:i]); e != nil && e.Free != "" && i+1 < len(name) {
			return e, name[i+1:]
		}
	}
	return nil, ""
}

// Lookup is the row of a name as it stands in a tree: the Base of a condition,
// the Name of a property, verdict or action, the Type of a layer.
func Lookup(kind Kind, name string) (Entry, bool) {
	if e := table().find(kind, name); e != nil {
		return *e, true
	}
	return Entry{}, false
}
