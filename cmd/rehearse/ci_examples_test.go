//go:build unix

package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// ciExamples are the files of .ci/examples that play a folder in three parts: the
// variables that their system sets for each part, and what it replaces in the text.
var ciExamples = []struct {
	file    string
	env     func(part int) []string
	replace func(part int) *strings.Replacer
}{
	{"github.yml", func(part int) []string {
		return []string{fmt.Sprint("STRATEGY_JOB_INDEX=", part), "STRATEGY_JOB_TOTAL=3"}
	}, func(part int) *strings.Replacer {
		return strings.NewReplacer("${{ matrix.part }}", fmt.Sprint(part+1))
	}},
	{"gitlab.yml", func(part int) []string {
		return []string{fmt.Sprint("CI_NODE_INDEX=", part+1), "CI_NODE_TOTAL=3"}
	}, nil},
	{"buildkite.yml", func(part int) []string {
		return []string{fmt.Sprint("BUILDKITE_PARALLEL_JOB=", part), "BUILDKITE_PARALLEL_JOB_COUNT=3"}
	}, func(int) *strings.Replacer { return strings.NewReplacer("$$", "$") }},
	{"kubernetes-indexed-job.yaml", func(part int) []string {
		return []string{fmt.Sprint("JOB_COMPLETION_INDEX=", part), "JOB_COMPLETIONS=3"}
	}, nil},
	{"bazel_test.sh", func(part int) []string {
		return []string{
			fmt.Sprint("TEST_SHARD_INDEX=", part), "TEST_TOTAL_SHARDS=3", "TEST_SHARD_STATUS_FILE=status",
			"TEST_UNDECLARED_OUTPUTS_DIR=.", fmt.Sprintf("XML_OUTPUT_FILE=part-%d.xml", part),
		}
	}, nil},
}

// Each example's commands are run as its system would run them; the parts that come
// of it are the whole run.
func TestCIExamplesPlayTheWhole(t *testing.T) {
	for _, e := range ciExamples {
		t.Run(e.file, func(t *testing.T) {
			dir := t.TempDir()
			for _, n := range []string{"1", "2", "3", "4"} {
				put(t, filepath.Join(dir, "rehearsals", n+".yaml"), strings.Replace(strings.Replace(watched, "RESULT", "ok", 1), "a page", "page "+n, 1))
			}
			if out, err := shell(dir, nil, "rehearse run rehearsals/ --report json=whole.json"); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			merges := 0
			for part := range 3 {
				for _, command := range commands(t, e.file) {
					if e.replace != nil {
						command = e.replace(part).Replace(command)
					}
					merge := strings.Contains(command, "report merge")
					if merge && part < 2 {
						continue // it is for a job after them
					}
					if merge {
						merges++
					}
					if out, err := shell(dir, e.env(part), command); err != nil {
						t.Errorf("part %d: %s: %v\n%s", part, command, err, out)
					}
				}
			}
			if merges == 0 {
				if out, err := shell(dir, nil, "rehearse report merge part-*.json --report json=results.json"); err != nil {
					t.Errorf("%v\n%s", err, out)
				}
			}
			if got, want := textOf(t, dir, "results.json"), textOf(t, dir, "whole.json"); !bytes.Equal(got, want) {
				t.Errorf("the parts come to %d bytes, want those of the whole run, %d", len(got), len(want))
			}
		})
	}
}

// The flags of the workers' example are those that there are.
func TestCIExampleOfWorkersHasRightFlags(t *testing.T) {
	all := commands(t, "kubernetes-workers.yaml")
	if len(all) != 2 {
		t.Fatalf("got %d commands, want a coordinator's and a worker's", len(all))
	}
	for _, command := range all {
		if out, err := shell(t.TempDir(), nil, command+" --help"); err != nil {
			t.Errorf("%s: %v\n%s", command, err, out)
		}
	}
}

// commands are the scripts of an example in which this program is run.
func commands(t *testing.T, file string) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", ".ci", "examples", file))
	if err != nil {
		t.Fatal(err)
	}
	if filepath.Ext(file) == ".sh" {
		return []string{string(text)}
	}
	var all []string
	d := yaml.NewDecoder(bytes.NewReader(text))
	for {
		var n yaml.Node
		if err := d.Decode(&n); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, scripts(&n)...)
	}
	if len(all) == 0 {
		t.Fatalf("%s: no command runs rehearse", file)
	}
	return all
}

func scripts(n *yaml.Node) []string {
	if n.Kind == yaml.ScalarNode {
		for _, verb := range []string{"rehearse run ", "rehearse report ", "rehearse coordinate ", "rehearse worker "} {
			if strings.HasPrefix(strings.TrimPrefix(n.Value, "exec "), verb) {
				return []string{n.Value}
			}
		}
	}
	var all []string
	for _, c := range n.Content {
		all = append(all, scripts(c)...)
	}
	return all
}

// shell runs a script as CI systems do.
func shell(dir string, env []string, script string) ([]byte, error) {
	c := exec.Command("sh", "-c", script)
	c.Dir, c.Env = dir, append(os.Environ(), env...)
	return c.CombinedOutput()
}

func put(t *testing.T, file, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func textOf(t *testing.T, dir, file string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, file))
	if err != nil {
		t.Fatal(err)
	}
	return text
}
