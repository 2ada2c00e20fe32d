// Package journal holds the one record of a rehearsal: typed events, in order.
//
// Every actor (a client, the interceptor, a server) writes what it saw or did to
// a Recorder; the console, the JSON report, the policy trace, coverage and the
// explanation of a failure only read the resulting Log. A capture read from disk
// becomes the same events.
//
// An event never holds key material, serial numbers, fingerprints, encrypted
// sizes or wall-clock times: two runs of the same inputs give the same bytes.
package journal

import (
	"cmp"
	"slices"
	"sort"
	"sync"
	"time"
)

// Event is one thing that happened, at one place.
type Event struct {
	// At is the time since the rehearsal began, on the scenario's clock.
	At time.Duration
	// Flow names the transport flow as the client-side local address,
	// "10.1.0.11:49152". Client and interceptor record the same name for the
	// same flow; the interceptor's upstream leg records the client's name too.
	// Empty where no flow exists (name look-ups before the dial).
	Flow string
	// Actor is the host that saw it: "alice", "appliance", "sip.online.lync.com".
	Actor string
	// Body says what happened.
	Body Body
	// Packet is the packet of the capture that the event was read from, counted from
	// 1; 0 in a rehearsal.
	Packet int
	// Peer is the flow's other end, "192.0.2.1:443"; in captures only.
	Peer string
}

// Body is the typed content of an event. Each kind is one struct in this package.
type Body interface {
	// Kind is the name of the event's type, in the past tense: "NameResolved".
	Kind() string
	// String is one line for people, without the time, flow and actor.
	String() string
}

// Recorder takes events. Implementations are safe for concurrent use.
type Recorder interface {
	Record(flow, actor string, body Body)
}

// Discard is a Recorder that keeps nothing.
var Discard Recorder = discard{}

type discard struct{}

func (discard) Record(string, string, Body) {}

// Memory is a Recorder that keeps all events of one rehearsal.
// Make one with NewMemory.
type Memory struct {
	began time.Time
	mu    sync.Mutex
	log   Log
}

// NewMemory returns an empty Memory whose events are timed from now on, by the
// clock of time.Now (inside a synctest bubble that is virtual time).
func NewMemory() *Memory { return &Memory{began: time.Now()} }

// Record implements Recorder.
func (m *Memory) Record(flow, actor string, body Body) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.log = append(m.log, Event{At: time.Since(m.began), Flow: flow, Actor: actor, Body: body})
}

// Now is the time since the rehearsal began.
func (m *Memory) Now() time.Duration { return time.Since(m.began) }

// Log returns a copy of what was recorded so far, in canonical order.
func (m *Memory) Log() Log {
	m.mu.Lock()
	defer m.mu.Unlock()
	log := slices.Clone(m.log)
	log.sort()
	return log
}

// Between returns a copy of what was recorded with from <= At <= to, in canonical
// order. It looks at no more than that.
func (m *Memory) Between(from, to time.Duration) Log {
	m.mu.Lock()
	defer m.mu.Unlock()
	// Events are recorded one at a time, so their times do not go down.
	first := sort.Search(len(m.log), func(i int) bool { return m.log[i].At >= from })
	last := sort.Search(len(m.log), func(i int) bool { return m.log[i].At > to })
	log := slices.Clone(m.log[first:max(first, last)])
	log.sort()
	return log
}

// Log is a list of events in canonical order: by time, then by flow, then by
// actor; events equal in all three keep the order in which they were recorded.
// Events of one actor on one flow are recorded by one goroutine, so this order
// does not depend on how goroutines happened to be scheduled.
type Log []Event

func (l Log) sort() {
	slices.SortStableFunc(l, func(a, b Event) int {
		return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.Flow, b.Flow), cmp.Compare(a.Actor, b.Actor))
	})
}

// Flow returns the events of one flow.
func (l Log) Flow(flow string) Log {
	var out Log
	for _, e := range l {
		if e.Flow == flow {
			out = append(out, e)
		}
	}
	return out
}

// Find returns every body of type T in the log, in order.
func Find[T Body](l Log) []T {
	var out []T
	for _, e := range l {
		if b, ok := e.Body.(T); ok {
			out = append(out, b)
		}
	}
	return out
}
