package server

import (
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"rehearse/reports/journal"
	"rehearse/simulator/sipauth"
	"rehearse/simulator/world"
)

// idleLimit is how long a web server keeps a connection without a request.
const idleLimit = 2 * time.Minute

// web serves HTTP for one server, on as many ports as it has.
type web struct {
	core    *core
	server  string
	host    world.Host
	handler http.Handler
	http    *http.Server
	feed    *feed
}

// newWeb starts an HTTP server that has no port yet.
func newWeb(c *core, server string, h world.Host, handler http.Handler) *web {
	w := &web{core: c, server: server, host: h, handler: handler, feed: newFeed()}
	w.http = &http.Server{
		Handler:           w,
		IdleTimeout:       idleLimit,
		ReadHeaderTimeout: idleLimit,
		ErrorLog:          log.New(io.Discard, "", 0),
		ConnContext: func(ctx context.Context, c net.Conn) context.Context {
			return context.WithValue(ctx, connKey{}, c)
		},
	}
	c.keep(w.http)
	c.spawn(func() { _ = w.http.Serve(w.feed) })
	return w
}

// over takes connections for HTTP; with an identity it is HTTPS.
func (w *web) over(id *identity) func(*conn) {
	return func(c *conn) {
		if id == nil {
			if !w.core.spoil(w.server, c) {
				w.feed.hand(c, "http")
			}
		} else if c, ok := id.handshake(c); ok {
			w.feed.hand(c, "https")
		}
	}
}

// ServeHTTP implements http.Handler: the faults and events around the handler.
func (w *web) ServeHTTP(out http.ResponseWriter, r *http.Request) {
	scheme := r.Context().Value(connKey{}).(*fedConn).scheme
	seen := &statusWriter{ResponseWriter: out, status: http.StatusOK}
	defer func() {
		w.core.Recorder.Record(r.RemoteAddr, w.host.Name(), journal.HTTPExchanged{
			Method: r.Method, URL: scheme + "://" + r.Host + shownPath(r.URL.Path), Status: seen.status,
		})
	}()
	if f, ok := w.core.faults.find(w.server, w.host.Name(), serverSlow); ok && !w.core.pause(f.Delay) {
		panic(http.ErrAbortHandler) // net/http's way to close without an answer
	}
	if f, ok := w.core.faults.find(w.server, w.host.Name(), serverStatus); ok {
		word, rest, _ := strings.Cut(f.Value, " ")
		code, _ := strconv.Atoi(word)
		if code/100 == 3 {
			seen.Header().Set("Location", rest)
		}
		http.Error(seen, http.StatusText(code), code)
		return
	}
	w.handler.ServeHTTP(seen, r)
}

// shownPath is a path as the journal has it: without the request that OCSP by GET
// puts behind the authority (RFC 6960 A.1), which is another in every run.
func shownPath(path string) string {
	if p := strings.SplitN(path, "/", 4); len(p) == 4 && p[1] == "ocsp" {
		return strings.Join(p[:3], "/")
	}
	return path
}

// statusWriter remembers the status.
type statusWriter struct {
	http.ResponseWriter
	status int
}

func (s *statusWriter) WriteHeader(status int) {
	s.status = status
	s.ResponseWriter.WriteHeader(status)
}

// Unwrap lets http.ResponseController through.
func (s *statusWriter) Unwrap() http.ResponseWriter { return s.ResponseWriter }

// connKey is where a request's context has its connection, a *fedConn.
type connKey struct{}

// fedConn is a connection that feed handed over.
type fedConn struct {
	*conn
	scheme string
	auth   *sipauth.WebServer // nil before anybody asked
	closed chan struct{}
	once   sync.Once
}

// Close implements net.Conn.
func (c *fedConn) Close() error {
	err := c.conn.Close()
	c.once.Do(func() { close(c.closed) })
	return err
}

// feed is a listener whose connections were accepted, and shaken hands with,
// elsewhere.
type feed struct {
	conns chan net.Conn
	done  chan struct{}
}

func newFeed() *feed { return &feed{conns: make(chan net.Conn), done: make(chan struct{})} }

// hand gives a connection to the server and waits until it is closed.
func (f *feed) hand(c *conn, scheme string) {
	fed := &fedConn{conn: c, scheme: scheme, closed: make(chan struct{})}
	select {
	case f.conns <- fed:
		<-fed.closed
	case <-f.done:
	}
}

// Accept implements net.Listener.
func (f *feed) Accept() (net.Conn, error) {
	select {
	case c := <-f.conns:
		return c, nil
	case <-f.done:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener. http.Server calls it, once.
func (f *feed) Close() error {
	close(f.done)
	return nil
}

// Addr implements net.Listener.
func (f *feed) Addr() net.Addr { return &net.TCPAddr{} }
