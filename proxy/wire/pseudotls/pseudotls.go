// Package pseudotls has the two messages of pseudo-TLS: what an MS-TURN client
// sends on TCP port 443 so that the flow looks like TLS, and what the A/V Edge
// answers ([MS-TURN] 2.1). Neither leads to encryption: after them both sides
// speak MS-TURN in clear.
//
// The client's hello is 50 bytes: a TLS 1.0 record with a ClientHello that
// offers one suite, DH_anon_WITH_RC4_128_MD5, and has no extension, so no SNI.
// The server's answer is 83 bytes: one record with ServerHello and
// ServerHelloDone. In each all bytes are constant but for the randoms and the
// server's session id.
//
// A client must not send anything between its hello and the answer, so whoever
// looks at the flow has to decide on those 50 bytes. libnice wants the answer in
// one read: send it with one write.
package pseudotls

import (
	"encoding/binary"
	"time"

	"rehearse/proxy/wire"
)

// Sizes of the two messages, in bytes.
const (
	ClientHelloSize = 50
	ServerHelloSize = 83
)

const randomOffset = 11 // in both messages; 32 bytes, of which 4 are the time

// ClientHello is the client's first message. The first four bytes of random are
// a time stamp in seconds since 1970, big-endian; see Random.
func ClientHello(random [32]byte) []byte {
	b := clientHello.blank()
	copy(b[randomOffset:], random[:])
	return b
}

// ServerHello is the answer: ServerHello and ServerHelloDone in one record. It
// must reach the client in one piece.
func ServerHello(random, session [32]byte) []byte {
	b := serverHello.blank()
	copy(b[randomOffset:], random[:])
	copy(b[sessionOffset:], session[:])
	return b
}

// Random puts a time stamp before 28 random bytes, as both hellos carry them.
func Random(at time.Time, random [28]byte) [32]byte {
	var r [32]byte
	binary.BigEndian.PutUint32(r[:4], uint32(at.Unix()))
	copy(r[4:], random[:])
	return r
}

// Time is the time stamp in a hello's random.
func Time(random [32]byte) time.Time {
	return time.Unix(int64(binary.BigEndian.Uint32(random[:4])), 0).UTC()
}

// MatchClientHello says whether a stream begins with the client's hello. It
// decides at the first byte that differs and at byte 50 at the latest. What
// follows byte 50 is not looked at: a client that sends more before the answer
// breaks the protocol, but a verdict once given stays.
func MatchClientHello(prefix []byte) wire.Verdict { return clientHello.match(prefix) }

// MatchServerHello says the same for a stream from a server and the answer.
func MatchServerHello(prefix []byte) wire.Verdict { return serverHello.match(prefix) }

// ParseClientHello reads b, which must be one client's hello and nothing more,
// and gives its random. Errors are *wire.Error.
func ParseClientHello(b []byte) (random [32]byte, err error) {
	if err := clientHello.check(b); err != nil {
		return random, err
	}
	return [32]byte(b[randomOffset:]), nil
}

// ParseServerHello checks that b is one server's answer and nothing more. Errors
// are *wire.Error; an answer cut short is one that errors.Is wire.ErrShort.
func ParseServerHello(b []byte) error { return serverHello.check(b) }
