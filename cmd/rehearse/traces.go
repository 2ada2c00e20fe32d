package main

import (
	"os"
	"path"
	"path/filepath"
	"strings"

	"rehearse/simulator/run"
	"rehearse/simulator/scenario"
)

// writeTraces writes trace pages below a folder: SCENARIO/DESTINATION.
func writeTraces(dir string, pages []run.TracePage) error {
	for _, p := range pages {
		folder := filepath.Join(dir, traceFolder(p.Scenario))
		if err := os.MkdirAll(folder, 0o755); err != nil {
			return unable(err, "give --traces a folder that can be written to")
		}
		if err := os.WriteFile(filepath.Join(folder, fileName(p.Destination)), []byte(p.Text), 0o644); err != nil {
			return unable(err, "give --traces a folder that can be written to")
		}
	}
	return nil
}

// traceFolder is the folder of a scenario's variant: its file, its name and its
// settings, as far as a file's name can hold them.
func traceFolder(s *scenario.Scenario) string {
	parts := []string{strings.TrimSuffix(s.File, path.Ext(s.File)), s.Name}
	for _, v := range s.Variant {
		parts = append(parts, v.Name+"-"+v.Value)
	}
	return fileName(strings.Join(parts, "_"))
}

// fileName is a text as one name of a file, wherever it comes from.
func fileName(s string) string {
	name := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("._-", r) {
			return r
		}
		return '-'
	}, s)
	if strings.Trim(name, ".") == "" {
		return "trace"
	}
	return name
}
