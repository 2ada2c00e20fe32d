package accesslog

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"sync"
)

// Target is a file that logs go to.
type Target struct {
	Path   string
	Format Format
	Logs   []string // names of logs: "main", "ssl", and those an administrator made
}

// Set is the logs of an appliance in their files. It is safe for concurrent use;
// close it at the end.
type Set struct {
	header  func(log string) Header
	failed  func(error)
	targets []target
	names   []string

	mu      sync.Mutex
	failing bool
	lost    uint64
}

type target struct {
	Target
	log  *Log
	file *os.File
}

// Open opens the files for appending, and begins each anew with a header. Failed is
// told of the first of writes that fail in a row, as on a full disk; the lines are
// lost.
func Open(targets []Target, header func(log string) Header, box uint64, failed func(error)) (*Set, error) {
	s := &Set{header: header, failed: failed}
	for _, t := range targets {
		f, err := openLog(t.Path)
		if err != nil {
			return nil, errors.Join(err, s.Close())
		}
		s.targets = append(s.targets, target{Target: t, file: f})
		l, err := New(f, t.Format, header(t.Logs[0]), box)
		if err != nil {
			return nil, errors.Join(err, s.Close())
		}
		s.targets[len(s.targets)-1].log = l
		for _, name := range t.Logs {
			if !slices.Contains(s.names, name) {
				s.names = append(s.names, name)
			}
		}
	}
	return s, nil
}

func openLog(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o640)
}

// Names are the logs there are, in order of their targets.
func (s *Set) Names() []string { return s.names }

// Write puts a record into the logs of these names; a file that several of them lead
// to gets it once.
func (s *Set) Write(logs []string, r *Record) {
	var failed error
	for i := range s.targets {
		t := &s.targets[i]
		if slices.ContainsFunc(t.Logs, func(name string) bool { return slices.Contains(logs, name) }) {
			if err := t.log.Write(r); err != nil {
				failed = err
			}
		}
	}
	s.tell(failed)
}

// tell reports the first failure after a success.
func (s *Set) tell(err error) {
	s.mu.Lock()
	first := err != nil && !s.failing
	if s.failing = err != nil; s.failing {
		s.lost++
	}
	s.mu.Unlock()
	if first && s.failed != nil {
		s.failed(fmt.Errorf("access log: %w; lines are lost until it can be written again", err))
	}
}

// Lost is how many records at least one file lacks because it could not be written.
func (s *Set) Lost() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.lost
}

// Reopen goes on in files opened anew, for when the old ones were moved away. One
// that cannot be opened goes on in the old file.
func (s *Set) Reopen() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var failed []error
	for i := range s.targets {
		t := &s.targets[i]
		f, err := openLog(t.Path)
		if err == nil {
			err = t.log.Begin(f, s.header(t.Logs[0]))
			t.file.Close()
			t.file = f
		}
		failed = append(failed, err)
	}
	return errors.Join(failed...)
}

// Close closes the files.
func (s *Set) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var failed []error
	for _, t := range s.targets {
		if t.log != nil {
			t.log.stop()
		}
		failed = append(failed, t.file.Close())
	}
	return errors.Join(failed...)
}

// stop has later records go nowhere.
func (l *Log) stop() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.to = io.Discard
}
