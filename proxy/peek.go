package proxy

import (
	"bufio"
	"errors"
	"io"
	"net"
	"os"
	"time"

	"rehearse/proxy/detect"
	"rehearse/proxy/wire/tlshello"
	"rehearse/reports/journal"
)

// peekLimit is how many bytes detection looks at before it gives up.
const peekLimit = 16 << 10

// peeked is a connection whose first bytes can be looked at before they are
// read. It is the only reader of its connection.
type peeked struct {
	net.Conn
	r *bufio.Reader
}

func newPeeked(c net.Conn) *peeked {
	return &peeked{Conn: c, r: bufio.NewReaderSize(c, peekLimit)}
}

func (p *peeked) Read(b []byte) (int, error) { return p.r.Read(b) }

// buffered takes the bytes that were peeked at and not read yet.
func (p *peeked) buffered() []byte {
	b, _ := p.r.Peek(p.r.Buffered())
	return b
}

// grow waits for at least one byte more than are buffered and returns all.
func (p *peeked) grow() ([]byte, error) {
	n := p.r.Buffered()
	if n >= peekLimit {
		return p.buffered(), bufio.ErrBufferFull
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
	c.SetReadDeadline(time.Now().Add(wait))
	defer c.SetReadDeadline(time.Time{})
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
	c.SetReadDeadline(time.Now().Add(wait))
	defer c.SetReadDeadline(time.Time{})
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
