package main

import (
	"errors"
	"os"
	"os/exec"
	"strconv"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain lets the test binary be the program too: scripts run it as rehearse.
// The program starts its work through package testing (see withBubbles), which a
// test binary has set up already; main sets it up once more and ends the process
// by itself, so nothing of the outer test run is left to run.
func TestMain(m *testing.M) {
	os.Setenv("GORACE", raceOptions)
	testscript.Main(m, map[string]func(){"rehearse": main})
}

// TestScripts is the specification of the command line: one file of
// testdata/script a verb and topic. Output that is the same in every run stands
// there in full. With UPDATE_GOLDEN=1 in the environment `cmp stdout FILE` writes
// FILE anew.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                "testdata/script",
		RequireUniqueNames: true, RequireExplicitExec: true,
		UpdateScripts: os.Getenv("UPDATE_GOLDEN") != "",
		Setup:         setup,
		Condition:     installed,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": exits,
			"field": field, "judged": judged,
			"start": start, "hangup": hangup,
			"unhex": unhex, "namespace": namespace, "between": between,
		},
	})
}

// exits is `exits CODE PROGRAM [ARG...]`: the program ends with this exit code.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE PROGRAM [ARG...]")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			ts.Fatalf("%v", err)
		}
		got = exit.ExitCode()
	}
	if got != want {
		ts.Fatalf("%s ended with exit code %d, want %d", args[1], got, want)
	}
}
