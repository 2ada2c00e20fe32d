package sipauth

import (
	"bytes"
	"encoding/binary"
	"io"
	"net"
	"time"
)

// flights is one end of a TLS handshake whose bytes travel in SIP headers: a whole
// flight at a time. The handshake runs in a goroutine of its own, which close ends.
type flights struct {
	in, out bytes.Buffer
	waiting chan []byte // a flight of ours, when the other side's is needed
	given   chan []byte // a flight of the other side's
	over    chan error
	done    bool
}

// newFlights starts a handshake on one end. Call step with nil first.
func newFlights(handshake func(net.Conn) error) *flights {
	f := &flights{waiting: make(chan []byte, 1), given: make(chan []byte), over: make(chan error, 1)}
	go func() { f.over <- handshake(f) }()
	return f
}

// step takes a flight of the other side's, nil at the beginning, and gives the one
// that answers it. done says that the handshake has ended, well when err is nil.
func (f *flights) step(flight []byte) (answer []byte, done bool, err error) {
	if flight != nil {
		f.given <- flight
	}
	select {
	case answer = <-f.waiting:
		return answer, false, nil
	case err = <-f.over:
		f.done = true
		return f.take(), true, err
	}
}

// close ends a handshake that has not ended by itself.
func (f *flights) close() {
	if f != nil && !f.done {
		f.done = true
		close(f.given)
	}
}

func (f *flights) take() []byte {
	b := coalesce(f.out.Bytes())
	f.out.Reset()
	return b
}

// coalesce puts the handshake messages that a flight begins with into one record, as
// Windows writes them: pidgin-sipe takes no ServerHelloDone that is alone in one.
func coalesce(flight []byte) []byte {
	const header, handshake, most = 5, 22, 1 << 14
	var first, body []byte
	rest := flight
	for len(rest) >= header && rest[0] == handshake {
		n := int(binary.BigEndian.Uint16(rest[3:]))
		if len(rest) < header+n || len(body)+n > most {
			break
		}
		if first == nil {
			first = rest[:3]
		}
		body, rest = append(body, rest[header:header+n]...), rest[header+n:]
	}
	if body == nil {
		return bytes.Clone(flight)
	}
	out := binary.BigEndian.AppendUint16(bytes.Clone(first), uint16(len(body)))
	return append(append(out, body...), rest...)
}

// Read implements net.Conn: it hands our flight over and waits for the other side's.
func (f *flights) Read(p []byte) (int, error) {
	if f.in.Len() == 0 {
		f.waiting <- f.take()
		flight, ok := <-f.given
		if !ok {
			return 0, io.ErrUnexpectedEOF
		}
		f.in.Write(flight)
	}
	return f.in.Read(p)
}

// Write implements net.Conn.
func (f *flights) Write(p []byte) (int, error) { return f.out.Write(p) }

// The rest of net.Conn, which a handshake has no use for.

func (*flights) Close() error                     { return nil }
func (*flights) LocalAddr() net.Addr              { return &net.TCPAddr{} }
func (*flights) RemoteAddr() net.Addr             { return &net.TCPAddr{} }
func (*flights) SetDeadline(time.Time) error      { return nil }
func (*flights) SetReadDeadline(time.Time) error  { return nil }
func (*flights) SetWriteDeadline(time.Time) error { return nil }
