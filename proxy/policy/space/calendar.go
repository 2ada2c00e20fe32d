package space

import (
	"slices"
	"strconv"
	"time"

	"rehearse/proxy/policy/flow"
)

// calendarField is a part of the time of a transaction: its day, or its minute of
// the day. Values that the same ranges hold for are one class.
type calendarField struct {
	name string
	of   owner
	days bool

	tests   []calendarTest
	main    int
	classes []int // a value of each: a day since 1970, or a minute of the day
	passed  []Set // by test
	numbers map[string]int
}

// calendarTest is a range of one reading of the time.
type calendarTest struct {
	read string // the condition: "hour", "weekday", ...
	span span
}

// reading is a value as a condition of the name reads it.
func reading(name string, value int) uint64 {
	day := time.Unix(int64(value)*24*3600, 0).UTC()
	switch name {
	case "date":
		return uint64(day.Year()*10000 + int(day.Month())*100 + day.Day())
	case "year":
		return uint64(day.Year())
	case "month":
		return uint64(day.Month())
	case "day":
		return uint64(day.Day())
	case "weekday":
		return uint64(int(day.Weekday())+6)%7 + 1
	case "hour":
		return uint64(value / 60)
	case "minute":
		return uint64(value % 60)
	}
	return uint64(value/60*100 + value%60) // time
}

func (f *calendarField) test(s *Space, t calendarTest) formula {
	if s.frozen {
		return s.lit(f.main, f.passed[slices.Index(f.tests, t)])
	}
	if !slices.Contains(f.tests, t) {
		f.tests = append(f.tests, t)
	}
	return truth(false)
}

// freeze sorts all values by the tests they pass.
func (f *calendarField) freeze(s *Space) {
	f.numbers = map[string]int{}
	var list []Class
	for _, v := range f.candidates() {
		key := f.key(v)
		if _, ok := f.numbers[key]; ok {
			continue
		}
		f.numbers[key] = len(f.classes)
		f.classes = append(f.classes, v)
		list = append(list, Class{Text: f.text(v)})
	}
	f.passed = make([]Set, len(f.tests))
	for i, t := range f.tests {
		f.passed[i] = where(len(f.classes), func(c int) bool { return t.span.has(reading(t.read, f.classes[c])) })
	}
	f.main = s.axis(f.name, f.of, list)
}

func (f *calendarField) key(v int) string {
	b := make([]byte, len(f.tests))
	for i, t := range f.tests {
		if t.span.has(reading(t.read, v)) {
			b[i] = 1
		}
	}
	return string(b)
}

func (f *calendarField) text(v int) string {
	if f.days {
		return time.Unix(int64(v)*24*3600, 0).UTC().Format("Mon 2006-01-02")
	}
	return strconv.Itoa(v/60) + ":" + strconv.Itoa(v/10%6) + strconv.Itoa(v%10)
}

// candidates are values of every class: all minutes of a day, or all days of
// enough years. 28 years have every combination of month, day and weekday.
func (f *calendarField) candidates() []int {
	var list []int
	if !f.days {
		for m := range 24 * 60 {
			list = append(list, (m+10*60)%(24*60)) // an ordinary time comes first
		}
		return list
	}
	years := map[int]bool{}
	around := func(y int) {
		for n := max(y-28, 1); n <= min(y+28, 9999); n++ {
			years[n] = true
		}
	}
	around(ordinaryDay().Year())
	for _, t := range f.tests {
		for _, n := range []uint64{t.span.low, t.span.high} {
			switch {
			case t.read == "year" && n <= 9999:
				around(int(n))
			case t.read == "date" && n <= 99991231:
				around(int(n / 10000))
			}
		}
	}
	day := func(t time.Time) int { return int(t.Unix() / (24 * 3600)) }
	for d := range 28 * 365 { // an ordinary day comes first
		list = append(list, day(ordinaryDay())+d)
	}
	for y := range years {
		for t := time.Date(y, 1, 1, 0, 0, 0, 0, time.UTC); t.Year() == y; t = t.AddDate(0, 0, 1) {
			list = append(list, day(t))
		}
	}
	slices.Sort(list[28*365:])
	return list
}

// ordinaryDay is the day of an ordinary flow.
func ordinaryDay() time.Time { return flow.UsualTime().Truncate(24 * time.Hour) }

func (f *calendarField) value(a assignment) int { return f.classes[a[f.main]] }
