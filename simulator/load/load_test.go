package load_test

import (
	"context"
	"fmt"
	"net/http"
	"net/netip"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/reports/journal"
	"rehearse/simulator/client"
	"rehearse/simulator/load"
	"rehearse/simulator/world"
	"rehearse/simulator/world/worldtest"
)

func TestLoad(t *testing.T) { worldtest.Suite(t, "load") }

// till is a web server that serves one after the other, a second each, and refuses
// one path.
func till(w *world.Memory) *http.Server {
	l, err := w.Host("till.test", netip.MustParseAddr("203.0.113.1")).Listen("tcp", ":80")
	Expect(err).NotTo(HaveOccurred())
	one := make(chan struct{}, 1) // no mutex: in a bubble time stands still before one
	srv := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		one <- struct{}{}
		defer func() { <-one }()
		time.Sleep(time.Second)
		if r.URL.Path == "/closed" {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})}
	go srv.Serve(l)
	return srv
}

// crowd has browsers, each on a host of its own.
func crowd(w *world.Memory, n int, pace load.Pace) *load.Crowd {
	c := &load.Crowd{Pace: pace, Progress: &load.Progress{}}
	browser, _ := client.ProfileNamed("browser")
	for i := range n {
		watch := &load.Stopwatch{}
		host := w.Host(fmt.Sprintf("bob-%d", i), netip.AddrFrom4([4]byte{10, 1, 1, byte(i)}))
		c.Members = append(c.Members, &load.Member{Watch: watch, Client: client.New(client.Config{
			Host: host, Recorder: watch, Now: time.Now, Profile: browser,
		})})
	}
	return c
}

func browse(path string) load.Task {
	return load.Task{Name: "browse", Do: func(int) client.Step { return client.Browse{URL: "http://till.test" + path} }}
}

// inWorld runs a spec with a till, in virtual time without latency.
func inWorld(f func(w *world.Memory)) {
	worldtest.World(GinkgoTB(), world.Config{Latency: -1}, func(w *world.Memory) {
		srv := till(w)
		f(w)
		srv.Close()
		time.Sleep(time.Minute) // for those whom it still serves
	})
}

func never() bool { return false }

var _ = Describe("a crowd", func() {
	It("begins at its rate, whatever becomes of those before", func() {
		inWorld(func(w *world.Memory) {
			c := crowd(w, 4, load.Pace{Rate: 2})
			s := c.Take(context.Background(), browse("/"), never)
			Expect(s.Taken).To(Equal(4))
			Expect(s.AsExpected).To(Equal(4))
			Expect(s.LastedMS).To(Equal(4000.0))
			Expect(s.PerSecond).To(Equal(1.0))
			// Due at 0, 0.5, 1 and 1.5 s; served at 1, 2, 3 and 4 s.
			Expect(s.MS).To(Equal(load.Spread{Count: 4, Mean: 1750, P50: 1500, P90: 2500, P99: 2500, Max: 2500}))
			Expect(c.Progress.String()).To(Equal("browse: 4 of 4 began, 4 ended"))
		})
	})

	It("counts from when a member was due where turns are few", func() {
		inWorld(func(w *world.Memory) {
			s := crowd(w, 3, load.Pace{AtOnce: 1}).Take(context.Background(), browse("/"), never)
			Expect(s.MS.P50).To(Equal(2000.0))
			Expect(s.MS.Max).To(Equal(3000.0))
		})
	})

	It("tells how it ended, the most frequent first, and where", func() {
		inWorld(func(w *world.Memory) {
			c := crowd(w, 5, load.Pace{Rate: 0.1})
			s := c.Take(context.Background(), load.Task{Name: "browse", Do: func(i int) client.Step {
				switch {
				case i < 3:
					return client.Browse{URL: "http://till.test/closed"}
				case i == 3:
					return client.Browse{URL: "http://nowhere.test/"}
				}
				return client.Browse{URL: "http://till.test/"}
			}}, never)
			Expect(s.AsExpected).To(Equal(1))
			Expect(s.Ends).To(HaveLen(3))
			Expect(s.Ends[0]).To(And(HaveField("Count", 3), HaveField("Code", "http_503"), HaveField("Expected", false)))
			Expect(s.Ends[1]).To(And(HaveField("Count", 1), HaveField("Code", "nxdomain"), HaveField("Stage", journal.StageResolve)))
			Expect(s.Stages[0]).To(And(HaveField("Stage", journal.StageResolve), HaveField("Ended", 1), HaveField("MS.Count", 5)))
			Expect(s.Stages[1]).To(And(HaveField("Stage", journal.StageConnect), HaveField("Ended", 0), HaveField("MS.Count", 4)))
			Expect(c.Progress.String()).To(Equal("browse: 5 of 5 began, 5 ended, 4 not as expected"))
		})
	})

	It("gives up on a member whose time is over, and begins with nobody once it is told to stop", func() {
		inWorld(func(w *world.Memory) {
			c := crowd(w, 3, load.Pace{Rate: 10, Limit: 1500 * time.Millisecond})
			s := c.Take(context.Background(), browse("/"), never)
			Expect(s.Ends).To(ContainElement(And(HaveField("Result", journal.Timeout), HaveField("Count", 2))))
			Expect(c.Take(context.Background(), browse("/"), func() bool { return true }).Taken).To(BeZero())
		})
	})

	It("ends with its context", func() {
		inWorld(func(w *world.Memory) {
			ctx, cancel := context.WithTimeout(context.Background(), 2500*time.Millisecond)
			defer cancel()
			s := crowd(w, 9, load.Pace{Rate: 1}).Take(ctx, browse("/"), never)
			Expect(s.Taken).To(BeNumerically("<", 9))
			Expect(s.LastedMS).To(BeNumerically("<=", 2600))
		})
	})
})

