package policy

import (
	"math/bits"
	"net/netip"
	"slices"
	"strings"
)

// index narrows, before a decision, the rules of [Rule] sections to those that
// could match: every other rule has a condition on some field that is known
// already and does not hold. A field keeps one bit for each such rule, by its
// place among them (section.first). The index only leaves rules out; what it
// leaves is evaluated as always.
type index struct {
	words  int
	fields []field
}

// field is an aspect of transactions that many rules test for certain values.
type field struct {
	// open are the rules that hold for more than certain values.
	open []uint64
	// admit adds the rules that admit the transaction's value; false while the
	// value is not known.
	admit func(*machine, []uint64) bool
}

// posting is a set of rules: a list, or bits where those are shorter.
type posting struct {
	list []int32
	bits []uint64
}

func newPosting(rules []int32, words int) posting {
	if len(rules) <= 2*words {
		return posting{list: rules}
	}
	p := posting{bits: make([]uint64, words)}
	for _, r := range rules {
		set(p.bits, r)
	}
	return p
}

func set(to []uint64, rule int32) { to[rule>>6] |= 1 << (rule & 63) }

func (p posting) add(to []uint64) {
	for _, r := range p.list {
		set(to, r)
	}
	for i, w := range p.bits {
		to[i] |= w
	}
}

// narrow finds the candidates for a decision.
func (m *machine) narrow() {
	x := m.policy.index
	if x == nil {
		return
	}
	if len(m.candidates) < x.words {
		m.candidates, m.field = make([]uint64, x.words), make([]uint64, x.words)
	}
	for i := range x.fields {
		f := &x.fields[i]
		to := m.field
		if !m.narrowed {
			to = m.candidates
		}
		copy(to, f.open)
		if !f.admit(m, to) {
			continue
		}
		if m.narrowed {
			for i, w := range to {
				m.candidates[i] &= w
			}
		}
		m.narrowed = true
	}
}

// idle says whether the index leaves nothing of a layer.
func (m *machine) idle(l *layer) bool {
	return m.narrowed && !l.tables && m.candidate(l.first, l.end) < 0
}

// candidate is the first candidate from a place on and before another, -1 for
// none.
func (m *machine) candidate(from, end int) int {
	for w := from >> 6; w<<6 < end; w++ {
		left := m.candidates[w]
		if w == from>>6 {
			left &= ^uint64(0) << (from & 63)
		}
		if left == 0 {
			continue
		}
		if n := w<<6 + bits.TrailingZeros64(left); n < end {
			return n
		}
		return -1
	}
	return -1
}

// tryCandidates offers what the index left of a section.
func (m *machine) tryCandidates(s *section, guard value) bool {
	end := s.first + len(s.rules)
	for n := m.candidate(s.first, end); n >= 0; n = m.candidate(n+1, end) {
		if m.try(s, s.rules[n-s.first], guard) {
			return true
		}
	}
	return false
}

// hostField finds rules by the host of a URL: those that want a domain and those
// that want the whole host.
type hostField struct {
	server  bool
	domains map[int32]posting
	whole   map[int32]posting
}

func (f *hostField) admit(m *machine, to []uint64) bool {
	if m.at < AtRequest {
		return false
	}
	l := m.location(f.server)
	for i, id := range l.hosts {
		f.domains[id].add(to)
		if i == 0 && l.full {
			f.whole[id].add(to)
		}
	}
	return true
}

// categoryField finds rules by the categories of the URL.
type categoryField []posting // by number

func (f categoryField) admit(m *machine, to []uint64) bool {
	if m.at < AtRequest {
		return false
	}
	l := m.location(asked)
	if l.url.Host == "" {
		return true
	}
	m.sort(l)
	for _, n := range l.within {
		if int(n) < len(f) {
			f[n].add(to)
		}
	}
	return true
}

// addressField finds rules by the client's address. Its stretches are in order
// and cover all addresses; each has the rules that admit it.
type addressField struct {
	starts []netip.Addr
	rules  []posting
}

func (f *addressField) admit(m *machine, to []uint64) bool {
	a, known := clientAddress(m)
	if known != yes {
		return true
	}
	i, found := slices.BinarySearchFunc(f.starts, a, netip.Addr.Compare)
	if !found {
		i--
	}
	if i >= 0 {
		f.rules[i].add(to)
	}
	return true
}

// textField finds rules by a text of the transaction: its method, its user.
type textField struct {
	rules map[string]posting // by lower-case text
	first Checkpoint
	read  func(*machine) ([]string, value)
}

func (f *textField) admit(m *machine, to []uint64) bool {
	if m.at < f.first {
		return false
	}
	values, known := f.read(m)
	if known == late {
		return false
	}
	if known == yes {
		for _, s := range values {
			if p, ok := lookupFolded(f.rules, s); ok {
				p.add(to)
			}
		}
	}
	return true
}

// lookupFolded looks a text up in a map of lower-case keys, without making
// memory for a lower-case copy of a short one.
func lookupFolded[V any](table map[string]V, s string) (V, bool) {
	var buf [128]byte
	if len(s) > len(buf) {
		v, ok := table[strings.ToLower(s)]
		return v, ok
	}
	for i := range len(s) {
		c := s[i]
		if c >= 0x80 {
			v, ok := table[strings.ToLower(s)]
			return v, ok
		}
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		buf[i] = c
	}
	v, ok := table[string(buf[:len(s)])]
	return v, ok
}
