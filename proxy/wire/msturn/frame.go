package msturn

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"rehearse/proxy/wire"
)

// Frame is one unit of the TCP stream, in both directions: a type and a payload
// of up to MaxPayload bytes ([MS-TURN] 2.1). There is no framing over UDP.
type Frame struct {
	Type    FrameType
	Payload []byte
}

// FrameType says what a frame holds. It is the first two bytes on the wire.
type FrameType uint16

// The frame types.
const (
	FrameControl     FrameType = 0x0200 // an MS-TURN message
	FrameData        FrameType = 0x0300 // end-to-end data to or from the active destination
	FrameMultiplexed FrameType = 0xff10 // end-to-end data of one session; see ParseMultiplexed
)

func (t FrameType) String() string {
	switch t {
	case FrameControl:
		return "control frame"
	case FrameData:
		return "data frame"
	case FrameMultiplexed:
		return "multiplexed frame"
	}
	return fmt.Sprintf("frame type %#04x", uint16(t))
}

// FrameHeaderSize is the size of what stands before a payload.
const FrameHeaderSize = 4

// MaxPayload is the size of the largest payload.
const MaxPayload = 0xffff

// AppendFrame appends a frame to dst. A payload of more than MaxPayload bytes
// cannot be framed; then dst comes back as it was.
func AppendFrame(dst []byte, t FrameType, payload []byte) []byte {
	if len(payload) > MaxPayload {
		return dst
	}
	dst = binary.BigEndian.AppendUint16(dst, uint16(t))
	dst = binary.BigEndian.AppendUint16(dst, uint16(len(payload)))
	return append(dst, payload...)
}

// AppendMessage appends m in a control frame.
func AppendMessage(dst []byte, m *Message) []byte {
	return AppendFrame(dst, FrameControl, m.Bytes())
}

// ReadFrame reads one frame from a stream and not a byte more. At the stream's
// end between frames the error is io.EOF, inside a frame io.ErrUnexpectedEOF;
// bytes that are no frame give a *wire.Error, after which the stream cannot be
// followed and is to be closed.
func ReadFrame(r io.Reader) (Frame, error) {
	var header [FrameHeaderSize]byte
	if _, err := io.ReadFull(r, header[:]); err != nil {
		return Frame{}, err
	}
	t, size, err := frameHeader(header[:])
	if err != nil {
		return Frame{}, err
	}
	f := Frame{Type: t, Payload: make([]byte, size)}
	if _, err := io.ReadFull(r, f.Payload); err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return Frame{}, err
	}
	return f, nil
}

// ParseFrame reads the frame at the start of b and gives what follows it. The
// payload lies in b. Errors are *wire.Error; errors.Is wire.ErrShort where b
// ends inside the frame.
func ParseFrame(b []byte) (f Frame, rest []byte, err error) {
	t, size, err := frameHeader(b)
	if err != nil {
		return Frame{}, b, err
	}
	end := FrameHeaderSize + size
	if len(b) < end {
		return Frame{}, b, frameShort("payload", len(b), end)
	}
	return Frame{Type: t, Payload: b[FrameHeaderSize:end:end]}, b[end:], nil
}

func frameHeader(b []byte) (t FrameType, size int, err error) {
	for i := range min(len(b), 2) {
		if !frameTypeBegins(b[:i+1]) {
			return 0, 0, &wire.Error{Message: "MS-TURN frame", Field: "type", Offset: i,
				Got: fmt.Sprintf("% x", b[:i+1]), Want: "02 00, 03 00 or ff 10"}
		}
	}
	if len(b) < FrameHeaderSize {
		return 0, 0, frameShort("header", len(b), FrameHeaderSize)
	}
	return FrameType(binary.BigEndian.Uint16(b)), int(binary.BigEndian.Uint16(b[2:])), nil
}

// frameTypeBegins says whether a frame type begins with b, one or two bytes.
func frameTypeBegins(b []byte) bool {
	for _, t := range [...]FrameType{FrameControl, FrameData, FrameMultiplexed} {
		if b[0] == byte(t>>8) && (len(b) == 1 || b[1] == byte(t)) {
			return true
		}
	}
	return false
}

func frameShort(field string, got, want int) error {
	return &wire.Error{Message: "MS-TURN frame", Field: field, Offset: got,
		Got: wire.Bytes(got), Want: wire.Bytes(want), Short: true}
}
