package diff

import (
	"cmp"
	"slices"
)

// Kind is what was done to a line.
type Kind string

// The kinds of edits.
const (
	Removed  Kind = "removed"
	Added    Kind = "added"
	Changed  Kind = "changed"
	Moved    Kind = "moved"
	Released Kind = "release" // the release, not a line
	Default  Kind = "default" // the default proxy policy, not a line
)

// edit is one difference between two policies that can be made by itself: places
// among the units of the old and of the new one.
type edit struct {
	kind     Kind
	old, new []int
	needs    int // an edit without which this one makes no sense; -1 for none
}

// step is one line of the way from the old units to the new ones. Where it has
// both places and their texts differ, one line became the other.
type step struct {
	old, new int // places; -1 where the line is only in the other policy
}

// script aligns two policies and sorts the differences into edits.
func script(old, new []unit) ([]step, []edit) {
	steps := align(old, new)
	var removed, added []int // places of steps
	for i, s := range steps {
		switch {
		case s.new < 0:
			removed = append(removed, i)
		case s.old < 0:
			added = append(added, i)
		}
	}
	e := &editor{old: old, new: new, steps: steps, taken: map[int]bool{}}
	e.moveItems(removed, added)
	e.moveLines(removed, added)
	for _, i := range slices.Concat(removed, added) {
		e.single(i)
	}
	e.changeLines()
	slices.SortStableFunc(e.edits, func(a, b edit) int { return cmp.Compare(first(a), first(b)) })
	e.frame()
	return e.steps, e.edits
}

func first(e edit) int {
	if len(e.new) > 0 {
		return e.new[0]
	}
	return e.old[0]
}

// editor gathers edits.
type editor struct {
	old, new []unit
	steps    []step
	edits    []edit
	taken    map[int]bool // places of steps that belong to an edit
}

// single makes an edit of a step that is none yet.
func (e *editor) single(i int) {
	if e.taken[i] {
		return
	}
	one := edit{kind: Removed, needs: -1}
	if s := e.steps[i]; s.old >= 0 {
		one.old = []int{s.old}
	} else {
		one.kind, one.new = Added, []int{s.new}
	}
	e.edits = append(e.edits, one)
}

// moveItems finds layers and definitions that stand elsewhere as they are.
func (e *editor) moveItems(removed, added []int) {
	gone, come := e.whole(removed, true), e.whole(added, false)
	for _, g := range gone {
		for k, c := range come {
			if c == nil || !e.alike(g, c) {
				continue
			}
			one := edit{kind: Moved, needs: -1}
			for _, i := range g {
				one.old, e.taken[i] = append(one.old, e.steps[i].old), true
			}
			for _, i := range c {
				one.new, e.taken[i] = append(one.new, e.steps[i].new), true
			}
			e.edits = append(e.edits, one)
			come[k] = nil
			break
		}
	}
}

// whole are the items all of whose lines are among some steps.
func (e *editor) whole(places []int, old bool) [][]int {
	side, at := e.new, func(i int) int { return e.steps[i].new }
	if old {
		side, at = e.old, func(i int) int { return e.steps[i].old }
	}
	size := map[int]int{}
	for _, u := range side {
		size[u.item]++
	}
	byItem := map[int][]int{}
	var order []int
	for _, i := range places {
		item := side[at(i)].item
		if byItem[item] == nil {
			order = append(order, item)
		}
		byItem[item] = append(byItem[item], i)
	}
	var list [][]int
	for _, item := range order {
		if len(byItem[item]) == size[item] {
			list = append(list, byItem[item])
		}
	}
	return list
}

func (e *editor) alike(gone, come []int) bool {
	return slices.EqualFunc(gone, come, func(i, j int) bool { return e.old[e.steps[i].old].text == e.new[e.steps[j].new].text })
}

// moveLines finds rules and lines that stand elsewhere as they are.
func (e *editor) moveLines(removed, added []int) {
	for _, i := range removed {
		u := e.old[e.steps[i].old]
		if e.taken[i] || u.kind != ruleLine && u.kind != definitionLine {
			continue
		}
		for _, j := range added {
			if v := e.new[e.steps[j].new]; !e.taken[j] && v.kind == u.kind && v.text == u.text {
				e.taken[i], e.taken[j] = true, true
				e.edits = append(e.edits, edit{kind: Moved, old: []int{e.steps[i].old}, new: []int{e.steps[j].new}, needs: -1})
				break
			}
		}
	}
}

// changeLines pairs lines of one kind that stand in each other's place, the most
// alike first, and never crosswise.
func (e *editor) changeLines() {
	var steps []step
	for i := 0; i < len(e.steps); {
		j := i
		for j < len(e.steps) && (e.steps[j].old < 0 || e.steps[j].new < 0) {
			j++
		}
		steps = append(steps, e.paired(i, j)...)
		if i = j; i < len(e.steps) {
			steps, i = append(steps, e.steps[i]), i+1
		}
	}
	e.steps = steps
}

