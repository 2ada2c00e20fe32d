package fleet_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"rehearse/reports"
	"rehearse/simulator/fleet"
)

var _ = Describe("a run over workers", func() {
	It("gives the report of a run on one machine, to the byte", func() {
		job, want := story("1-symptom", "6-revocation")
		s := server(fleet.ServerConfig{})
		two := worker()
		two.Jobs = 2
		hire(s, worker(), two)
		var done []int
		got := coordinate(s, job, fleet.Options{Batch: 2, Progress: func(n int, last *reports.Scenario) {
			Expect(last.Name).NotTo(BeEmpty())
			done = append(done, n)
		}})
		same(got, want)
		Expect(done).To(HaveLen(job.Selected))
	})
	It("goes on when a worker is killed in the middle of a task", func() {
		job, want := story("1-symptom")
		s := server(fleet.ServerConfig{})
		conn := inside(s)
		gone, over := make(chan struct{}), make(chan struct{})
		killed := worker()
		killed.Bubble = func(func()) { // from here on nothing is heard of it
			conn.Close()
			close(gone)
			<-over
		}
		ctx, stop := context.WithCancel(context.Background())
		var dead sync.WaitGroup
		dead.Go(func() { _ = killed.Work(ctx, conn) })
		DeferCleanup(func() {
			stop()
			close(over)
			dead.Wait()
		})
		var late sync.WaitGroup
		defer late.Wait()
		late.Go(func() {
			<-gone
			hire(s, worker())
		})
		same(coordinate(s, job, fleet.Options{Batch: 3, Lease: short}), want)
	})
	It("has what a worker gave back played elsewhere at once", func() {
		job, want := story("1-symptom")
		s := server(fleet.ServerConfig{})
		ctx, stop := context.WithCancel(context.Background())
		told := worker()
		told.Bubble = func(f func()) { stop(); f() }
		done := make(chan error, 1)
		go func() {
			done <- told.Work(ctx, inside(s))
			hire(s, worker())
		}()
		// With this lease the task of the one that left would not come back in time.
		same(coordinate(s, job, fleet.Options{Lease: fleet.DefaultLease}), want)
		Expect(<-done).NotTo(HaveOccurred())
	})
	It("is taken up where an earlier attempt stopped, also by another server on its store", func() {
		job, want := story("1-symptom")
		c := fleet.ServerConfig{Store: GinkgoT().TempDir()}
		s := server(c)
		ctx, stop := context.WithCancel(context.Background())
		conn := inside(s)
		hire(s, worker())
		rep, err := fleet.Coordinate(ctx, conn, job, fleet.Options{Batch: 1, Lease: short, Progress: func(n int, _ *reports.Scenario) {
			if n == 3 {
				stop()
			}
		}})
		Expect(err).To(MatchError(context.Canceled))
		Expect(len(rep.Scenarios)).To(BeNumerically("<", job.Selected))
		Expect(rep.Selected).To(Equal(job.Selected))
		Expect(s.Close()).To(Succeed())

		s = server(c)
		played := atomic.Int64{}
		second := worker()
		second.Played = func(_ string, n int) { played.Add(int64(n)) }
		hire(s, second)
		resumed := 0
		same(coordinate(s, job, fleet.Options{Batch: 1, Lease: short, Ready: func(_, n int) { resumed = n }}), want)
		Expect(resumed).To(BeNumerically(">=", 3))
		Expect(played.Load()).To(BeNumerically("<=", job.Selected-resumed))
	})
	It("leaves nothing on the server, and can be run again", func() {
		job, want := story("1-symptom")
		s := server(fleet.ServerConfig{})
		hire(s, worker())
		for range 2 {
			same(coordinate(s, job, fleet.Options{}), want)
		}
		js, err := jetstream.New(inside(s))
		Expect(err).NotTo(HaveOccurred())
		var names []string
		for name := range js.StreamNames(context.Background()).Name() {
			names = append(names, name)
		}
		Expect(names).To(Equal([]string{"REHEARSE"}))
		left, err := js.Stream(context.Background(), "REHEARSE")
		Expect(err).NotTo(HaveOccurred())
		Expect(left.CachedInfo().State.Msgs).To(BeZero())
	})
	It("does not play anew what has a result", func() {
		job, _ := story("1-symptom")
		s := server(fleet.ServerConfig{})
		js, err := jetstream.New(inside(s))
		Expect(err).NotTo(HaveOccurred())
		ctx, stop := context.WithCancel(context.Background())
		var first *jetstream.RawStreamMsg
		played := atomic.Int64{}
		w := worker()
		w.Played = func(string, int) { played.Add(1) }
		// The coordinator leaves before the end, so that the results stay.
		_, err = fleet.Coordinate(ctx, inside(s), job, fleet.Options{Batch: job.Selected / 3, Progress: func(int, *reports.Scenario) { stop() }, Ready: func(int, int) {
			stream, err := js.Stream(ctx, "REHEARSE")
			Expect(err).NotTo(HaveOccurred())
			first, err = stream.GetMsg(ctx, 1)
			Expect(err).NotTo(HaveOccurred())
			hire(s, w)
		}})
		Expect(err).To(MatchError(context.Canceled))
		_, err = js.Publish(context.Background(), first.Subject, first.Data)
		Expect(err).NotTo(HaveOccurred())
		Eventually(func() uint64 {
			left, err := js.Stream(context.Background(), "REHEARSE")
			Expect(err).NotTo(HaveOccurred())
			return left.CachedInfo().State.Msgs
		}, "20s").Should(BeZero())
		Expect(played.Load()).To(BeEquivalentTo(3))
	})
	It("ends at the first failure where it is told to", func() {
		job, _ := story("1-symptom")
		job.Texts["deny.cpl"] = []byte("<Proxy>\n DENY\n")
		job.Policy = "deny.cpl"
		s := server(fleet.ServerConfig{})
		hire(s, worker())
		rep, err := fleet.Coordinate(context.Background(), inside(s), job, fleet.Options{Batch: 1, FailFast: true})
		Expect(err).NotTo(HaveOccurred())
		Expect(rep.Totals.Failed).To(Equal(1))
		Expect(rep.Scenarios[len(rep.Scenarios)-1].Verdict).To(Equal(reports.Failed))
		Expect(len(rep.Scenarios)).To(BeNumerically("<", job.Selected))
	})
	It("puts release and policy in the place of what scenarios say", func() {
		job, _ := story("1-symptom")
		job.Texts["mine.cpl"] = []byte("<Proxy>\n DENY\n")
		job.Policy, job.Release, job.Overrides = "mine.cpl", "6.5.10.1", []string{"--release", "6.5.10.1", "--policy", "mine.cpl"}
		s := server(fleet.ServerConfig{})
		hire(s, worker())
		rep, err := fleet.Coordinate(context.Background(), inside(s), job, fleet.Options{})
		Expect(err).NotTo(HaveOccurred())
		Expect(rep.Overrides).To(Equal(job.Overrides))
		Expect(rep.Scenarios).To(ContainElement(HaveField("Setup", reports.Setup{Deployment: "explicit", Release: "6.5.10.1", Policy: []string{"mine.cpl"}})))
	})
	It("goes over a cluster that is there anyway, two runs at a time", func() {
		one, first := story("1-symptom")
		two, second := story("6-revocation")
		s := server(fleet.ServerConfig{Token: "s3cret"})
		dial := func() *nats.Conn {
			GinkgoHelper()
			c, err := fleet.Link{URL: "nats://" + s.Addr(), Token: "s3cret"}.Dial(context.Background())
			Expect(err).NotTo(HaveOccurred())
			DeferCleanup(c.Close)
			return c
		}
		hire(s, worker(), worker())
		a, b := dial(), dial()
		var both sync.WaitGroup
		both.Go(func() {
			defer GinkgoRecover()
			rep, err := fleet.Coordinate(context.Background(), a, one, fleet.Options{Batch: 2})
			Expect(err).NotTo(HaveOccurred())
			same(bytesOf(rep), first)
		})
		rep, err := fleet.Coordinate(context.Background(), b, two, fleet.Options{Batch: 2})
		both.Wait()
		Expect(err).NotTo(HaveOccurred())
		same(bytesOf(rep), second)
	})
	It("of nothing is over at once", func() {
		rep, err := fleet.Coordinate(context.Background(), nil, fleet.Job{Tool: tool(), Selected: 7}, fleet.Options{})
		Expect(err).NotTo(HaveOccurred())
		Expect(rep.Scenarios).To(BeEmpty())
		Expect(rep.Selected).To(Equal(7))
	})
})

