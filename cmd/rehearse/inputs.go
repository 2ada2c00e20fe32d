package main

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"rehearse/proxy/policy/cpl"
	"rehearse/reports/diag"
	"rehearse/scenarios"
	"rehearse/simulator/scenario"
)

// inputs are the files of a command line, read.
type inputs struct {
	scenarios []*scenario.File
	policies  []*cpl.File // CPL files named by themselves; only check takes them
	texts     map[string][]byte
	// found are the diagnostics of reading.
	found diag.List
}

// source gives a file's text for diagnostics and reports.
func (in *inputs) source(file string) []byte { return in.texts[file] }

// load reads the scenarios of the paths, or the stock ones. Any error among the
// diagnostics ends the command, after all of them have been shown.
func (a *app) load(paths []string) (*inputs, error) {
	in, err := read(paths)
	if err != nil {
		return nil, err
	}
	if len(in.policies) > 0 {
		return nil, usage("rehearse check "+in.policies[0].Name, "%s is a policy, not a scenario", in.policies[0].Name)
	}
	if err := a.refuse(in.found, in); err != nil {
		return nil, err
	}
	if len(in.scenarios) == 0 {
		return nil, &failure{code: exitNothing, err: errors.New("no scenario file among the paths"), hint: "scenario files end in .yaml"}
	}
	return in, nil
}

// read reads every file of the paths: folders are walked for scenario files.
func read(paths []string) (*inputs, error) {
	in := &inputs{texts: map[string][]byte{}}
	if len(paths) == 0 {
		return in, in.walk(scenarios.FS, ".", "")
	}
	for _, p := range paths {
		info, err := os.Stat(p)
		switch {
		case errors.Is(err, fs.ErrNotExist) && stock(p):
			err = in.walk(scenarios.FS, p, "")
		case err != nil:
			return nil, unable(err, "give the path of a scenario file or a folder of them")
		case info.IsDir():
			err = in.walk(disk(p), ".", filepath.ToSlash(p))
		case strings.HasSuffix(p, ".yaml"), strings.HasSuffix(p, ".yml"):
			err = in.scenario(disk(filepath.Dir(p)), filepath.Base(p), filepath.ToSlash(filepath.Dir(p)))
		default:
			err = in.policy(p)
		}
		if err != nil {
			return nil, err
		}
	}
	return in, nil
}

// stock says whether a path names a stock scenario or a folder of them, as
// reports do.
func stock(p string) bool {
	_, err := fs.Stat(scenarios.FS, p)
	return err == nil
}

// walk reads the scenario files below a folder, in order of their paths. Files
// whose name begins with "_" are only there to be extended.
func (in *inputs) walk(fsys fs.FS, root, prefix string) error {
	var found []string
	err := fs.WalkDir(fsys, root, func(p string, d fs.DirEntry, err error) error {
		name := path.Base(p)
		if err == nil && !d.IsDir() && !strings.HasPrefix(name, "_") && (path.Ext(name) == ".yaml" || path.Ext(name) == ".yml") {
			found = append(found, p)
		}
		return err
	})
	if err != nil {
		return unable(err, "")
	}
	slices.Sort(found)
	for _, p := range found {
		if err := in.scenario(fsys, p, prefix); err != nil {
			return err
		}
	}
	return nil
}

// disk is a folder whose scenarios may name files beside and above it, as
// ../policy/x.cpl, and from the root, which os.DirFS does not open.
type disk string

// Open implements fs.FS.
func (d disk) Open(name string) (fs.File, error) {
	if path.IsAbs(name) {
		return os.Open(filepath.FromSlash(name))
	}
	return os.Open(filepath.Join(string(d), filepath.FromSlash(name)))
}

func (in *inputs) scenario(fsys fs.FS, p, prefix string) error {
	f, list := scenario.Load(fsys, p, prefix)
	in.found = append(in.found, list...)
	if f == nil {
		return nil
	}
	for name, text := range f.Texts {
		in.texts[name] = text
	}
	in.scenarios = append(in.scenarios, f)
	return nil
}

func (in *inputs) policy(p string) error {
	text, err := os.ReadFile(p)
	if err != nil {
		return unable(err, "give the path of a scenario or CPL file")
	}
	in.texts[p] = text
	f, list := cpl.Parse(p, text)
	in.found = append(in.found, list...)
	in.policies = append(in.policies, f)
	return nil
}
