//go:build unix

package main

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

const watched = `name: a page
appliance: {release: 6.5.10.1, deployment: none}
clients: {bob: {profile: browser}}
steps:
  - bob: {browse: https://www.example.com/}
    expect: {result: RESULT}
`

// Each change runs what it touches; what is broken is told, and run once it is mended.
func TestWatchRunsWhatChanges(t *testing.T) {
	dir := t.TempDir()
	write := func(name, result string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(strings.Replace(watched, "RESULT", result, 1)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("a.yaml", "ok")
	write("b.yaml", "ok")
	c := exec.Command("rehearse", "run", "--watch", ".")
	c.Dir = dir
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	c.Stderr = c.Stdout // in one stream, in order
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	said := bufio.NewScanner(out)
	until := func(want string) (all string) {
		t.Helper()
		for said.Scan() {
			all += said.Text() + "\n"
			if strings.Contains(said.Text(), want) {
				return all
			}
		}
		t.Fatalf("it ended without %q:\n%s", want, all)
		return ""
	}
	const waits = "watching 2 files; Ctrl-C ends"
	first := until(waits)
	if !strings.Contains(first, "2 passed, 0 failed") {
		t.Errorf("first:\n%s", first)
	}
	write("a.yaml", "refused")
	second := until(waits)
	if !strings.Contains(second, "0 passed, 1 failed") || strings.Contains(second, "b.yaml") {
		t.Errorf("after a.yaml has changed:\n%s", second)
	}
	write("b.yaml", "[")
	broken := until(waits)
	if !strings.Contains(broken, "b.yaml:") || strings.Contains(broken, "passed") {
		t.Errorf("after b.yaml has broken:\n%s", broken)
	}
	write("b.yaml", "[ok, timeout]")
	mended := until(waits)
	if !strings.Contains(mended, "1 passed, 0 failed") {
		t.Errorf("after b.yaml was mended:\n%s", mended)
	}
	write("c.yaml", "ok")
	until("watching 3 files; Ctrl-C ends")
	if err := c.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	for said.Scan() {
	}
	if err := c.Wait(); err != nil {
		t.Errorf("it ended with %v", err)
	}
}
