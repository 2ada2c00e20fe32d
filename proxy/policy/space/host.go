package space

import (
	"net/netip"
	"slices"
	"strings"
)

// hostField is the host of a URL: a name or an address. Its main axis tells
// hosts apart by the domains and whole hosts that policy names; tests of the
// host's text have axes of their own, as those of a textField.
type hostField struct {
	name string
	of   owner

	tests  []textTest
	users  [][]int // of each test, the lists that ask for it, or alone
	others []int   // tests of parts of names
	index  map[textKey]int
	ranges []stretch // of url.address

	main    int
	values  []hostValue
	exacts  map[string]int   // class by whole host
	belows  map[string]int   // class by domain
	members map[string][]int // classes within a domain
	ofKind  map[hostKind]Set // once asked for, by kinds put together
	extras  []int
}

type hostKind int

const (
	elsewhere hostKind = 1 << iota // a name in no domain that policy names
	noHost
	wholeName
	belowName
	wholeAddress
	someAddress
)

type hostValue struct {
	kind  hostKind
	text  string
	addrs stretch // of an address
}

func (f *hostField) note(t textTest) int {
	if f.index == nil {
		f.index = map[textKey]int{}
	}
	i, ok := f.index[t.textKey]
	if !ok {
		i = len(f.tests)
		f.index[t.textKey] = i
		f.tests, f.users = append(f.tests, t), append(f.users, nil)
	}
	return i
}

// test notes a test of the host, or gives its formula once the field is frozen.
func (f *hostField) test(s *Space, t textTest) formula {
	i := f.note(t)
	if !s.frozen {
		f.use(s, i)
		return truth(false)
	}
	t = f.tests[i]
	switch t.how {
	case domain:
		return s.lit(f.main, f.within(t.text))
	case exact:
		return s.lit(f.main, f.exactly(t.text))
	}
	yes, free := none(len(f.values)), none(len(f.values))
	for c, v := range f.values {
		switch f.outcome(t, v) {
		case passes:
			yes.put(c)
		case either:
			free.put(c)
		}
	}
	return s.or(s.lit(f.main, yes), s.and(s.lit(f.main, free), f.extra(s, i)))
}

func (f *hostField) exactly(text string) Set {
	set := none(len(f.values))
	if c, ok := f.exacts[text]; ok {
		set.put(c)
	}
	return set
}

// within is the set of hosts that are a domain or lie below it.
func (f *hostField) within(d string) Set {
	set := f.exactly(d)
	if _, numeric := addressOf(d); numeric {
		return set
	}
	for _, c := range f.members[d] {
		set.put(c)
	}
	return set
}

// enrol notes of a name's class which domains it lies in.
func (f *hostField) enrol(name string, c int) {
	for {
		if _, ok := f.belows[name]; ok && (len(f.members[name]) == 0 || f.members[name][len(f.members[name])-1] != c) {
			f.members[name] = append(f.members[name], c)
		}
		i := strings.IndexByte(name, '.')
		if i < 0 {
			return
		}
		name = name[i+1:]
	}
}

func (f *hostField) extra(s *Space, i int) formula {
	var list []formula
	for _, j := range f.others {
		if f.extras[j] >= 0 && (j == i || f.tests[j].implies(f.tests[i])) {
			list = append(list, s.lit(f.extras[j], just(2, 1)))
		}
	}
	return s.or(list...)
}

// kinds gives the hosts of some kinds.
func (f *hostField) kinds(s *Space, kinds hostKind) formula {
	if !s.frozen {
		return truth(false)
	}
	in, ok := f.ofKind[kinds]
	if !ok {
		in = where(len(f.values), func(c int) bool { return f.values[c].kind&kinds != 0 })
		f.ofKind[kinds] = in
	}
	return s.lit(f.main, in)
}

// present says that there is a host.
func (f *hostField) present(s *Space) formula {
	return f.kinds(s, elsewhere|wholeName|belowName|wholeAddress|someAddress)
}

func (f *hostField) isName(s *Space) formula { return f.kinds(s, elsewhere|wholeName|belowName) }

// isAddress says that the host is an address.
func (f *hostField) isAddress(s *Space) formula { return f.kinds(s, wholeAddress|someAddress) }

