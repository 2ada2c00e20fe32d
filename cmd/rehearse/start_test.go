package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/rogpeppe/go-internal/testscript"
)

// start is `start NAME PROGRAM [ARG...]`: the program runs beside the script, which
// goes on once its first line is "ready". What follows that word becomes the
// variable NAME. When the script ends, so does the program, by SIGTERM; then its
// exit code has to be 0.
func start(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: start NAME PROGRAM [ARG...]")
	}
	program, err := exec.LookPath(args[1])
	ts.Check(err)
	c := exec.Command(program, args[2:]...)
	c.Dir, c.Env = ts.MkAbs("."), scriptEnv(ts)
	said, err := c.StdoutPipe()
	ts.Check(err)
	var complaint strings.Builder
	c.Stderr = &complaint
	ts.Check(c.Start())
	out := bufio.NewReader(said)
	line, err := out.ReadString('\n')
	word, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
	if err != nil || word != "ready" {
		c.Process.Kill()
		c.Wait()
		ts.Fatalf("%s said %q and not that it is ready\n%s", args[1], line, complaint.String())
	}
	ts.Setenv(args[0], rest)
	ts.Setenv(args[0]+"_PID", strconv.Itoa(c.Process.Pid))
	ts.Defer(func() {
		c.Process.Signal(syscall.SIGTERM)
		io.Copy(io.Discard, out)
		if err := c.Wait(); err != nil {
			ts.Fatalf("%s, told to end: %v\n%s", args[1], err, complaint.String())
		}
	})
}

// scriptEnv is the script's, as far as programs of ours look at it.
func scriptEnv(ts *testscript.TestScript) []string {
	env := os.Environ()
	for _, name := range []string{"WORK", "HOME", "TMPDIR", "PATH", "NO_COLOR"} {
		env = append(env, name+"="+ts.Getenv(name))
	}
	return env
}

// field is `field NAME FILE KEY...`: the variable NAME becomes what a JSON file has
// below these keys.
func field(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 3 {
		ts.Fatalf("usage: field NAME FILE KEY...")
	}
	var v any
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[1])), &v))
	for _, key := range args[2:] {
		object, _ := v.(map[string]any)
		var ok bool
		if v, ok = object[key]; !ok {
			ts.Fatalf("%s has no %s", args[1], strings.Join(args[2:], " "))
		}
	}
	ts.Setenv(args[0], fmt.Sprint(v))
}

// raceOptions keep programs that were built with the race detector from resting for
// a second before they end, as they do else.
const raceOptions = "atexit_sleep_ms=0"

// setup gives scripts the module's root as $ROOT.
func setup(env *testscript.Env) error {
	dir, err := filepath.Abs(filepath.Join("..", ".."))
	env.Setenv("ROOT", dir)
	env.Setenv("GORACE", raceOptions)
	return err
}

// installed is a condition of scripts: [pkg-config:NAME] for a library's development
// files, [plugin:FILE] for a plug-in of libpurple, [gst:NAME,...] for plug-ins of
// GStreamer, [netns] for network namespaces.
func installed(condition string) (bool, error) {
	kind, name, _ := strings.Cut(condition, ":")
	switch kind {
	case "netns":
		return hasNamespaces(), nil
	case "gst":
		dir, _ := exec.Command("pkg-config", "--variable=pluginsdir", "gstreamer-1.0").Output()
		for _, plugin := range strings.Split(name, ",") {
			if _, err := os.Stat(filepath.Join(strings.TrimSpace(string(dir)), "libgst"+plugin+".so")); err != nil {
				return false, nil
			}
		}
		return true, nil
	case "pkg-config":
		return exec.Command("pkg-config", "--exists", name).Run() == nil, nil
	case "plugin":
		for _, variable := range []string{"plugindir", "prefix"} {
			dir, err := exec.Command("pkg-config", "--variable="+variable, "purple").Output()
			if err != nil {
				continue
			}
			in := strings.TrimSpace(string(dir))
			if variable == "prefix" { // Debian looks there as well
				in = filepath.Join(in, "lib", "purple-2")
			}
			if _, err := os.Stat(filepath.Join(in, name)); err == nil {
				return true, nil
			}
		}
		return false, nil
	}
	return false, fmt.Errorf("condition %q, want pkg-config:NAME, plugin:FILE, gst:NAME or netns", condition)
}
