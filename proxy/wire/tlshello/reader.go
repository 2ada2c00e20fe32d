package tlshello

import (
	"encoding/binary"

	"rehearse/proxy/wire"
)

// reader takes a message apart from front to back. After the first error it gives
// zero values; err tells.
type reader struct {
	message string
	at      int // offset of rest in the message
	rest    []byte
	err     error
}

func (r *reader) bytes(field string, n int) []byte {
	if r.err != nil {
		return nil
	}
	if len(r.rest) < n {
		r.fail(field, wire.Bytes(len(r.rest)), wire.Bytes(n))
		return nil
	}
	b := r.rest[:n:n]
	r.rest, r.at = r.rest[n:], r.at+n
	return b
}

func (r *reader) u8(field string) uint8 {
	if b := r.bytes(field, 1); b != nil {
		return b[0]
	}
	return 0
}

func (r *reader) u16(field string) uint16 {
	if b := r.bytes(field, 2); b != nil {
		return binary.BigEndian.Uint16(b)
	}
	return 0
}

// vector reads a length of width bytes and gives a reader for what it counts. An
// error in there has to be brought back with join.
func (r *reader) vector(field string, width int) *reader {
	n := 0
	for _, b := range r.bytes(field+" length", width) {
		n = n<<8 | int(b)
	}
	in := &reader{message: r.message, at: r.at}
	in.rest = r.bytes(field, n)
	in.err = r.err
	return in
}

func (r *reader) join(in *reader) { r.err = in.err }

// u16s reads a vector of numbers with a length of width bytes.
func (r *reader) u16s(field string, width int) []uint16 {
	in := r.vector(field, width)
	var out []uint16
	for in.more() {
		out = append(out, in.u16(field))
	}
	r.join(in)
	return out
}

// more says whether there is something left to read.
func (r *reader) more() bool { return r.err == nil && len(r.rest) > 0 }

// end demands that nothing is left.
func (r *reader) end(field string) {
	if r.more() {
		r.fail(field, wire.Bytes(len(r.rest))+" more", "the end")
	}
}

func (r *reader) fail(field, got, want string) {
	if r.err == nil {
		r.err = &wire.Error{Message: r.message, Field: field, Offset: r.at, Got: got, Want: want}
	}
}
