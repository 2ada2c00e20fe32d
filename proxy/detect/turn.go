package detect

import (
	"rehearse/proxy/wire"
)

// turn recognises a STUN request with the magic cookie of RFC 8489 5, eight
// bytes, of a method that may come first on a connection (RFC 8656 17, RFC 6062
// 6.1). On a stream the length is a multiple of four.
func turn(prefix []byte) Verdict {
	v := fields(prefix,
		field{0, 2, isFirstTURNRequest},
		field{2, 2, func(n int) bool { return n%4 == 0 }},
	)
	if v != Yes {
		return v
	}
	return wire.HasPrefix(prefix[4:], "\x21\x12\xa4\x42")
}

func isFirstTURNRequest(n int) bool {
	switch n {
	case 0x0001, // Binding
		0x0003, // Allocate
		0x0004, // Refresh
		0x000b: // ConnectionBind
		return true
	}
	return false
}
