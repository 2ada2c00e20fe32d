package reproduce

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"testing/fstest"

	"rehearse/pcaps/signature"
	"rehearse/pcaps/story"
	"rehearse/pcaps/write"
	"rehearse/reports"
	"rehearse/reports/diag"
	"rehearse/simulator/run"
	"rehearse/simulator/scenario"
)

// Bench is where scenarios are rehearsed.
type Bench struct {
	// Bubble runs a function in virtual time; nil runs in real time.
	Bubble func(func())
	// Secrets has captures opened with their keys.
	Secrets bool
}

// Rehearsed is a rehearsal and the capture that was made of it.
type Rehearsed struct {
	Report    *reports.Scenario
	Capture   []byte // pcapng
	Signature signature.Signature
}

// fileName is what a plan is called where it is loaded.
const fileName = "scenario.yaml"

// Load reads a plan's text.
func Load(text string) (*scenario.Scenario, error) {
	f, list := scenario.Load(fstest.MapFS{fileName: {Data: []byte(text)}}, fileName, "")
	for _, d := range list {
		if d.Severity == diag.Error {
			return nil, fmt.Errorf("%s: %s", d.Span, d.Message)
		}
	}
	if len(f.Variants) != 1 {
		return nil, fmt.Errorf("%s: %d variants, want 1", fileName, len(f.Variants))
	}
	return f.Variants[0], nil
}

// Rehearse plays a scenario, captures it, and reads the capture.
func (b Bench) Rehearse(ctx context.Context, s *scenario.Scenario) (*Rehearsed, error) {
	out := &Rehearsed{}
	var failed error
	keep := func(r *run.Recording) string {
		c := write.Of(r)
		if !b.Secrets {
			c.Secrets = nil
		}
		var file bytes.Buffer
		_, failed = c.WriteTo(&file)
		out.Report, out.Capture = r.Report, file.Bytes()
		return ""
	}
	if _, err := run.Run(ctx, []*scenario.Scenario{s}, run.Options{Bubble: b.Bubble, Keep: keep}); err != nil {
		return nil, err
	}
	switch {
	case failed != nil:
		return nil, failed
	case out.Report == nil:
		return nil, errors.New("the scenario could not be set up")
	}
	sum, err := story.Read(bytes.NewReader(out.Capture), story.Options{Events: true})
	if err != nil {
		return nil, err
	}
	out.Signature = signature.Of(sum)
	return out, nil
}
