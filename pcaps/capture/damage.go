package capture

import (
	"compress/flate"
	"compress/gzip"
	"errors"
	"fmt"
	"io"

	"rehearse/proxy/wire"
)

// Damage is where a file breaks: no packet can be had from there on.
type Damage struct {
	// After is the number of the last packet before it, 0 if there is none.
	After int
	// Where counts the bytes of the file, or of what a gzip file holds.
	Where wire.Error
}

// Error is one line: what, where, and after which packet.
func (d *Damage) Error() string {
	if d.After == 0 {
		return d.Where.Error() + ", before the first packet"
	}
	return fmt.Sprintf("%s, after packet %d", d.Where.Error(), d.After)
}

// Unwrap gives the *wire.Error; errors.Is wire.ErrShort says that the file only
// ends too early.
func (d *Damage) Unwrap() error { return &d.Where }

// damage makes the error that the formats return; Next fills in After.
func damage(message, field string, offset int64, got, want string) error {
	return &Damage{Where: wire.Error{Message: message, Field: field, Offset: int(offset), Got: got, Want: want}}
}

// cut is damage at the end of the file.
func cut(message, field string, offset int64, got, want int) error {
	return &Damage{Where: wire.Error{Message: message, Field: field, Offset: int(offset),
		Got: wire.Bytes(got), Want: wire.Bytes(want), Short: true}}
}

// broken is the error of a stream that failed: damage where its compression is cut
// short or wrong, else the failure itself.
func broken(err error, message string, offset int64) error {
	var corrupt flate.CorruptInputError
	short := errors.Is(err, io.ErrUnexpectedEOF)
	if !short && !errors.As(err, &corrupt) && !errors.Is(err, gzip.ErrChecksum) && !errors.Is(err, gzip.ErrHeader) {
		return fmt.Errorf("%s at byte %d: %w", message, offset, err)
	}
	return &Damage{Where: wire.Error{Message: message, Field: "data", Offset: int(offset),
		Got: "gzip: " + err.Error(), Want: "more bytes", Short: short}}
}
