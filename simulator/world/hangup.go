package world

import (
	"net"
	"time"
)

// CloseWrite sends FIN and keeps reading.
func (e *end) CloseWrite() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return e.fail("close", net.ErrClosed)
	}
	e.sendFIN()
	return nil
}

func (e *end) sendFIN() {
	if !e.finSent {
		e.finSent = true
		e.send(markFIN, nil)
		e.canWrite.Broadcast()
	}
}

// Close sends FIN, or RST after SetLinger(0), and ends pending calls.
func (e *end) Close() error {
	e.mu.Lock()
	if e.closed {
		e.mu.Unlock()
		return e.fail("close", net.ErrClosed)
	}
	e.closed = true
	if e.linger0 {
		e.send(markRST, nil)
	} else {
		e.sendFIN()
	}
	e.in.drop()
	e.rd.stop()
	e.wd.stop()
	if e.giveUp != nil {
		e.giveUp.Stop()
	}
	e.canRead.Broadcast()
	e.canWrite.Broadcast()
	e.peer.canWrite.Broadcast()
	e.mu.Unlock()
	if e.onClose != nil {
		e.onClose()
	}
	return nil
}

// SetLinger makes Close send RST when sec is 0, and FIN otherwise.
func (e *end) SetLinger(sec int) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return e.fail("set", net.ErrClosed)
	}
	e.linger0 = sec == 0
	return nil
}

func (e *end) SetDeadline(t time.Time) error { return e.deadlines(t, &e.rd, &e.wd) }

func (e *end) SetReadDeadline(t time.Time) error { return e.deadlines(t, &e.rd, nil) }

func (e *end) SetWriteDeadline(t time.Time) error { return e.deadlines(t, nil, &e.wd) }

func (e *end) deadlines(t time.Time, rd, wd *deadline) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return e.fail("set", net.ErrClosed)
	}
	if rd != nil {
		rd.set(t, &e.canRead)
	}
	if wd != nil {
		wd.set(t, &e.canWrite)
	}
	return nil
}

// hold and release keep back, or send again, what is under way to this end.
func (e *end) hold() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.in.hold()
}

func (e *end) release() {
	e.mu.Lock()
	defer e.mu.Unlock()
	t := e.peer.out.carry()
	if t.held {
		return
	}
	if e.in.release(t.delay) {
		e.peer.out.tell(Released, nil, t)
	}
	if e.peer.giveUp != nil {
		e.peer.giveUp.Stop()
		e.peer.giveUp = nil
	}
	e.canRead.Broadcast()
}
