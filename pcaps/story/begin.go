package story

import (
	"encoding/binary"

	"rehearse/proxy/detect"
	"rehearse/proxy/wire"
	"rehearse/proxy/wire/msturn"
	"rehearse/proxy/wire/pseudotls"
)

// dialect is one way in which bytes of a protocol can begin, from either side.
type dialect struct {
	name  string
	begin func(b []byte) wire.Verdict
	open  func(*stream) protocol
	// weak ones are believed at the start of a stream only.
	weak bool
}

// dialects is the table of what is told on TCP, in order: the first that does not
// say No decides. Pseudo-TLS is made to look like TLS and stands above it.
func dialects(sip func([]byte) wire.Verdict) []dialect {
	ssl := only(detect.Outer(), detect.SSL)
	return []dialect{
		{"ms-turn", pseudotls.MatchClientHello, openMSTURN, false},
		{"ms-turn", pseudotls.MatchServerHello, openMSTURN, false},
		{"tls", tlsRecord, openTLS, false},
		{"tls", func(b []byte) wire.Verdict { return sslv2Hello(b, ssl) }, openTLS, true},
		{"sip", sip, openSIP, false},
		{"http", httpStart, openHTTP, false},
		{"ms-turn", msturnFrame, openMSTURN, false},
		{"stun", stunHeader, openSTUN, false},
		{"stun", framedSTUN, openSTUN, false},
	}
}

// only is a detector of the interceptor's as a function.
func only(t detect.Table, protocol string) func(b []byte) wire.Verdict {
	t = t.Only(func(p string) bool { return p == protocol })
	return func(b []byte) wire.Verdict {
		_, v := t.Classify(b)
		return v
	}
}

// begins finds the dialect that bytes begin with. A Maybe is given for the first
// that may be.
func (r *reading) begins(b []byte) (*dialect, wire.Verdict) {
	for i := range r.dialects {
		d := &r.dialects[i]
		if v := d.begin(b); v != wire.No {
			return d, v
		}
	}
	return nil, wire.No
}

// tlsRecord recognises the header of a TLS record of any type, as a side that was
// caught in the middle begins with.
func tlsRecord(b []byte) wire.Verdict {
	switch {
	case len(b) > 0 && (b[0] < 20 || b[0] > 24), len(b) > 1 && b[1] != 3, len(b) > 2 && b[2] > 4:
		return wire.No
	case len(b) < tlsHeader:
		return wire.Maybe
	}
	if int(binary.BigEndian.Uint16(b[3:])) > maxTLSRecord {
		return wire.No
	}
	return wire.Yes
}

// sslv2Hello recognises a ClientHello in the form of SSL 2.0 (RFC 5246 E.2).
func sslv2Hello(b []byte, ssl func([]byte) wire.Verdict) wire.Verdict {
	if b[0]&0x80 == 0 {
		return wire.No
	}
	return ssl(b)
}

// msturnFrame recognises a frame of MS-TURN's TCP framing with a message in it.
func msturnFrame(b []byte) wire.Verdict {
	const cookieAt = msturn.FrameHeaderSize + msturn.HeaderSize
	if v := wire.HasPrefix(b, "\x02\x00"); v != wire.Yes {
		return v
	}
	if len(b) < cookieAt {
		return wire.Maybe
	}
	return wire.HasPrefix(b[cookieAt:], msturn.Cookie)
}

const stunCookie = "\x21\x12\xa4\x42"

// stunHeader recognises a STUN message with its magic cookie (RFC 8489 5).
func stunHeader(b []byte) wire.Verdict {
	switch {
	case len(b) > 0 && b[0]&0xc0 != 0, len(b) > 3 && b[3]&3 != 0:
		return wire.No
	case len(b) <= 4:
		return wire.Maybe
	}
	return wire.HasPrefix(b[4:], stunCookie)
}

// framedSTUN recognises a STUN message behind a length of two bytes (RFC 4571 2).
func framedSTUN(b []byte) wire.Verdict {
	if len(b) < 2 {
		return wire.Maybe
	}
	if binary.BigEndian.Uint16(b) < stunHeaderSize {
		return wire.No
	}
	return stunHeader(b[2:])
}
