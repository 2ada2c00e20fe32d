package capture

import (
	"errors"
	"io"
)

const (
	firstWindow = 1 << 20
	maxBlock    = 16 << 20  // as Wireshark has it for pcapng blocks
	maxPacket   = 256 << 10 // as Wireshark has it for packets
)

// window is the part of a stream that is being looked at.
type window struct {
	src    io.Reader
	buf    []byte
	r, w   int   // buf[r:w] is what is there
	offset int64 // of buf[r] in the stream
	err    error // why no more comes
}

func newWindow(src io.Reader) *window { return &window{src: src, buf: make([]byte, firstWindow)} }

// peek gives the next n bytes without taking them, or fewer where the stream ends
// before. What it gives holds until the next call.
func (w *window) peek(n int) []byte {
	if w.w-w.r < n {
		w.fill(n)
	}
	return w.buf[w.r:min(w.r+n, w.w)]
}

// fill reads until n bytes are there or no more come. n is at most maxBlock.
func (w *window) fill(n int) {
	if w.r > 0 {
		w.w = copy(w.buf, w.buf[w.r:w.w])
		w.r = 0
	}
	if n > len(w.buf) {
		grown := make([]byte, max(n, min(2*len(w.buf), maxBlock)))
		copy(grown, w.buf[:w.w])
		w.buf = grown
	}
	for idle := 0; w.w < n && w.err == nil; {
		var got int
		got, w.err = w.src.Read(w.buf[w.w:])
		w.w += got
		if idle++; got > 0 {
			idle = 0
		}
		if idle > 100 && w.err == nil {
			w.err = io.ErrNoProgress
		}
	}
}

// skip takes n bytes that peek has given.
func (w *window) skip(n int) {
	w.r += n
	w.offset += int64(n)
}

// failure is why the stream ended, where it did not end by itself.
func (w *window) failure() error {
	if w.err == nil || errors.Is(w.err, io.EOF) {
		return nil
	}
	return w.err
}
