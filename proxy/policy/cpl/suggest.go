package cpl

import (
	"fmt"

	"rehearse/reports/diag"
)

// didYouMean is a hint for suggest's answer, nil for none.
func didYouMean(name string, candidates func(yield func(string) bool)) []string {
	if s := diag.Nearest(name, candidates); s != "" {
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
