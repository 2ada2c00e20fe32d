package run_test

import (
	"context"
	"fmt"
	"testing"

	"rehearse/scenarios"
	crowd "rehearse/simulator/load"
	"rehearse/simulator/run"
	"rehearse/simulator/scenario"
	"rehearse/simulator/world/worldtest"
)

// BenchmarkLoad is what one client of a crowd costs that signs in through the
// appliance, joins a meeting with audio, and signs out, in crowds of several sizes.
func BenchmarkLoad(b *testing.B) {
	for _, clients := range []int{10, 100, 1000} {
		b.Run(fmt.Sprint(clients), func(b *testing.B) {
			f, list := scenario.Load(scenarios.FS, "3-mend/everything-right.yaml", "")
			if list.HasErrors() {
				b.Fatal(list)
			}
			b.ReportAllocs()
			done := 0
			for b.Loop() {
				worldtest.Bubble(b, func() {
					rep, err := run.Load(context.Background(), f.Variants[0], run.LoadOptions{Clients: clients, Pace: crowd.Pace{Rate: 200}})
					if err != nil || rep.Totals.Otherwise > 0 {
						b.Fatal(err, rep.Totals)
					}
				})
				done += clients
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(done), "us/client")
		})
	}
}
