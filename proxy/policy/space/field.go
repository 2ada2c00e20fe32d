package space

import (
	"slices"
	"strings"
)

// Axis is one thing about transactions that conditions test, with the classes of
// its values: within a class no condition can tell one value from another.
type Axis struct {
	Name    string
	Classes []Class
	of      owner
	lack    int // the class of what is not there; -1 where there is none
	alias   int // the axis whose choice this one repeats; -1 for none
}

// Class is one class of an axis.
type Class struct {
	Text string
	// Unreal classes are there for proofs: no flow of the interceptor has such a
	// value.
	Unreal bool
	lacks  bool // the value is not there
}

// owner says in which part of a transaction an axis has its value, and so when
// a flow's choice of it counts.
type owner int

const (
	ofFlow    owner = iota // the same in every transaction of a flow
	ofStage                // follows from the kind of transaction
	ofHost                 // the host that the client wants, where policy sees it
	ofLabels               // the categories of that host
	ofAddress              // what the host resolves to
	ofPath                 // path and query of a request
	ofServer               // the origin's side of TLS
	ofClient               // the client's side of TLS
	ofURLText              // the text of a URL as a whole, or of its path and query
)

// field is a value of transactions that conditions test in one or several ways.
// Tests are noted first; freeze then cuts the values into classes.
type field interface{ freeze(s *Space) }

// textField is a text, or a list of texts of which any may pass.
//
// Its main axis tells texts apart that conditions compare as a whole or by their
// beginning. Every other test has an axis of its own that says whether the text
// passes it, where the main axis leaves that open.
type textField struct {
	name    string
	of      owner
	many    bool // a list
	lacking bool // may be unavailable
	unreal  bool // no flow lacks it
	// ordinary is an ordinary text, for classes that leave it open; others are to
	// be tried where that one is in a class of its own.
	ordinary string
	others   []string

	tests  []textTest
	index  map[textKey]int
	main   int // axis; -1 for none
	values []textValue
	extras []int // axis by test; -1 where main decides
}

// textValue is a class of the main axis.
type textValue struct {
	kind textKind
	text string
	test textTest // exact or prefix
}

type textKind int

const (
	otherText textKind = iota
	noText
	exactText
	prefixText
	anyText // of a list
)

// test notes a test, or gives its formula once the field is frozen.
func (f *textField) test(s *Space, t textTest) formula {
	if f.index == nil {
		f.index = map[textKey]int{}
	}
	i, ok := f.index[t.textKey]
	if !ok {
		i = len(f.tests)
		f.index[t.textKey] = i
		f.tests = append(f.tests, t)
	}
	if !s.frozen {
		return truth(false)
	}
	return f.formula(s, i)
}

// present says that there is a text.
func (f *textField) present(s *Space) formula {
	if !s.frozen || f.main < 0 {
		return truth(s.frozen)
	}
	return s.lit(f.main, where(len(f.values), func(c int) bool { return f.values[c].kind != noText }))
}

func (f *textField) freeze(s *Space) {
	f.values = f.classes()
	f.main = -1
	if len(f.values) > 1 {
		f.main = s.axis(f.name, f.of, f.mainClasses())
	}
	f.extras = make([]int, len(f.tests))
	for i, t := range f.tests {
		f.extras[i] = -1
		if _, open := f.settled(t); open {
			f.extras[i] = s.axis(f.name+" "+t.String(), f.of, []Class{{Text: "no"}, {Text: "yes"}})
		}
	}
}

// classes are the main axis: what is compared as a whole, then by beginnings.
func (f *textField) classes() []textValue {
	if f.many {
		if f.lacking {
			return []textValue{{kind: anyText}, {kind: noText}}
		}
		return []textValue{{kind: anyText}}
	}
	list := []textValue{{kind: otherText}}
	if f.lacking {
		list = append(list, textValue{kind: noText})
	}
	seen := map[textKey]bool{}
	for _, how := range []comparison{exact, prefix} {
		for _, t := range f.tests {
			key := textKey{t.how, strings.ToLower(t.text), false}
			if t.how != how || t.how == prefix && t.text == "" || seen[key] {
				continue
			}
			seen[key] = true
			kind := exactText
			if how == prefix {
				kind = prefixText
			}
			list = append(list, textValue{kind: kind, text: t.spelled, test: textTest{textKey: key}})
		}
	}
	return list
}

