package world

import (
	"io"
	"net"
	"net/netip"
	"os"
	"sync"
	"syscall"
	"time"
)

// retransmitLimit is how long a sender, or a dial, tries against silence before
// it gives up with syscall.ETIMEDOUT.
const retransmitLimit = 2 * time.Minute

// carrier says how one segment travels now, and is told what was sent.
type carrier interface {
	carry() transit
	tell(kind PacketKind, data []byte, t transit)
	told(at time.Time, kind PacketKind, data []byte, t transit)
}

type immediate struct{}

func (immediate) carry() transit                              { return transit{} }
func (immediate) tell(PacketKind, []byte, transit)            {}
func (immediate) told(time.Time, PacketKind, []byte, transit) {}

// end is one end of an in-memory TCP connection.
//
// The two directions are independent and buffered. Close sends FIN behind what
// was written, so that a last alert is still read by the peer; after
// SetLinger(0) it sends RST, which takes unread bytes away from the peer as RFC
// 9293 3.10.7.4 has it. A write to an end that is closed vanishes and brings a
// RST back. Differs from a kernel's: closing with unread bytes still sends FIN.
type end struct {
	mu   *sync.Mutex // of the pair
	peer *end
	out  carrier

	in       inflow
	canRead  sync.Cond // bytes came, or something ended
	canWrite sync.Cond // the peer has room, or something ended
	rd, wd   deadline

	local, remote net.Addr
	writing       bool  // a Write is under way; others wait for their turn
	closed        bool  // Close was called
	finSent       bool  // CloseWrite was called
	linger0       bool  // Close shall send RST
	rstComing     bool  // a closed peer's answer is on its way
	broken        error // ECONNRESET or ETIMEDOUT, once known here
	told          bool  // broken was given to the caller once
	giveUp        *time.Timer
	onClose       func()
}

// Pipe returns the two ends of a connection that no network lies between: what
// is written is readable at once. It is what Memory connects hosts with.
func Pipe() (Conn, Conn) {
	a := netip.MustParseAddrPort("127.0.0.1:49152")
	b := netip.MustParseAddrPort("127.0.0.1:1")
	x, y := newPair(a, b, immediate{}, immediate{})
	return x, y
}

func newPair(a, b netip.AddrPort, ab, ba carrier) (x, y *end) {
	mu := new(sync.Mutex)
	x = &end{mu: mu, out: ab, local: net.TCPAddrFromAddrPort(a), remote: net.TCPAddrFromAddrPort(b)}
	y = &end{mu: mu, out: ba, local: net.TCPAddrFromAddrPort(b), remote: net.TCPAddrFromAddrPort(a)}
	for _, e := range []*end{x, y} {
		e.canRead.L, e.canWrite.L = mu, mu
	}
	x.peer, y.peer = y, x
	return x, y
}

func (e *end) LocalAddr() net.Addr  { return e.local }
func (e *end) RemoteAddr() net.Addr { return e.remote }

func (e *end) fail(op string, err error) error {
	if no, ok := err.(syscall.Errno); ok {
		err = os.NewSyscallError(op, no)
	}
	return &net.OpError{Op: op, Net: "tcp", Source: e.local, Addr: e.remote, Err: err}
}

func (e *end) Read(b []byte) (int, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for {
		e.in.settle()
		if err := e.readable(); err != nil {
			return 0, e.fail("read", err)
		}
		if n := e.in.buf.take(b, e.in.ready); n > 0 || len(b) == 0 {
			e.in.ready -= n
			e.peer.canWrite.Broadcast()
			return n, nil
		}
		if e.in.fin {
			return 0, io.EOF
		}
		e.in.await(&e.canRead)
	}
}

func (e *end) readable() error {
	switch {
	case e.closed:
		return net.ErrClosed
	case e.rd.passed():
		return os.ErrDeadlineExceeded
	case e.in.rst && e.broken == nil:
		e.broken = syscall.ECONNRESET
	}
	e.told = e.told || e.broken != nil
	return e.broken
}

func (e *end) Write(b []byte) (int, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if err := e.turn(); err != nil {
		return 0, e.fail("write", err)
	}
	e.writing = true
	n, err := e.write(b)
	e.writing = false
	e.canWrite.Broadcast()
	if err != nil {
		return n, e.fail("write", err)
	}
	return n, nil
}

// turn waits until no other Write is under way.
func (e *end) turn() error {
	for e.writing {
		if err := e.writable(); err != nil {
			return err
		}
		e.canWrite.Wait()
	}
	return e.writable()
}

func (e *end) write(b []byte) (sent int, err error) {
	for {
		if err := e.writable(); err != nil {
			return sent, err
		}
		if e.peer.closed {
			e.answerRST(b)
			return sent + len(b), nil
		}
		if n := e.peer.in.buf.put(b); n > 0 {
			e.send(markData, b[:n])
			sent, b = sent+n, b[n:]
		}
		if len(b) == 0 {
			return sent, nil
		}
		e.canWrite.Wait()
	}
}

func (e *end) writable() error {
	e.in.settle()
	switch {
	case e.closed:
		return net.ErrClosed
	case e.wd.passed():
		return os.ErrDeadlineExceeded
	case e.finSent:
		return syscall.EPIPE
	case e.in.rst && e.broken == nil:
		e.broken = syscall.ECONNRESET
	}
	if e.broken != nil && e.told {
		return syscall.EPIPE
	}
	e.told = e.broken != nil
	return e.broken
}

// send puts something under way to the peer.
func (e *end) send(kind markKind, data []byte) {
	t := e.out.carry()
	e.out.tell(kind.kindOf(), data, t)
	e.peer.in.push(kind, len(data), t.delay, t.held)
	e.peer.canRead.Broadcast()
	if kind == markRST {
		e.peer.canWrite.Broadcast()
	}
	if t.held {
		e.startGivingUp()
	}
}

// startGivingUp ends this side when silence lasts too long.
func (e *end) startGivingUp() {
	if e.giveUp == nil && !e.closed {
		e.giveUp = time.AfterFunc(retransmitLimit, func() { e.abort(syscall.ETIMEDOUT) })
	}
}

// answerRST is what a host does with a segment for a connection it has closed.
func (e *end) answerRST(data []byte) {
	there, back := e.out.carry(), e.peer.out.carry()
	e.out.tell(Data, data, there)
	if there.held || back.held {
		e.startGivingUp()
		return
	}
	if !e.rstComing {
		e.rstComing = true
		e.peer.out.told(time.Now().Add(there.delay), RST, nil, back)
		e.in.push(markRST, 0, there.delay+back.delay, false)
		e.canRead.Broadcast()
	}
}

// abort breaks this end with err, as the network's doing.
func (e *end) abort(err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.broken == nil && !e.closed {
		e.broken = err
		e.in.drop()
		e.canRead.Broadcast()
		e.canWrite.Broadcast()
	}
}
