// Package load lets a crowd of clients take the steps that one client takes, and
// tells how that went: how many a second, how they ended, and how long each stage
// took, as percentiles.
//
// In go the members of a crowd, each a client with a stopwatch for its recorder, and
// one step after another; out comes a Step each. A crowd takes a step together: its
// members begin one after the other, Pace.Rate of them a second, and the step is
// over when the last one has ended.
//
// The one thing to know: times are counted from when a member was due to begin, and
// not from when its turn came. So a server that cannot keep up shows as waiting, and
// not as fewer clients that were served well.
//
// It works in virtual time and in real time alike. In virtual time processors cost
// nothing, and two runs give the same numbers.
package load

import (
	"context"
	"math"
	"sync"
	"time"

	"rehearse/reports/journal"
	"rehearse/simulator/client"
)

// Pace is how a crowd goes about a step.
type Pace struct {
	// Rate is how many members begin a second; 0 lets all begin at once.
	Rate float64
	// AtOnce is how many may be under way at a time; 0 is no limit.
	AtOnce int
	// Limit is how long one member's step may take; 0 is no limit.
	Limit time.Duration
}

// Member is one of a crowd: a client, and the stopwatch that is its recorder.
type Member struct {
	Client *client.Client
	Watch  *Stopwatch
}

// Crowd is many clients that do the same.
type Crowd struct {
	Members []*Member
	Pace    Pace
	// Progress counts who began and who ended; it may be nil.
	Progress *Progress
}

// Task is a step as a crowd takes it.
type Task struct {
	Name string
	// Do is the step of a member, counted from 0.
	Do func(member int) client.Step
	// Expected says whether an ending is as it should be; nil expects ok.
	Expected func(journal.Outcome, time.Duration) bool
}

func (t Task) expected(o journal.Outcome, took time.Duration) bool {
	if t.Expected != nil {
		return t.Expected(o, took)
	}
	return o.Result == journal.OK
}

// Take has every member take the step, and gives what came of it. Members that are
// not due when stop says so are left out. It returns when all have ended, which they
// do soon after ctx has.
func (c *Crowd) Take(ctx context.Context, t Task, stop func() bool) Step {
	c.Progress.begin(t.Name, len(c.Members))
	began := time.Now()
	turns := newTurns(c.Pace.AtOnce, len(c.Members))
	ended := make([]*ending, len(c.Members))
	var wg sync.WaitGroup
	for i, m := range c.Members {
		due := began.Add(c.Pace.due(i))
		if !wait(ctx, time.Until(due)) || stop() {
			break
		}
		turns <- struct{}{}
		c.Progress.began()
		wg.Go(func() {
			defer func() { <-turns }()
			ended[i] = c.one(ctx, m, t, i, due)
		})
	}
	wg.Wait()
	return sum(t.Name, ended, time.Since(began))
}

// due is when a member begins, after the first one.
func (p Pace) due(member int) time.Duration {
	if p.Rate <= 0 {
		return 0
	}
	return time.Duration(math.Round(float64(member) / p.Rate * float64(time.Second)))
}

// newTurns has room for those who may be under way.
func newTurns(atOnce, members int) chan struct{} {
	if atOnce <= 0 {
		atOnce = members
	}
	return make(chan struct{}, atOnce)
}

// one is a member's step.
func (c *Crowd) one(ctx context.Context, m *Member, t Task, member int, due time.Time) *ending {
	if c.Pace.Limit > 0 {
		limited, cancel := context.WithTimeout(ctx, c.Pace.Limit)
		defer cancel()
		ctx = limited
	}
	m.Watch.start()
	out := m.Client.Do(ctx, t.Do(member))
	e := &ending{outcome: out, took: time.Since(due), laps: m.Watch.stop()}
	e.sent, e.received = m.Watch.audio()
	e.expected = t.expected(out, e.took)
	c.Progress.end(e)
	return e
}

// wait lets d pass. It says false when ctx ended before.
func wait(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
