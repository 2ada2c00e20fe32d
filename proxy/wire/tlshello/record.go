package tlshello

import (
	"encoding/binary"
	"fmt"

	"rehearse/proxy/wire"
)

// ContentType is the type of a record (RFC 8446 5.1).
type ContentType uint8

// The content types.
const (
	ChangeCipherSpec ContentType = 20
	AlertRecord      ContentType = 21
	HandshakeRecord  ContentType = 22
	ApplicationData  ContentType = 23
	Heartbeat        ContentType = 24 // RFC 6520
)

// maxRecord is the longest payload of a record that is encrypted, RFC 5246 6.2.3.
const maxRecord = 1<<14 + 2048

const recordHeader = 5

// Record is one record; Payload lies in the bytes that it was read from.
type Record struct {
	Type    ContentType
	Version uint16
	Payload []byte
}

// ParseRecord reads the record at the start of b and gives what follows it.
func ParseRecord(b []byte) (r Record, rest []byte, err error) {
	if err := checkRecord(b); err != nil {
		return Record{}, b, err
	}
	end := recordHeader + int(binary.BigEndian.Uint16(b[3:]))
	if len(b) < end {
		return Record{}, b, shortRecord("payload", len(b), end)
	}
	r = Record{Type: ContentType(b[0]), Version: binary.BigEndian.Uint16(b[1:]), Payload: b[recordHeader:end:end]}
	return r, b[end:], nil
}

// checkRecord checks as much of a record's header as has come.
func checkRecord(b []byte) error {
	bad := func(field string, at int, got, want string) error {
		return &wire.Error{Message: "TLS record", Field: field, Offset: at, Got: got, Want: want}
	}
	if len(b) > 0 && (b[0] < byte(ChangeCipherSpec) || b[0] > byte(Heartbeat)) {
		return bad("type", 0, fmt.Sprint(b[0]), "20 to 24")
	}
	if len(b) > 1 && b[1] != 3 {
		return bad("major version", 1, fmt.Sprint(b[1]), "3")
	}
	if len(b) < recordHeader {
		return shortRecord("header", len(b), recordHeader)
	}
	if n := binary.BigEndian.Uint16(b[3:]); n > maxRecord {
		return bad("length", 3, fmt.Sprint(n), fmt.Sprintf("at most %d", maxRecord))
	}
	return nil
}

func shortRecord(field string, got, want int) error {
	return &wire.Error{Message: "TLS record", Field: field, Offset: got,
		Got: wire.Bytes(got), Want: wire.Bytes(want), Short: true}
}
