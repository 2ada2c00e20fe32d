package gateway_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/pprof"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"rehearse/proxy/gateway"
)

// The benchmarks lay the gateway beside the floor, and beside the peers that
// REHEARSE_PEERS names, each a process on one core, in turns, on this machine:
//
//	go test ./proxy/gateway -run '^$' -bench . -benchtime 5x
//
// One operation is a turn of a second for each. The metrics are operations in a second
// of processor time, children included, and their ratios to the floor's; the machine may
// be busy with other things, too. What waits for more than the processor is told by
// BenchmarkSetUp, and memory by BenchmarkIdle.

// crowd is how many clients ask at a time.
const crowd = 8

// load has the clients work for some time with a contender and gives how much they
// got done.
type load func(m *measured, c *contender, until time.Time) (done float64, err error)

func BenchmarkFreshNames(b *testing.B) { beside(b, "conn", handshakes(true)) }
func BenchmarkKnownName(b *testing.B)  { beside(b, "conn", handshakes(false)) }
func BenchmarkRequests(b *testing.B)   { beside(b, "req", keepAlive(10, 1)) }
func BenchmarkBulk(b *testing.B)       { beside(b, "MB", keepAlive(8<<20, 8)) }

// handshakes makes connections with a request each.
func handshakes(fresh bool) load {
	var number atomic.Int64
	return func(m *measured, c *contender, until time.Time) (float64, error) {
		return several(until, func() (float64, error) {
			name := "site.test"
			if fresh {
				name = fmt.Sprintf("n%d.%s.test", number.Add(1), c.name)
			}
			s, err := m.connect(c, name)
			if err != nil {
				return 0, err
			}
			return 1, s.NetConn().Close()
		})
	}
}

// keepAlive asks for so many bytes again and again on connections that stay.
func keepAlive(size int, worth float64) load {
	return func(m *measured, c *contender, until time.Time) (float64, error) {
		var idle sync.Map
		defer idle.Range(func(_, s any) bool { return s.(*secured).NetConn().Close() == nil })
		return several(until, func() (float64, error) {
			var s *secured
			idle.Range(func(key, _ any) bool {
				if _, mine := idle.LoadAndDelete(key); mine {
					s = key.(*secured)
				}
				return s == nil
			})
			var err error
			if s == nil {
				if s, err = m.connect(c, "site.test"); err != nil {
					return 0, err
				}
			}
			err = s.ask(size)
			idle.Store(s, s)
			return worth, err
		})
	}
}

// several does something with a crowd of clients until then.
func several(until time.Time, work func() (float64, error)) (float64, error) {
	var wait sync.WaitGroup
	done, failed := make([]float64, crowd), make([]error, crowd)
	for i := range crowd {
		wait.Go(func() {
			for time.Now().Before(until) && failed[i] == nil {
				var n float64
				n, failed[i] = work()
				done[i] += n
			}
		})
	}
	wait.Wait()
	total := 0.0
	for _, n := range done {
		total += n
	}
	return total, errors.Join(failed...)
}

// contenders are the floor, the gateway and the peers.
func contenders(b *testing.B, m *measured) []*contender {
	dir := b.TempDir()
	root := filepath.Join(dir, "origin.pem")
	if err := os.WriteFile(root, gateway.RootPEM(m.root), 0o644); err != nil {
		b.Fatal(err)
	}
	ours := []*contender{startContender(b, "floor", "127.0.0.1:0"), startContender(b, "gateway", dir, root)}
	return append(ours, peers(b)...)
}

// beside measures a load for all contenders in turns.
func beside(b *testing.B, unit string, work load) {
	m := newMeasured()
	all := contenders(b, m)
	done, cpu := map[*contender]float64{}, map[*contender]time.Duration{}
	turn := func(c *contender, count bool) {
		before := usageOf(c.pid)
		n, err := work(m, c, time.Now().Add(time.Second))
		if err != nil {
			b.Fatalf("%s: %v", c.name, err)
		}
		if count {
			done[c] += n
			cpu[c] += usageOf(c.pid).cpu - before.cpu
		}
	}
	for _, c := range all {
		turn(c, false)
	}
	for b.Loop() {
		for _, c := range all {
			turn(c, true)
		}
	}
	rate := func(c *contender) float64 { return done[c] / cpu[c].Seconds() }
	for _, c := range all {
		b.ReportMetric(rate(c), c.name+"-"+unit+"/s")
		if c != all[0] {
			b.ReportMetric(rate(c)/rate(all[0]), c.name+"/floor")
		}
	}
	b.ReportMetric(0, "ns/op")
}

// BenchmarkSetUp measures how much later than without a proxy a client gets its first
// answer, the origin being asked first; an operation is one connection of each.
func BenchmarkSetUp(b *testing.B) {
	m := newMeasured()
	all := contenders(b, m)
	all = append(all, nil)
	took := map[*contender][]time.Duration{}
	for b.Loop() {
		for _, c := range all {
			began := time.Now()
			s, err := m.connect(c, "site.test")
			if err != nil {
				b.Fatal(err)
			}
			took[c] = append(took[c], time.Since(began))
			s.NetConn().Close()
		}
	}
	median := func(c *contender) float64 {
		slices.Sort(took[c])
		return float64(took[c][len(took[c])/2]) / float64(time.Millisecond)
	}
	bare := median(nil)
	for _, c := range all[:len(all)-1] {
		b.ReportMetric(median(c)-bare, c.name+"-added-ms")
	}
	b.ReportMetric(0, "ns/op")
}

// BenchmarkIdle measures what an intercepted connection that rests costs: resident
// bytes for each pair, of client and origin. An operation is a thousand of them.
func BenchmarkIdle(b *testing.B) {
	const n = 1000
	m := newMeasured()
	all := contenders(b, m)
	grown, pairs := map[*contender]float64{}, 0.0
	for b.Loop() {
		pairs += n
		for _, c := range all {
			for range 20 { // what is made once
				if s, err := m.connect(c, "site.test"); err == nil {
					defer s.NetConn().Close()
				}
			}
			before := usageOf(c.pid).resident
			for range n {
				s, err := m.connect(c, "site.test")
				if err != nil {
					b.Fatalf("%s: %v", c.name, err)
				}
				defer s.NetConn().Close()
			}
			<-time.After(5 * time.Second) // it is about those that rest
			grown[c] += float64(usageOf(c.pid).resident - before)
		}
	}
	for _, c := range all {
		b.ReportMetric(grown[c]/pairs/1000, c.name+"-kB/pair")
	}
	b.ReportMetric(0, "ns/op")
}

// profileVariable is a folder that the gateway under measurement writes its profile of
// the processor to.
const profileVariable = "REHEARSE_PROFILE"

func profile() (stop func(), err error) {
	dir := os.Getenv(profileVariable)
	if dir == "" {
		return func() {}, nil
	}
	f, err := os.Create(filepath.Join(dir, "gateway.pprof"))
	if err != nil {
		return nil, err
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		return nil, err
	}
	return func() {
		pprof.StopCPUProfile()
		f.Close()
	}, nil
}
