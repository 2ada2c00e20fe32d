package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"sync"
	"syscall"
	"time"

	"rehearse/proxy/wire/tlshello"
	"rehearse/reports/journal"
	"rehearse/simulator/world"
)

// core is what every server stands on: listeners, connections and goroutines
// that all end with Close, and the faults in force.
type core struct {
	Config
	faults faults

	wg     sync.WaitGroup
	ctx    context.Context // ends with Close
	cancel context.CancelFunc

	mu   sync.Mutex
	open map[io.Closer]struct{} // nil once closed
}

func newCore(c Config) *core {
	ctx, cancel := context.WithCancel(context.Background())
	return &core{Config: c, ctx: ctx, cancel: cancel, open: make(map[io.Closer]struct{})}
}

// Close ends every listener and connection and waits for the goroutines.
func (c *core) Close() error {
	c.mu.Lock()
	open := c.open
	c.open = nil
	c.mu.Unlock()
	c.cancel()
	for x := range open {
		x.Close()
	}
	c.wg.Wait()
	return nil
}

// keep has x closed by Close. It closes x at once, and says false, when Close was
// called already.
func (c *core) keep(x io.Closer) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.open == nil {
		x.Close()
		return false
	}
	c.open[x] = struct{}{}
	return true
}

// drop closes x, which Close need not do any more.
func (c *core) drop(x io.Closer) {
	c.mu.Lock()
	delete(c.open, x)
	c.mu.Unlock()
	x.Close()
}

// spawn runs f in a goroutine that Close waits for. It does nothing once Close
// was called.
func (c *core) spawn(f func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.open != nil {
		c.wg.Go(f)
	}
}

// pause waits for d. It says false when Close came first.
func (c *core) pause(d time.Duration) bool {
	if d <= 0 {
		return true
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-c.ctx.Done():
		return false
	}
}

// listen opens a TCP port of a host, 0 for one that the system picks, and gives its
// number.
func (c *core) listen(h world.Host, port uint16) (net.Listener, uint16, error) {
	l, err := h.Listen("tcp", fmt.Sprintf(":%d", port))
	if err != nil {
		return nil, 0, fmt.Errorf("server %s: %w", h.Name(), err)
	}
	c.keep(l)
	return l, addrPort(l.Addr()).Port(), nil
}

// accept serves the connections to a port, each in a goroutine of its own; serve
// need not close it.
func (c *core) accept(l net.Listener, h world.Host, serve func(*conn)) {
	for {
		raw, err := l.Accept()
		if err != nil {
			return
		}
		n := &conn{Conn: raw, actor: h.Name(), flow: raw.RemoteAddr().String(), to: c.Recorder}
		if !c.keep(raw) {
			return
		}
		c.spawn(func() {
			defer c.drop(raw)
			serve(n)
		})
	}
}

// conn is a connection that a server accepted. Its Read records how the other
// side ended it.
type conn struct {
	net.Conn
	actor, flow string
	to          journal.Recorder
	after       string // the last message read, for the journal
	ended       bool   // the end was recorded, or is ours
}

func (c *conn) record(body journal.Body) { c.to.Record(c.flow, c.actor, body) }

// Read implements net.Conn.
func (c *conn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if err != nil {
		c.end(err)
	}
	return n, err
}

// end records what a read error says about the other side.
func (c *conn) end(err error) {
	if c.ended {
		return
	}
	closed := journal.Closed{By: "peer", After: c.after}
	code, received, isAlert := tlshello.AlertOf(err)
	switch {
	case isAlert && received:
		c.record(journal.AlertSent{Received: true, Code: code, Name: tlshello.AlertName(code)})
		c.ended = true
		return
	case errors.Is(err, syscall.ECONNRESET):
		closed.How = "RST"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		closed.How = "FIN"
	default:
		return // a deadline, or we closed it
	}
	c.ended = true
	c.record(closed)
}

// silent hangs up when a read ended because nothing came in time.
func (c *conn) silent(err error) {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		c.hangUp("silence")
	}
}

// hangUp closes with FIN and records that and why. What the other side still says
// is read for a moment: a kernel that has unread bytes sends RST in place of FIN.
func (c *conn) hangUp(after string) {
	c.ended = true
	c.record(journal.Closed{By: "server", How: "FIN", After: after})
	defer c.Close()
	if t, ok := c.Conn.(world.Conn); ok && t.CloseWrite() == nil {
		const moment = time.Second
		_ = t.SetReadDeadline(time.Now().Add(moment))
		_, _ = io.Copy(io.Discard, t)
	}
}

// addrPort is the address of a TCP or UDP end.
func addrPort(a net.Addr) netip.AddrPort {
	ap, err := netip.ParseAddrPort(a.String())
	if err != nil {
		return netip.AddrPort{}
	}
	return netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port())
}
