package main

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"rehearse/reports"
	"rehearse/reports/diag"
)

// target is one --report FORMAT=FILE. FILE - is standard output.
type target struct {
	format reports.Format
	file   string
	to     io.WriteCloser // once it is open
}

// targets are the reports to be written.
type targets []*target

func reportTargets(flags []string) (targets, error) {
	var all targets
	for _, flag := range flags {
		name, file, ok := strings.Cut(flag, "=")
		if !ok || file == "" {
			return nil, usage("--report junit=results.xml", "--report %q: want FORMAT=FILE", flag)
		}
		format, ok := reports.FormatNamed(name)
		if !ok {
			hint := "rehearse list formats"
			if near := diag.Nearest(name, slices.Values(strings.Split(formatNames(), ", "))); near != "" {
				hint = "--report " + near + "=" + file
			}
			return nil, usage(hint, "--report %q: no format %q; there are %s", flag, name, formatNames())
		}
		if slices.ContainsFunc(all, func(t *target) bool { return t.file == file }) {
			return nil, usage("give each report a FILE of its own", "--report %q: another report goes to %s already", flag, file)
		}
		all = append(all, &target{format: format, file: file})
	}
	return all, nil
}

func formatNames() string {
	var names []string
	for _, f := range reports.Formats() {
		names = append(names, f.Name)
	}
	return strings.Join(names, ", ")
}

// onOutput says whether one of the reports goes to standard output, which is then
// no place for anything else; what is made for logs may have company.
func (all targets) onOutput() bool {
	return slices.ContainsFunc(all, func(t *target) bool { return t.file == "-" && !t.format.InLog })
}

// open makes the files anew, before the work whose result they are to hold: work
// whose result has no place is not worth its time.
func (all targets) open(out io.Writer) error {
	for _, t := range all {
		if t.file == "-" {
			t.to = unclosed{out}
			continue
		}
		f, err := os.Create(t.file)
		if err != nil {
			return unable(err, "give a FILE in a folder that can be written to")
		}
		t.to = f
	}
	return nil
}

// unclosed is a stream that stays open.
type unclosed struct{ io.Writer }

func (unclosed) Close() error { return nil }

// write renders the report to all of them, which have to be open. Beside a report
// for the log of a GitHub workflow its summary goes where GitHub wants it.
func (all targets) write(rep *reports.Report) error {
	for _, t := range all {
		if err := errors.Join(t.format.Write(t.to, t.linked(rep)), t.to.Close()); err != nil {
			return unable(err, "")
		}
		if file := os.Getenv("GITHUB_STEP_SUMMARY"); t.format.Name == "github" && file != "" {
			if err := appendSummary(file, rep); err != nil {
				return unable(err, "GITHUB_STEP_SUMMARY has to name a file that can be written to")
			}
		}
	}
	return nil
}

// linked is the report with captures named from where the file stands, for the
// formats that link to them.
func (t *target) linked(rep *reports.Report) *reports.Report {
	dir := filepath.Dir(t.file)
	if !t.format.Links || t.file == "-" || dir == "." {
		return rep
	}
	near := *rep
	near.Scenarios = slices.Clone(rep.Scenarios)
	for i := range near.Scenarios {
		s := &near.Scenarios[i]
		if s.Capture == "" || filepath.IsAbs(s.Capture) {
			continue
		}
		if to, err := relative(dir, s.Capture); err == nil {
			s.Capture = filepath.ToSlash(to)
		}
	}
	return &near
}

// relative is the way to a file from a folder, both as seen from here.
func relative(dir, file string) (string, error) {
	from, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	to, err := filepath.Abs(filepath.FromSlash(file))
	if err != nil {
		return "", err
	}
	return filepath.Rel(from, to)
}

// appendSummary adds the report to what a step of a workflow has to say for itself.
func appendSummary(file string, rep *reports.Report) error {
	markdown, _ := reports.FormatNamed("markdown")
	f, err := os.OpenFile(file, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	return errors.Join(markdown.Write(f, rep), f.Close())
}
