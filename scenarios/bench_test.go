package scenarios_test

import (
	"context"
	"testing"
	"time"

	"rehearse/scenarios"
	"rehearse/simulator/run"
	"rehearse/simulator/scenario"
	"rehearse/simulator/world/worldtest"
)

// BenchmarkScenario runs the stock scenarios one after the other, each in a world
// and a bubble of its own: time for one scenario on one worker. A bubble that only
// sleeps is the floor.
func BenchmarkScenario(b *testing.B) {
	b.Run("empty bubble", func(b *testing.B) {
		for b.Loop() {
			worldtest.Bubble(b, func() { time.Sleep(15 * time.Second) })
		}
	})
	b.Run("stock", func(b *testing.B) {
		var all []*scenario.Scenario
		for _, file := range files() {
			f, list := scenario.Load(scenarios.FS, file, "")
			if list.HasErrors() {
				b.Fatal(list)
			}
			all = append(all, f.Variants...)
		}
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			one := all[i%len(all) : i%len(all)+1]
			worldtest.Bubble(b, func() { run.Run(context.Background(), one, run.Options{}) })
		}
	})
}
