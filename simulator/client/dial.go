package client

import (
	"bufio"
	"context"
	"net"
	"net/http"
	"strconv"
	"time"

	"rehearse/reports/journal"
)

// How long the client waits.
const (
	// Modelled: three SYNs, 3 s, 6 s and 12 s apart, as Windows of that time.
	connectLimit = 21 * time.Second
	// Modelled: one handshake, not counting the client's own revocation fetches.
	handshakeLimit = 30 * time.Second
	// Modelled: an HTTP answer, to CONNECT or inside.
	httpLimit = 60 * time.Second
)

// flow is a transport connection with its name in the journal. It is a net.Conn
// with one reader at a time.
type flow struct {
	net.Conn
	name string
	read *bufio.Reader // holds what came behind an answer to CONNECT
}

func newFlow(c net.Conn) *flow {
	return &flow{Conn: c, name: c.LocalAddr().String(), read: bufio.NewReader(c)}
}

func (f *flow) Read(p []byte) (int, error) { return f.read.Read(p) }

// finish sends FIN and nothing before it, waits a little for the peer to do the
// same, and closes. The wait keeps a kernel from sending RST for unread bytes.
func (f *flow) finish() {
	if c, ok := f.Conn.(interface{ CloseWrite() error }); ok && c.CloseWrite() == nil {
		f.Conn.SetReadDeadline(time.Now().Add(time.Second))
		var drain [512]byte
		for n := 0; n < 64; n++ {
			if _, err := f.Conn.Read(drain[:]); err != nil {
				break
			}
		}
	}
	f.Conn.Close()
}

// reset closes with RST.
func (f *flow) reset() {
	if c, ok := f.Conn.(interface{ SetLinger(int) error }); ok {
		c.SetLinger(0)
	}
	f.Conn.Close()
}

// limit bounds what is done on the connection to d and to the walk's context.
// Call the result to lift it. Where the context has ended, nothing is done any more:
// the end does not race with a first byte.
func (w *walk) limit(c net.Conn, d time.Duration) (lift func()) {
	over := func() { c.SetDeadline(time.Unix(1, 0)) }
	if w.ctx.Err() != nil {
		over()
		return func() {}
	}
	at := time.Now().Add(d)
	if t, ok := w.ctx.Deadline(); ok && t.Before(at) {
		at = t
	}
	c.SetDeadline(at)
	stop := context.AfterFunc(w.ctx, over)
	return func() {
		if stop() {
			c.SetDeadline(time.Time{})
		}
	}
}

// open connects to "host:port" as the deployment says: through the explicit
// proxy by CONNECT, or to the destination itself.
func (w *walk) open(target string) (*flow, error) {
	f, err := w.dial(target)
	if err != nil || w.conf.Proxy == "" {
		return f, err
	}
	if err := w.connect(f, target); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// dial makes the TCP connection: to the explicit proxy, when there is one, else
// to the target.
func (w *walk) dial(target string) (*flow, error) {
	to := target
	if w.conf.Proxy != "" {
		to = w.conf.Proxy
	}
	w.reach("", journal.StageResolve)
	addr, err := w.resolve(to)
	if err != nil {
		return nil, err
	}
	w.reach("", journal.StageConnect)
	ctx, cancel := context.WithTimeout(w.ctx, connectLimit)
	defer cancel()
	c, err := w.conf.Host.Dial(ctx, "tcp", addr)
	if err != nil {
		_, code := classify(err)
		w.record("", journal.Connected{To: target, Via: w.conf.Proxy, Err: code})
		return nil, err
	}
	f := newFlow(c)
	w.record(f.name, journal.Connected{To: target, Via: w.conf.Proxy})
	return f, nil
}

// resolve looks up the host of "host:port" and gives "addr:port".
func (w *walk) resolve(target string) (string, error) {
	host, port, err := net.SplitHostPort(target)
	if err != nil {
		return "", err
	}
	if net.ParseIP(host) != nil {
		return target, nil
	}
	ctx, cancel := context.WithTimeout(w.ctx, connectLimit)
	defer cancel()
	addrs, err := w.conf.Host.Resolve(ctx, host)
	seen := journal.NameResolved{Name: host, Type: "A"}
	if err == nil && len(addrs) == 0 {
		err = &net.DNSError{Err: "no addresses", Name: host, IsNotFound: true}
	}
	if err != nil {
		_, seen.Err = classify(err)
		w.record("", seen)
		return "", err
	}
	for _, a := range addrs {
		seen.Addrs = append(seen.Addrs, a.String())
	}
	w.record("", seen)
	return net.JoinHostPort(addrs[0].String(), port), nil
}

// connect asks the explicit proxy for a tunnel to target. An answer that is no
// success is a *stop.
func (w *walk) connect(f *flow, target string) error {
	defer w.limit(f, httpLimit)()
	_, err := f.Write([]byte("CONNECT " + target + " HTTP/1.1\r\nHost: " + target + "\r\nProxy-Connection: Keep-Alive\r\n\r\n"))
	if err != nil {
		return w.broke(f, "CONNECT", err)
	}
	res, err := http.ReadResponse(f.read, &http.Request{Method: http.MethodConnect})
	if err != nil {
		return w.broke(f, "CONNECT", err)
	}
	w.record(f.name, journal.ConnectAnswered{Target: target, Status: res.StatusCode, Reason: phrase(res)})
	if res.StatusCode/100 == 2 {
		return nil
	}
	return w.refuse(pageCode(res), "CONNECT was answered "+strconv.Itoa(res.StatusCode))
}

// broke records how the peer ended a flow, if it did, and gives err back. after
// is the last message before it.
func (w *walk) broke(f *flow, after string, err error) error {
	switch _, code := classify(err); code {
	case codeClosed:
		w.record(f.name, journal.Closed{By: "peer", How: "FIN", After: after})
	case codeReset:
		w.record(f.name, journal.Closed{By: "peer", How: "RST", After: after})
	}
	return err
}
