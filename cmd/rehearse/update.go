package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"

	"rehearse/reports"
	"rehearse/simulator/revise"
	"rehearse/simulator/scenario"
)

// checkUpdate says what --update does not go with.
func (f runFlags) checkUpdate() error {
	switch {
	case !f.update:
		return nil
	case f.watch:
		return usage("leave --watch out", "--update and --watch do not go together: what is written would be run again")
	case len(f.overrides()) > 0:
		return usage("put it into the scenarios", "--update takes what the scenarios themselves come to, without %s", f.overrides()[0])
	}
	return nil
}

// revise has expectations that did not hold say what came out, and tells each. The
// exit code is 0 where nothing is left to fail then.
func (a *app) revise(p prepared, rep *reports.Report) error {
	changes, left := revise.Expectations(p.played(rep))
	files := map[string][]revise.Change{}
	var names []string
	for _, c := range changes {
		if files[c.At.File] == nil {
			names = append(names, c.At.File)
		}
		files[c.At.File] = append(files[c.At.File], c)
	}
	written := 0
	for _, name := range names {
		more, err := a.rewrite(p.files, name, files[name])
		if err != nil {
			return err
		}
		left = append(left, more...)
		written += len(files[name]) - len(more)
	}
	for _, l := range left {
		fmt.Fprintf(a.err, "left: %s\n", l)
	}
	if written > 0 {
		fmt.Fprintf(a.err, "%s; look at the difference before you keep it\n", counted(written, "expectation was rewritten", "expectations were rewritten"))
	}
	for i := range rep.Scenarios {
		if rep.Scenarios[i].Problem != "" {
			return told(exitFailed)
		}
	}
	if len(left) > 0 {
		return told(exitFailed)
	}
	return nil
}

// played are all variants of the files with what became of them.
func (p prepared) played(rep *reports.Report) []revise.Played {
	at := map[int]*reports.Scenario{}
	for i := range rep.Scenarios {
		at[rep.Scenarios[i].Index] = &rep.Scenarios[i]
	}
	of := map[*scenario.Scenario]*reports.Scenario{}
	for i, s := range p.chosen.scenarios {
		of[s] = at[p.chosen.places[i]]
	}
	var all []revise.Played
	for _, f := range p.files.scenarios {
		for _, s := range f.Variants {
			all = append(all, revise.Played{Scenario: s, Report: of[s]})
		}
	}
	return all
}

// rewrite changes one file. A text that would be no scenario any more is not written.
func (a *app) rewrite(in *inputs, name string, changes []revise.Change) ([]revise.Left, error) {
	info, err := os.Stat(filepath.FromSlash(name))
	if errors.Is(err, fs.ErrNotExist) && stock(name) {
		return nil, unable(fmt.Errorf("%s is built into the program and cannot be rewritten", name), "copy it to a folder of yours")
	}
	if err != nil {
		return nil, unable(err, "")
	}
	text, left := revise.Apply(in.texts[name], changes)
	for _, c := range changes {
		if !without(left, c) {
			fmt.Fprintln(a.err, c)
		}
	}
	if len(left) == len(changes) {
		return left, nil
	}
	if _, found := scenario.Load(replaced{disk("."), name, text}, name, ""); found.HasErrors() {
		return nil, unable(fmt.Errorf("%s would not be a scenario any more: %s; nothing was written", name, found[0].Message), "change it by hand")
	}
	if err := os.WriteFile(filepath.FromSlash(name), text, info.Mode().Perm()); err != nil {
		return nil, unable(err, "")
	}
	return left, nil
}

// without says whether a change is among those left.
func without(left []revise.Left, c revise.Change) bool {
	for _, l := range left {
		if l.At == c.At && l.Field == c.Field {
			return true
		}
	}
	return false
}

// replaced is a file system in which one file has another text.
type replaced struct {
	fs.FS
	name string
	text []byte
}

// ReadFile implements fs.ReadFileFS.
func (r replaced) ReadFile(name string) ([]byte, error) {
	if path.Clean(name) == path.Clean(r.name) {
		return r.text, nil
	}
	return fs.ReadFile(r.FS, name)
}
