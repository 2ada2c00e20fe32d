package diag

import (
	"iter"
	"strings"
)

// Nearest finds the candidate that a misspelled name is nearest to, "" when none
// is near: at most one slip for every four characters, at least one. Case does
// not count.
func Nearest(name string, candidates iter.Seq[string]) string {
	if len(name) > 80 {
		return ""
	}
	name = strings.ToLower(name)
	best, limit := "", max(1, len(name)/4)
	for c := range candidates {
		if d := len(c) - len(name); d > limit || -d > limit {
			continue
		}
		if d := distance(name, strings.ToLower(c)); d <= limit && (best == "" || d < limit) {
			best, limit = c, d
		}
	}
	return best
}

// distance is the number of characters to insert, delete, change or swap with
// their neighbour to get from a to b.
func distance(a, b string) int {
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			change := 1
			if a[i-1] == b[j-1] {
				change = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+change)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}
