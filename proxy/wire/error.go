// Package wire has the codecs below it share one error type and one verdict.
// The codecs take bytes and give values; none touches a connection.
package wire

import (
	"errors"
	"fmt"
)

// ErrShort is what errors.Is finds in an Error that more bytes may mend: what is
// there is right so far, and the message is not whole yet.
var ErrShort = errors.New("need more bytes")

// Error is a failure to read bytes: which message and field, at which byte
// offset from the start of the message, what was there and what was wanted.
type Error struct {
	Message string // "MS-TURN Allocate request", "ClientHello"
	Field   string // "magic cookie"
	Offset  int
	Got     string
	Want    string
	// Short says that the bytes ended too early and nothing else is wrong.
	Short bool
}

func (e *Error) Error() string {
	return fmt.Sprintf("%s: %s at byte %d: got %s, want %s", e.Message, e.Field, e.Offset, e.Got, e.Want)
}

// Is says whether target is ErrShort and the bytes only ended too early.
func (e *Error) Is(target error) bool { return e.Short && target == ErrShort }

// Bytes is "1 byte", "7 bytes".
func Bytes(n int) string {
	if n == 1 {
		return "1 byte"
	}
	return fmt.Sprintf("%d bytes", n)
}
