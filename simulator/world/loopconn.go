package world

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// loopConn is a real connection that shows the world's addresses.
type loopConn struct {
	tcp           *net.TCPConn
	world         *Loopback
	local, remote net.Addr
	out           *path
	broken        atomic.Bool // a Reset was imposed
	done          chan struct{}
	closing       sync.Once
	onClose       func()

	mu sync.Mutex
	wd time.Time
}

// redirectedLoop is an accepted connection that was intercepted transparently.
type redirectedLoop struct {
	*loopConn
	dst netip.AddrPort
}

// OriginalDst implements Redirected.
func (r redirectedLoop) OriginalDst() netip.AddrPort { return r.dst }

func newLoopConn(w *Loopback, tcp *net.TCPConn, local, remote netip.AddrPort, out *path) *loopConn {
	return &loopConn{
		tcp: tcp, world: w, out: out, done: make(chan struct{}),
		local: net.TCPAddrFromAddrPort(local), remote: net.TCPAddrFromAddrPort(remote),
	}
}

// enter puts a connection under the world's care until it is closed.
func (l *Loopback) enter(c *loopConn) *loopConn {
	l.mu.Lock()
	l.conns[c] = struct{}{}
	l.mu.Unlock()
	if l.closed() {
		c.Close()
	}
	return c
}

func (c *loopConn) LocalAddr() net.Addr  { return c.local }
func (c *loopConn) RemoteAddr() net.Addr { return c.remote }

// shown is err as the world sees it.
func (c *loopConn) shown(err error) error {
	var op *net.OpError
	if err == nil || !errors.As(err, &op) {
		return err
	}
	inner := op.Err
	if c.broken.Load() && errors.Is(err, net.ErrClosed) {
		inner = os.NewSyscallError(op.Op, syscall.ECONNRESET)
	}
	return &net.OpError{Op: op.Op, Net: op.Net, Source: c.local, Addr: c.remote, Err: inner}
}

func (c *loopConn) Read(b []byte) (int, error) {
	n, err := c.tcp.Read(b)
	return n, c.shown(err)
}

func (c *loopConn) Write(b []byte) (int, error) {
	if err := c.gate(); err != nil {
		return 0, &net.OpError{Op: "write", Net: "tcp", Source: c.local, Addr: c.remote, Err: err}
	}
	n, err := c.tcp.Write(b)
	return n, c.shown(err)
}

// gate makes a writer wait for what Latency and Blackhole faults demand.
func (c *loopConn) gate() error {
	if len(c.world.faults.now()) == 0 {
		return nil
	}
	for {
		lifted := c.world.nextLift()
		t := c.out.carry()
		delay, held := t.delay, t.held
		if !held && delay == 0 {
			return nil
		}
		if held {
			delay = retransmitLimit
		}
		err := c.stall(delay, lifted)
		switch {
		case err != nil:
			return err
		case !held:
			return nil
		}
	}
}

// stall waits for d, for a fault to be lifted, or for the end of the connection
// or its write deadline.
func (c *loopConn) stall(d time.Duration, lifted <-chan struct{}) error {
	c.mu.Lock()
	wd := c.wd
	c.mu.Unlock()
	late := false
	if left := time.Until(wd); !wd.IsZero() && left < d {
		d, late = max(left, 0), true
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		if late {
			return os.ErrDeadlineExceeded
		}
		return nil
	case <-lifted:
		return nil
	case <-c.done:
		return net.ErrClosed
	}
}

// breakOff is what a Reset fault does to one side.
func (c *loopConn) breakOff() {
	c.broken.Store(true)
	c.tcp.SetLinger(0)
	c.tcp.Close()
}

// CloseWrite sends FIN and keeps reading.
func (c *loopConn) CloseWrite() error { return c.shown(c.tcp.CloseWrite()) }

// SetLinger is that of *net.TCPConn.
func (c *loopConn) SetLinger(sec int) error { return c.shown(c.tcp.SetLinger(sec)) }

func (c *loopConn) Close() error {
	c.closing.Do(func() {
		close(c.done)
		c.world.mu.Lock()
		delete(c.world.conns, c)
		c.world.mu.Unlock()
		if c.onClose != nil {
			c.onClose()
		}
	})
	return c.shown(c.tcp.Close())
}

func (c *loopConn) SetDeadline(t time.Time) error {
	c.keepDeadline(t)
	return c.shown(c.tcp.SetDeadline(t))
}

func (c *loopConn) SetReadDeadline(t time.Time) error { return c.shown(c.tcp.SetReadDeadline(t)) }

func (c *loopConn) SetWriteDeadline(t time.Time) error {
	c.keepDeadline(t)
	return c.shown(c.tcp.SetWriteDeadline(t))
}

func (c *loopConn) keepDeadline(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.wd = t
}
