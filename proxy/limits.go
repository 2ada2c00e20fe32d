package proxy

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"time"

	"rehearse/proxy/detect"
)

// Limits keep a client from using the interceptor up. The zero value bounds headers
// only.
type Limits struct {
	// Header is how many bytes the header of a request or a response may have; 0
	// means 64 KiB. Up to a buffer's worth more may be let pass.
	Header int
	// Idle ends connections on which nothing moves: keep-alive connections between
	// requests, tunnels, stalled transfers. 0 means never.
	Idle time.Duration
}

// defaultHeader is the usual bound of headers.
const defaultHeader = 64 << 10

// headerWait is how long a client may take over the header of a request.
const headerWait = 60 * time.Second

func (l Limits) header() int64 {
	if l.Header == 0 {
		return defaultHeader
	}
	return int64(l.Header)
}

// nextRequest waits for a request for so long, 0 being for ever, and reads its
// header. Waiting, the flow is idle.
func (f *flow) nextRequest(c *peeked, wait time.Duration) (*http.Request, span, error) {
	if wait > 0 {
		c.deadline(time.Now().Add(wait))
	}
	defer c.deadline(time.Time{})
	f.idle.Store(true)
	err := net.ErrClosed
	if !f.p.draining.Load() { // else nobody is going to end the wait
		err = c.await()
	}
	f.idle.Store(false)
	s := c.span()
	if err != nil {
		return nil, s, err
	}
	c.deadline(time.Now().Add(headerWait))
	if !c.beginsRequest() {
		return nil, s, errNoRequest
	}
	c.budget = f.p.conf.Limits.header()
	req, err := http.ReadRequest(c.reader())
	c.budget = unlimited
	if errors.Is(err, errTooLong) {
		err = fmt.Errorf("the header of the request has more than %d bytes", f.p.conf.Limits.header())
	}
	return req, s, err
}

// errNoRequest is what bytes come to that begin no request.
var errNoRequest = errors.New("the client's bytes begin no HTTP request")

// beginsRequest waits until what comes can be told for a request or not. A message
// of another protocol may have no line that net/http would wait for. What ends
// early is left to it.
func (p *peeked) beginsRequest() bool {
	table := detect.Outer().Only(func(protocol string) bool { return protocol == detect.HTTP })
	for prefix := p.buffered(); ; {
		if _, v := table.Classify(prefix); v != detect.Maybe {
			return v == detect.Yes
		}
		var err error
		if prefix, err = p.grow(); err != nil {
			return true
		}
	}
}

// isEnd says whether a read error is the end of the connection and no message.
func isEnd(err error) bool {
	var op *net.OpError
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, os.ErrDeadlineExceeded) ||
		errors.Is(err, net.ErrClosed) || errors.As(err, &op)
}

// readResponse reads the header of a response, those of 1xx but 101 left out.
func (l *httpLeg) readResponse(req *http.Request, limit int64) (*http.Response, error) {
	defer func() { l.conn.budget = unlimited }()
	for range maxInterim {
		l.conn.budget = limit
		resp, err := http.ReadResponse(l.conn.reader(), req)
		if err != nil || resp.StatusCode >= 200 || resp.StatusCode == http.StatusSwitchingProtocols {
			return resp, err
		}
	}
	return nil, fmt.Errorf("more than %d interim responses", maxInterim)
}

// maxInterim bounds the 1xx responses before the one that counts.
const maxInterim = 16

// throughout is a buffered writer without ReadFrom, which would cut what passes into
// pieces of the buffer's size.
type throughout struct{ w *bufio.Writer }

func (t throughout) Write(b []byte) (int, error)       { return t.w.Write(b) }
func (t throughout) WriteByte(c byte) error            { return t.w.WriteByte(c) }
func (t throughout) WriteString(s string) (int, error) { return t.w.WriteString(s) }

// flushing is a body that has what was written flushed before it is waited for, so
// that a stream goes on as it comes.
type flushing struct {
	io.ReadCloser
	from *bufio.Reader
	to   *bufio.Writer
}

func (b flushing) Read(p []byte) (int, error) {
	if b.from.Buffered() == 0 {
		b.to.Flush()
	}
	return b.ReadCloser.Read(p)
}

// flushBetween makes a body flushing, unless there is none.
func flushBetween(body io.ReadCloser, from *bufio.Reader, to *bufio.Writer) io.ReadCloser {
	if body == nil || body == http.NoBody {
		return body
	}
	return flushing{body, from, to}
}
