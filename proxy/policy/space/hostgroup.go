package space

import (
	"encoding/binary"
	"slices"
	"strings"
)

// Lists of hosts are long, and their entries are alike: all that policy asks is
// whether a host is in the list. So names that the same lists hold, and of which
// every other test says the same, are one class. Without that a category of a
// hundred thousand hosts would make as many classes.

// among makes formulas of an entry of a list. Nothing but the whole list, by its
// key, may tell its entries apart.
func (s *Space) among(list string, entry func() formula) formula {
	before := s.list
	s.list = 1 + s.listNumber(list)
	f := entry()
	s.list = before
	return f
}

func (s *Space) listNumber(key string) int {
	n, ok := s.lists[key]
	if !ok {
		n = len(s.lists)
		s.lists[key] = n
	}
	return n
}

// use notes by what a test is asked for: by a list, or for itself.
func (f *hostField) use(s *Space, i int) {
	if s.list == 0 {
		f.users[i] = append(f.users[i][:0], alone)
	} else if u := f.users[i]; len(u) == 0 || u[0] != alone && !slices.Contains(u, s.list) {
		f.users[i] = append(u, s.list)
	}
}

// alone is the user of a test that is asked for itself.
const alone = -1

// classesOf gives classes to names: those that lists hold and tests tell alike share
// one.
func (f *hostField) classesOf(wholes, belows []string) {
	classes := map[string]int{}
	for _, name := range wholes {
		v := hostValue{kind: wholeName, text: name}
		if a, ok := addressOf(name); ok {
			v.kind, v.addrs = wholeAddress, stretch{First: a, Last: a}
			f.exacts[name] = f.class(v)
			continue
		}
		f.exacts[name] = f.shared(classes, v)
	}
	for _, name := range belows {
		f.belows[name] = f.shared(classes, hostValue{kind: belowName, text: name})
	}
}

func (f *hostField) class(v hostValue) int {
	f.values = append(f.values, v)
	return len(f.values) - 1
}

// shared is the class of those that have the same marks.
func (f *hostField) shared(classes map[string]int, v hostValue) int {
	marks := f.marks(v)
	c, ok := classes[marks]
	if !ok {
		c = f.class(v)
		classes[marks] = c
	}
	return c
}

// marks are what tests and lists say of a name, or of those below it.
func (f *hostField) marks(v hostValue) string {
	var users []int
	note := func(how comparison, text string) {
		for _, sensitive := range []bool{false, true} {
			i, ok := f.index[textKey{how, text, sensitive}]
			switch {
			case !ok:
			case f.users[i][0] == alone:
				users = append(users, -2-i)
			default:
				users = append(users, f.users[i]...)
			}
		}
	}
	if v.kind == wholeName {
		note(exact, v.text)
	}
	for name := v.text; ; {
		note(domain, name)
		i := strings.IndexByte(name, '.')
		if i < 0 {
			break
		}
		name = name[i+1:]
	}
	slices.Sort(users)
	marks := []byte{byte(v.kind)}
	for _, u := range slices.Compact(users) {
		marks = binary.AppendVarint(marks, int64(u))
	}
	for _, i := range f.others {
		marks = append(marks, byte(f.outcome(f.tests[i], v)))
	}
	return string(marks)
}
