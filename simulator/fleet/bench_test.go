package fleet_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io/fs"
	"testing"

	"rehearse/reports"
	"rehearse/scenarios"
	"rehearse/simulator/fleet"
	"rehearse/simulator/run"
	"rehearse/simulator/scenario"
	"rehearse/simulator/world/worldtest"
)

// BenchmarkRun plays the stock scenarios several times over, to the text of the JSON
// report: by package run, and by a coordinator with two workers.
func BenchmarkRun(b *testing.B) {
	const times = 5
	bubble := func(f func()) { worldtest.Bubble(b, f) }
	files, err := fs.Glob(scenarios.FS, "*/*.yaml")
	if err != nil {
		b.Fatal(err)
	}
	job := fleet.Job{Tool: tool(), Texts: map[string][]byte{}}
	var all []*scenario.Scenario
	for range times {
		for _, file := range files {
			f, list := scenario.Load(scenarios.FS, file, "")
			if list.HasErrors() {
				b.Fatal(list)
			}
			for name, text := range f.Texts {
				job.Texts[name] = text
			}
			for i, s := range f.Variants {
				job.Scenarios = append(job.Scenarios, fleet.Ref{Place: len(all), File: file, Variant: i})
				all = append(all, s)
			}
		}
	}
	job.Selected = len(all)
	written := func(b *testing.B, rep *reports.Report, err error) {
		if err != nil {
			b.Fatal(err)
		}
		var text bytes.Buffer
		if err := json.NewEncoder(&text).Encode(rep); err != nil {
			b.Fatal(err)
		}
	}
	b.Run("one machine", func(b *testing.B) {
		for b.Loop() {
			rep, err := run.Run(context.Background(), all, run.Options{Workers: 2, Bubble: bubble, Tool: tool(), Source: func(name string) []byte { return job.Texts[name] }})
			written(b, rep, err)
		}
	})
	b.Run("workers", func(b *testing.B) {
		s, err := fleet.Serve(fleet.ServerConfig{Listen: "127.0.0.1:0"})
		if err != nil {
			b.Fatal(err)
		}
		defer s.Close()
		ctx, stop := context.WithCancel(context.Background())
		defer stop()
		for range 2 {
			conn, err := fleet.Link{URL: "nats://" + s.Addr()}.Dial(ctx)
			if err != nil {
				b.Fatal(err)
			}
			defer conn.Close()
			go fleet.Worker{Tool: tool(), Bubble: bubble}.Work(ctx, conn)
		}
		conn, err := s.Connect()
		if err != nil {
			b.Fatal(err)
		}
		defer conn.Close()
		for b.Loop() {
			rep, err := fleet.Coordinate(ctx, conn, job, fleet.Options{})
			written(b, rep, err)
		}
	})
}
