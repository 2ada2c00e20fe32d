package tlshello

import (
	"crypto/tls"
	"fmt"
	"net/netip"
)

// ClientHello is what a client offers. Lists are in the client's order and as they
// stand on the wire, GREASE values included (RFC 8701; see IsGREASE).
type ClientHello struct {
	// Version is the hello's own version field, TLS 1.2 in a hello for TLS 1.3.
	Version      uint16
	Random       [32]byte
	SessionID    []byte
	CipherSuites []uint16
	Extensions   []uint16

	// ServerName is the SNI, "" without one. It can be an IP literal although
	// RFC 6066 3 forbids it; see ServerIP.
	ServerName string
	ALPN       []string
	// Versions are those of supported_versions; without it, Version alone.
	Versions         []uint16
	Groups           []tls.CurveID
	PointFormats     []uint8       // of elliptic curves (RFC 8422 5.1.2)
	KeyShares        []tls.CurveID // groups for which a share is there already
	SignatureSchemes []tls.SignatureScheme
	// StatusRequest says that the client asks for a stapled OCSP answer.
	StatusRequest bool
	// SSLv2 says that the hello came in the form of SSL 2.0, which has no
	// extensions and in which Random is a challenge of 16 to 32 bytes.
	SSLv2 bool
}

// ParseClientHello reads the ClientHello at the start of a stream; what follows it
// is not looked at.
func ParseClientHello(stream []byte) (*ClientHello, error) {
	if len(stream) > 0 && stream[0]&0x80 != 0 {
		return parseSSLv2(stream)
	}
	body, err := first(stream, TypeClientHello, "ClientHello")
	if err != nil {
		return nil, err
	}
	h, err := parseClientHelloBody(body)
	if err != nil {
		return nil, err
	}
	return h, nil
}

// ClientHello reads the body of a message of TypeClientHello. Of a broken one it
// gives, besides the error, what stands before the break.
func (m Message) ClientHello() (*ClientHello, error) {
	if err := m.is(TypeClientHello, "ClientHello"); err != nil {
		return nil, err
	}
	return parseClientHelloBody(m.Body)
}

func parseClientHelloBody(body []byte) (*ClientHello, error) {
	r := &reader{message: "ClientHello", at: handshakeHeader, rest: body}
	h := &ClientHello{Version: r.u16("version")}
	copy(h.Random[:], r.bytes("random", len(h.Random)))
	h.SessionID = sessionID(r)
	h.CipherSuites = r.u16s("cipher suites", 2)
	r.join(r.vector("compression methods", 1))
	h.Versions = []uint16{h.Version}
	h.Extensions = extensions(r, h.extension)
	return h, r.err
}

// ServerIP is the server name where it is an IP literal.
func (h *ClientHello) ServerIP() (netip.Addr, bool) {
	ip, err := netip.ParseAddr(h.ServerName)
	return ip, err == nil
}

// Offers says whether the client can speak a version, 0x0303 and the like.
func (h *ClientHello) Offers(version uint16) bool {
	for _, v := range h.Versions {
		if v == version {
			return true
		}
	}
	return false
}

// IsGREASE says whether a suite, extension, group or version is one of those that
// clients make up so that servers stay tolerant (RFC 8701).
func IsGREASE(v uint16) bool { return v&0x0f0f == 0x0a0a && v>>8 == v&0xff }

// VersionName names a version: "TLS 1.3", "TLS 1.3 draft 28", "SSLv3", "SSLv2", or
// its number in hexadecimal.
func VersionName(version uint16) string {
	switch {
	case version == 0x0002:
		return "SSLv2"
	case version>>8 == 0x7f, version>>8 == 0xfb: // the second is Facebook's
		return fmt.Sprintf("TLS 1.3 draft %d", version&0xff)
	}
	return tls.VersionName(version)
}
