package diff

import "slices"

// align finds lines that two policies have in common, in order: first layers and
// definitions that are the same as a whole, then, between these, single lines. What
// stands elsewhere as a whole has no line in common with anything.
func align(old, new []unit) []step {
	c := &course{old: old, new: new}
	a, b := items(old), items(new)
	var whole []step
	alignBetween(heads(a), heads(b), 0, len(a), 0, len(b), &whole)
	both := slices.DeleteFunc(slices.Clone(whole), func(s step) bool { return s.old < 0 || s.new < 0 })
	moved := movedItems(a, b, whole)
	i, j := 0, 0
	for _, s := range append(both, step{len(a), len(b)}) {
		c.between(still(a[i:s.old], moved), still(b[j:s.new], moved))
		if s.old < len(a) {
			c.upTo(a[s.old].from, b[s.new].from)
			for k := range a[s.old].to - a[s.old].from {
				c.both(a[s.old].from+k, b[s.new].from+k)
			}
		}
		i, j = s.old+1, s.new+1
	}
	c.upTo(len(old), len(new))
	return c.steps
}

// block is a layer or definition as a whole, with the places of its lines.
type block struct {
	text     string
	from, to int
}

func items(list []unit) []block {
	var out []block
	for i, u := range list {
		if i == 0 || list[i-1].item != u.item {
			out = append(out, block{from: i})
		}
		last := &out[len(out)-1]
		last.text, last.to = last.text+u.text+"\n", i+1
	}
	return out
}

// heads are blocks as units, to be aligned like these.
func heads(list []block) []unit {
	out := make([]unit, len(list))
	for i, b := range list {
		out[i].text, out[i].more = b.text, int32(b.to-b.from-1)
	}
	return out
}

// movedItems are the texts of blocks that both policies have, in other places.
func movedItems(a, b []block, whole []step) map[string]bool {
	gone, moved := map[string]bool{}, map[string]bool{}
	for _, s := range whole {
		if s.new < 0 {
			gone[a[s.old].text] = true
		}
	}
	for _, s := range whole {
		if s.old < 0 && gone[b[s.new].text] {
			moved[b[s.new].text] = true
		}
	}
	return moved
}

// still are the places of the lines of blocks that did not move.
func still(list []block, moved map[string]bool) []int {
	var places []int
	for _, b := range list {
		for k := b.from; k < b.to && !moved[b.text]; k++ {
			places = append(places, k)
		}
	}
	return places
}

// course is the way from the old lines to the new ones while it is made.
type course struct {
	old, new []unit
	i, j     int // the next lines
	steps    []step
}

// between aligns some lines of either policy.
func (c *course) between(old, new []int) {
	pick := func(list []unit, places []int) []unit {
		out := make([]unit, len(places))
		for k, place := range places {
			out[k] = list[place]
		}
		return out
	}
	var steps []step
	alignBetween(pick(c.old, old), pick(c.new, new), 0, len(old), 0, len(new), &steps)
	for _, s := range steps {
		if s.old >= 0 && s.new >= 0 {
			c.upTo(old[s.old], new[s.new])
			c.both(old[s.old], new[s.new])
		}
	}
}

// upTo leaves lines below two places without a line in common.
func (c *course) upTo(old, new int) {
	apart(c.i, old, c.j, new, &c.steps)
	c.i, c.j = old, new
}

func (c *course) both(old, new int) {
	c.steps = append(c.steps, step{old, new})
	c.i, c.j = old+1, new+1
}