var _ = Describe("a worker", func() {
	It("gives up what ends every worker, and says so in the report", func() {
		job, _ := story("1-symptom")
		job.Scenarios, job.Selected = job.Scenarios[:1], 1
		s := server(fleet.ServerConfig{})
		done := make(chan struct{})
		go func() {
			defer GinkgoRecover()
			defer close(done)
			for range 5 {
				ctx, stop := context.WithCancel(context.Background())
				w := worker()
				w.Bubble = func(func()) { stop() }
				Expect(w.Work(ctx, inside(s))).To(Succeed())
			}
			hire(s, worker())
		}()
		rep, err := fleet.Coordinate(context.Background(), inside(s), job, fleet.Options{})
		Expect(err).NotTo(HaveOccurred())
		<-done
		Expect(rep.Totals.Failed).To(Equal(1))
		Expect(rep.Scenarios[0].Problem).To(Equal("given up: 5 workers took it, and none came to its end"))
		Expect(rep.Scenarios[0].Name).NotTo(Equal(rep.Scenarios[0].File))
	})
	It("says which scenario it cannot play", func() {
		job, _ := story("1-symptom")
		job.Scenarios, job.Selected = []fleet.Ref{{File: job.Scenarios[0].File, Variant: 99}}, 1
		s := server(fleet.ServerConfig{})
		hire(s, worker())
		rep, err := fleet.Coordinate(context.Background(), inside(s), job, fleet.Options{})
		Expect(err).NotTo(HaveOccurred())
		Expect(rep.Scenarios[0].Problem).To(ContainSubstring("no variant 100 of"))
	})
	It("does not take part in a job of another build", func() {
		job, _ := story("1-symptom")
		s := server(fleet.ServerConfig{})
		ctx, stop := context.WithCancel(context.Background())
		other := worker()
		other.Build = "b2"
		failed := make(chan error, 1)
		go func() {
			failed <- other.Work(context.Background(), inside(s))
			stop()
		}()
		_, err := fleet.Coordinate(ctx, inside(s), job, fleet.Options{})
		Expect(err).To(MatchError(context.Canceled))
		Expect(<-failed).To(MatchError(fleet.ErrBuild))
	})
	It("drops what is no task, and what is of a run that is over", func() {
		job, want := story("1-symptom")
		s := server(fleet.ServerConfig{})
		js, err := jetstream.New(inside(s))
		Expect(err).NotTo(HaveOccurred())
		_, err = js.CreateStream(context.Background(), jetstream.StreamConfig{Name: "REHEARSE", Subjects: []string{"rehearse.task.>"}, Retention: jetstream.WorkQueuePolicy})
		Expect(err).NotTo(HaveOccurred())
		for _, text := range []string{"no JSON", "{}", `{"run":"abc","number":0,"scenarios":[{"place":0,"file":"a.yaml","variant":0}]}`} {
			_, err := js.Publish(context.Background(), "rehearse.task.abc.0", []byte(text))
			Expect(err).NotTo(HaveOccurred())
		}
		hire(s, worker())
		same(coordinate(s, job, fleet.Options{}), want)
	})
	It("ends when it has had nothing to do for a while", func() {
		s := server(fleet.ServerConfig{})
		w := worker()
		w.Idle = short
		Expect(w.Work(context.Background(), inside(s))).To(Succeed())
	})
})

