package main

import (
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// hangup is `hangup NAME LOG`: the program that start named gets SIGHUP. The script
// goes on once it has begun its access log anew, which it does last.
func hangup(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: hangup NAME LOG")
	}
	pid, err := strconv.Atoi(ts.Getenv(args[0] + "_PID"))
	ts.Check(err)
	heads := func() int {
		text, err := os.ReadFile(ts.MkAbs(args[1]))
		ts.Check(err)
		return strings.Count(string(text), "#Remark: ")
	}
	before := heads()
	program, err := os.FindProcess(pid)
	ts.Check(err)
	ts.Check(program.Signal(syscall.SIGHUP))
	for range 1000 {
		if heads() > before {
			return
		}
		<-time.After(10 * time.Millisecond)
	}
	ts.Fatalf("%s has not begun %s anew", args[0], args[1])
}
