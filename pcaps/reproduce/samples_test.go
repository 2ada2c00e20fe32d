package reproduce_test

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"

	"rehearse/pcaps/diagnose"
	"rehearse/pcaps/reproduce"
	"rehearse/pcaps/signature"
	"rehearse/pcaps/story"
)

// samples has a folder for each case: the scenario, the capture of its rehearsal, and
// what must be found in that.
const samples = "../samples"

// expected is what must be found in a sample.
type expected struct {
	// Causes are those of pcap diagnose, with their hosts.
	Causes []string `json:"causes"`
	// Fields are the capture's signature.
	Fields map[string][]string `json:"fields"`
}

// found is what is found in a capture.
func found(t *testing.T, capture []byte) expected {
	t.Helper()
	s, err := story.Read(bytes.NewReader(capture), story.Options{Events: true})
	if err != nil {
		t.Fatal(err)
	}
	e := expected{Causes: []string{}, Fields: fieldsOf(signature.Of(s))}
	for _, f := range diagnose.Diagnose(s.Events).Findings {
		if f.Confidence != diagnose.Low {
			e.Causes = append(e.Causes, f.Cause+" "+f.Host)
		}
	}
	slices.Sort(e.Causes)
	return e
}

func fieldsOf(s signature.Signature) map[string][]string {
	m := map[string][]string{}
	for _, f := range s {
		m[f.Name()] = f.Values
	}
	return m
}

// TestSamples holds each sample against what must be found in it, and against a
// rehearsal of its scenario today. To make the samples again:
//
//	go test ./pcaps/reproduce -run TestSamples -remake
func TestSamples(t *testing.T) {
	folders, err := filepath.Glob(samples + "/*/scenario.yaml")
	if err != nil || len(folders) == 0 {
		t.Fatalf("no samples: %v", err)
	}
	for _, scenario := range folders {
		folder := filepath.Dir(scenario)
		t.Run(filepath.Base(folder), func(t *testing.T) { sample(t, folder) })
	}
}

func sample(t *testing.T, folder string) {
	text, err := os.ReadFile(filepath.Join(folder, "scenario.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	s, err := reproduce.Load(string(text))
	if err != nil {
		t.Fatal(err)
	}
	bench := reproduce.Bench{Secrets: true, Bubble: func(work func()) { synctest.Test(t, func(*testing.T) { work() }) }}
	now, err := bench.Rehearse(context.Background(), s)
	if err != nil {
		t.Fatal(err)
	}
	capture, facts := filepath.Join(folder, "capture.pcapng"), filepath.Join(folder, "expected.json")
	if f := flag.Lookup("remake"); f != nil && f.Value.String() == "true" {
		remake(t, capture, facts, now.Capture)
	}
	kept, err := os.ReadFile(capture)
	if err != nil {
		t.Fatal(err)
	}
	want := expectedIn(t, facts)
	got := found(t, kept)
	if !slices.Equal(got.Causes, want.Causes) {
		t.Errorf("causes: got %q, want %q", got.Causes, want.Causes)
	}
	differ(t, "the capture", got.Fields, want.Fields)
	differ(t, "a rehearsal of the scenario", fieldsOf(now.Signature), want.Fields)
}

func remake(t *testing.T, capture, facts string, file []byte) {
	t.Helper()
	text, err := json.MarshalIndent(found(t, file), "", " ")
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{capture: file, facts: append(text, '\n')} {
		if err := os.WriteFile(name, content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func expectedIn(t *testing.T, name string) (e expected) {
	t.Helper()
	text, err := os.ReadFile(name)
	if err == nil {
		err = json.Unmarshal(text, &e)
	}
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// differ tells the fields that are not as they must be.
func differ(t *testing.T, what string, got, want map[string][]string) {
	t.Helper()
	for name, values := range want {
		if !slices.Equal(got[name], values) {
			t.Errorf("%s: %s: got %q, want %q", what, name, got[name], values)
		}
	}
	for name, values := range got {
		if _, ok := want[name]; !ok {
			t.Errorf("%s: %s: got %q, want nothing of it", what, name, values)
		}
	}
}
