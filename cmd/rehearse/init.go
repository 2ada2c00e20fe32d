package main

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"rehearse/simulator/scenario"
)

// starter is a first scenario with its policy.
//
//go:embed starter
var starter embed.FS

func (a *app) init() *cobra.Command {
	return &cobra.Command{
		Use:   "init [DIR]",
		Short: "Make a folder with a first scenario that passes, its policy, and the schema for editors",
		Long: `Make DIR, "rehearsals" where it is left out, with a first scenario that passes, its
policy, and the JSON Schema by which editors complete and check scenarios. A file
that is there already is never overwritten: then nothing is written at all.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			dir := "rehearsals"
			if len(args) > 0 {
				dir = args[0]
			}
			return a.start(dir)
		},
	}
}

// start writes the starter's files below dir.
func (a *app) start(dir string) error {
	files, err := starterFiles()
	if err != nil {
		return unable(err, "")
	}
	var there []string
	for _, f := range files {
		if _, err := os.Lstat(filepath.Join(dir, f.name)); !errors.Is(err, fs.ErrNotExist) {
			there = append(there, filepath.ToSlash(filepath.Join(dir, f.name)))
		}
	}
	if len(there) > 0 {
		return unable(fmt.Errorf("there is %s already; nothing was written", strings.Join(there, ", ")), "rehearse init ANOTHER-DIR")
	}
	for _, f := range files {
		if err := writeNew(filepath.Join(dir, f.name), f.text); err != nil {
			return unable(err, "give a DIR that can be written to")
		}
		fmt.Fprintln(a.out, filepath.ToSlash(filepath.Join(dir, f.name)))
	}
	fmt.Fprintf(a.out, "\nnext: rehearse run %s\n", filepath.ToSlash(dir))
	return nil
}

type starterFile struct {
	name string
	text []byte
}

// starterFiles are all files to be written, in order of their names.
func starterFiles() ([]starterFile, error) {
	schema, err := scenario.Schema()
	if err != nil {
		return nil, err
	}
	files := []starterFile{{"scenario.schema.json", schema}}
	err = fs.WalkDir(starter, "starter", func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := starter.ReadFile(p)
		files = append(files, starterFile{strings.TrimPrefix(p, "starter/"), text})
		return err
	})
	slices.SortFunc(files, func(a, b starterFile) int { return strings.Compare(a.name, b.name) })
	return files, err
}

// writeNew writes a file that is not there yet.
func writeNew(file string, text []byte) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	f, err := os.OpenFile(file, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	return errors.Join(err, f.Close())
}
