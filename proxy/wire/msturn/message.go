// Package msturn has the codec of MS-TURN, the relay protocol between a Skype
// for Business client and an A/V Edge ([MS-TURN]).
//
// In come the bytes of one message (Parse) or of a TCP stream of framed messages
// (ReadFrame); out come values, and back. MS-TURN is an early TURN draft and not
// RFC 8656: the first attribute of every message is a Magic Cookie, attributes
// are not padded to four bytes, Nonce and Realm have each other's numbers, and
// the integrity is computed in a way of its own (see Message.Sign).
//
// Parse is strict, so that what it accepts Append writes back byte for byte.
// Attributes it does not know are kept as Unknown.
package msturn

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"

	"rehearse/proxy/wire"
)

// HeaderSize is the size of a message's header: type, length, transaction id.
const HeaderSize = 20

// MaxSize is the largest message: the header and 65,535 bytes of attributes.
const MaxSize = HeaderSize + 0xffff

// TransactionID ties an answer to its request.
type TransactionID [16]byte

// Message is one MS-TURN message. Attributes are in the order of the wire,
// without the Magic Cookie, which Append puts in front and Parse demands there.
type Message struct {
	Type          Type
	TransactionID TransactionID
	Attributes    []Attribute
}

// Cookie is the attribute Magic Cookie, number 0x000f, as it stands behind the
// header of every message ([MS-TURN] 2.2.2, Magic Cookie).
const Cookie = "\x00\x0f\x00\x04\x72\xc6\x4b\xc6"

// Append appends the message to dst. A message that is larger than MaxSize
// cannot be written; then dst comes back as it was.
func (m *Message) Append(dst []byte) []byte {
	start := len(dst)
	b := binary.BigEndian.AppendUint16(dst, uint16(m.Type))
	b = append(b, 0, 0)
	b = append(b, m.TransactionID[:]...)
	b = append(b, Cookie...)
	for _, a := range m.Attributes {
		b = appendAttribute(b, a, m.TransactionID)
	}
	size := len(b) - start
	if size > MaxSize {
		return b[:start]
	}
	binary.BigEndian.PutUint16(b[start+2:], uint16(size-HeaderSize))
	return b
}

// Bytes is the message on its own; see Append.
func (m *Message) Bytes() []byte { return m.Append(nil) }

// Parse reads b, which must be one whole message and nothing more. It keeps no
// reference to b. Errors are *wire.Error; of a message that is only cut short,
// errors.Is wire.ErrShort.
func Parse(b []byte) (*Message, error) {
	if err := checkHeader(b); err != nil {
		return nil, err
	}
	b = bytes.Clone(b)
	m := &Message{
		Type:          Type(binary.BigEndian.Uint16(b)),
		TransactionID: TransactionID(b[4:HeaderSize]),
	}
	for at := HeaderSize + len(Cookie); at < len(b); {
		a, n, err := parseAttribute(b[at:], m.TransactionID)
		if err != nil {
			err.Message = "MS-TURN " + m.Type.String()
			err.Offset += at
			return nil, err
		}
		m.Attributes = append(m.Attributes, a)
		at += n
	}
	return m, nil
}

// checkHeader checks what must hold before attributes can be read: the type's
// top bits, the cookie, and a length that is the length.
func checkHeader(b []byte) error {
	bad := func(field string, offset int, got, want string) error {
		return &wire.Error{Message: "MS-TURN message", Field: field, Offset: offset, Got: got, Want: want}
	}
	if len(b) > 0 && b[0]&0xc0 != 0 {
		return bad("type", 0, fmt.Sprintf("%#02x", b[0]), "a byte with its top two bits 0")
	}
	if len(b) < HeaderSize+len(Cookie) {
		return short("header and Magic Cookie", len(b), HeaderSize+len(Cookie))
	}
	if got := string(b[HeaderSize : HeaderSize+len(Cookie)]); got != Cookie {
		return bad("Magic Cookie", HeaderSize, fmt.Sprintf("% x", got), fmt.Sprintf("% x", Cookie))
	}
	want := HeaderSize + int(binary.BigEndian.Uint16(b[2:]))
	switch {
	case len(b) < want:
		return short("attributes", len(b), want)
	case len(b) > want:
		return bad("length", 2, fmt.Sprintf("%d for %d bytes of attributes", want-HeaderSize, len(b)-HeaderSize), "the length of what follows the header")
	}
	return nil
}

func short(field string, got, want int) error {
	return &wire.Error{Message: "MS-TURN message", Field: field, Offset: got,
		Got: wire.Bytes(got), Want: wire.Bytes(want), Short: true}
}

// String is the message in one line: "Allocate request: MS-Version 1 (ICE), ...".
func (m *Message) String() string {
	if len(m.Attributes) == 0 {
		return m.Type.String()
	}
	parts := make([]string, len(m.Attributes))
	for i, a := range m.Attributes {
		parts[i] = a.Name() + " " + a.String()
	}
	return m.Type.String() + ": " + strings.Join(parts, ", ")
}

// Find gives the message's first attribute of type A.
func Find[A Attribute](m *Message) (A, bool) {
	for _, a := range m.Attributes {
		if a, ok := a.(A); ok {
			return a, true
		}
	}
	var none A
	return none, false
}
