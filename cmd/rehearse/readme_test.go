package main_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestReadme runs what the README shows. A fenced block whose first line is
// `$ rehearse ARGS` is run, and its standard output has to be the lines that
// follow; a line of three dots stands for any number of lines. Fenced yaml and cpl
// blocks are checked.
func TestReadme(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	ran := map[string]int{}
	for i, block := range strings.Split(string(text), "\n```") {
		if i%2 == 0 {
			continue // between fences
		}
		language, body, _ := strings.Cut(block, "\n")
		switch {
		case language == "yaml", language == "cpl":
			ran[language]++
			t.Run(language, func(t *testing.T) { checkExample(t, "example."+language, body) })
		case strings.HasPrefix(body, "$ rehearse "):
			ran["run"]++
			command, want, _ := strings.Cut(strings.TrimPrefix(body, "$ "), "\n")
			t.Run(command, func(t *testing.T) { runExample(t, command, want) })
		}
	}
	if ran["yaml"] == 0 || ran["run"] == 0 {
		t.Fatalf("the README shows %v, want at least one scenario and one command", ran)
	}
}

func checkExample(t *testing.T, name, body string) {
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, []byte(body+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, verb := range []string{"check", "run"} {
		if verb == "run" && filepath.Ext(name) != ".yaml" {
			continue
		}
		if out, err := exec.Command("rehearse", verb, file).CombinedOutput(); err != nil {
			t.Errorf("rehearse %s: %v\n%s", verb, err, out)
		}
	}
}

func runExample(t *testing.T, command, want string) {
	args := strings.Fields(command)
	out, err := exec.Command(args[0], args[1:]...).Output()
	if err != nil {
		t.Fatalf("%s: %v", command, err)
	}
	if at, ok := follows(strings.Split(want, "\n"), strings.Split(strings.TrimRight(string(out), "\n"), "\n")); !ok {
		t.Errorf("%s: the output does not go on with %q:\n%s", command, at, out)
	}
}

// follows says whether got is what want describes, else the first line of want
// that got does not have in its place.
func follows(want, got []string) (missing string, ok bool) {
	for i := 0; i < len(want); i++ {
		if want[i] == "..." {
			if i == len(want)-1 {
				return "", true
			}
			for len(got) > 0 && got[0] != want[i+1] {
				got = got[1:]
			}
			continue
		}
		if len(got) == 0 || strings.TrimRight(got[0], " ") != want[i] {
			return want[i], false
		}
		got = got[1:]
	}
	return "the end", len(got) == 0
}