func (f *textField) mainClasses() []Class {
	list := make([]Class, len(f.values))
	for i, v := range f.values {
		switch v.kind {
		case otherText, anyText:
			list[i].Text = "other"
		case noText:
			list[i] = Class{"none", f.unreal, true}
		case exactText:
			list[i].Text = v.text
		case prefixText:
			list[i].Text = v.text + "..."
		}
	}
	return list
}

// classify is the main class of a text; there is one.
func (f *textField) classify(text string) int {
	best := 0
	for c, v := range f.values {
		switch {
		case v.kind == exactText && v.test.holds(text):
			return c
		case v.kind == prefixText && v.test.holds(text) && len(v.text) >= len(f.values[best].text):
			best = c
		}
	}
	return best
}

// settled is where the main axis says that a test passes, and whether it leaves
// that open anywhere.
func (f *textField) settled(t textTest) (verdicts []outcome, open bool) {
	verdicts = make([]outcome, len(f.values))
	for c, v := range f.values {
		verdicts[c] = f.outcome(t, v)
		open = open || verdicts[c] == either
	}
	return verdicts, open
}

// outcome is what a class says of a test.
type outcome int

const (
	fails outcome = iota
	passes
	either
)

func (f *textField) outcome(t textTest, v textValue) outcome {
	switch {
	case v.kind == noText:
		return fails
	case t.text == "" && !f.many && (t.how == prefix || t.how == suffix || t.how == substring):
		return passes
	case v.kind == anyText:
		return either
	case v.kind == exactText:
		switch {
		case t.sensitive && strings.ToLower(v.text) != strings.ToUpper(v.text):
			if t.how != regex && !plainTest(t.how, t.text).holds(v.text) {
				return fails
			}
			return either
		case t.holds(v.text):
			return passes
		}
		return fails
	case t.how == exact:
		return fails // its own class is another one
	case t.sensitive:
		return either
	case t.how == prefix:
		if v.kind == prefixText && strings.HasPrefix(v.test.text, t.text) {
			return passes
		}
		return fails
	case v.kind == prefixText && t.how == substring && strings.Contains(v.test.text, t.text):
		return passes
	}
	return either
}

// formula says where a test passes. A test that follows from another one passes
// wherever that one does.
func (f *textField) formula(s *Space, i int) formula {
	t := f.tests[i]
	verdicts, open := f.settled(t)
	if f.main < 0 {
		switch verdicts[0] {
		case passes:
			return truth(true)
		case fails:
			return truth(false)
		}
		return f.extra(s, i)
	}
	n := len(verdicts)
	yes := s.lit(f.main, where(n, func(c int) bool { return verdicts[c] == passes }))
	if !open {
		return yes
	}
	free := s.lit(f.main, where(n, func(c int) bool { return verdicts[c] == either }))
	return s.or(yes, s.and(free, f.extra(s, i)))
}

func (f *textField) extra(s *Space, i int) formula {
	var list []formula
	for j, o := range f.tests {
		if f.extras[j] >= 0 && (j == i || o.implies(f.tests[i])) {
			list = append(list, s.lit(f.extras[j], just(2, 1)))
		}
	}
	return s.or(list...)
}

// value makes a text of the chosen classes. given says where they are not all
// met, which nobody may be able to do.
func (f *textField) value(a assignment) (text string, there bool) {
	v := textValue{kind: otherText}
	if f.main >= 0 {
		v = f.values[a[f.main]]
	}
	switch v.kind {
	case noText:
		return "", false
	case exactText:
		return f.cased(a, v.text), true
	}
	return f.compose(a, v), true
}

// cased is a text in the case that the tests which regard case ask for.
func (f *textField) cased(a assignment, text string) string {
	for _, try := range []string{text, strings.ToLower(text), strings.ToUpper(text)} {
		if f.meets(a, try) {
			return try
		}
	}
	return text
}

