package decrypt

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// Hello is what the two hellos of a connection say.
type Hello struct {
	Version        uint16 // that the server chose, 0x0303
	Suite          uint16
	Client, Server [32]byte // the randoms
	// EncryptThenMAC says that the server agreed to RFC 7366.
	EncryptThenMAC bool
}

// Half opens the records of one side.
type Half struct {
	opener
	sequence uint64
	dead     error
}

// opener opens one record by its number: header is the five bytes of the record's
// header. What it gives is new memory.
type opener interface {
	open(sequence uint64, header, body []byte) (kind byte, plain []byte, err error)
}

// Open gives the content of the next record. The first error is the last answer:
// every record behind it fails with it as well. In TLS 1.3 kind is that of the
// content, not the header's.
func (h *Half) Open(header, body []byte) (kind byte, plain []byte, err error) {
	if h.dead != nil {
		return 0, nil, h.dead
	}
	kind, plain, err = h.open(h.sequence, header, body)
	if err != nil {
		h.dead = fmt.Errorf("record %d: %w", h.sequence, err)
		return 0, nil, h.dead
	}
	h.sequence++
	return kind, plain, nil
}

// Lose says that a record was not seen. Nothing more can be opened.
func (h *Half) Lose() {
	if h.dead == nil {
		h.dead = fmt.Errorf("record %d was not captured", h.sequence)
	}
}

// Errors of New.
var (
	ErrNoSecret = errors.New("the key log has no secret for it")
	ErrSuite    = errors.New("cannot be opened")
)

// New makes the halves of a connection, the client's and the server's. Those of TLS
// 1.3 begin with the handshake's secrets; see Advance.
func New(h Hello, s *Secrets) (*[2]Half, error) {
	if s == nil {
		return nil, ErrNoSecret
	}
	su, ok := suiteOf(h.Suite)
	if !ok {
		return nil, fmt.Errorf("cipher suite 0x%04x: %w", h.Suite, ErrSuite)
	}
	if h.Version == 0x0304 {
		return new13(su, s)
	}
	if len(s.Master) != 48 {
		return nil, ErrNoSecret
	}
	return new12(h, su, s.Master)
}

// additional is the additional data of TLS 1.2 (RFC 5246 6.2.3.3), which CBC puts
// under its MAC as well.
func additional(sequence uint64, header []byte, size int) []byte {
	b := binary.BigEndian.AppendUint64(nil, sequence)
	b = append(b, header[:3]...)
	return binary.BigEndian.AppendUint16(b, uint16(size))
}

var errRecord = errors.New("it does not open")
