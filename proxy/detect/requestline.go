package detect

import (
	"bytes"
	"strings"
)

// Bounds of a request line. Longer ones are no request of HTTP or SIP to us.
const (
	maxMethod = 32
	maxLine   = 8 << 10
)

// requestLine is what has come of "METHOD target VERSION". A part has come in
// full when the space behind it has.
type requestLine struct {
	method, target, version []byte
	parts                   int // how many have come in full, 0 to 2
}

// splitRequestLine reads as far as the version's start. It is false when the
// bytes can not begin a request line; then too, what it gives has come in full.
func splitRequestLine(prefix []byte) (requestLine, bool) {
	n := 0
	for n < len(prefix) && isToken(prefix[n]) {
		n++
	}
	l := requestLine{method: prefix[:n]}
	switch {
	case n > maxMethod:
		return l, false
	case n == len(prefix):
		return l, true
	case n == 0 || prefix[n] != ' ':
		return l, false
	}
	l.parts, l.target = 1, prefix[n+1:]
	end := bytes.IndexFunc(l.target, func(r rune) bool { return r <= ' ' })
	switch {
	case end < 0:
		return l, len(prefix) <= maxLine
	case end == 0 || l.target[end] != ' ' || n+1+end > maxLine:
		return l, false
	}
	l.parts, l.target, l.version = 2, l.target[:end], l.target[end+1:]
	return l, true
}

// isToken says whether b may stand in a token (RFC 9110 5.6.2).
func isToken(b byte) bool {
	switch {
	case b >= 'A' && b <= 'Z', b >= 'a' && b <= 'z', b >= '0' && b <= '9':
		return true
	}
	return strings.IndexByte("!#$%&'*+-.^_`|~", b) >= 0
}