// compose puts the patterns that are to pass together and tries the results.
func (f *textField) compose(a assignment, v textValue) string {
	var begin, middle, end []string
	for i, t := range f.tests {
		if f.extras[i] < 0 || a[f.extras[i]] == 0 {
			continue
		}
		switch t.how {
		case prefix:
			begin = append(begin, t.spelled)
		case suffix, domain:
			end = append(end, t.spelled)
		default:
			middle = append(middle, t.example())
		}
	}
	head, tail := v.text, ""
	if b := longest(begin); len(b) > len(head) {
		head = b
	}
	tail = longest(end)
	if head == "" && len(middle) == 0 && tail == "" {
		for _, try := range slices.Concat([]string{f.ordinary}, f.others, []string{"other", "another", "qzx"}) {
			if f.meets(a, try) {
				return try
			}
		}
		return f.ordinary
	}
	for _, glue := range []string{"-", "", ".", "~"} {
		parts := slices.DeleteFunc([]string{head, strings.Join(middle, glue), tail}, func(p string) bool { return p == "" })
		text := strings.Join(parts, glue)
		for _, try := range []string{text, text + glue + "x", "x" + glue + text} {
			if f.meets(a, try) {
				return try
			}
		}
	}
	return head + strings.Join(middle, "-") + tail
}

func longest(list []string) string {
	best := ""
	for _, s := range list {
		if len(s) > len(best) {
			best = s
		}
	}
	return best
}

// meets says whether a text is in the chosen classes.
func (f *textField) meets(a assignment, text string) bool {
	if f.main >= 0 && f.classify(text) != a[f.main] {
		return false
	}
	for i, t := range f.tests {
		if t.holds(text) != f.chosen(a, i) {
			return false
		}
	}
	return true
}

// chosen says whether the chosen classes have a test pass.
func (f *textField) chosen(a assignment, i int) bool {
	v := textValue{kind: otherText}
	if f.many {
		v.kind = anyText
	}
	if f.main >= 0 {
		v = f.values[a[f.main]]
	}
	switch f.outcome(f.tests[i], v) {
	case passes:
		return true
	case fails:
		return false
	}
	for j, o := range f.tests {
		if f.extras[j] >= 0 && a[f.extras[j]] == 1 && (j == i || o.implies(f.tests[i])) {
			return true
		}
	}
	return false
}

// list makes texts of the chosen classes: one for each pattern that is to pass
// and does not follow from another.
func (f *textField) list(a assignment) (texts []string, there bool) {
	if f.main >= 0 && f.values[a[f.main]].kind == noText {
		return nil, false
	}
	for i, t := range f.tests {
		if f.extras[i] < 0 || a[f.extras[i]] == 0 || f.covered(a, i) {
			continue
		}
		texts = append(texts, f.isolated(a, t))
	}
	if len(texts) == 0 && f.ordinary != "" {
		texts = []string{f.ordinary}
	}
	return texts, true
}

// isolated is a text that passes a test and, where one is found, none that is not
// to pass.
func (f *textField) isolated(a assignment, t textTest) string {
	text := t.example()
	for _, try := range []string{text, text + ".x", text + "-x", "x." + text, "x-" + text, "x-" + text + "-x", "x" + text, text + "x"} {
		if t.holds(try) && !slices.ContainsFunc(f.tests, func(o textTest) bool { return o.holds(try) && !f.chosen(a, f.index[o.textKey]) }) {
			return try
		}
	}
	return text
}

// covered says whether a test that is to pass follows from another such.
func (f *textField) covered(a assignment, i int) bool {
	for j, o := range f.tests {
		if j != i && f.extras[j] >= 0 && a[f.extras[j]] == 1 && o.implies(f.tests[i]) && (!f.tests[i].implies(o) || j < i) {
			return true
		}
	}
	return false
}

// listMeets says whether texts are in the chosen classes.
func (f *textField) listMeets(a assignment, texts []string) bool {
	for i, t := range f.tests {
		if slices.ContainsFunc(texts, t.holds) != f.chosen(a, i) {
			return false
		}
	}
	return true
}

// assignment is the class chosen on each axis.
type assignment []int

// String is a test as axes are named by it.
func (t textTest) String() string {
	return [...]string{"is ", "starts with ", "ends in ", "holds ", "matches ", "belongs to "}[t.how] + `"` + t.text + `"`
}
