package reports

import (
	"io"
	"slices"
)

// Format is one form in which a report can be stored.
type Format struct {
	Name string // as in --report NAME=FILE
	Ext  string // of a file in this form, without the dot
	// InLog: it is for the log of a program, among its other output.
	InLog bool
	// Links: it leads to captures, so their names are taken from where it stands.
	Links bool
	// Write renders a report. What it writes depends on the report alone.
	Write func(io.Writer, *Report) error
}

// Formats lists every format, in the order in which they are offered.
func Formats() []Format {
	return []Format{
		{Name: "json", Ext: "json", Write: writeJSON},
		{Name: "junit", Ext: "xml", Write: writeJUnit},
		{Name: "html", Ext: "html", Links: true, Write: writeHTML},
		{Name: "tap", Ext: "tap", Write: writeTAP},
		{Name: "github", Ext: "txt", InLog: true, Write: writeGitHub},
		{Name: "markdown", Ext: "md", Write: writeMarkdown},
	}
}

// FormatNamed finds a format by its name.
func FormatNamed(name string) (Format, bool) {
	all := Formats()
	i := slices.IndexFunc(all, func(f Format) bool { return f.Name == name })
	if i < 0 {
		return Format{}, false
	}
	return all[i], true
}
