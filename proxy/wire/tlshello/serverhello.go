package tlshello

import "rehearse/proxy/wire"

// ServerHello is what a server chose.
type ServerHello struct {
	// Version is what was chosen: that of supported_versions, or the hello's own.
	Version     uint16
	Random      [32]byte
	SessionID   []byte
	CipherSuite uint16
	Extensions  []uint16
	ALPN        string // "" without one; in TLS 1.3 it is encrypted
	// StatusRequest says that a CertificateStatus follows; in TLS 1.3 that is
	// encrypted.
	StatusRequest bool
	// Retry says that it is a HelloRetryRequest (RFC 8446 4.1.4).
	Retry bool
}

// retryRandom is SHA-256 of "HelloRetryRequest".
const retryRandom = "\xcf\x21\xad\x74\xe5\x9a\x61\x11\xbe\x1d\x8c\x02\x1e\x65\xb8\x91" +
	"\xc2\xa2\x11\x16\x7a\xbb\x8c\x5e\x07\x9e\x09\xe2\xc8\xa8\x33\x9c"

// ParseServerHello reads the ServerHello at the start of a stream; what follows it
// is not looked at.
func ParseServerHello(stream []byte) (*ServerHello, error) {
	body, err := first(stream, TypeServerHello, "ServerHello")
	if err != nil {
		return nil, err
	}
	return parseServerHelloBody(body)
}

// ServerHello reads the body of a message of TypeServerHello.
func (m Message) ServerHello() (*ServerHello, error) {
	if err := m.is(TypeServerHello, "ServerHello"); err != nil {
		return nil, err
	}
	return parseServerHelloBody(m.Body)
}

func parseServerHelloBody(body []byte) (*ServerHello, error) {
	r := &reader{message: "ServerHello", at: handshakeHeader, rest: body}
	h := &ServerHello{Version: r.u16("version")}
	copy(h.Random[:], r.bytes("random", len(h.Random)))
	h.Retry = string(h.Random[:]) == retryRandom
	h.SessionID = sessionID(r)
	h.CipherSuite = r.u16("cipher suite")
	r.u8("compression method")
	h.Extensions = extensions(r, h.extension)
	if r.err != nil {
		return nil, r.err
	}
	return h, nil
}

// extension takes over what a server's extension says.
func (h *ServerHello) extension(number uint16, r *reader) {
	switch number {
	case extStatusRequest:
		h.StatusRequest = true
	case extSupportedVersions:
		h.Version = r.u16("supported version")
	case extALPN:
		if names := protocols(r); len(names) > 0 {
			h.ALPN = names[0]
		}
	}
}

func sessionID(r *reader) []byte {
	in := r.vector("session id", 1)
	r.join(in)
	if len(in.rest) > 32 {
		r.fail("session id", wire.Bytes(len(in.rest)), "at most 32 bytes")
	}
	return in.rest
}
