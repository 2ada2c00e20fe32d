package proxy

import (
	"crypto/tls"
	"errors"
	"net"
	"os"
	"sync"
)

// Much is moved four TLS records at a time: so many bytes, and so many below TLS.
const (
	batch    = 4 * 16 << 10
	enclosed = batch + 4*64
)

// buffer has room for a batch, above or below TLS.
type buffer [enclosed]byte

// buffers are those of what is under way. Connections that rest hold none.
type buffers struct{ pool sync.Pool }

func (b *buffers) take() *buffer {
	if buf, ok := b.pool.Get().(*buffer); ok {
		return buf
	}
	return new(buffer)
}

func (b *buffers) give(buf *buffer) {
	if buf != nil {
		b.pool.Put(buf)
	}
}

// batched is a connection below TLS, which reads and writes a record at a time. It can
// be read as far as there is something, and holds what is written while it is corked, so
// that a batch goes through the kernel in one piece. It has one reader; writers may be
// several.
type batched struct {
	*peeked
	bufs *buffers

	dry bool // the reader fails where it would have to wait

	mu     sync.Mutex
	corked bool
	out    *buffer // nil while nothing is held
	held   int
}

// Read implements net.Conn.
func (b *batched) Read(p []byte) (int, error) {
	if !b.dry || b.ahead() > 0 {
		return b.peeked.Read(p)
	}
	n := readNow(b.Conn, p)
	if n <= 0 {
		return 0, os.ErrDeadlineExceeded // passes: TLS goes on afterwards
	}
	b.in += int64(n)
	return n, nil
}

// Write implements net.Conn.
func (b *batched) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.corked && b.held+len(p) > enclosed {
		if err := b.flush(); err != nil {
			return 0, err
		}
	}
	if !b.corked || len(p) > enclosed {
		return b.peeked.Write(p)
	}
	if b.out == nil {
		b.out = b.bufs.take()
	}
	b.held += copy(b.out[b.held:], p)
	return len(p), nil
}

// cork holds what is written from now on.
func (b *batched) cork() {
	b.mu.Lock()
	b.corked = true
	b.mu.Unlock()
}

// uncork sends what was held.
func (b *batched) uncork() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.corked = false
	return b.flush()
}

// flush sends what is held. The connection is locked.
func (b *batched) flush() error {
	if b.out == nil {
		return nil
	}
	_, err := b.peeked.Write(b.out[:b.held])
	b.bufs.give(b.out)
	b.out, b.held = nil, 0
	return err
}

// below is the batched connection that a TLS connection stands on, nil for any other.
func below(c net.Conn) *batched {
	if t, ok := c.(*tls.Conn); ok {
		b, _ := t.NetConn().(*batched)
		return b
	}
	return nil
}

// fill reads on behind the first n bytes of buf, as long as nothing has to be waited
// for.
func fill(from *tls.Conn, b *batched, buf []byte, n int) (int, error) {
	b.dry = true
	defer func() { b.dry = false }()
	for n < len(buf) {
		more, err := from.Read(buf[n:])
		n += more
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return n, nil
		}
		if err != nil {
			return n, err
		}
	}
	return n, nil
}

// writeBatch writes bytes that go out at once.
func writeBatch(to net.Conn, p []byte) error {
	b := below(to)
	if b == nil {
		_, err := to.Write(p)
		return err
	}
	b.cork()
	_, err := to.Write(p)
	return errors.Join(err, b.uncork())
}
