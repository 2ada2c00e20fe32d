// Package tlshello reads what the two sides of a TLS connection say in clear:
// the ClientHello, ServerHello, certificates up to TLS 1.2, and alerts. It does no
// cryptography, and checks no more than it has to for reading.
//
// In comes the start of one direction of a stream, records and all; a message may
// lie in several records, and a record may hold several messages. Where the bytes
// end inside a message that is right so far, the error is one that errors.Is
// ErrShort. Errors are *wire.Error, their offsets count from the start of the
// handshake message, or of the record where that is what is wrong.
package tlshello

import "rehearse/proxy/wire"

// ErrShort is in the errors that more bytes may mend.
var ErrShort = wire.ErrShort