// address says that the host is an address of a stretch.
func (f *hostField) address(s *Space, r stretch) formula {
	if !s.frozen {
		f.ranges = append(f.ranges, r)
		return truth(false)
	}
	return s.lit(f.main, where(len(f.values), func(c int) bool {
		v := f.values[c]
		return (v.kind == wholeAddress || v.kind == someAddress) && r.Has(v.addrs.First)
	}))
}

// names are the classes of names.
func (f *hostField) names() Set {
	return where(len(f.values), func(c int) bool {
		k := f.values[c].kind
		return k == elsewhere || k == wholeName || k == belowName
	})
}

func isAddress(host string) bool {
	_, err := netip.ParseAddr(host)
	return err == nil
}

func addressOf(host string) (netip.Addr, bool) {
	a, err := netip.ParseAddr(host)
	return a, err == nil
}

func (f *hostField) freeze(s *Space) {
	f.values = []hostValue{{kind: elsewhere, text: ""}, {kind: noHost}}
	f.exacts, f.belows = map[string]int{}, map[string]int{}
	f.members, f.ofKind = map[string][]int{}, map[hostKind]Set{}
	f.classesOf(f.named())
	for name, c := range f.exacts {
		f.enrol(name, c)
	}
	for name, c := range f.belows {
		f.enrol(name, c)
	}
	f.addresses()
	f.main = s.axis(f.name, f.of, f.classTexts())
	f.extras = make([]int, len(f.tests))
	for i, t := range f.tests {
		f.extras[i] = -1
		if t.how != exact && t.how != domain && slices.ContainsFunc(f.values, func(v hostValue) bool { return f.outcome(t, v) == either }) {
			f.extras[i] = s.axis(f.name+" "+t.String(), f.of, []Class{{Text: "no"}, {Text: "yes"}})
		}
	}
}

// named are the names that tests have, whole or as what is below them, each once.
func (f *hostField) named() (wholes, belows []string) {
	whole := func(name string) {
		if _, ok := f.exacts[name]; !ok && name != "" {
			f.exacts[name] = 0
			wholes = append(wholes, name)
		}
	}
	below := func(name string) {
		_, numeric := addressOf(name)
		if _, ok := f.belows[name]; !ok && name != "" && !numeric {
			f.belows[name] = 0
			belows = append(belows, name)
		}
	}
	for i, t := range f.tests {
		switch {
		case t.how == exact:
			whole(t.text)
		case t.how == domain:
			whole(t.text)
			below(t.text)
		default:
			f.others = append(f.others, i)
			if t.how == suffix && strings.HasPrefix(t.text, ".") && len(t.text) > 1 {
				below(t.text[1:])
			}
		}
	}
	return wholes, belows
}

// addresses adds stretches of addresses that no condition tells apart. Addresses
// that stand as whole hosts are classes already.
func (f *hostField) addresses() {
	ranges := slices.Clone(f.ranges)
	for _, v := range f.values {
		if v.kind == wholeAddress {
			ranges = append(ranges, v.addrs)
		}
	}
	for _, r := range stretches(ranges) {
		if !slices.ContainsFunc(f.values, func(v hostValue) bool { return v.kind == wholeAddress && v.addrs == r }) {
			f.values = append(f.values, hostValue{kind: someAddress, addrs: r})
		}
	}
}

func (f *hostField) classTexts() []Class {
	list := make([]Class, len(f.values))
	for i, v := range f.values {
		switch v.kind {
		case elsewhere:
			list[i].Text = "another name"
		case noHost:
			list[i] = Class{"no host", true, true}
		case belowName:
			list[i].Text = "*." + v.text
		case someAddress:
			list[i].Text = addressesText(v.addrs)
		default:
			list[i].Text = v.text
		}
	}
	return list
}

// outcome is what a class says of a test of the host's text.
func (f *hostField) outcome(t textTest, v hostValue) outcome {
	below := ""
	switch v.kind {
	case noHost:
		return fails
	case wholeName, wholeAddress:
		if t.holds(v.text) {
			return passes
		}
		return fails
	case someAddress:
		if t.how != regex && strings.Trim(t.text, "0123456789abcdefABCDEF.:") != "" {
			return fails
		}
		if t.text == "" && t.how != regex {
			return passes
		}
		return either
	case belowName:
		below = "." + v.text
	}
	if t.text == "" && t.how != regex {
		return passes
	}
	switch t.how {
	case suffix:
		switch {
		case below != "" && strings.HasSuffix(below, t.text):
			return passes
		case below != "" && !strings.HasSuffix(t.text, below):
			return fails
		case f.inNamed(t.text, v):
			return fails
		}
	case substring:
		if below != "" && strings.Contains(below, t.text) {
			return passes
		}
	}
	return either
}

