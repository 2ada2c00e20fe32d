package fleet

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"rehearse/reports"
)

// Options say how a job is coordinated.
type Options struct {
	// Name tells runs of one job apart that share a server; most often "".
	Name string
	// Batch is how many scenarios a task has; 0 leaves it to the number of scenarios.
	Batch int
	// Lease is after what time a worker that does not speak up is taken for dead.
	Lease time.Duration
	// Replicas is on how many servers of a cluster queue and results lie; 0 means 1.
	Replicas int
	// FailFast ends the run at the first failed scenario: later ones are not in the
	// report.
	FailFast bool
	// Ready is told once the tasks lie on the queue: how many scenarios there are
	// still to be played, and of how many an earlier attempt left results. Progress
	// is told the number of those done, after each. Calls do not overlap; both may
	// be nil.
	Ready    func(left, done int)
	Progress func(done int, last *reports.Scenario)
	// Captured gets each capture with its name, and gives the name of the file in
	// which it keeps it. It may be nil; then captures are dropped.
	Captured func(name string, text []byte) (string, error)
}

// DefaultLease is long enough for a machine that is busy, and short enough to be
// waited for.
const DefaultLease = 10 * time.Second

// Coordinate has workers play a job, and gives the report of a run on one machine.
// It waits for workers as long as ctx lasts. When ctx ends, the report has what was
// done by then, the error is ctx's, and another Coordinate of the same job goes on
// from there.
func Coordinate(ctx context.Context, conn *nats.Conn, job Job, opt Options) (*reports.Report, error) {
	c := &coordinator{job: job, opt: opt, parts: map[string]*reports.Report{}}
	if len(job.Scenarios) == 0 {
		return c.report()
	}
	if c.opt.Lease <= 0 {
		c.opt.Lease = DefaultLease
	}
	if c.opt.Batch < 1 {
		c.opt.Batch = batch(len(job.Scenarios))
	}
	err := c.open(ctx, conn)
	if err == nil {
		err = c.collect(ctx)
	}
	if err != nil && ctx.Err() == nil {
		return nil, err
	}
	if err == nil {
		err = c.tidy(ctx)
	}
	rep, merged := c.report()
	return rep, errors.Join(err, merged)
}

// coordinator is one run.
type coordinator struct {
	job   Job
	opt   Options
	name  string
	queue *queue
	store store
	tasks []task
	parts map[string]*reports.Report // by the names of results
	done  int
	last  int // place of the last scenario that is wanted: with FailFast the first that failed
}

// open makes queue and store, and lays out the tasks of which an earlier attempt
// left no result.
func (c *coordinator) open(ctx context.Context, conn *nats.Conn) (err error) {
	if c.name, err = c.identity(); err != nil {
		return err
	}
	c.tasks = cut(c.name, c.job.Scenarios, c.opt.Batch)
	c.last = c.job.Scenarios[len(c.job.Scenarios)-1].Place
	if c.queue, err = makeQueue(ctx, conn, c.opt.Lease, max(c.opt.Replicas, 1)); err != nil {
		return err
	}
	if c.store, err = makeStore(ctx, c.queue.js, c.name, max(c.opt.Replicas, 1)); err != nil {
		return err
	}
	there, err := c.store.has(ctx, jobName)
	if err == nil && !there {
		err = c.store.keep(ctx, jobName, c.job)
	}
	if err != nil {
		return fmt.Errorf("storing the job: %w", err)
	}
	if there {
		if err := c.resume(ctx); err != nil {
			return err
		}
	}
	info, err := c.store.GetInfo(ctx, jobName)
	if err != nil {
		return err
	}
	if err := c.queue.put(ctx, c.wanted(), info.NUID); err != nil {
		return fmt.Errorf("laying out the tasks: %w", err)
	}
	if c.opt.Ready != nil {
		c.opt.Ready(len(c.job.Scenarios)-c.done, c.done)
	}
	return nil
}

// identity names a run by all that its result depends on, and by how it is cut.
func (c *coordinator) identity() (string, error) {
	text, err := json.Marshal(struct {
		Job   Job
		Name  string
		Batch int
	}{c.job, c.opt.Name, c.opt.Batch})
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:8]), err
}

// resume takes up the results that an earlier attempt left.
func (c *coordinator) resume(ctx context.Context) error {
	for _, t := range c.tasks {
		name := fmt.Sprintf(resultName, t.Number)
		there, err := c.store.has(ctx, name)
		if err != nil {
			return err
		}
		if there {
			if err := c.take(ctx, name); err != nil {
				return err
			}
		}
	}
	return nil
}

// wanted are the tasks whose results are still to come.
func (c *coordinator) wanted() []task {
	var all []task
	for _, t := range c.tasks {
		if c.parts[fmt.Sprintf(resultName, t.Number)] == nil && t.Scenarios[0].Place <= c.last {
			all = append(all, t)
		}
	}
	return all
}

// collect waits for results until none is wanted.
func (c *coordinator) collect(ctx context.Context) error {
	watch, err := c.store.Watch(ctx)
	if err != nil {
		return err
	}
	defer watch.Stop()
	for len(c.wanted()) > 0 {
		select {
		case info, open := <-watch.Updates():
			if !open {
				return errors.New("the server ended")
			}
			if info == nil || info.Deleted || !strings.HasPrefix(info.Name, "result.") || c.parts[info.Name] != nil {
				continue
			}
			if err := c.take(ctx, info.Name); err != nil {
				return err
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// take reads a result.
func (c *coordinator) take(ctx context.Context, name string) error {
	part, err := c.store.result(ctx, name)
	if errors.Is(err, jetstream.ErrObjectNotFound) {
		return nil // being written anew; it will be told of again
	}
	if err != nil {
		return err
	}
	c.parts[name] = part
	for i := range part.Scenarios {
		s := &part.Scenarios[i]
		if err := c.capture(ctx, s); err != nil {
			return err
		}
		c.done++
		if c.opt.FailFast && s.Verdict == reports.Failed {
			c.last = min(c.last, s.Index)
		}
		if c.opt.Progress != nil {
			c.opt.Progress(c.done, s)
		}
	}
	return nil
}

// capture keeps the capture of a scenario, where it has one.
func (c *coordinator) capture(ctx context.Context, s *reports.Scenario) error {
	if s.Capture == "" || c.opt.Captured == nil {
		return nil
	}
	text, err := c.store.loadBytes(ctx, fmt.Sprintf(captureName, s.Index))
	if err == nil {
		s.Capture, err = c.opt.Captured(s.Capture, text)
	}
	return err
}

// tidy removes what the run left on the server.
func (c *coordinator) tidy(ctx context.Context) error {
	return errors.Join(c.queue.drop(ctx, c.name), c.queue.js.DeleteObjectStore(ctx, fmt.Sprintf(bucketName, c.name)))
}

// report puts the results together.
func (c *coordinator) report() (*reports.Report, error) {
	parts := []*reports.Report{{Schema: reports.Schema, Tool: c.job.Tool, Overrides: c.job.Overrides, Selected: c.job.Selected}}
	for _, p := range c.parts {
		parts = append(parts, p)
	}
	return reports.Merge(parts)
}
