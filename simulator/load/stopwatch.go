package load

import (
	"sync"
	"time"

	"rehearse/reports/journal"
)

// Stopwatch is a journal.Recorder that keeps what a crowd's report needs of one
// client: when it reached which stage, and how its audio fared.
type Stopwatch struct {
	mu             sync.Mutex
	stage          journal.Stage // under way; "" while no step is
	since          time.Time
	laps           map[journal.Stage]time.Duration
	sent, received int
}

var _ journal.Recorder = (*Stopwatch)(nil)

// Record implements journal.Recorder.
func (w *Stopwatch) Record(_, _ string, body journal.Body) {
	switch b := body.(type) {
	case journal.StageReached:
		w.mu.Lock()
		defer w.mu.Unlock()
		w.lap(b.Stage)
	case journal.MediaFlowed:
		w.mu.Lock()
		defer w.mu.Unlock()
		w.sent += b.Sent
		w.received += b.Received
	}
}

// lap ends the stage under way and begins another. A stage that is walked through
// more than once, at one server after another, counts with all of its time.
func (w *Stopwatch) lap(next journal.Stage) {
	if w.laps == nil {
		return // no step is under way
	}
	now := time.Now()
	if w.stage != "" {
		w.laps[w.stage] += now.Sub(w.since)
	}
	w.stage, w.since = next, now
}

// start begins a step.
func (w *Stopwatch) start() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.stage, w.laps, w.sent, w.received = "", make(map[journal.Stage]time.Duration), 0, 0
}

// stop ends the step and gives the time in each stage. Being done takes none.
func (w *Stopwatch) stop() map[journal.Stage]time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.lap("")
	laps := w.laps
	delete(laps, journal.StageDone)
	w.laps = nil
	return laps
}

// audio is how many packets were sent and came back in the last step.
func (w *Stopwatch) audio() (sent, received int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.sent, w.received
}
