package world

// window is how many bytes may be on their way or unread in one direction of a
// TCP connection before a writer has to wait.
const window = 64 << 10

// ring is a growing ring buffer of at most window bytes.
type ring struct {
	buf  []byte
	head int // place of the first byte
	n    int // bytes held
}

func (r *ring) free() int { return window - r.n }

// put takes as much of b as there is room for.
func (r *ring) put(b []byte) int {
	b = b[:min(len(b), r.free())]
	r.reserve(len(b))
	tail := r.head + r.n
	if tail >= len(r.buf) {
		tail -= len(r.buf)
	}
	k := copy(r.buf[tail:], b)
	copy(r.buf, b[k:])
	r.n += len(b)
	return len(b)
}

// take moves up to limit bytes to b.
func (r *ring) take(b []byte, limit int) int {
	b = b[:min(len(b), limit, r.n)]
	k := copy(b, r.buf[r.head:])
	copy(b[k:], r.buf)
	r.n -= len(b)
	if r.head += len(b); r.head >= len(r.buf) {
		r.head -= len(r.buf)
	}
	if r.n == 0 {
		r.head = 0
	}
	return len(b)
}

func (r *ring) reserve(more int) {
	if r.n+more <= len(r.buf) {
		return
	}
	size := max(len(r.buf), 2<<10)
	for size < r.n+more {
		size *= 2
	}
	buf := make([]byte, size)
	k := r.n
	r.take(buf[:k], k)
	r.buf, r.head, r.n = buf, 0, k
}

func (r *ring) clear() { *r = ring{} }
