package main

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"rehearse/proxy/policy"
	"rehearse/proxy/policy/cpl"
	"rehearse/reports/diag"
	"rehearse/scenarios"
	"rehearse/simulator/scenario"
)

// inputs are the files of a command line, read.
type inputs struct {
	scenarios []*scenario.File
	policies  []*cpl.File // CPL files named by themselves; only check takes them
	beside    []cplFile   // CPL files of the folders that were walked
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
		name := in.policies[0].Name
		return nil, usage("rehearse check "+name, "%s is no scenario file: their names end in .yaml or .yml", name)
	}
	if err := a.refuse(in.found, in); err != nil {
		return nil, err
	}
	if len(in.scenarios) == 0 {
		return nil, &failure{code: exitNothing, err: errors.New("there is no scenario file below " + strings.Join(paths, ", ")), hint: "the names of scenario files end in .yaml or .yml"}
	}
	return in, nil
}

// cplFile is a CPL file that was come across.
type cplFile struct {
	fsys       fs.FS
	path, name string // in fsys, and as it is shown
}

// read reads every file of the paths: folders are walked for scenario files. A
// path that is not there may be that of a stock scenario or policy, as reports and
// diagnostics show it.
func read(paths []string) (*inputs, error) {
	in := &inputs{texts: map[string][]byte{}}
	if len(paths) == 0 {
		return in, in.walk(scenarios.FS, ".", "")
	}
	for _, p := range paths {
		if err := in.path(p); err != nil {
			return nil, err
		}
	}
	return in, nil
}

func (in *inputs) path(p string) error {
	slashed := path.Clean(filepath.ToSlash(p))
	info, err := os.Stat(p)
	switch {
	case errors.Is(err, fs.ErrNotExist) && stock(slashed) && isScenario(slashed):
		return in.scenario(scenarios.FS, slashed, "")
	case errors.Is(err, fs.ErrNotExist) && stock(slashed) && path.Ext(slashed) == ".cpl":
		return in.parse(cplFile{scenarios.FS, slashed, slashed})
	case errors.Is(err, fs.ErrNotExist) && stock(slashed):
		return in.walk(scenarios.FS, slashed, "")
	case errors.Is(err, fs.ErrNotExist):
		return noFile(p)
	case err != nil:
		return unable(err, "")
	case info.IsDir():
		return in.walk(disk(p), ".", slashed)
	case isScenario(p):
		return in.scenario(disk(filepath.Dir(p)), filepath.Base(p), path.Dir(slashed))
	}
	return in.policy(p)
}

func isScenario(p string) bool { return path.Ext(p) == ".yaml" || path.Ext(p) == ".yml" }

// stock says whether a path names a stock scenario or a folder of them.
func stock(p string) bool {
	_, err := fs.Stat(scenarios.FS, p)
	return err == nil
}

// noFile tells that a path leads nowhere, and where it could have led.
func noFile(p string) error {
	var near []string
	if entries, err := os.ReadDir(filepath.Dir(p)); err == nil {
		for _, e := range entries {
			near = append(near, filepath.Join(filepath.Dir(p), e.Name()))
		}
	}
	// The error of a walk that goes nowhere is that there is nothing to propose.
	_ = fs.WalkDir(scenarios.FS, ".", func(known string, _ fs.DirEntry, err error) error {
		near = append(near, known)
		return err
	})
	hint := "give the path of a scenario file or a folder of them; rehearse list scenarios shows the built-in ones"
	if n := diag.Nearest(p, slices.Values(near)); n != "" {
		hint = "did you mean " + n + "?"
	}
	return unable(fmt.Errorf("%s: there is no such file or folder", p), hint)
}

// walk reads the scenario files below a folder, in order of their paths, and
// notes its policies. Files whose name begins with "_" are only there to be
// extended.
func (in *inputs) walk(fsys fs.FS, root, prefix string) error {
	var found []string
	err := fs.WalkDir(fsys, root, func(p string, d fs.DirEntry, err error) error {
		switch {
		case err != nil || d.IsDir():
		case isScenario(p) && !strings.HasPrefix(path.Base(p), "_"):
			found = append(found, p)
		case path.Ext(p) == ".cpl":
			in.beside = append(in.beside, cplFile{fsys, p, path.Join(prefix, p)})
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
	if list.HasErrors() {
		in.found = append(in.found, policiesOf(f)...)
	}
	in.scenarios = append(in.scenarios, f)
	return nil
}

// policiesOf is what is wrong with the policies of a scenario that is wrong itself, so
// that nobody has to mend one to hear of the other. Which releases they meet is not
// known then; they are held to the newest.
func policiesOf(f *scenario.File) (list diag.List) {
	for _, name := range slices.Sorted(maps.Keys(f.Texts)) {
		if isScenario(name) {
			continue
		}
		parsed, found := cpl.Parse(name, f.Texts[name])
		_, more := policy.Compile([]*cpl.File{parsed}, policy.Options{Release: cpl.Newest()})
		list = append(append(list, found...), more...)
	}
	list.Sort()
	return list
}

// policy reads a CPL file of the command line.
func (in *inputs) policy(p string) error {
	return in.parse(cplFile{disk(filepath.Dir(p)), filepath.Base(p), p})
}

func (in *inputs) parse(c cplFile) error {
	text, err := fs.ReadFile(c.fsys, c.path)
	if errors.Is(err, fs.ErrNotExist) {
		return noFile(c.name)
	}
	if err != nil {
		return unable(err, "give the path of a CPL file")
	}
	in.texts[c.name] = text
	f, list := cpl.Parse(c.name, text)
	in.found = append(in.found, list...)
	in.policies = append(in.policies, f)
	return nil
}

// strays reads the policies of walked folders that no scenario names.
func (in *inputs) strays() error {
	for _, c := range in.beside {
		if in.texts[c.name] != nil {
			continue
		}
		if err := in.parse(c); err != nil {
			return err
		}
	}
	return nil
}
