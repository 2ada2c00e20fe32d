package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"rehearse/reports"
)

// status is the live line at a terminal, on work over a second. Elsewhere it
// prints nothing.
type status struct {
	w     *os.File // nil: not a terminal
	total int
	began time.Time
	shown bool
}

func newStatus(w io.Writer, total int) *status {
	s := &status{total: total, began: time.Now()}
	if f, ok := w.(*os.File); ok && terminal(f) {
		s.w = f
	}
	return s
}

func (s *status) update(done int, last *reports.Scenario) {
	if s.w == nil || time.Since(s.began) < time.Second {
		return
	}
	s.shown = true
	fmt.Fprintf(s.w, "\r\x1b[K%d of %d  %s", done, s.total, last.Name)
}

func (s *status) clear() {
	if s.shown {
		fmt.Fprint(s.w, "\r\x1b[K")
	}
}

// terminal says whether a file is one.
func terminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0 && os.Getenv("TERM") != "dumb"
}

// colour says whether to colour what is printed: at a terminal, unless NO_COLOR
// says not to.
func colour(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && terminal(f) && os.Getenv("NO_COLOR") == ""
}
