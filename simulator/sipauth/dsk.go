package sipauth

import (
	"bytes"
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha1"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"net"
	"strings"
)

// TLSDSK is the name in headers of the scheme that signs with the keys of a TLS
// handshake, [MS-SIPAE] 3.2: the handshake travels in gssapi-data, and the client
// shows a certificate that it was given for its password.
const TLSDSK = "TLS-DSK"

// DSKConfig is what a server needs for TLS-DSK.
type DSKConfig struct {
	STS string // where clients get certificates: sts-uri
	// Certificate is the server's in these handshakes, of RSA.
	Certificate func() (*tls.Certificate, error)
	// User is whom a client's certificate was given to; an error refuses it.
	User func(*x509.Certificate) (string, error)
}

// dskSuites are those of TLS 1.0 with RSA key exchange and SHA-1, which pidgin-sipe
// has. Modelled: newer clients shake hands in TLS 1.2, and sign with SHA-384.
func dskSuites() []uint16 {
	return []uint16{tls.TLS_RSA_WITH_AES_128_CBC_SHA, tls.TLS_RSA_WITH_AES_256_CBC_SHA}
}

// dskKeys are the signing keys of both directions.
type dskKeys struct{ client, server []byte }

// The key material's layout: 128 bytes, the client's key at 64 and the server's
// behind it, 32 bytes each.
const (
	dskLabel    = "client EAP encryption"
	dskMaterial = 128
	dskClient   = 64
	dskServer   = 96
)

// dskMAC signs a text.
func dskMAC(key []byte, text []byte) []byte {
	h := hmac.New(sha1.New, key)
	h.Write(text)
	return h.Sum(nil)
}

// handshakeSecrets is what is remembered of a handshake: the key log's line, and the
// server's random from its first flight.
//
// tls.ConnectionState.ExportKeyingMaterial would do, but refuses connections without
// extended master secret, which TLS-DSK clients do not know.
type handshakeSecrets struct {
	log    bytes.Buffer
	random []byte
}

// Write implements io.Writer for tls.Config.KeyLogWriter.
func (s *handshakeSecrets) Write(line []byte) (int, error) { return s.log.Write(line) }

// serverFlight takes the server's random: behind a record's header, a handshake
// header and the version.
func (s *handshakeSecrets) serverFlight(b []byte) {
	const at, length = 5 + 4 + 2, 32
	if s.random == nil && len(b) >= at+length {
		s.random = bytes.Clone(b[at : at+length])
	}
}

// keys computes both signing keys.
func (s *handshakeSecrets) keys() (k dskKeys, err error) {
	words := strings.Fields(s.log.String())
	if len(words) != 3 || words[0] != "CLIENT_RANDOM" || s.random == nil {
		return k, errors.New("TLS-DSK: the handshake gave no secret")
	}
	client, err1 := hex.DecodeString(words[1])
	master, err2 := hex.DecodeString(words[2])
	if err1 != nil || err2 != nil {
		return k, errors.New("TLS-DSK: the handshake gave no secret")
	}
	b := prf(master, dskLabel, append(client, s.random...), dskMaterial)
	return dskKeys{client: b[dskClient:dskServer], server: b[dskServer:]}, nil
}

// prf is the pseudo-random function of TLS 1.0, RFC 2246 5.
func prf(secret []byte, label string, seed []byte, size int) []byte {
	half := (len(secret) + 1) / 2
	seed = append([]byte(label), seed...)
	out := expand(md5.New, secret[:half], seed, size)
	for i, b := range expand(sha1.New, secret[len(secret)-half:], seed, size) {
		out[i] ^= b
	}
	return out
}

// expand is P_hash, RFC 2246 5.
func expand(h func() hash.Hash, secret, seed []byte, size int) []byte {
	mac := func(parts ...[]byte) []byte {
		m := hmac.New(h, secret)
		for _, p := range parts {
			m.Write(p)
		}
		return m.Sum(nil)
	}
	var out []byte
	for a := mac(seed); len(out) < size; a = mac(a) {
		out = append(out, mac(a, seed)...)
	}
	return out[:size]
}

