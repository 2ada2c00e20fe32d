package diff

import (
	"strings"

	"rehearse/proxy/policy/cpl"
	"rehearse/reports/diag"
)

// unit is one line of a policy as it is meant: a header, a rule, a line of a
// definition, without comments and with what the preprocessor drops left out.
type unit struct {
	text string // as it is printed
	at   diag.Span
	kind kind
	item int   // the layer or definition that it stands in
	more int32 // how many lines it stands for beyond its own
	// defines is what the definition that it belongs to defines, by keyOf.
	defines string
}

type kind int

const (
	layerHeader kind = iota
	sectionHeader
	ruleLine
	definitionHeader
	definitionLine
	end // of a definition
)

// units takes policy files apart.
func units(files []*cpl.File, env cpl.Environment) []unit {
	var list []unit
	item := 0
	for _, f := range files {
		for _, it := range f.Resolve(env).Items {
			plain, places := bare(it)
			for i, text := range strings.Split(strings.TrimSuffix(cpl.Print(&cpl.File{Items: []cpl.Item{plain}}), "\n"), "\n") {
				if i < len(places) {
					places[i].text, places[i].item = text, item
				}
			}
			list = append(list, places...)
			item++
		}
	}
	return list
}

// bare is an item without preprocessor blocks, and the places of the lines it is
// printed in.
func bare(it cpl.Item) (cpl.Item, []unit) {
	switch it := it.(type) {
	case *cpl.Layer:
		return bareLayer(it)
	case *cpl.Definition:
		return bareDefinition(it)
	case *cpl.Restrict:
		return bareRestrict(it)
	}
	return it, nil
}

func bareLayer(l *cpl.Layer) (cpl.Item, []unit) {
	out := *l
	out.When, out.Sections = nil, nil
	places := []unit{{at: l.At, kind: layerHeader}}
	for _, s := range l.Sections {
		section := *s
		section.When, section.Rules = nil, nil
		if !s.Implicit {
			places = append(places, unit{at: s.At, kind: sectionHeader})
		}
		for _, r := range s.Rules {
			rule := *r
			rule.When = nil
			section.Rules = append(section.Rules, &rule)
			places = append(places, unit{at: r.At, kind: ruleLine})
		}
		out.Sections = append(out.Sections, &section)
	}
	return &out, places
}

func bareDefinition(d *cpl.Definition) (cpl.Item, []unit) {
	out := *d
	out.When, out.Lines = nil, nil
	places := []unit{{at: d.At, kind: definitionHeader}}
	for _, l := range d.Lines {
		if d.Type == "action" && l.Call == nil {
			continue // it is not printed
		}
		line := *l
		line.When = nil
		out.Lines = append(out.Lines, &line)
		places = append(places, unit{at: l.At, kind: definitionLine})
	}
	return &out, defining(keyOf(d), append(places, unit{at: d.At, kind: end}))
}

func defining(key string, places []unit) []unit {
	for i := range places {
		places[i].defines = key
	}
	return places
}

func bareRestrict(r *cpl.Restrict) (cpl.Item, []unit) {
	out := *r
	out.When = nil
	places := []unit{{at: r.At, kind: definitionHeader}}
	for _, v := range r.List {
		places = append(places, unit{at: v.At, kind: definitionLine})
	}
	if r.Except != nil {
		places = append(places, unit{at: r.At, kind: definitionLine})
		for _, v := range r.Except {
			places = append(places, unit{at: v.At, kind: definitionLine})
		}
	}
	return &out, defining("restrict "+r.Type, append(places, unit{at: r.At, kind: end}))
}

// source is the text of units, as a policy.
func source(list []unit) []byte {
	var b strings.Builder
	for _, u := range list {
		b.WriteString(u.text)
		b.WriteByte('\n')
	}
	return []byte(b.String())
}