// widest is the longest stretch of differing lines in which pairs are looked for.
const widest = 400

// paired are the steps of a stretch of differing lines, with those made one that
// are pairs.
func (e *editor) paired(from, to int) []step {
	type match struct{ i, j, common int }
	var matches []match
	for i := from; i < to && to-from <= widest; i++ {
		for j := from; j < to; j++ {
			if e.taken[i] || e.taken[j] || e.steps[i].old < 0 || e.steps[j].new < 0 {
				continue
			}
			if u, v := e.old[e.steps[i].old], e.new[e.steps[j].new]; u.kind == v.kind && u.kind != end {
				matches = append(matches, match{i, j, likeness(u.text, v.text)})
			}
		}
	}
	slices.SortStableFunc(matches, func(a, b match) int { return cmp.Compare(b.common, a.common) })
	var pairs []match
	for _, m := range matches {
		crosses := slices.ContainsFunc(pairs, func(p match) bool { return (p.i-m.i)*(p.j-m.j) <= 0 })
		if m.common > 0 && !crosses {
			pairs = append(pairs, m)
		}
	}
	slices.SortFunc(pairs, func(a, b match) int { return a.i - b.i })
	var out []step
	i, j := from, from
	flush := func(iEnd, jEnd int) {
		for ; i < iEnd; i++ {
			if e.steps[i].old >= 0 {
				out = append(out, e.steps[i])
			}
		}
		for ; j < jEnd; j++ {
			if e.steps[j].new >= 0 {
				out = append(out, e.steps[j])
			}
		}
	}
	for _, p := range pairs {
		flush(p.i, p.j)
		out = append(out, step{e.steps[p.i].old, e.steps[p.j].new})
		e.merge(e.steps[p.i].old, e.steps[p.j].new)
		i, j = p.i+1, p.j+1
	}
	flush(to, to)
	return out
}

// merge makes one edit of a removed and an added line.
func (e *editor) merge(old, new int) {
	e.edits = slices.DeleteFunc(e.edits, func(n edit) bool {
		return n.kind == Removed && n.old[0] == old || n.kind == Added && n.new[0] == new
	})
	e.edits = append(e.edits, edit{kind: Changed, old: []int{old}, new: []int{new}, needs: -1})
}

// likeness is how many words and parts of words two lines share.
func likeness(a, b string) int {
	have := map[string]int{}
	for _, w := range words(a) {
		have[w]++
	}
	n := 0
	for _, w := range words(b) {
		if have[w] > 0 {
			have[w]--
			n++
		}
	}
	return n
}

func words(s string) []string {
	return slices.DeleteFunc(splitAny(s, " =(),.\""), func(w string) bool { return w == "" })
}

// frame has lines of added or removed definitions need its header, and the header
// carry the end.
func (e *editor) frame() {
	header := map[[2]int]int{} // side and item to the edit of its header
	at := func(n edit) (side, item int, k kind, ok bool) {
		switch {
		case n.kind == Added:
			u := e.new[n.new[0]]
			return 1, u.item, u.kind, true
		case n.kind == Removed:
			u := e.old[n.old[0]]
			return 0, u.item, u.kind, true
		}
		return 0, 0, 0, false
	}
	for i, n := range e.edits {
		if side, item, k, ok := at(n); ok && k == definitionHeader {
			header[[2]int{side, item}] = i
		}
	}
	var drop []int
	for i, n := range e.edits {
		side, item, k, ok := at(n)
		h, found := header[[2]int{side, item}]
		if !ok || !found || i == h {
			continue
		}
		switch k {
		case end:
			e.edits[h].old, e.edits[h].new = append(e.edits[h].old, n.old...), append(e.edits[h].new, n.new...)
			drop = append(drop, i)
		case definitionLine:
			if side == 1 {
				e.edits[i].needs = h
			} else {
				e.edits[h].old = append(e.edits[h].old, n.old...) // the header takes its lines along
				drop = append(drop, i)
			}
		}
	}
	e.drop(drop)
}

// drop takes edits out and keeps what others need of the rest.
func (e *editor) drop(list []int) {
	slices.Sort(list)
	place := make([]int, len(e.edits))
	var kept []edit
	for i, n := range e.edits {
		if _, gone := slices.BinarySearch(list, i); gone {
			place[i] = -1
			continue
		}
		place[i] = len(kept)
		kept = append(kept, n)
	}
	for i := range kept {
		if kept[i].needs >= 0 {
			kept[i].needs = place[kept[i].needs]
		}
	}
	e.edits = kept
}

func splitAny(s, separators string) []string {
	var list []string
	from := 0
	for i := range len(s) {
		for j := range len(separators) {
			if s[i] == separators[j] {
				list = append(list, s[from:i])
				from = i + 1
				break
			}
		}
	}
	return append(list, s[from:])
}
