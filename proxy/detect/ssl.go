package detect

import "encoding/binary"

// tls recognises a ClientHello by its record header and handshake type, six
// bytes (RFC 8446 5.1), or one in the form of SSL 2.0, eleven bytes (RFC 5246
// E.2). What the hello says is not looked at: a broken one is still SSL.
func tls(prefix []byte) Verdict {
	if len(prefix) == 0 {
		return Maybe
	}
	if prefix[0]&0x80 != 0 {
		return sslv2(prefix)
	}
	return fields(prefix,
		field{0, 1, func(n int) bool { return n == 0x16 }}, // handshake
		field{1, 1, func(n int) bool { return n == 3 }},    // SSL 3.0 or any TLS
		field{2, 1, func(n int) bool { return n <= 4 }},
		field{3, 2, func(n int) bool { return n >= 1 && n <= 1<<14 }}, // length of the record
		field{5, 1, func(n int) bool { return n == 1 }},               // ClientHello
	)
}

// sslv2 recognises a ClientHello in the form of SSL 2.0. Its lengths have to
// agree with each other.
func sslv2(prefix []byte) Verdict {
	v := fields(prefix,
		field{0, 1, func(n int) bool { return n&0x80 != 0 }},
		field{2, 1, func(n int) bool { return n == 1 }}, // CLIENT-HELLO
		field{3, 2, func(n int) bool { return n == 0x0002 || n >= 0x0300 && n <= 0x0304 }},
		field{5, 2, func(n int) bool { return n >= 3 && n%3 == 0 }}, // cipher specs
		field{7, 2, func(n int) bool { return n == 0 || n == 16 }},  // session id
		field{9, 2, func(n int) bool { return n >= 16 && n <= 32 }}, // challenge
	)
	if v != Yes {
		return v
	}
	u16 := func(at int) int { return int(binary.BigEndian.Uint16(prefix[at:])) }
	if u16(0)&0x7fff != 9+u16(5)+u16(7)+u16(9) {
		return No
	}
	return Yes
}

// field is a big-endian number in a header of fixed layout, and what it may be.
type field struct {
	offset, size int
	may          func(n int) bool
}

// fields is Yes when all fields are there and right, No when one that is there
// in full is wrong. The fields are in order of offset.
func fields(prefix []byte, list ...field) Verdict {
	for _, f := range list {
		if len(prefix) < f.offset+f.size {
			return Maybe
		}
		n := 0
		for _, b := range prefix[f.offset : f.offset+f.size] {
			n = n<<8 | int(b)
		}
		if !f.may(n) {
			return No
		}
	}
	return Yes
}
