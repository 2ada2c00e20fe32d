package cpl

import "rehearse/reports/diag"

// Options say for what policy is checked.
type Options struct {
	Environment
	Keyrings   []string // beyond "default"
	Exceptions []string // user-defined exceptions; nil when not known
}

// Check judges parsed files as one policy.
func Check(files []*File, opt Options) diag.List { return nil }
