package cpl

import (
	"strings"

	"rehearse/reports/diag"
)

// didYouMean is a hint for suggest's answer, nil for none.
func didYouMean(name string, candidates func(yield func(string) bool)) []string {
	if s := diag.Nearest(name, candidates); s != "" {
		return []string{"did you mean " + shown(s) + "?"}
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

// shown is a piece of source in a message: in quotes, without line ends, cut
// where it is long.
func shown(s string) string {
	const longest = 80
	if len(s) > longest {
		s = strings.ToValidUTF8(s[:longest], "") + "..."
	}
	printable := func(r rune) rune {
		if r < ' ' {
			return ' '
		}
		return r
	}
	return `"` + strings.Map(printable, s) + `"`
}
