package tlshello

import (
	"fmt"
	"slices"

	"rehearse/proxy/wire"
)

// HandshakeType is the type of a handshake message (RFC 8446 4, RFC 5246 7.4).
type HandshakeType uint8

// The handshake messages that are seen in clear.
const (
	TypeClientHello       HandshakeType = 1
	TypeServerHello       HandshakeType = 2
	TypeNewSessionTicket  HandshakeType = 4
	TypeCertificate       HandshakeType = 11
	TypeServerKeyExchange HandshakeType = 12
	TypeCertRequest       HandshakeType = 13
	TypeServerHelloDone   HandshakeType = 14
	TypeCertVerify        HandshakeType = 15
	TypeClientKeyExchange HandshakeType = 16
	TypeCertificateStatus HandshakeType = 22
)

// Message is one message in clear. Body is, of a handshake message, what follows
// its four bytes of header; of anything else, the record's payload.
type Message struct {
	Content ContentType
	Type    HandshakeType // 0 where Content is not HandshakeRecord
	Body    []byte
}

const (
	handshakeHeader = 4
	// maxHandshake is the longest message that is gathered.
	maxHandshake = 1 << 18
)

// Messages reads one direction of a stream from its start. It ends behind the
// first record that is not in clear (ChangeCipherSpec, application data), which
// is its last message, with a nil error; or at the end of stream with ErrShort in
// the error, unless it ends between messages; or at what is no TLS.
//
// TLS 1.3 sends a ChangeCipherSpec that means nothing; behind it all is encrypted
// just the same, but for a second ClientHello.
func Messages(stream []byte) ([]Message, error) {
	var out []Message
	var s sequence
	for s.rest = stream; len(s.rest) > 0; {
		m, err := s.next()
		if err != nil {
			return out, err
		}
		out = append(out, m)
		if m.Content == ChangeCipherSpec || m.Content == ApplicationData {
			break
		}
	}
	return out, nil
}

// sequence takes a stream apart message by message.
type sequence struct {
	rest    []byte // records not yet read
	pending []byte // of the handshake, what has been read and not given out
}

func (s *sequence) next() (Message, error) {
	for {
		if m, ok, err := s.gathered(); ok || err != nil {
			return m, err
		}
		r, rest, err := ParseRecord(s.rest)
		if err != nil {
			return Message{}, s.early(err)
		}
		if r.Type != HandshakeRecord {
			if len(s.pending) > 0 {
				return Message{}, &wire.Error{Message: "TLS record", Field: "type", Offset: 0,
					Got: fmt.Sprint(r.Type), Want: "22, the rest of a handshake message"}
			}
			s.rest = rest
			return Message{Content: r.Type, Body: r.Payload}, nil
		}
		if len(r.Payload) == 0 {
			return Message{}, &wire.Error{Message: "TLS record", Field: "length", Offset: 3,
				Got: "0", Want: "at least 1 in a handshake record"}
		}
		s.rest, s.pending = rest, append(s.pending, r.Payload...)
	}
}

// early is the error of a record; where only its end is missing, the part of a
// handshake message in it may already be wrong.
func (s *sequence) early(err error) error {
	if len(s.rest) < recordHeader || ContentType(s.rest[0]) != HandshakeRecord {
		return err
	}
	part := sequence{pending: slices.Concat(s.pending, s.rest[recordHeader:])}
	if _, _, wrong := part.gathered(); wrong != nil {
		return wrong
	}
	return err
}

// gathered gives the handshake message at the start of pending once it is whole.
func (s *sequence) gathered() (m Message, ok bool, err error) {
	if len(s.pending) < handshakeHeader {
		return m, false, nil
	}
	size := int(s.pending[1])<<16 | int(s.pending[2])<<8 | int(s.pending[3])
	if size > maxHandshake {
		return m, false, &wire.Error{Message: "TLS handshake", Field: "length", Offset: 1,
			Got: fmt.Sprint(size), Want: fmt.Sprintf("at most %d", maxHandshake)}
	}
	end := handshakeHeader + size
	if len(s.pending) < end {
		return m, false, nil
	}
	m = Message{Content: HandshakeRecord, Type: HandshakeType(s.pending[0]), Body: s.pending[handshakeHeader:end:end]}
	s.pending = s.pending[end:]
	return m, true, nil
}

// first gives the body of the first message, which must be a handshake message
// of that type.
func first(stream []byte, want HandshakeType, name string) ([]byte, error) {
	if len(stream) > 0 && stream[0] != byte(HandshakeRecord) {
		return nil, &wire.Error{Message: name, Field: "record type", Offset: 0, Got: fmt.Sprint(stream[0]), Want: "22"}
	}
	if len(stream) > recordHeader && stream[recordHeader] != byte(want) && (stream[3] != 0 || stream[4] != 0) {
		return nil, &wire.Error{Message: name, Field: "handshake type", Offset: 0,
			Got: fmt.Sprint(stream[recordHeader]), Want: fmt.Sprint(uint8(want))}
	}
	s := sequence{rest: stream}
	m, err := s.next()
	return m.Body, err
}
