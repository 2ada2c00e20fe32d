package space

import (
	"slices"
	"strings"
)

// userField is the authenticated user: nobody, or a name with or without a domain
// before a backslash. Conditions see the whole and the bare name.
type userField struct {
	whole   []textTest // exact, of the whole or bare name
	domains []textTest // exact, of the domain
	texts   textField  // other tests of the name

	main    int
	values  []string // "" is nobody
	numbers map[string]int
}

func (f *userField) test(s *Space, t textTest) formula {
	if t.how != exact {
		return s.and(f.present(s), f.texts.test(s, t))
	}
	return f.whether(s, &f.whole, t, func(user string) bool { return passesUser(t, user) })
}

func passesUser(t textTest, user string) bool {
	return t.holds(user) || t.holds(user[strings.LastIndexByte(user, '\\')+1:])
}

func (f *userField) domain(s *Space, t textTest) formula {
	if t.how != exact {
		return s.and(f.hasDomain(s), fieldOf(s, "user.domain", func() *textField { return &textField{name: "user.domain", of: ofFlow} }).test(s, t))
	}
	return f.whether(s, &f.domains, t, func(user string) bool {
		d, _, ok := strings.Cut(user, `\`)
		return ok && t.holds(d)
	})
}

func (f *userField) whether(s *Space, tests *[]textTest, t textTest, passes func(string) bool) formula {
	if !s.frozen {
		if !slices.ContainsFunc(*tests, func(o textTest) bool { return o.textKey == t.textKey }) {
			*tests = append(*tests, t)
		}
		return truth(false)
	}
	return s.lit(f.main, where(len(f.values), func(c int) bool { return f.values[c] != "" && passes(f.values[c]) }))
}

func (f *userField) present(s *Space) formula {
	if !s.frozen {
		return truth(false)
	}
	return s.lit(f.main, where(len(f.values), func(c int) bool { return f.values[c] != "" }))
}

func (f *userField) hasDomain(s *Space) formula {
	if !s.frozen {
		return truth(false)
	}
	return s.lit(f.main, where(len(f.values), func(c int) bool { return strings.Contains(f.values[c], `\`) }))
}

// freeze tries every tested name with every tested domain and keeps one of each
// kind.
func (f *userField) freeze(s *Space) {
	bare, domains := []string{"somebody"}, []string{"", "ELSEWHERE"}
	for _, t := range f.whole {
		if d, name, ok := strings.Cut(t.spelled, `\`); ok {
			domains = append(domains, d)
			bare = append(bare, name)
		} else {
			bare = append(bare, t.spelled)
		}
	}
	for _, t := range f.domains {
		domains = append(domains, t.spelled)
	}
	f.numbers, f.values = map[string]int{}, nil
	list := []Class{}
	add := func(user, text string) {
		key := f.key(user)
		if _, ok := f.numbers[key]; !ok {
			f.numbers[key] = len(f.values)
			f.values = append(f.values, user)
			list = append(list, Class{Text: text, lacks: user == ""})
		}
	}
	add("", "nobody")
	for _, d := range domains {
		for _, b := range bare {
			user := b
			if d != "" {
				user = d + `\` + b
			}
			add(user, user)
		}
	}
	f.main = s.axis("user", ofFlow, list)
	f.texts.name, f.texts.many, f.texts.ordinary = "user", true, "somebody"
	f.texts.freeze(s)
}

func (f *userField) key(user string) string {
	var b strings.Builder
	flag := func(v bool) {
		if v {
			b.WriteByte('1')
		} else {
			b.WriteByte('0')
		}
	}
	d, _, ok := strings.Cut(user, `\`)
	flag(user != "")
	flag(ok)
	for _, t := range f.whole {
		flag(user != "" && passesUser(t, user))
	}
	for _, t := range f.domains {
		flag(ok && t.holds(d))
	}
	return b.String()
}

func (f *userField) classify(user string) int { return f.numbers[f.key(user)] }

// value is a user of the chosen classes; false where it does not meet them.
func (f *userField) value(a assignment) (string, bool) {
	user := f.values[a[f.main]]
	if user == "" {
		return "", true
	}
	bare := user[strings.LastIndexByte(user, '\\')+1:]
	meets := func(user string) bool {
		return f.classify(user) == a[f.main] && f.texts.listMeets(a, []string{user, user[strings.LastIndexByte(user, '\\')+1:]})
	}
	if meets(user) {
		return user, true
	}
	composed := f.texts.compose(a, textValue{kind: anyText})
	for _, try := range []string{composed, strings.TrimSuffix(user, bare) + composed} {
		if meets(try) {
			return try, true
		}
	}
	return user, false
}

// flagField is a list of values of which any may pass, with tests that only
// their own words describe: ranges of the numbers in a header, say.
type flagField struct {
	name    string
	of      owner
	implies func(a, b string) bool

	tests []string
	axes  []int
}

func (f *flagField) test(s *Space, text string) formula {
	i := slices.Index(f.tests, text)
	if i < 0 {
		i = len(f.tests)
		f.tests = append(f.tests, text)
	}
	if !s.frozen {
		return truth(false)
	}
	var list []formula
	for j, o := range f.tests {
		if j == i || f.implies != nil && f.implies(o, text) {
			list = append(list, s.lit(f.axes[j], just(2, 1)))
		}
	}
	return s.or(list...)
}

func (f *flagField) freeze(s *Space) {
	for _, t := range f.tests {
		f.axes = append(f.axes, s.axis(f.name+" "+t, f.of, []Class{{Text: "no"}, {Text: "yes"}}))
	}
}

// chosen are the tests that are to pass.
func (f *flagField) chosen(a assignment) []string {
	var list []string
	for i, t := range f.tests {
		if a[f.axes[i]] == 1 {
			list = append(list, t)
		}
	}
	return list
}

// spans are the tests as ranges of numbers; nil where they are not all numbers, or
// none is a range.
func (f *flagField) spans() []span {
	var list []span
	wide := false
	for _, t := range f.tests {
		r, ok := parseSpan(t)
		if !ok {
			return nil
		}
		list, wide = append(list, r), wide || strings.Contains(t, "..")
	}
	if !wide {
		return nil
	}
	return list
}

// number is a number that is in the chosen ranges and in no other.
func (f *flagField) number(spans []span, a assignment) (uint64, bool) {
	tries := []uint64{0}
	for _, r := range spans {
		tries = append(tries, r.low, r.high, r.low-1, r.high+1)
	}
	for _, n := range tries {
		fits := true
		for i, r := range spans {
			fits = fits && r.has(n) == (a[f.axes[i]] == 1)
		}
		if fits {
			return n, true
		}
	}
	return 0, false
}

// kindField is one of a closed list of kinds.
type kindField struct {
	name string
	of   owner
	list []Class
	main int
}

func (f *kindField) freeze(s *Space) { f.main = s.axis(f.name, f.of, f.list) }

// is says that the kind is one of some, by text.
func (f *kindField) is(s *Space, accepts func(string) bool) formula {
	if !s.frozen {
		return truth(false)
	}
	return s.lit(f.main, where(len(f.list), func(c int) bool { return accepts(f.list[c].Text) }))
}

func (f *kindField) classify(text string) int {
	return slices.IndexFunc(f.list, func(c Class) bool { return c.Text == text })
}
