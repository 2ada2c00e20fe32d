package world

import (
	"sync"
	"time"
)

// markKind says what arrives.
type markKind uint8

const (
	markData markKind = iota
	markFIN
	markRST
)

// mark is something under way to an end: n bytes, a FIN or a RST.
type mark struct {
	kind markKind
	n    int
	due  time.Time // the zero time means now, never means held by a blackhole
}

// never is the due time of what a blackhole holds.
var never = time.Unix(1<<40, 0)

// inflow is what comes to one end of a connection, in order: bytes, then perhaps
// a FIN or a RST. A mark becomes visible at its due time; nobody has to run for
// that, since a reader that waits sets the timer itself. The connection's mutex
// guards it.
type inflow struct {
	buf   ring
	ready int // bytes of buf that have arrived
	marks []mark
	last  time.Time // due time of the last mark, for the order
	fin   bool
	rst   bool
	wake  *time.Timer
}

// push puts something under way that arrives after delay, and not before what
// was sent earlier.
func (f *inflow) push(kind markKind, n int, delay time.Duration, held bool) {
	if delay == 0 && !held && len(f.marks) == 0 {
		f.arrive(mark{kind: kind, n: n})
		return
	}
	due := never
	if !held {
		due = time.Now().Add(delay)
	}
	if due.Before(f.last) {
		due = f.last
	}
	f.last = due
	if i := len(f.marks) - 1; i >= 0 && kind == markData && f.marks[i].kind == markData && f.marks[i].due.Equal(due) {
		f.marks[i].n += n
		return
	}
	f.marks = append(f.marks, mark{kind, n, due})
}

func (f *inflow) arrive(m mark) {
	switch m.kind {
	case markData:
		f.ready += m.n
	case markFIN:
		f.fin = true
	case markRST:
		f.rst = true
		f.buf.clear()
		f.ready, f.marks = 0, nil
	}
}

// settle lets everything arrive that is due.
func (f *inflow) settle() {
	if len(f.marks) == 0 {
		return
	}
	now := time.Now()
	for len(f.marks) > 0 && !f.marks[0].due.After(now) {
		m := f.marks[0]
		f.marks = f.marks[1:]
		f.arrive(m)
	}
	if len(f.marks) == 0 {
		f.marks, f.last = nil, time.Time{}
	}
}

// await waits on c until something changes; it sees to it that c is woken when
// the next mark is due.
func (f *inflow) await(c *sync.Cond) {
	if len(f.marks) > 0 && !f.marks[0].due.Equal(never) {
		wait := time.Until(f.marks[0].due)
		if f.wake == nil {
			f.wake = time.AfterFunc(wait, func() {
				c.L.Lock()
				defer c.L.Unlock()
				c.Broadcast()
			})
		} else {
			f.wake.Reset(wait)
		}
	}
	c.Wait()
}

// hold makes everything wait that has not arrived yet.
func (f *inflow) hold() {
	f.settle()
	for i := range f.marks {
		f.marks[i].due, f.last = never, never
	}
}

// release sends again what hold kept back, and says whether there was anything.
func (f *inflow) release(delay time.Duration) (some bool) {
	if len(f.marks) == 0 {
		return false
	}
	due := time.Now().Add(delay)
	for i := range f.marks {
		if f.marks[i].due.Equal(never) {
			f.marks[i].due, some = due, true
		}
	}
	f.last = f.marks[len(f.marks)-1].due
	return some
}

// drop forgets everything, for an end that will not read any more.
func (f *inflow) drop() {
	f.buf.clear()
	f.ready, f.marks = 0, nil
	if f.wake != nil {
		f.wake.Stop()
	}
}