// dskServerEnd is a server's end of a TLS-DSK handshake.
type dskServerEnd struct {
	*flights
	secrets handshakeSecrets
	user    string
}

func (c *DSKConfig) begin(now ServerConfig) (*dskServerEnd, error) {
	cert, err := c.Certificate()
	if err != nil {
		return nil, err
	}
	e := &dskServerEnd{}
	conf := &tls.Config{
		Certificates: []tls.Certificate{*cert}, Time: now.Now, KeyLogWriter: &e.secrets, SessionTicketsDisabled: true,
		MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS10, CipherSuites: dskSuites(), ClientAuth: tls.RequireAnyClientCert,
		VerifyConnection: func(s tls.ConnectionState) (err error) {
			e.user, err = c.User(s.PeerCertificates[0])
			return err
		},
	}
	e.flights = newFlights(func(n net.Conn) error { return tls.Server(n, conf).Handshake() })
	if _, _, err := e.step(nil); err != nil {
		return nil, err
	}
	return e, nil
}

// continueDSK takes a flight of the client's. Its answer goes into the 401.
func (s *Server) continueDSK(h Header) (Verdict, error) {
	if s.dsk == nil || h.Opaque != s.opaque {
		s.reset()
		end, err := s.cfg.DSK.begin(s.cfg)
		if err != nil {
			return Refused, err
		}
		s.dsk, s.scheme = end, TLSDSK
		if s.opaque, err = s.newOpaque(); err != nil {
			return Refused, err
		}
	}
	answer, done, err := s.dsk.step(h.GSSAPI)
	if err != nil {
		s.reset()
		return Refused, fmt.Errorf("TLS-DSK: %w", err)
	}
	s.dsk.secrets.serverFlight(answer)
	s.challenge = answer
	if !done {
		return Challenged, nil
	}
	keys, err := s.dsk.secrets.keys()
	if err != nil {
		s.reset()
		return Refused, err
	}
	s.user, s.domain = s.dsk.user, ""
	s.verifyMAC = func(text []byte) []byte { return dskMAC(keys.client, text) }
	s.signMAC = func(text []byte) []byte { return dskMAC(keys.server, text) }
	s.ready, s.seen, s.num = true, 0, 0
	return Challenged, nil
}

// dskClientEnd is a client's end of a TLS-DSK handshake.
type dskClientEnd struct {
	*flights
	secrets handshakeSecrets
}

func newDSKClientEnd(cfg ClientConfig) *dskClientEnd {
	e := &dskClientEnd{}
	conf := &tls.Config{
		Certificates: []tls.Certificate{*cfg.Certificate}, Time: cfg.Now, KeyLogWriter: &e.secrets,
		InsecureSkipVerify: true, // the connection around it was verified; this certificate has no name to hold it to
		MinVersion:         tls.VersionTLS10, MaxVersion: tls.VersionTLS10, CipherSuites: dskSuites(),
	}
	e.flights = newFlights(func(n net.Conn) error { return tls.Client(n, conf).Handshake() })
	return e
}

// shake takes a flight of the server's, nil at first. Ours goes with the next
// request; once there is none any more, requests are signed.
func (c *Client) shake(flight []byte) error {
	if len(flight) == 0 || c.dsk == nil {
		c.Close()
		c.dsk, flight = newDSKClientEnd(c.cfg), nil
	}
	c.dsk.secrets.serverFlight(flight)
	answer, done, err := c.dsk.step(flight)
	if err != nil {
		return fmt.Errorf("TLS-DSK: %w", err)
	}
	if !done {
		c.auth = answer
		return nil
	}
	keys, err := c.dsk.secrets.keys()
	if err != nil {
		return err
	}
	c.signMAC = func(text []byte) []byte { return dskMAC(keys.client, text) }
	c.verifyMAC = func(text []byte) []byte { return dskMAC(keys.server, text) }
	c.ready, c.num = true, 0
	return nil
}
