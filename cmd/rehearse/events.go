package main

import (
	"fmt"
	"io"
	"sync"
	"time"

	"rehearse/reports/journal"
)

// events is a journal that is printed as it is written: a line an event, for the
// verbs that run in real time.
type events struct {
	began time.Time
	mu    sync.Mutex
	w     io.Writer
}

func newEvents(w io.Writer) *events { return &events{began: time.Now(), w: w} }

// Record implements journal.Recorder.
func (e *events) Record(flow, actor string, body journal.Body) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if flow != "" {
		flow = " [" + flow + "]"
	}
	// Whoever reads may hang up; that is no reason to stop.
	_, _ = fmt.Fprintf(e.w, "%9.3f %s%s: %s\n", time.Since(e.began).Seconds(), actor, flow, body)
}
