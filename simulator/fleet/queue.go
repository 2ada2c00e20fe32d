package fleet

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/klauspost/compress/s2"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"rehearse/reports"
)

// The names of what lies on the server. All runs share the queue, so that workers
// need not know of runs; each run has a store of its own, which goes when the run
// is over.
const (
	queueName  = "REHEARSE"
	consumer   = "workers"
	jobName    = "job"
	bucketName = "rehearse-%s"
	subject    = "rehearse.task.%s.%d" // run and number
	resultName = "result.%d"
	// captureName has the place of the scenario.
	captureName = "capture.%d"
)

// forgotten is after what time the server drops what nobody came back for.
const forgotten = 24 * time.Hour

// queue is the tasks of all runs on a server.
type queue struct {
	js     jetstream.JetStream
	stream jetstream.Stream
}

// makeQueue sees to it that there is a queue whose tasks are leased for a time.
func makeQueue(ctx context.Context, conn *nats.Conn, lease time.Duration, replicas int) (*queue, error) {
	js, err := jetstream.New(conn)
	if err != nil {
		return nil, err
	}
	q := &queue{js: js}
	q.stream, err = js.CreateOrUpdateStream(ctx, jetstream.StreamConfig{
		Name: queueName, Subjects: []string{"rehearse.task.>"}, Description: "scenarios to be played by rehearse worker",
		Retention: jetstream.WorkQueuePolicy, MaxAge: forgotten, Duplicates: time.Hour, Replicas: replicas,
	})
	if err != nil {
		return nil, fmt.Errorf("making the queue of tasks: %w", err)
	}
	_, err = q.stream.CreateOrUpdateConsumer(ctx, jetstream.ConsumerConfig{
		Durable: consumer, AckPolicy: jetstream.AckExplicitPolicy, AckWait: lease, MaxDeliver: -1, MaxAckPending: -1,
	})
	if err != nil {
		return nil, fmt.Errorf("making the queue of tasks: %w", err)
	}
	return q, nil
}

// put lays tasks on the queue. incarnation tells runs of one name apart: within it
// a task that lies there already is not laid twice.
func (q *queue) put(ctx context.Context, tasks []task, incarnation string) error {
	for _, t := range tasks {
		text, err := json.Marshal(t)
		if err != nil {
			return err
		}
		id := fmt.Sprintf("%s.%s.%d", t.Run, incarnation, t.Number)
		if _, err := q.js.Publish(ctx, fmt.Sprintf(subject, t.Run, t.Number), text, jetstream.WithMsgID(id)); err != nil {
			return err
		}
	}
	return nil
}

// drop takes what is left of a run's tasks from the queue.
func (q *queue) drop(ctx context.Context, name string) error {
	return q.stream.Purge(ctx, jetstream.WithPurgeSubject(fmt.Sprintf("rehearse.task.%s.*", name)))
}

// store is where a run's job and results lie.
type store struct{ jetstream.ObjectStore }

// errGone is a run that is over, or that this server knows nothing of.
var errGone = errors.New("the run is over")

// openStore opens a run's store.
func openStore(ctx context.Context, js jetstream.JetStream, name string) (store, error) {
	s, err := js.ObjectStore(ctx, fmt.Sprintf(bucketName, name))
	if errors.Is(err, jetstream.ErrBucketNotFound) {
		err = errGone
	}
	return store{s}, err
}

// makeStore makes a run's store, or opens the one that an earlier attempt left.
func makeStore(ctx context.Context, js jetstream.JetStream, name string, replicas int) (store, error) {
	s, err := js.CreateOrUpdateObjectStore(ctx, jetstream.ObjectStoreConfig{
		Bucket: fmt.Sprintf(bucketName, name), Description: "results of a run of rehearse coordinate", TTL: forgotten, Replicas: replicas,
	})
	if err != nil {
		err = fmt.Errorf("making the store of results: %w", err)
	}
	return store{s}, err
}

// has says whether there is something of a name.
func (s store) has(ctx context.Context, name string) (bool, error) {
	_, err := s.GetInfo(ctx, name)
	if errors.Is(err, jetstream.ErrObjectNotFound) {
		return false, nil
	}
	return err == nil, err
}

// keep stores a value as compressed JSON: evidence repeats itself, and is most of a
// result.
func (s store) keep(ctx context.Context, name string, value any) error {
	text, err := json.Marshal(value)
	if err != nil {
		return err
	}
	return s.keepBytes(ctx, name, text)
}

func (s store) keepBytes(ctx context.Context, name string, text []byte) error {
	_, err := s.PutBytes(ctx, name, s2.Encode(nil, text))
	return err
}

// load reads what keep stored.
func (s store) load(ctx context.Context, name string, value any) error {
	text, err := s.loadBytes(ctx, name)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, value); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

func (s store) loadBytes(ctx context.Context, name string) ([]byte, error) {
	packed, err := s.GetBytes(ctx, name)
	if err != nil {
		return nil, err
	}
	text, err := s2.Decode(nil, packed)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return text, nil
}

// keepTask stores what came of a task: captures first, for whoever sees the result
// looks for them.
func (s store) keepTask(ctx context.Context, t task, one *played) error {
	for place, text := range one.captures {
		if err := s.keepBytes(ctx, fmt.Sprintf(captureName, place), text); err != nil {
			return err
		}
	}
	return s.keep(ctx, fmt.Sprintf(resultName, t.Number), one.report)
}

// job reads the run's job.
func (s store) job(ctx context.Context) (*Job, error) {
	var j Job
	err := s.load(ctx, jobName, &j)
	if errors.Is(err, jetstream.ErrObjectNotFound) {
		return nil, errGone
	}
	return &j, err
}

// result reads the result of a task.
func (s store) result(ctx context.Context, name string) (*reports.Report, error) {
	var rep reports.Report
	return &rep, s.load(ctx, name, &rep)
}
