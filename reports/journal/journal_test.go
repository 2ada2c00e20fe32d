package journal_test

import (
	"slices"
	"sync"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/reports/journal"
	"rehearse/simulator/world/worldtest"
)

func TestJournal(t *testing.T) { worldtest.Suite(t, "journal") }

// saw is an event whose stage tells it from others.
func saw(stage journal.Stage) journal.StageReached { return journal.StageReached{Stage: stage} }

// lines are the events in short.
func lines(l journal.Log) []string {
	all := []string{}
	for _, e := range l {
		all = append(all, e.At.String()+" "+e.Flow+" "+e.Actor+": "+e.Body.String())
	}
	return all
}

var _ = Describe("a journal in memory", func() {
	It("times events from its beginning", func() {
		worldtest.Bubble(GinkgoTB(), func() {
			time.Sleep(time.Hour)
			m := journal.NewMemory()
			m.Record("", "alice", saw("resolve"))
			time.Sleep(15 * time.Second)
			m.Record("f", "alice", saw("connect"))
			Expect(m.Now()).To(Equal(15 * time.Second))
			Expect(lines(m.Log())).To(Equal([]string{"0s  alice: stage resolve", "15s f alice: stage connect"}))
		})
	})

	It("orders events by time, flow and actor, whoever came first", func() {
		worldtest.Bubble(GinkgoTB(), func() {
			m := journal.NewMemory()
			m.Record("2", "alice", saw("tls"))
			m.Record("1", "bob", saw("tls"))
			m.Record("1", "alice", saw("tls"))
			m.Record("", "carol", saw("resolve"))
			m.Record("1", "alice", saw("connect")) // equal in all three: as recorded
			time.Sleep(time.Millisecond)
			m.Record("0", "alice", saw("done"))
			Expect(lines(m.Log())).To(Equal([]string{
				"0s  carol: stage resolve", "0s 1 alice: stage tls", "0s 1 alice: stage connect", "0s 1 bob: stage tls", "0s 2 alice: stage tls",
				"1ms 0 alice: stage done",
			}))
		})
	})

	It("gives the same log whatever goroutines did, and takes events from many", func() {
		run := func() []string {
			var all []string
			worldtest.Bubble(GinkgoTB(), func() {
				m := journal.NewMemory()
				var wg sync.WaitGroup
				for _, actor := range []string{"alice", "bob", "carol"} {
					wg.Go(func() {
						for _, s := range journal.Stages {
							m.Record("flow of "+actor, actor, saw(s))
						}
					})
				}
				wg.Wait()
				all = lines(m.Log())
			})
			return all
		}
		first := run()
		Expect(first).To(HaveLen(3 * len(journal.Stages)))
		for range 20 {
			Expect(run()).To(Equal(first))
		}
	})

	It("gives copies: a log that was taken does not change", func() {
		m := journal.NewMemory()
		m.Record("", "alice", saw("tls"))
		log := m.Log()
		m.Record("", "alice", saw("done"))
		log[0].Actor = "mallory"
		Expect(log).To(HaveLen(1))
		Expect(m.Log()[0].Actor).To(Equal("alice"))
	})

	DescribeTable("has a part between two times, both inclusive", func(from, to time.Duration, want []string) {
		worldtest.Bubble(GinkgoTB(), func() {
			m := journal.NewMemory()
			for _, step := range []struct {
				actor string
				pause time.Duration
			}{{"a", time.Second}, {"d", time.Second}, {"c", 0}, {"b", time.Second}} {
				m.Record("", step.actor, saw("tls"))
				time.Sleep(step.pause)
			}
			var actors []string
			for _, e := range m.Between(from, to) {
				actors = append(actors, e.Actor)
			}
			Expect(actors).To(Equal(want))
		})
	},
		Entry("all", time.Duration(0), time.Hour, []string{"a", "d", "b", "c"}),
		Entry("an instant, in canonical order", 2*time.Second, 2*time.Second, []string{"b", "c"}),
		Entry("between events", 1100*time.Millisecond, 1900*time.Millisecond, nil),
		Entry("backwards", 2*time.Second, time.Second, nil),
		Entry("after all", 10*time.Second, time.Hour, nil),
	)
})

var _ = Describe("the discarding recorder", func() {
	It("takes anything", func() { journal.Discard.Record("", "", nil) })
})

var _ = Describe("a log", func() {
	log := func() journal.Log {
		return journal.Log{
			{At: 1 * time.Second, Flow: "a", Actor: "alice", Body: saw("tls")},
			{At: 2 * time.Second, Flow: "b", Actor: "appliance", Body: journal.AlertSent{Code: 40, Name: "handshake_failure"}},
			{At: 3 * time.Second, Flow: "a", Actor: "alice", Body: journal.AlertSent{Received: true, Code: 40, Name: "handshake_failure"}},
			{At: 3 * time.Second, Flow: "", Actor: "alice", Body: saw("done")},
		}
	}
	ats := func(l journal.Log) (all []int) {
		for _, e := range l {
			all = append(all, slices.IndexFunc(log(), func(o journal.Event) bool { return o == e }))
		}
		return all
	}

	It("has the events of one flow", func() {
		Expect(ats(log().Flow("a"))).To(Equal([]int{0, 2}))
		Expect(ats(log().Flow(""))).To(Equal([]int{3}))
		Expect(log().Flow("c")).To(BeEmpty())
	})
	It("is searched by the type of bodies", func() {
		Expect(journal.Find[journal.AlertSent](log())).To(HaveExactElements(HaveField("Received", false), HaveField("Received", true)))
		Expect(journal.Find[journal.Closed](log())).To(BeEmpty())
		Expect(journal.Find[journal.Body](log())).To(HaveLen(4))
	})
})
