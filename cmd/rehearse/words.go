package main

import (
	"errors"
	"fmt"
	"io"
	"strings"
)

// The exit codes are a contract; `rehearse help exit-codes` prints them.
const (
	exitOK            = 0
	exitFailed        = 1
	exitUsage         = 2
	exitInput         = 3
	exitUnable        = 4
	exitGate          = 5
	exitNothing       = 6
	exitNotReproduced = 7
	exitInterrupted   = 130
)

var exitCodes = []struct {
	code int
	text string
}{
	{exitOK, "all as expected"},
	{exitFailed, "an expectation failed, or a finding is an error"},
	{exitUsage, "the command line is wrong"},
	{exitInput, "an input does not parse or check; nothing was run"},
	{exitUnable, "the tool could not do its work"},
	{exitGate, "a gate failed (coverage, widening) though every scenario passed"},
	{exitNothing, "nothing was selected"},
	{exitNotReproduced, "a capture's failure was not reproduced"},
	{exitInterrupted, "interrupted; partial results were written"},
}

const (
	short = "Rehearse a TLS-interception policy before your users do."
	long  = `rehearse runs scenarios offline: a reference TLS interceptor (releases, services,
CPL policy, emulated certificates with real CRL and OCSP answers behind them),
a simulated Skype for Business estate, and clients that check revocation
strictly, sign in over SIPS and join meetings over MS-TURN. Each scenario asserts
what the person at the client would have seen.

Start with:

  rehearse run                     the founding case, told by the built-in scenarios
  rehearse run my-scenarios/       your own
  rehearse explain CRYPT_E_NO_REVOCATION_CHECK`
)

// failure is an error with the exit code it ends in.
type failure struct {
	code int
	err  error
	hint string
	// silent failures have been told already, by a report or diagnostics.
	silent bool
}

func (f *failure) Error() string { return f.err.Error() }
func (f *failure) Unwrap() error { return f.err }

func usage(hint, format string, args ...any) error {
	return &failure{code: exitUsage, err: fmt.Errorf(format, args...), hint: hint}
}

func unable(err error, hint string) error {
	return &failure{code: exitUnable, err: err, hint: hint}
}

// told ends with a code when everything has been said already.
func told(code int) error {
	return &failure{code: code, err: errors.New("exit"), silent: true}
}

// report prints an error as "error:" and "hint:" lines and gives its exit code.
// Errors that are not failures come from the command line parser, about verb.
func report(w io.Writer, err error, verb string) int {
	if err == nil {
		return exitOK
	}
	var f *failure
	if !errors.As(err, &f) {
		f = &failure{code: exitUsage, err: err, hint: verb + " --help"}
	}
	if f.silent {
		return f.code
	}
	fmt.Fprintf(w, "error: %s\n", strings.TrimSpace(f.err.Error()))
	if f.hint != "" {
		fmt.Fprintf(w, "hint: %s\n", f.hint)
	}
	return f.code
}
