// Package cpl is the Content Policy Language: text to tree, with positions,
// recovery and a vocabulary that is one table.
//
// Text goes through Parse (scan, parse; grammar.txt says what is read) and comes
// out as a File with every preprocessor block kept. Check holds files that are
// installed together against the vocabulary for one release: names, values,
// layers, references, and whether what a property depends on is known in time.
// Resolve leaves what the preprocessor keeps for an environment; package policy
// compiles that. RuleText and its like print pieces as traces do.
//
// The one thing to know: nothing here stops at an error. Parse and Check report
// all they find as diagnostics, each with a stable ID that Explanations
// explains, and the annotated policies in testdata hold each of them.
package cpl
