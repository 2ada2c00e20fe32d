package policy

import (
	"slices"
	"strings"
)

// categoryTable knows the categories that policy defines or tests.
type categoryTable struct {
	numbers map[string]int32 // by lower-case name
	defined []string         // by number, as define category spells it; "" where policy only tests it
	urls    urlTable         // from entries to numbers
	// in lists, by number, the categories that include it.
	in [][]int32
}

func newCategoryTable() *categoryTable { return &categoryTable{numbers: map[string]int32{}} }

func (t *categoryTable) number(name string) int32 {
	name = strings.ToLower(name)
	n, ok := t.numbers[name]
	if !ok {
		n = int32(len(t.numbers))
		t.numbers[name] = n
		t.in, t.defined = append(t.in, nil), append(t.defined, "")
	}
	return n
}

// define adds an entry of define category: a URL pattern, or the name of another
// category. Modelled: feeds write *.host for what is below a host.
func (t *categoryTable) define(hosts hostTable, category, entry string) {
	n := t.number(category)
	t.defined[n] = category
	if !strings.ContainsAny(entry, "./:") {
		t.in[t.number(entry)] = append(t.in[t.number(entry)], n)
	}
	t.urls.add(hosts, parseURLPattern(strings.TrimPrefix(entry, "*."), false), n)
}

// sort finds the categories of a location: by policy's definitions and, for the
// transaction's own URL, as the transaction says. A label "Games@Provider" is
// Games as well.
func (m *machine) sort(l *location) {
	var given []string
	if l == &m.url || l.url.Host == m.tx.URL.Host {
		given = m.tx.Categories
	}
	m.sortWith(l, given)
}

// sortWith is sort with the categories that are given for the location.
func (m *machine) sortWith(l *location, given []string) {
	t := m.policy.categories
	if l.sorted {
		return
	}
	l.sorted = true
	if len(l.set) < len(t.in) {
		l.set = make([]bool, len(t.in))
	}
	t.urls.each(l, func(n int32) bool { t.add(l, n); return false })
	for _, name := range given {
		t.addName(l, name)
		if base, _, ok := strings.Cut(name, "@"); ok {
			t.addName(l, base)
		}
	}
	l.uncategorised = len(given) == 0 && len(l.within) == 0
}

func (t *categoryTable) add(l *location, n int32) {
	if l.set[n] {
		return
	}
	l.set[n] = true
	l.within = append(l.within, n)
	for _, outer := range t.in[n] {
		t.add(l, outer)
	}
}

// name is a category's name: as policy defines it, or in lower case.
func (t *categoryTable) name(n int32) string {
	if t.defined[n] != "" {
		return t.defined[n]
	}
	for name, number := range t.numbers {
		if number == n {
			return name
		}
	}
	return ""
}

// addName is add by name; a name that policy does not mention is dropped.
func (t *categoryTable) addName(l *location, name string) {
	if n, ok := lookupFolded(t.numbers, name); ok {
		t.add(l, n)
	}
}

// Categories are the categories of the transaction's URL: those that policy
// defines, in the order of their definitions, then those of the transaction.
func (p *Policy) Categories(tx *Transaction) []string {
	var list []string
	if tx.URL.Host != "" {
		m := p.machine(tx, AtRequest)
		l := m.location(asked)
		m.sort(l)
		for n, name := range p.categories.defined {
			if name != "" && l.set[n] && !slices.Contains(tx.Categories, name) {
				list = append(list, name)
			}
		}
		p.release(m)
	}
	return append(list, tx.Categories...)
}
