package policy

import (
	"slices"
	"time"

	"rehearse/proxy/policy/cpl"
)

// clock is a trigger on the transaction's time, in its own zone or with .utc in
// universal time.
func clock(read func(time.Time) int) compileTrigger {
	return func(c *compiler, cond *cpl.Condition) func(*machine) value {
		utc := slices.Contains(cond.Modifiers, "utc")
		return on(numbers, func(m *machine) (uint64, value) {
			t := m.tx.Time
			if utc {
				t = t.UTC()
			}
			return uint64(read(t)), given(!t.IsZero())
		})(c, cond)
	}
}

func dateOf(t time.Time) int   { return t.Year()*10000 + int(t.Month())*100 + t.Day() }
func yearOf(t time.Time) int   { return t.Year() }
func monthOf(t time.Time) int  { return int(t.Month()) }
func dayOf(t time.Time) int    { return t.Day() }
func hourOf(t time.Time) int   { return t.Hour() }
func minuteOf(t time.Time) int { return t.Minute() }
func timeOf(t time.Time) int   { return t.Hour()*100 + t.Minute() }

// weekdayOf counts from Monday, 1, to Sunday, 7.
func weekdayOf(t time.Time) int { return (int(t.Weekday())+6)%7 + 1 }
