package reports

import (
	"io"
	"slices"
)

// Format is one form in which a report can be stored.
type Format struct {
	Name string // as in --report NAME=FILE
	Ext  string // of a file in this form, without the dot
	// Write renders a report. What it writes depends on the report alone.
	Write func(io.Writer, *Report) error
}

// Formats lists every format, in the order in which they are offered.
func Formats() []Format {
	return []Format{
		{"json", "json", writeJSON},
		{"junit", "xml", writeJUnit},
		{"html", "html", writeHTML},
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
