package proxy

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"time"

	"rehearse/proxy/detect"
	"rehearse/proxy/wire/tlshello"
	"rehearse/reports/journal"
)

// peekLimit is how many bytes detection looks at before it gives up.
const peekLimit = 16 << 10

// unlimited is a budget without a bound.
const unlimited = -1

// errTooLong is a header over its limit.
var errTooLong = errors.New("the header is too long")

// peeked is a connection whose first bytes can be looked at before they are read,
// and whose bytes are counted. It has one reader and one writer.
type peeked struct {
	net.Conn
	r       *bufio.Reader // nil while nothing is looked at
	readers *readers
	in, out int64
	first   [1]byte
	kept    bool // first was read and is still to be
	// budget is how many bytes may still come, or unlimited.
	budget int64
	// idle bounds every read and write by itself; 0 does not. It rests while until
	// has set a deadline.
	idle  time.Duration
	until bool
}

// smallBuffer is what is looked at with at first; most hellos and headers fit.
const smallBuffer = 2 << 10

// readers are buffers to look at connections with, in stock. A nil one has none.
type readers struct{ pool sync.Pool }

func (b *readers) take(from io.Reader) *bufio.Reader {
	if b != nil {
		if r, ok := b.pool.Get().(*bufio.Reader); ok {
			r.Reset(from)
			return r
		}
	}
	return bufio.NewReaderSize(from, smallBuffer)
}

func (b *readers) give(r *bufio.Reader) {
	if b != nil && r.Size() == smallBuffer {
		r.Reset(nil)
		b.pool.Put(r)
	}
}

func newPeeked(c net.Conn, stock *readers) *peeked {
	return &peeked{Conn: c, budget: unlimited, readers: stock}
}

// reader is the buffer that the connection is looked at with.
func (p *peeked) reader() *bufio.Reader {
	if p.r == nil {
		p.r = p.readers.take(intake{p})
	}
	return p.r
}

// await waits for something to read and holds no buffer meanwhile.
func (p *peeked) await() error {
	p.shed()
	for p.ahead() == 0 && !p.kept {
		n, err := intake{p}.Read(p.first[:])
		if p.kept = n > 0; !p.kept && err != nil {
			return err
		}
	}
	return nil
}

// Read implements net.Conn. Once what was peeked at is gone, reads do not pass
// through the buffer.
func (p *peeked) Read(b []byte) (int, error) {
	if p.ahead() == 0 {
		return intake{p}.Read(b)
	}
	return p.r.Read(b)
}

// ahead is how many bytes are buffered.
func (p *peeked) ahead() int {
	if p.r == nil {
		return 0
	}
	return p.r.Buffered()
}

// shed gives the buffer up when it is empty: whoever reads from now on has one.
func (p *peeked) shed() {
	if p.r != nil && p.ahead() == 0 {
		p.readers.give(p.r)
		p.r = nil
	}
}

// enlarge makes room for twice as much, up to all that detection may look at.
func (p *peeked) enlarge() {
	kept := bytes.Clone(p.buffered())
	p.r = bufio.NewReaderSize(io.MultiReader(bytes.NewReader(kept), intake{p}), min(2*p.r.Size(), peekLimit))
	p.r.Peek(len(kept))
}

// Write implements net.Conn.
func (p *peeked) Write(b []byte) (int, error) {
	if p.idle > 0 {
		p.SetWriteDeadline(time.Now().Add(p.idle))
	}
	n, err := p.Conn.Write(b)
	p.out += int64(n)
	return n, err
}

// consumed is how many bytes were read of those that came.
func (p *peeked) consumed() int64 {
	if p.kept {
		return p.in - int64(len(p.first))
	}
	return p.in - int64(p.ahead())
}

// deadline sets one for all reads to come; the zero time takes it away.
func (p *peeked) deadline(t time.Time) {
	p.until = !t.IsZero()
	p.SetReadDeadline(t)
}

// intake is the reading side of a peeked, below its buffer.
type intake struct{ *peeked }

func (i intake) Read(b []byte) (int, error) {
	p := i.peeked
	if p.kept && len(b) > 0 {
		p.kept = false
		return copy(b, p.first[:]), nil
	}
	switch {
	case p.budget == 0:
		return 0, errTooLong
	case p.budget > 0 && int64(len(b)) > p.budget:
		b = b[:p.budget]
	}
	if p.idle > 0 && !p.until {
		p.SetReadDeadline(time.Now().Add(p.idle))
	}
	n, err := p.Conn.Read(b)
	p.in += int64(n)
	if p.budget > 0 {
		p.budget -= int64(n)
	}
	return n, err
}

// buffered takes the bytes that were peeked at and not read yet.
func (p *peeked) buffered() []byte {
	b, _ := p.reader().Peek(p.ahead())
	return b
}

// grow waits for at least one byte more than are buffered and returns all.
func (p *peeked) grow() ([]byte, error) {
	n := p.reader().Buffered()
	if n >= peekLimit {
		return p.buffered(), bufio.ErrBufferFull
	}
	if n == p.r.Size() {
		p.enlarge()
	}
	_, err := p.r.Peek(n + 1)
	if p.r.Buffered() > n {
		err = nil
	}
	return p.buffered(), err
}

// unknown is the protocol that no detector knows.
const unknown = "unknown"

// peek classifies the first bytes of a leg ("outer" or "inner") without consuming
// them. The loop ends at a Yes, when no Maybe is left, at 16 KiB, at the deadline
// (a client that waits for the server) or when the client closes; each of them
// is told in the event.
func (f *flow) peek(c *peeked, leg string, table detect.Table) string {
	protocol, end := classify(c, table, f.p.conf.DetectTimeout)
	f.record(journal.Detected{Leg: leg, Protocol: protocol, End: end})
	return protocol
}

func classify(c *peeked, table detect.Table, wait time.Duration) (protocol, end string) {
	c.deadline(time.Now().Add(wait))
	defer c.deadline(time.Time{})
	for prefix := c.buffered(); ; {
		if len(prefix) > 0 {
			switch name, v := table.Classify(prefix); v {
			case detect.Yes:
				return name, "yes"
			case detect.No:
				return unknown, "none left"
			}
		}
		var err error
		prefix, err = c.grow()
		switch {
		case err == nil:
		case errors.Is(err, bufio.ErrBufferFull):
			return unknown, "limit"
		case errors.Is(err, os.ErrDeadlineExceeded):
			return unknown, "deadline"
		default:
			return unknown, "closed"
		}
	}
}

// peekHello reads ahead until a whole ClientHello is buffered. Bytes that are
// none give an error and stay where they are.
func peekHello(c *peeked, wait time.Duration) (*tlshello.ClientHello, error) {
	c.deadline(time.Now().Add(wait))
	defer c.deadline(time.Time{})
	for prefix := c.buffered(); ; {
		hello, err := tlshello.ParseClientHello(prefix)
		if err == nil {
			return hello, nil
		}
		if !errors.Is(err, tlshello.ErrShort) {
			return nil, err
		}
		if prefix, err = c.grow(); err != nil {
			return nil, errors.Join(err, io.ErrUnexpectedEOF)
		}
	}
}
