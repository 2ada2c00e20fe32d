package main

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"rehearse/proxy"
	"rehearse/proxy/policy/cpl"
	"rehearse/reports"
	"rehearse/reports/journal"
	"rehearse/simulator/client"
	"rehearse/simulator/scenario"
)

// table is one thing that `rehearse list` shows. Its rows come from where the
// program keeps them.
type table struct {
	name, doc string
	columns   []string
	rows      func() [][]string
	// ofFiles makes the rows of tables about scenario files; rows is nil then.
	ofFiles func(*inputs) [][]string
}

// tables lists all of them.
func tables() []table {
	return []table{
		{name: "scenarios", doc: "the stock scenarios, or those of PATHs", columns: []string{"FILE", "VARIANTS", "NAME", "LABELS"}, ofFiles: scenarioRows},
		{name: "labels", doc: "the labels of scenarios", columns: []string{"LABEL", "FILES", "VARIANTS"}, ofFiles: labelRows},
		{name: "profiles", doc: "client profiles", columns: []string{"PROFILE", "MEANING"}, rows: profileRows},
		{name: "stages", doc: "stages of a client's step, in order", columns: []string{"STAGE", "MEANING"}, rows: stageRows},
		{name: "results", doc: "results of a client's step", columns: []string{"RESULT", "MEANING"}, rows: resultRows},
		{name: "codes", doc: "codes of outcomes", columns: []string{"CODE", "MEANING"}, rows: codeRows},
		{name: "exceptions", doc: "the appliance's exceptions", columns: []string{"EXCEPTION", "STATUS", "HEADING"}, rows: exceptionRows},
		{name: "features", doc: "what releases have", columns: []string{"FEATURE", "SINCE", "MEANING"}, rows: featureRows},
		{name: "protocols", doc: "what detection knows", columns: []string{"PROTOCOL", "WHERE", "MEANING"}, rows: protocolRows},
		{name: "faults", doc: "what can be made to fail, and how scenarios write it", columns: []string{"FAULT", "TARGETS", "TAKES", "MEANING"}, rows: faultRows},
		{name: "events", doc: "kinds of events, as evidence shows and scenarios expect them", columns: []string{"EVENT", "MEANING"}, rows: eventRows},
		{name: "formats", doc: "formats of reports", columns: []string{"FORMAT", "EXTENSION", "WRITTEN"}, rows: formatRows},
		{name: "conditions", doc: "conditions of CPL; rehearse explain D3 and the like says what the marks mean", columns: []string{"CONDITION", "MARK", "SINCE", "MEANING"}, rows: vocabularyRows(cpl.KindCondition)},
		{name: "properties", doc: "properties of CPL, likewise", columns: []string{"PROPERTY", "MARK", "SINCE", "MEANING"}, rows: vocabularyRows(cpl.KindProperty)},
		{name: "diagnostics", doc: "IDs of diagnostics", columns: []string{"DIAGNOSTIC", "MEANING"}, rows: diagnosticRows},
	}
}

func scenarioRows(in *inputs) (rows [][]string) {
	for _, f := range in.scenarios {
		rows = append(rows, []string{f.Path, fmt.Sprint(len(f.Variants)), f.Name, strings.Join(f.Labels, ", ")})
	}
	return rows
}

// labelRows counts files and variants by label, the most used first.
func labelRows(in *inputs) (rows [][]string) {
	files, variants := map[string]int{}, map[string]int{}
	for _, f := range in.scenarios {
		for _, l := range f.Labels {
			files[l]++
			variants[l] += len(f.Variants)
		}
	}
	labels := slices.SortedFunc(maps.Keys(files), func(a, b string) int {
		return cmp.Or(cmp.Compare(files[b], files[a]), cmp.Compare(a, b))
	})
	for _, l := range labels {
		rows = append(rows, []string{l, fmt.Sprint(files[l]), fmt.Sprint(variants[l])})
	}
	return rows
}

func profileRows() (rows [][]string) {
	for _, p := range client.Profiles {
		rows = append(rows, []string{p.Name, p.Doc})
	}
	return rows
}

func stageRows() (rows [][]string) {
	for _, s := range journal.Stages {
		rows = append(rows, []string{string(s), stageDoc(s)})
	}
	return rows
}

func resultRows() (rows [][]string) {
	for _, r := range journal.Results {
		rows = append(rows, []string{string(r), resultDoc(r)})
	}
	return rows
}

func codeRows() (rows [][]string) {
	for _, p := range codePages() {
		rows = append(rows, []string{p.id, strings.TrimSuffix(p.text, ".")})
	}
	return rows
}

func exceptionRows() (rows [][]string) {
	for _, e := range proxy.Exceptions() {
		rows = append(rows, []string{e.ID, fmt.Sprint(e.Status), e.Summary})
	}
	return rows
}

func featureRows() (rows [][]string) {
	for _, f := range proxy.Features() {
		rows = append(rows, []string{f.Name, releases(f.Since), f.Doc})
	}
	return rows
}

func protocolRows() (rows [][]string) {
	for _, p := range protocols() {
		rows = append(rows, []string{p.name, p.where, p.doc})
	}
	return rows
}

func faultRows() (rows [][]string) {
	for _, f := range faults() {
		rows = append(rows, []string{f.word, strings.Join(f.targets, ", "), orDash(strings.Join(f.params, ", ")), f.doc})
	}
	return rows
}

func eventRows() (rows [][]string) {
	for _, kind := range scenario.EventKinds() {
		rows = append(rows, []string{kind, eventDoc(kind)})
	}
	return rows
}

func formatRows() (rows [][]string) {
	for _, f := range reports.Formats() {
		rows = append(rows, []string{f.Name, "." + f.Ext, "--report " + f.Name + "=FILE." + f.Ext})
	}
	return rows
}

func vocabularyRows(kind cpl.Kind) func() [][]string {
	return func() (rows [][]string) {
		for e := range cpl.Vocabulary() {
			if e.Kind == kind {
				rows = append(rows, []string{e.Name, string(e.Mark), e.Since.String(), e.Doc})
			}
		}
		return rows
	}
}

func diagnosticRows() (rows [][]string) {
	for _, p := range diagnosticPages() {
		title, _, _ := strings.Cut(p.text, ". ")
		rows = append(rows, []string{p.id, strings.TrimSuffix(title, ".")})
	}
	return rows
}

// orDash keeps a column where it is empty.
func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}
