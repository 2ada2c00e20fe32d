package cpl

import (
	"fmt"
	"strings"
)

// suggest finds the candidate that is nearest to a misspelled name, "" when
// none is near: at most one slip for every four characters, at least one.
func suggest(name string, candidates func(yield func(string) bool)) string {
	name = strings.ToLower(name)
	best, limit := "", max(1, len(name)/4)
	if len(name) > 80 {
		return ""
	}
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

// didYouMean is a hint for suggest's answer, nil for none.
func didYouMean(name string, candidates func(yield func(string) bool)) []string {
	if s := suggest(name, candidates); s != "" {
		return []string{fmt.Sprintf("did you mean %q?", s)}
	}
	return nil
}

// namesOf lists the vocabulary's names of one kind, families with a dot at the end.
func namesOf(kind Kind) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for _, e := range table().rows {
			if e.Kind == kind && !yield(e.Name) {
				return
			}
		}
	}
}

func wordsOf(words []Word) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for _, w := range words {
			if !yield(w.Text) {
				return
			}
		}
	}
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
