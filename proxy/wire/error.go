// Package wire has the codecs below it share one error type. The codecs take
// bytes and give values; none does I/O.
package wire

import "fmt"

// Error is a failure to read bytes: which message and field, at which byte
// offset from the start of the message, what was there and what was wanted.
type Error struct {
	Message string // "MS-TURN Allocate request", "ClientHello"
	Field   string // "magic cookie"
	Offset  int
	Got     string
	Want    string
}

func (e *Error) Error() string {
	return fmt.Sprintf("%s: %s at byte %d: got %s, want %s", e.Message, e.Field, e.Offset, e.Got, e.Want)
}
