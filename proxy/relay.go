package proxy

import (
	"errors"
	"io"
	"net"
	"syscall"
)

// tunnel copies bytes both ways until both directions have ended. What was
// peeked at goes first, in one write, so that messages that must not be split
// (the pseudo-TLS answer, [MS-TURN] 3.1) are not; two plain TCP connections are
// left to the kernel after that. A FIN is passed on as a FIN, a RST as a RST.
func tunnel(client *peeked, server net.Conn) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		forward(client, client.Conn, server)
	}()
	forward(newPlain(server), server, client.Conn)
	<-done
}

// source is a connection read through whatever holds its first bytes.
type source interface {
	io.Reader
	buffered() []byte
}

// plain is a source without buffered bytes.
type plain struct{ net.Conn }

func newPlain(c net.Conn) plain { return plain{c} }
func (plain) buffered() []byte  { return nil }

// forward copies from -> to and passes on how it ended. raw is from's connection.
func forward(from source, raw, to net.Conn) {
	err := forwardFirst(from, to)
	if err == nil {
		_, err = io.Copy(to, raw)
	}
	if errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) {
		reset(to)
		reset(raw)
		return
	}
	finish(to)
}

func forwardFirst(from source, to net.Conn) error {
	first := from.buffered()
	if len(first) == 0 {
		return nil
	}
	n, err := to.Write(first)
	if r, ok := from.(*peeked); ok {
		r.r.Discard(n)
	}
	return err
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
	if l, ok := c.(interface{ SetLinger(int) error }); ok {
		l.SetLinger(0)
	}
	c.Close()
}
