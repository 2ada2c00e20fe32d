package load

import (
	"math"
	"slices"
	"time"
)

// Spread is how a number of times lie, in milliseconds. Percentiles are by nearest
// rank: p99 of 200 times is the 198th.
type Spread struct {
	Count int     `json:"count"`
	Mean  float64 `json:"mean"`
	P50   float64 `json:"p50"`
	P90   float64 `json:"p90"`
	P99   float64 `json:"p99"`
	Max   float64 `json:"max"`
}

// SpreadOf is the spread of times, in any order. It sorts them.
func SpreadOf(times []time.Duration) Spread {
	if len(times) == 0 {
		return Spread{}
	}
	slices.Sort(times)
	var total time.Duration
	for _, t := range times {
		total += t
	}
	at := func(share float64) float64 {
		rank := int(math.Ceil(share * float64(len(times))))
		return millis(times[max(rank, 1)-1])
	}
	return Spread{
		Count: len(times), Mean: millis(total / time.Duration(len(times))),
		P50: at(0.5), P90: at(0.9), P99: at(0.99), Max: millis(times[len(times)-1]),
	}
}

// millis is a time in milliseconds, to the microsecond.
func millis(d time.Duration) float64 { return math.Round(float64(d)/1e3) / 1e3 }

// Value is one number of the spread by its name: "mean", "p50", "p90", "p99", "max".
func (s Spread) Value(name string) (ms float64, ok bool) {
	for _, v := range s.values() {
		if v.name == name {
			return v.ms, true
		}
	}
	return 0, false
}

type value struct {
	name string
	ms   float64
}

func (s Spread) values() []value {
	return []value{{"mean", s.Mean}, {"p50", s.P50}, {"p90", s.P90}, {"p99", s.P99}, {"max", s.Max}}
}

// Values are the names of a spread's numbers.
func Values() (names []string) {
	for _, v := range (Spread{}).values() {
		names = append(names, v.name)
	}
	return names
}
