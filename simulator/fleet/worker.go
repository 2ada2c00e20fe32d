package fleet

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"rehearse/reports"
	"rehearse/simulator/run"
)

// Worker says how tasks are played.
type Worker struct {
	Tool  reports.Tool // of this program, and its build; jobs of others are not for it
	Build string
	// Jobs is how many tasks are played at a time; below 1 means 1.
	Jobs int
	// Bubble runs a function in virtual time, as in run.Options.
	Bubble func(func())
	// Capture makes a capture of a recording, and the name that the report gives it.
	// It may be nil; then nothing is captured.
	Capture func(*run.Recording, Capture) (name string, text []byte, err error)
	// Idle ends the worker after that time without a task; 0 is never.
	Idle time.Duration
	// Played is told of each task that is done; it may be nil. Calls overlap.
	Played func(run string, scenarios int)
}

// ErrBuild is a job of another version or build of this program.
var ErrBuild = errors.New("the coordinator is another build of rehearse")

// attempts is how often a task is tried. One that ends its workers every time would
// end them all.
const attempts = 5

// pause is how long a worker waits for a queue to be made, or a server to be back.
const pause = time.Second

// Work plays tasks until ctx ends. A task that is being played then goes back to
// the queue, for others to take at once.
func (w Worker) Work(ctx context.Context, conn *nats.Conn) error {
	js, err := jetstream.New(conn)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	s := &shift{Worker: w, js: js, runs: map[string]*known{}}
	s.busy()
	var wg sync.WaitGroup
	for range max(w.Jobs, 1) {
		wg.Go(func() {
			if err := s.loop(ctx); err != nil {
				cancel(err)
			}
		})
	}
	wg.Wait()
	if err := context.Cause(ctx); err != nil && !errors.Is(err, ctx.Err()) {
		return err
	}
	return nil
}

// shift is a worker at work, shared by its loops.
type shift struct {
	Worker
	js   jetstream.JetStream
	last atomic.Int64 // when there last was a task, in nanoseconds of Unix time

	mu   sync.Mutex
	runs map[string]*known
}

// known is a run of which this worker has had a task.
type known struct {
	job   *Job
	store store
}

// knownRuns is how many runs a worker remembers.
const knownRuns = 4

func (s *shift) busy() { s.last.Store(time.Now().UnixNano()) }

func (s *shift) idle() bool {
	return s.Idle > 0 && time.Since(time.Unix(0, s.last.Load())) >= s.Idle
}

// loop takes tasks, one at a time.
func (s *shift) loop(ctx context.Context) error {
	var p *player
	for ctx.Err() == nil && !s.idle() {
		c, err := s.js.Consumer(ctx, queueName, consumer)
		if err != nil { // no coordinator has been there yet, or the server is away
			rest(ctx)
			continue
		}
		for ctx.Err() == nil && !s.idle() {
			msg, err := s.next(ctx, c)
			if err != nil {
				rest(ctx)
				break
			}
			if msg == nil {
				continue
			}
			s.busy()
			if p, err = s.handle(ctx, p, msg, c.CachedInfo().Config.AckWait); err != nil {
				return err
			}
			s.busy()
		}
	}
	return nil
}

// rest waits a little.
func rest(ctx context.Context) {
	t := time.NewTimer(pause)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// next takes a task from the queue; nil where there was none for a while.
func (s *shift) next(ctx context.Context, c jetstream.Consumer) (jetstream.Msg, error) {
	wait := 5 * time.Second
	if s.Idle > 0 {
		wait = min(wait, s.Idle)
	}
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	got, err := c.Fetch(1, jetstream.FetchContext(ctx))
	if err != nil {
		return nil, err
	}
	msg := <-got.Messages()
	if err := got.Error(); msg == nil && err != nil && !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, nats.ErrTimeout) {
		return nil, err
	}
	return msg, nil
}

// handle plays a task and stores its result. The task leaves the queue when the
// result is safe; where that cannot be, it is given back. An error ends the worker.
func (s *shift) handle(ctx context.Context, p *player, msg jetstream.Msg, lease time.Duration) (*player, error) {
	var t task
	if err := json.Unmarshal(msg.Data(), &t); err != nil || len(t.Scenarios) == 0 {
		return p, msg.TermWithReason("this is no task of rehearse")
	}
	k, err := s.run(ctx, t.Run)
	switch {
	case errors.Is(err, errGone):
		return p, msg.Term()
	case err != nil:
		return p, s.giveBack(msg)
	case k.job.Tool != s.Tool || k.job.Build != s.Build:
		return p, errors.Join(fmt.Errorf("%w: it is %s %s, this is %s %s", ErrBuild, k.job.Tool, k.job.Build, s.Tool, s.Build), msg.Nak())
	}
	name := fmt.Sprintf(resultName, t.Number)
	if there, err := k.store.has(ctx, name); err == nil && there {
		return p, s.finish(ctx, msg)
	}
	if p == nil || p.job != k.job {
		if p, err = newPlayer(k.job, s.Bubble, s.Worker.Capture); err != nil {
			return nil, err
		}
	}
	result := s.play(ctx, p, t, msg, lease)
	if result == nil || k.store.keepTask(ctx, t, result) != nil {
		return p, s.giveBack(msg)
	}
	if s.Played != nil {
		s.Played(t.Run, len(t.Scenarios))
	}
	return p, s.finish(ctx, msg)
}

// giveBack lets another worker have a task. Where the server cannot be told, the
// lease runs out.
func (s *shift) giveBack(msg jetstream.Msg) error {
	_ = msg.Nak()
	return nil
}

// finish takes a task from the queue whose result is safe. Where the server cannot
// be told, somebody will find the result and tell it then.
func (s *shift) finish(ctx context.Context, msg jetstream.Msg) error {
	_ = msg.DoubleAck(ctx)
	return nil
}

// run is what is to be known of a run.
func (s *shift) run(ctx context.Context, name string) (*known, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if k := s.runs[name]; k != nil {
		return k, nil
	}
	st, err := openStore(ctx, s.js, name)
	if err != nil {
		return nil, err
	}
	job, err := st.job(ctx)
	if err != nil {
		return nil, err
	}
	if len(s.runs) >= knownRuns {
		clear(s.runs)
	}
	s.runs[name] = &known{job, st}
	return s.runs[name], nil
}

// play plays a task while its lease is renewed. The result is nil where ctx ended
// before the task.
func (s *shift) play(ctx context.Context, p *player, t task, msg jetstream.Msg, lease time.Duration) *played {
	if meta, err := msg.Metadata(); err == nil && meta.NumDelivered > attempts {
		return &played{report: p.unplayable(t, fmt.Sprintf("given up: %d workers took it, and none came to its end", attempts))}
	}
	done := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() { renew(msg, lease, done) })
	one, err := p.play(ctx, t)
	close(done)
	wg.Wait()
	switch {
	case ctx.Err() != nil:
		return nil
	case err != nil:
		return &played{report: p.unplayable(t, err.Error())}
	}
	return one
}

// renew speaks up for a task, three times a lease.
func renew(msg jetstream.Msg, lease time.Duration, done <-chan struct{}) {
	every := time.NewTicker(max(lease/3, time.Millisecond))
	defer every.Stop()
	for {
		select {
		case <-every.C:
			_ = msg.InProgress() // a server that is away lets the lease run out
		case <-done:
			return
		}
	}
}
