package pseudotls

import (
	"fmt"

	"rehearse/proxy/wire"
)

// A layout is a message of fixed size as the list of its constant fields, in
// order; bytes between them are free.
type layout struct {
	message string
	size    int
	fields  []field
}

type field struct {
	name   string
	offset int
	bytes  string
}

const sessionOffset = 44 // in the server's answer; 32 bytes

var clientHello = layout{message: "pseudo-TLS ClientHello", size: ClientHelloSize, fields: []field{
	{"record type", 0, "\x16"},
	{"record version", 1, "\x03\x01"},
	{"record length", 3, "\x00\x2d"},
	{"handshake type", 5, "\x01"},
	{"handshake length", 6, "\x00\x00\x29"},
	{"client version", 9, "\x03\x01"},
	{"session id length", 43, "\x00"},
	{"cipher list length", 44, "\x00\x02"},
	{"cipher suite", 46, "\x00\x18"},
	{"compression list length", 48, "\x01"},
	{"compression method", 49, "\x00"},
}}

var serverHello = layout{message: "pseudo-TLS ServerHello", size: ServerHelloSize, fields: []field{
	{"record type", 0, "\x16"},
	{"record version", 1, "\x03\x01"},
	{"record length", 3, "\x00\x4e"},
	{"handshake type", 5, "\x02"},
	{"handshake length", 6, "\x00\x00\x46"},
	{"server version", 9, "\x03\x01"},
	{"session id length", 43, "\x20"},
	{"cipher suite", 76, "\x00\x18"},
	{"compression method", 78, "\x00"},
	{"ServerHelloDone", 79, "\x0e\x00\x00\x00"},
}}

func (l layout) blank() []byte {
	b := make([]byte, l.size)
	for _, f := range l.fields {
		copy(b[f.offset:], f.bytes)
	}
	return b
}

func (l layout) match(prefix []byte) wire.Verdict {
	for _, f := range l.fields {
		if len(prefix) <= f.offset {
			return wire.Maybe
		}
		have := prefix[f.offset:min(f.offset+len(f.bytes), len(prefix))]
		if string(have) != f.bytes[:len(have)] {
			return wire.No
		}
	}
	if len(prefix) < l.size {
		return wire.Maybe
	}
	return wire.Yes
}

func (l layout) check(b []byte) error {
	for _, f := range l.fields {
		if len(b) < f.offset+len(f.bytes) {
			break
		}
		if have := string(b[f.offset : f.offset+len(f.bytes)]); have != f.bytes {
			return &wire.Error{Message: l.message, Field: f.name, Offset: f.offset,
				Got: fmt.Sprintf("% x", have), Want: fmt.Sprintf("% x", f.bytes)}
		}
	}
	if len(b) == l.size {
		return nil
	}
	return &wire.Error{Message: l.message, Field: "length", Offset: min(len(b), l.size),
		Got: wire.Bytes(len(b)), Want: wire.Bytes(l.size),
		Short: l.match(b) == wire.Maybe}
}
