package proxy

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"sync/atomic"
	"syscall"
	"time"
)

// tunnel copies bytes both ways until both directions have ended, and counts them at
// the client. What was peeked at goes first, in one write, so that messages
// that must not be split (the pseudo-TLS answer, [MS-TURN] 3.1) are not; two plain
// TCP connections are left to the kernel after that. A FIN is passed on as a FIN, a
// RST as a RST.
//
// With idle other than 0 a tunnel ends when nothing has moved either way for that
// long, twice as long at most.
func tunnel(client *peeked, server net.Conn, idle time.Duration) {
	newPair(client, server, idle).carry()
}

// carry is tunnel.
func (t *pair) carry() {
	client, server := t.client, t.server
	raw := server
	ahead, _ := server.(*peeked)
	if ahead != nil {
		raw = ahead.Conn
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		client.in += t.forward(0, client, client.Conn, raw)
	}()
	client.out += t.forward(1, ahead, raw, client.Conn)
	<-done
}

// pair is the two directions of a tunnel. A direction is quiet when it has ended or
// moved nothing the last time it looked.
type pair struct {
	client  *peeked
	server  net.Conn
	idle    atomic.Int64 // a time.Duration
	quiet   [2]atomic.Bool
	last    atomic.Int32 // the way that bytes out of TLS went last
	hurried atomic.Bool
}

func newPair(client *peeked, server net.Conn, idle time.Duration) *pair {
	t := &pair{client: client, server: server}
	t.idle.Store(int64(idle))
	return t
}

// hurry ends the tunnel once nothing has moved for so short a time, unless the client
// spoke last: then it waits for an answer.
func (t *pair) hurry(idle time.Duration) {
	t.hurried.Store(true)
	t.idle.Store(int64(idle))
	soon := time.Now().Add(idle)
	t.client.Conn.SetReadDeadline(soon)
	t.server.SetReadDeadline(soon)
}

// errIdle ends a tunnel in which nothing moves.
var errIdle = errors.New("nothing moved for too long")

// forward copies from -> to and passes on how it ended. Ahead has the bytes of from
// that were read ahead; it may be nil. It gives how many bytes were copied that ahead
// has not counted: those to the client, it never has.
func (t *pair) forward(way int, ahead *peeked, from, to net.Conn) (n int64) {
	first, err := forwardFirst(ahead, to)
	if err == nil {
		n, err = t.pump(way, to, from)
	}
	if way == 1 {
		n += first
	}
	t.quiet[way].Store(true)
	switch {
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE), errors.Is(err, syscall.ETIMEDOUT):
		reset(to)
		reset(from)
	case errors.Is(err, errIdle):
		to.Close()
		from.Close()
	default:
		finish(to)
	}
	return n
}

// pump copies until the end. Reads stop at a deadline only to look whether anything
// moves at all: what was read until then has been written.
func (t *pair) pump(way int, to, from net.Conn) (total int64, err error) {
	for {
		idle := time.Duration(t.idle.Load())
		if idle > 0 {
			from.SetReadDeadline(time.Now().Add(idle))
		}
		if time.Duration(t.idle.Load()) != idle {
			continue // hurried meanwhile
		}
		n, err := t.copyAll(way, to, from)
		total += n
		if t.idle.Load() <= 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
			return total, err
		}
		t.quiet[way].Store(n == 0)
		asking := t.hurried.Load() && t.last.Load() == 0
		if n == 0 && t.quiet[1-way].Load() && !asking {
			return total, errIdle
		}
	}
}

// restingCopy is the buffer that a copy out of TLS waits with: small, for most of them
// wait most of the time.
const restingCopy = 256

// copyAll is io.Copy, which leaves sockets to the kernel, but out of TLS. There a copy
// waits with little memory; what fills it is taken for the beginning of much.
func (t *pair) copyAll(way int, to, from net.Conn) (total int64, err error) {
	secure, ok := from.(*tls.Conn)
	b := below(from)
	if !ok || b == nil {
		return io.Copy(to, from)
	}
	little := make([]byte, restingCopy)
	for {
		n, err := secure.Read(little)
		if n > 0 {
			t.last.Store(int32(way))
		}
		switch {
		case n == len(little):
			n, err = copyBatch(to, secure, b, little)
		case n > 0:
			if _, failed := to.Write(little[:n]); failed != nil {
				return total, failed
			}
		}
		total += int64(n)
		switch {
		case err == io.EOF:
			return total, nil
		case err != nil:
			return total, err
		}
	}
}

// copyBatch passes on what was read and all that follows without waiting.
func copyBatch(to net.Conn, from *tls.Conn, b *batched, head []byte) (int, error) {
	buf := b.bufs.take()
	defer b.bufs.give(buf)
	n, err := fill(from, b, buf[:batch], copy(buf[:], head))
	if failed := writeBatch(to, buf[:n]); failed != nil {
		return n, failed
	}
	return n, err
}

func forwardFirst(ahead *peeked, to net.Conn) (int64, error) {
	if ahead == nil || ahead.ahead() == 0 {
		return 0, nil
	}
	n, err := to.Write(ahead.buffered())
	ahead.r.Discard(n)
	ahead.shed()
	return int64(n), err
}

// finish sends FIN (inside TLS: close_notify, too) and keeps the other direction.
func finish(c net.Conn) {
	if p, ok := c.(*peeked); ok {
		c = p.Conn
	}
	if w, ok := c.(interface{ CloseWrite() error }); ok {
		w.CloseWrite()
		return
	}
	c.Close()
}

// reset closes a connection with RST where that can be asked of it.
func reset(c net.Conn) {
	if p, ok := c.(*peeked); ok {
		c = p.Conn
	}
	if t, ok := c.(interface{ NetConn() net.Conn }); ok { // *tls.Conn
		c = t.NetConn()
	}
	if b, ok := c.(*batched); ok {
		c = b.peeked
	}
	if p, ok := c.(*peeked); ok {
		c = p.Conn
	}
	if l, ok := c.(interface{ SetLinger(int) error }); ok {
		l.SetLinger(0)
	}
	c.Close()
}
