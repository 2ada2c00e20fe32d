package gateway

import (
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"rehearse/proxy/emulate"
)

// openStatus opens the port of the revocation endpoint, where pointers need one.
func (g *Gateway) openStatus(ctx context.Context) error {
	if !g.conf.Pointers.CRL && !g.conf.Pointers.OCSP {
		return nil
	}
	at := g.conf.Status
	if !at.IsValid() {
		at = netip.AddrPortFrom(g.conf.Listen[0].Addr(), 0)
	}
	l, err := g.conf.Host.Listen(ctx, at)
	if err != nil {
		return err
	}
	g.statusAt = l
	g.base = "http://" + netip.AddrPortFrom(at.Addr(), l.Addr().(*net.TCPAddr).AddrPort().Port()).String()
	return nil
}

// The endpoint's limits: its requests are small and its clients in a hurry.
const (
	statusTimeout = 15 * time.Second
	statusIdle    = time.Minute
	statusHeader  = 64 << 10 // an OCSP request may stand in the path
	statusClients = 1024
)

// serveStatus answers for the authorities that emulated certificates come from.
func (g *Gateway) serveStatus(authorities ...*emulate.Authority) {
	if g.statusAt == nil {
		return
	}
	g.status = &http.Server{
		Handler:           emulate.NewResponder(authorities...),
		ReadHeaderTimeout: statusTimeout, ReadTimeout: statusTimeout, WriteTimeout: statusTimeout,
		IdleTimeout: statusIdle, MaxHeaderBytes: statusHeader,
		ErrorLog: log.New(io.Discard, "", 0), // broken requests are their senders' affair
	}
	go g.status.Serve(&limited{Listener: g.statusAt, slots: make(chan struct{}, statusClients)})
}

// limited is a listener with so many connections at a time; the others wait in the
// kernel's queue.
type limited struct {
	net.Listener
	slots chan struct{}
}

// Accept implements net.Listener.
func (l *limited) Accept() (net.Conn, error) {
	l.slots <- struct{}{}
	c, err := l.Listener.Accept()
	if err != nil {
		<-l.slots
		return nil, err
	}
	return &slotted{Conn: c, slots: l.slots}, nil
}

// slotted gives its slot back when it is closed first.
type slotted struct {
	net.Conn
	slots chan struct{}
	once  sync.Once
}

// Close implements net.Conn.
func (s *slotted) Close() error {
	s.once.Do(func() { <-s.slots })
	return s.Conn.Close()
}
