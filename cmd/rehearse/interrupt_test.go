//go:build unix

package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"rehearse/reports"
)

// An interrupt ends a run between two scenarios: what was done by then is reported,
// what was not is counted, and the exit code says so. The report goes to a named
// pipe, which the program opens right before it begins to run: when it is open here,
// the run has not ended.
func TestInterruptedRunsReportWhatWasDone(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "report.json")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Skip("no named pipes here: ", err)
	}
	c := exec.Command("rehearse", "run", "-j", "1", "--report", "json="+pipe)
	var out, complaints bytes.Buffer
	c.Stdout, c.Stderr = &out, &complaints
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(pipe)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := c.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	var rep reports.Report
	if err := json.NewDecoder(f).Decode(&rep); err != nil {
		t.Fatal(err)
	}
	var exit *exec.ExitError
	if err := c.Wait(); !errors.As(err, &exit) || exit.ExitCode() != exitInterrupted {
		t.Errorf("ended with %v, want exit code %d", err, exitInterrupted)
	}
	if len(rep.Scenarios) >= rep.Selected {
		t.Errorf("%d of %d scenarios are reported, want some to be left", len(rep.Scenarios), rep.Selected)
	}
	if !strings.Contains(complaints.String(), "not run, because of the interrupt\n") {
		t.Errorf("standard error says %q", complaints.String())
	}
	if !strings.Contains(out.String(), "0 failed") {
		t.Errorf("the console says %q", out.String())
	}
}