var _ = Describe("a spread", func() {
	It("has percentiles by nearest rank", func() {
		var times []time.Duration
		for i := range 200 {
			times = append(times, time.Duration(200-i)*time.Millisecond)
		}
		Expect(load.SpreadOf(times)).To(Equal(load.Spread{Count: 200, Mean: 100.5, P50: 100, P90: 180, P99: 198, Max: 200}))
		Expect(load.SpreadOf(nil)).To(Equal(load.Spread{}))
		Expect(load.SpreadOf([]time.Duration{time.Second})).To(Equal(load.Spread{Count: 1, Mean: 1000, P50: 1000, P90: 1000, P99: 1000, Max: 1000}))
	})
})

// report is one of a step that two clients took, one of which failed in TLS.
func report() *load.Report {
	return &load.Report{Steps: []load.Step{
		{Actor: "faults", Action: "ocsp silent"},
		{Actor: "alice", Action: "sign in", Taken: 2, AsExpected: 1, MS: load.Spread{Count: 2, P99: 2500},
			Stages: []load.Stage{{Stage: journal.StageTLS, MS: load.Spread{Count: 2, P90: 300}}}},
	}}
}

var _ = DescribeTable("a limit", func(text string, breach string) {
	l, err := load.ParseLimit(text)
	Expect(err).NotTo(HaveOccurred())
	got := ""
	for _, b := range l.Breaches(report()) {
		got += b.Step.Action + ": " + b.Got
	}
	Expect(got).To(Equal(breach))
},
	Entry(nil, "p99<2s", "sign in: 2.5s"),
	Entry(nil, "p99 < 2500ms", ""),
	Entry(nil, "tls p90<299ms", "sign in: 300ms"),
	Entry(nil, "tls p90<=300ms", ""),
	Entry(nil, "media p50<1ms", ""),
	Entry(nil, "failed<49%", "sign in: 50%"),
	Entry(nil, "failed<50%", ""),
)

var _ = DescribeTable("a limit that cannot be read", func(text, message string) {
	_, err := load.ParseLimit(text)
	Expect(err).To(MatchError(message))
},
	Entry(nil, "fast", `limit "fast", want [STAGE] VALUE<TIME such as "p99<2s" or "tls p90<300ms", or "failed<1%"`),
	Entry(nil, "p98<2s", `limit "p98<2s": value "p98", want one of mean, p50, p90, p99, max, failed; did you mean p90?`),
	Entry(nil, "tsl p90<2s", `limit "tsl p90<2s": stage "tsl", want one of resolve, discover, connect, tls, revocation, register, provision, relay, conference, media, done; did you mean tls?`),
	Entry(nil, "p90<2", `limit "p90<2": time "2", want one such as 300ms or 2s`),
	Entry(nil, "failed<2s", `limit "failed<2s": share "2s", want one such as 1%`),
	Entry(nil, "tls failed<1%", `limit "tls failed<1%": value "failed", want one of mean, p50, p90, p99, max`),
)
