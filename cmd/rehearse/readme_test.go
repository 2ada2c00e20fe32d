package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The README's examples are held to what the program does. The convention:
//
//   - A fenced block whose first line begins with "$ rehearse" is a terminal: each
//     line that begins with "$ " is run, and what follows up to the next such line
//     is what it prints, standard output before standard error. A line "..." stands
//     for any number of lines, none included.
//   - A fenced block of yaml is a scenario and one of cpl a policy: `rehearse check`
//     finds nothing wrong with it, not even a warning. Before any terminal runs, it
//     is written to a file of the folder in which terminals run, by the name that
//     its fence gives ("```yaml ours.yaml"), or else as example-N.
//   - Every other block is for people only.
//
// Words of a command are split at blanks; single and double quotes keep them.
func TestReadme(t *testing.T) {
	text, err := os.ReadFile("../../README.md")
	if errors.Is(err, os.ErrNotExist) {
		t.Skip("there is no README.md")
	}
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	blocks := fenced(string(text))
	for i, b := range blocks {
		ext := map[string]string{"yaml": ".yaml", "yml": ".yaml", "cpl": ".cpl"}[b.language]
		if ext == "" {
			continue
		}
		if b.file == "" {
			b.file = fmt.Sprintf("example-%d%s", i+1, ext)
		}
		if err := os.WriteFile(filepath.Join(dir, b.file), []byte(b.text), 0o666); err != nil {
			t.Fatal(err)
		}
		if out := output(dir, "rehearse", "check", b.file); !strings.HasSuffix(out, ": nothing wrong\n") {
			t.Errorf("README.md:%d: rehearse check of the %s block:\n%s", b.line, b.language, out)
		}
	}
	for _, b := range blocks {
		if strings.HasPrefix(b.text, "$ rehearse") {
			b.play(t, dir)
		}
	}
}

// block is a fenced block of Markdown.
type block struct {
	language, file string
	line           int // of its first line of text
	text           string
}

func fenced(markdown string) []block {
	var all []block
	var open *block
	for i, line := range strings.SplitAfter(markdown, "\n") {
		fence, isFence := strings.CutPrefix(strings.TrimRight(line, "\r\n"), "```")
		switch {
		case isFence && open == nil:
			language, file, _ := strings.Cut(fence, " ")
			open = &block{language: strings.ToLower(language), file: strings.TrimSpace(file), line: i + 2}
		case isFence:
			all, open = append(all, *open), nil
		case open != nil:
			open.text += line
		}
	}
	return all
}

// play runs the commands of a terminal and compares what they print.
func (b block) play(t *testing.T, dir string) {
	for part := range strings.SplitSeq("\n"+b.text, "\n$ ") {
		command, want, _ := strings.Cut(part, "\n")
		if command == "" {
			continue
		}
		words := split(command)
		if words[0] != "rehearse" {
			t.Errorf("README.md:%d: $ %s: only rehearse can be run", b.line, command)
			continue
		}
		got := output(dir, words...)
		if !like(lines(got), lines(want)) {
			t.Errorf("README.md:%d: $ %s\nprints\n%s\nthe README has\n%s", b.line, command, got, want)
		}
	}
}

// output is what a program prints in a folder, whatever its exit code.
func output(dir string, words ...string) string {
	c := exec.Command(words[0], words[1:]...)
	c.Dir = dir
	var out, complaints bytes.Buffer
	c.Stdout, c.Stderr = &out, &complaints
	if err := c.Run(); err != nil && !errors.As(err, new(*exec.ExitError)) {
		return err.Error()
	}
	return out.String() + complaints.String()
}

// lines are those of a text, without blanks at their ends and without empty ones
// at the text's end.
func lines(text string) []string {
	var all []string
	for line := range strings.SplitSeq(strings.TrimRight(text, " \n"), "\n") {
		all = append(all, strings.TrimRight(line, " \r"))
	}
	return all
}

// like says whether lines are those wanted, where "..." stands for any lines.
func like(got, want []string) bool {
	for i, w := range want {
		if w == "..." {
			for from := i; from <= len(got); from++ {
				if like(got[from:], want[i+1:]) {
					return true
				}
			}
			return false
		}
		if i >= len(got) || got[i] != w {
			return false
		}
	}
	return len(got) == len(want)
}

// split splits a command line into words.
func split(command string) []string {
	var words []string
	var word strings.Builder
	quote, begun := rune(0), false
	for _, r := range command + " " {
		switch {
		case quote != 0 && r == quote:
			quote = 0
		case quote != 0:
			word.WriteRune(r)
		case r == '\'' || r == '"':
			quote, begun = r, true
		case r != ' ':
			word.WriteRune(r)
			begun = true
		case begun:
			words = append(words, word.String())
			word.Reset()
			begun = false
		}
	}
	return words
}

func TestReadmeLinesMayBeLeftOut(t *testing.T) {
	for _, c := range []struct {
		got, want string
		like      bool
	}{
		{"a\nb\n", "a\nb", true},
		{"a\nb\n", "a", false},
		{"a\nb\nc\n", "a\n...\nc", true},
		{"a\nc\n", "a\n...\nc", true},
		{"a\nb\nc\n", "...\nc\n...", true},
		{"a\nb\nc\n", "...\nd", false},
		{"a  \n", "a", true},
		{"a\nb\n", "b\na", false},
	} {
		if got := like(lines(c.got), lines(c.want)); got != c.like {
			t.Errorf("%q like %q: %v", c.got, c.want, got)
		}
	}
	words := split(`rehearse run --filter 'a && b' x"y z"`)
	if want := []string{"rehearse", "run", "--filter", "a && b", "xy z"}; fmt.Sprint(words) != fmt.Sprint(want) || len(words) != len(want) {
		t.Errorf("got %q, want %q", words, want)
	}
}
