package main

import (
	"io"
	"os"
	"strings"

	"rehearse/reports"
)

// target is one --report FORMAT=FILE.
type target struct {
	format reports.Format
	file   string
}

func reportTargets(flags []string) ([]target, error) {
	var targets []target
	for _, flag := range flags {
		name, file, ok := strings.Cut(flag, "=")
		if !ok || file == "" {
			return nil, usage("--report junit=results.xml", "--report %q: want FORMAT=FILE", flag)
		}
		format, ok := reports.FormatNamed(name)
		if !ok {
			return nil, usage("--report json="+file, "--report %q: no format %q; there are %s", flag, name, formatNames())
		}
		targets = append(targets, target{format, file})
	}
	return targets, nil
}

func formatNames() string {
	var names []string
	for _, f := range reports.Formats() {
		names = append(names, f.Name)
	}
	return strings.Join(names, ", ")
}

// write makes the file anew; "-" is standard output.
func (t target) write(rep *reports.Report) (err error) {
	var w io.Writer = os.Stdout
	if t.file != "-" {
		f, err := os.Create(t.file)
		if err != nil {
			return err
		}
		defer func() {
			if e := f.Close(); err == nil {
				err = e
			}
		}()
		w = f
	}
	return t.format.Write(w, rep)
}