// inNamed says whether a name that ends in the text lies in a domain that is a
// class of its own, and so not in class v.
func (f *hostField) inNamed(text string, v hostValue) bool {
	for i := strings.IndexByte(text, '.'); i >= 0; {
		if _, ok := f.belows[text[i+1:]]; ok && text[i+1:] != v.text {
			return len(text[i+1:]) > len(v.text)
		}
		next := strings.IndexByte(text[i+1:], '.')
		if next < 0 {
			return false
		}
		i += next + 1
	}
	return false
}

// classify is the class of a host.
func (f *hostField) classify(host string) int {
	if host == "" {
		return 1
	}
	if c, ok := f.exacts[host]; ok {
		return c
	}
	if a, numeric := addressOf(host); numeric {
		return slices.IndexFunc(f.values, func(v hostValue) bool { return v.kind == someAddress && v.addrs.Has(a) })
	}
	for rest := host; ; {
		i := strings.IndexByte(rest, '.')
		if i < 0 {
			return 0
		}
		rest = rest[i+1:]
		if c, ok := f.belows[rest]; ok {
			return c
		}
	}
}

// value makes a host of the chosen classes; false where it does not meet them.
func (f *hostField) value(a assignment) (string, bool) {
	v := f.values[a[f.main]]
	switch v.kind {
	case wholeName, wholeAddress:
		return v.text, true
	case someAddress:
		host := inside(v.addrs, nil).String()
		return host, f.passes(a, v, host)
	}
	ending := ".example"
	if v.kind == belowName {
		ending = "." + v.text
	}
	for _, host := range f.compose(a, ending) {
		if f.meets(a, host) {
			return host, true
		}
	}
	return f.ordinary(v), false
}

func (f *hostField) ordinary(v hostValue) string {
	if v.kind == belowName {
		return "host." + v.text
	}
	return "www.example"
}

// compose puts the patterns that are to pass together, before an ending, in some
// ways.
func (f *hostField) compose(a assignment, ending string) []string {
	var begin, middle, end []string
	for _, i := range f.others {
		if f.extras[i] < 0 || a[f.extras[i]] == 0 {
			continue
		}
		switch t := f.tests[i]; t.how {
		case prefix:
			begin = append(begin, t.text)
		case suffix:
			end = append(end, t.text)
		default:
			middle = append(middle, t.example())
		}
	}
	head, tail := longest(begin), longest(end)
	if tail == "" {
		tail = ending
	}
	if head == "" && len(middle) == 0 && tail == ending {
		return []string{"www" + ending, "host" + ending, "w0" + ending, "qzx" + ending, "j" + ending}
	}
	var list []string
	for _, glue := range []string{"-", ".", ""} {
		body := strings.Join(middle, glue)
		for _, before := range []string{"", "w", "x."} {
			for _, after := range []string{"", "y", ".z"} {
				list = append(list, strings.ToLower(head+before+body+after+tail))
			}
		}
	}
	return append(list, strings.ToLower(head+strings.Join(middle, "-")), strings.ToLower(strings.Join(middle, "")))
}

// meets says whether a host is in the chosen classes.
func (f *hostField) meets(a assignment, host string) bool {
	return f.classify(host) == a[f.main] && hostlike(host) && f.passes(a, f.values[a[f.main]], host)
}

// passes says whether a host passes just the tests that it is to pass.
func (f *hostField) passes(a assignment, v hostValue, host string) bool {
	return !slices.ContainsFunc(f.others, func(i int) bool { return f.tests[i].holds(host) != f.chosen(a, v, i) })
}

func (f *hostField) chosen(a assignment, v hostValue, i int) bool {
	switch f.outcome(f.tests[i], v) {
	case passes:
		return true
	case fails:
		return false
	}
	return slices.ContainsFunc(f.others, func(j int) bool {
		return f.extras[j] >= 0 && a[f.extras[j]] == 1 && (j == i || f.tests[j].implies(f.tests[i]))
	})
}

// hostlike says whether a text can be a host name.
func hostlike(s string) bool {
	for _, label := range strings.Split(s, ".") {
		if label == "" || strings.Trim(strings.ToLower(label), "abcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
			return false
		}
	}
	return true
}
