package diff

import (
	"slices"
	"strings"

	"rehearse/proxy/policy/cpl"
)

// focus are the rules of each side that differ from the other: by themselves, by
// a header above them, or by a definition that they refer to. A rule that stands in
// both policies differs on both sides or on neither: under another header it may
// hold for fewer flows, and what it no longer holds for is seen from the other side
// only. Wherever none of them could match, both policies come to the same. nil: all
// that there is may differ.
func (p *Pair) focus() [][]int {
	if slices.ContainsFunc(p.edits, func(e edit) bool { return e.kind == Released }) || !p.sameOptions() {
		return nil
	}
	var differ [2]map[int]bool
	for side := range differ {
		f := &focused{Pair: p, side: side, changed: map[int]bool{}, definitions: map[string]bool{}}
		f.find()
		differ[side] = f.places()
	}
	for _, s := range p.steps {
		if s.old >= 0 && s.new >= 0 && (differ[0][s.old] || differ[1][s.new]) {
			differ[0][s.old], differ[1][s.new] = true, true
		}
	}
	lists := make([][]int, 2)
	for side := range lists {
		lists[side] = p.numbers(side, differ[side])
	}
	return lists
}

// numbers are the numbers of the rules at some places.
func (p *Pair) numbers(side int, places map[int]bool) []int {
	list, number := []int{}, 0
	for place, u := range p.units[side] {
		if u.kind != ruleLine {
			continue
		}
		if places[place] {
			list = append(list, number)
		}
		number++
	}
	return list
}

func (p *Pair) sameOptions() bool {
	a, b := p.sources[0].Options, p.sources[1].Options
	return a.DefaultDeny == b.DefaultDeny && a.Enforcement == b.Enforcement && a.Appliance == b.Appliance
}

// focused finds what differs on one side.
type focused struct {
	*Pair
	side        int
	changed     map[int]bool    // places of units
	definitions map[string]bool // kinds and names of definitions that differ on either side
}

func (f *focused) find() {
	for _, e := range f.edits {
		for side, places := range [2][]int{e.old, e.new} {
			whole := e.kind == Moved && len(places) > 1 // a definition that only stands elsewhere is the same
			for _, place := range places {
				if side == f.side {
					f.changed[place] = true
				}
				if u := f.units[side][place]; u.defines != "" && !whole {
					f.definitions[u.defines] = true
				}
			}
		}
	}
	for f.spread() {
	}
}

// spread marks definitions that refer to those that differ; false when there are
// no more.
func (f *focused) spread() bool {
	more := false
	for _, src := range f.sources {
		for _, file := range src.Files {
			for _, it := range file.Items {
				d, ok := it.(*cpl.Definition)
				if !ok {
					continue
				}
				key := keyOf(d)
				if f.definitions[key] {
					continue
				}
				for _, line := range d.Lines {
					if f.refersTo(line.Terms) || line.Call != nil && f.sets(line.Call) ||
						d.Type == "category" && line.Pattern != nil && f.definitions["category "+cpl.LabelKey(line.Pattern.Text)] {
						f.definitions[key], more = true, true
					}
				}
			}
		}
	}
	return more
}

// keyOf names a definition: "category x", in lower case. URL lists and plain
// conditions share their names.
func keyOf(d *cpl.Definition) string {
	kind := d.Type
	if strings.HasSuffix(kind, "condition") {
		kind = "condition"
	}
	return kind + " " + cpl.LabelKey(d.Name)
}

// refersTo says whether terms refer to a definition that differs.
func (f *focused) refersTo(terms []cpl.Term) bool {
	return slices.ContainsFunc(terms, func(t cpl.Term) bool {
		switch t := t.(type) {
		case *cpl.Condition:
			return f.tests(t)
		case *cpl.Property:
			return f.sets(t)
		}
		return false
	})
}

// sets says whether a property, or an action, names a definition that differs: an
// action block, a text, a transformer.
func (f *focused) sets(p *cpl.Property) bool {
	names := []string{cpl.LabelKey(p.Arg)}
	for _, v := range p.Args {
		names = append(names, cpl.LabelKey(v.Text))
	}
	for key := range f.definitions {
		kind, name, _ := strings.Cut(key, " ")
		if kind != "condition" && kind != "category" && kind != "subnet" && slices.Contains(names, name) {
			return true
		}
	}
	return false
}

func (f *focused) tests(c *cpl.Condition) bool {
	if strings.HasSuffix(c.Base, "url.address") && (f.definitions["restrict dns"] || f.definitions["restrict rdns"]) {
		return true
	}
	return slices.ContainsFunc(patterns(c.Expr), func(p string) bool {
		key := cpl.LabelKey(p)
		switch {
		case c.Base == "condition":
			return f.definitions["condition "+key]
		case strings.HasSuffix(c.Base, "category"):
			return f.definitions["category "+key] || key == "none" && f.anyCategory()
		}
		return f.definitions["subnet "+key]
	})
}

func (f *focused) anyCategory() bool {
	for key := range f.definitions {
		if strings.HasPrefix(key, "category ") {
			return true
		}
	}
	return false
}

// places are the rules that differ, by their places among the units.
func (f *focused) places() map[int]bool {
	differ := map[int]bool{}
	place := -1
	units := f.units[f.side]
	next := func(k kind) bool { // whether the next unit of a kind differs
		for place++; units[place].kind != k; place++ {
		}
		return f.changed[place]
	}
	for _, l := range f.layers() {
		layer := next(layerHeader) || f.refersTo(l.Guard)
		for _, s := range l.Sections {
			section := f.refersTo(s.Guard)
			if !s.Implicit {
				section = next(sectionHeader) || section
			}
			for _, r := range s.Rules {
				if next(ruleLine) || layer || section || f.refersTo(r.Terms) {
					differ[place] = true
				}
			}
		}
	}
	return differ
}

// layers are the layers of the side as the preprocessor leaves them.
func (f *focused) layers() []*cpl.Layer {
	src := f.sources[f.side]
	var list []*cpl.Layer
	for _, file := range src.Files {
		for _, it := range file.Resolve(cpl.Environment{Release: src.Policy.Release(), Enforcement: src.Options.Enforcement}).Items {
			if l, ok := it.(*cpl.Layer); ok {
				list = append(list, l)
			}
		}
	}
	return list
}
