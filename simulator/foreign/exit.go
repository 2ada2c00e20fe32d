package foreign

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/netip"
	"sync"
	"time"
)

// exit is an HTTP proxy that leads into the world of the place there is: CONNECT, and
// requests in absolute form. It serves loopback addresses and the interceptor's, and
// leads nowhere but into the world and, for programs of this machine, to its own
// loopback addresses: there interceptors publish their CRLs.
type exit struct {
	host    current
	friend  netip.Addr
	server  *http.Server
	forward *httputil.ReverseProxy
	ctx     context.Context
	cancel  context.CancelFunc
	tunnels sync.WaitGroup
}

// dialLimit is how long a server may take to accept a connection.
const dialLimit = 30 * time.Second

func openExit(at netip.AddrPort, friend netip.Addr) (*exit, error) {
	l, err := net.ListenTCP("tcp", net.TCPAddrFromAddrPort(at))
	if err != nil {
		return nil, err
	}
	e := &exit{friend: friend}
	e.ctx, e.cancel = context.WithCancel(context.Background())
	e.forward = &httputil.ReverseProxy{
		Rewrite:   func(*httputil.ProxyRequest) {},
		Transport: &http.Transport{DialContext: e.dial, DisableKeepAlives: true},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, err error) {
			http.Error(w, err.Error(), http.StatusBadGateway)
		},
	}
	e.server = &http.Server{Handler: e, ReadHeaderTimeout: dialLimit}
	go e.server.Serve(l) // ends with Close
	return e, nil
}

// Close ends the proxy and its tunnels.
func (e *exit) Close() error {
	err := e.server.Close()
	e.cancel()
	e.tunnels.Wait()
	return err
}

// ServeHTTP implements http.Handler.
func (e *exit) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	from, err := netip.ParseAddrPort(r.RemoteAddr)
	switch {
	case err != nil || !from.Addr().IsLoopback() && from.Addr().Unmap() != e.friend:
		http.Error(w, "this proxy is for the interceptor that is tested", http.StatusForbidden)
	case r.Method == http.MethodConnect:
		e.tunnel(w, r)
	case r.URL.Host == "":
		http.Error(w, "this is a proxy; want CONNECT or a request in absolute form", http.StatusBadRequest)
	case r.URL.Host == wayHost:
		w.WriteHeader(http.StatusNoContent)
	default:
		e.forward.ServeHTTP(w, r)
	}
}

// dial goes to "host:port" of the world, or of this machine's loopback.
func (e *exit) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, dialLimit)
	defer cancel()
	host := e.host.Load()
	if host == nil {
		return nil, errors.New("no scenario is under way")
	}
	conn, err := (*host).Dial(ctx, network, addr)
	if at, bad := netip.ParseAddrPort(addr); err != nil && bad == nil && at.Addr().IsLoopback() && e.friend.IsLoopback() {
		return new(net.Dialer).DialContext(ctx, network, addr)
	}
	return conn, err
}

// tunnel answers CONNECT and carries bytes until both sides are done.
func (e *exit) tunnel(w http.ResponseWriter, r *http.Request) {
	// The request's context ends with the client's FIN, which is no end here.
	up, err := e.dial(e.ctx, "tcp", r.Host)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	defer up.Close()
	down, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	defer down.Close()
	down.SetDeadline(time.Time{})
	if _, err := io.WriteString(down, "HTTP/1.1 200 Connection established\r\n\r\n"); err != nil {
		return
	}
	e.tunnels.Add(1)
	defer e.tunnels.Done()
	defer context.AfterFunc(e.ctx, func() { up.Close(); down.Close() })()
	var both sync.WaitGroup
	both.Go(func() { carry(up, buffered) })
	both.Go(func() { carry(down, up) })
	both.Wait()
}

// carry copies until the end, and hands that on: FIN as FIN, all else by closing.
func carry(to net.Conn, from io.Reader) {
	_, err := io.Copy(to, from)
	if half, ok := to.(interface{ CloseWrite() error }); ok && err == nil {
		half.CloseWrite()
		return
	}
	to.Close()
}
