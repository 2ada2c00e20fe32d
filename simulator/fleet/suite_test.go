package fleet_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io/fs"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"go.uber.org/goleak"

	"rehearse/reports"
	"rehearse/scenarios"
	"rehearse/simulator/fleet"
	"rehearse/simulator/run"
	"rehearse/simulator/scenario"
	"rehearse/simulator/world/worldtest"
)

// The NATS client leaves a goroutine behind where an object is stored before its
// own watch of the connection begins: CleanupPublisher takes the channel away.
func TestFleet(t *testing.T) {
	worldtest.Suite(t, "fleet", goleak.IgnoreAnyFunction("github.com/nats-io/nats.go/jetstream.(*jetStream).resetPendingAcksOnReconnect"))
}

// tool is that of all jobs here.
func tool() reports.Tool { return reports.Tool{Name: "rehearse", Version: "v1"} }

func bubble(f func()) { worldtest.Bubble(GinkgoTB(), f) }

// story is a job of the first stock scenarios of some folders, six of each, and what
// a run on one machine makes of it.
func story(folders ...string) (fleet.Job, []byte) {
	GinkgoHelper()
	job := fleet.Job{Tool: tool(), Build: "b1", Texts: map[string][]byte{}}
	var all []*scenario.Scenario
	for _, folder := range folders {
		files, err := fs.Glob(scenarios.FS, folder+"/*.yaml")
		Expect(err).NotTo(HaveOccurred())
		most := len(all) + 6
		for _, file := range files {
			f, list := scenario.Load(scenarios.FS, file, "")
			Expect(list.HasErrors()).To(BeFalse())
			for name, text := range f.Texts {
				job.Texts[name] = text
			}
			for i, s := range f.Variants[:min(len(f.Variants), most-len(all))] {
				job.Scenarios = append(job.Scenarios, fleet.Ref{Place: len(all), File: file, Variant: i})
				all = append(all, s)
			}
		}
	}
	job.Selected = len(all)
	rep, err := run.Run(context.Background(), all, run.Options{
		Bubble: bubble, Tool: tool(), Source: func(name string) []byte { return job.Texts[name] },
	})
	Expect(err).NotTo(HaveOccurred())
	return job, bytesOf(rep)
}

func bytesOf(rep *reports.Report) []byte {
	GinkgoHelper()
	text, err := json.MarshalIndent(rep, "", " ")
	Expect(err).NotTo(HaveOccurred())
	return text
}

// server is a server on loopback for one spec.
func server(c fleet.ServerConfig) *fleet.Server {
	GinkgoHelper()
	c.Listen = "127.0.0.1:0"
	s, err := fleet.Serve(c)
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(s.Close)
	return s
}

// inside connects to a server within the process.
func inside(s *fleet.Server) *nats.Conn {
	GinkgoHelper()
	c, err := s.Connect()
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(c.Close)
	return c
}

// worker is one of this build.
func worker() fleet.Worker { return fleet.Worker{Tool: tool(), Build: "b1", Bubble: bubble} }

// hire has workers play until the spec ends.
func hire(s *fleet.Server, all ...fleet.Worker) {
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	for _, w := range all {
		c := inside(s)
		wg.Go(func() {
			defer GinkgoRecover()
			Expect(w.Work(ctx, c)).To(Succeed())
		})
	}
	DeferCleanup(func() {
		cancel()
		wg.Wait()
	})
}

// coordinate runs a job to its end.
func coordinate(s *fleet.Server, job fleet.Job, opt fleet.Options) []byte {
	GinkgoHelper()
	rep, err := fleet.Coordinate(context.Background(), inside(s), job, opt)
	Expect(err).NotTo(HaveOccurred())
	return bytesOf(rep)
}

// same is Equal for reports, which are too long to be shown.
func same(got, want []byte) {
	GinkgoHelper()
	Expect(bytes.Equal(got, want)).To(BeTrue(), "%d bytes, want others, %d", len(got), len(want))
}

// short is a lease that does not keep specs waiting.
const short = 300 * time.Millisecond
