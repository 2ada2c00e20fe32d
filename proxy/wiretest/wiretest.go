// Package wiretest is for specs of codecs and detectors: bytes written as hexadecimal, and
// bytes out of real captures.
package wiretest

import (
	"encoding/hex"
	"strings"
)

// Hex reads hexadecimal with blanks anywhere. It panics on anything else, for it
// reads only what stands in a spec.
func Hex(text string) []byte {
	b, err := hex.DecodeString(strings.Join(strings.Fields(text), ""))
	if err != nil {
		panic("wiretest: " + err.Error() + " in " + text)
	}
	return b
}

// Prefixes calls f with every prefix of b, from none of it to all of it.
func Prefixes(b []byte, f func(prefix []byte)) {
	for n := range len(b) + 1 {
		f(b[:n:n])
	}
}