var _ = Describe("a job", func() {
	It("knows a release from what is none", func() {
		s := server(fleet.ServerConfig{})
		job, _ := story("1-symptom")
		job.Release = "next"
		w := worker()
		failed := make(chan error, 1)
		ctx, stop := context.WithCancel(context.Background())
		go func() {
			failed <- w.Work(context.Background(), inside(s))
			stop()
		}()
		_, err := fleet.Coordinate(ctx, inside(s), job, fleet.Options{})
		Expect(errors.Is(err, context.Canceled)).To(BeTrue())
		Expect(<-failed).To(MatchError(ContainSubstring("next")))
	})
	It("has scenarios whose files lead above the folder that was named", func() {
		job := fleet.Job{Tool: tool(), Build: "b1", Selected: 1, Scenarios: []fleet.Ref{{File: "../b/s.yaml"}}, Texts: map[string][]byte{
			"../b/s.yaml":     []byte("extends: ../../base.yaml\nname: x\nsteps:\n  - bob: {browse: https://www.example.com/}\n    expect: {result: ok}\n"),
			"../../base.yaml": []byte("appliance: {release: 6.5.10.1, policy: c/p.cpl}\nclients: {bob: {profile: browser}}\n"),
			"../../c/p.cpl":   []byte("<Proxy>\n ALLOW\n"),
		}}
		s := server(fleet.ServerConfig{})
		hire(s, worker())
		rep, err := fleet.Coordinate(context.Background(), inside(s), job, fleet.Options{})
		Expect(err).NotTo(HaveOccurred())
		Expect(rep.Totals).To(Equal(reports.Totals{Passed: 1}), "%v", rep.Scenarios[0].Problem)
	})
})
