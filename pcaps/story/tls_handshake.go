package story

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"rehearse/pcaps/flow"
	"rehearse/proxy/wire/tlshello"
	"rehearse/reports/journal"
)

// handshakeNames are the messages by their type (IANA, TLS HandshakeType).
var handshakeNames = [...]struct {
	kind byte
	name string
}{
	{0, "hello_request"}, {1, "client_hello"}, {2, "server_hello"}, {3, "hello_verify_request"}, {4, "new_session_ticket"},
	{5, "end_of_early_data"}, {6, "hello_retry_request"}, {8, "encrypted_extensions"}, {11, "certificate"},
	{12, "server_key_exchange"}, {13, "certificate_request"}, {14, "server_hello_done"}, {15, "certificate_verify"},
	{16, "client_key_exchange"}, {20, "finished"}, {21, "certificate_url"}, {22, "certificate_status"},
	{23, "supplemental_data"}, {24, "key_update"}, {67, "next_protocol"},
}

func handshakeName(kind byte) string {
	for _, n := range handshakeNames {
		if n.kind == kind {
			return n.name
		}
	}
	return ""
}

const handshakeHeader = 4

// handshake reads a handshake record: messages, parts of messages, or ciphertext.
func (t *tls) handshake(s flow.Side, at flow.Moment, body []byte) {
	side := &t.sides[s]
	if body == nil || side.secret && !retried(body) {
		side.sealed++
		return
	}
	b := body
	if len(side.pending) > 0 {
		b = append(side.pending, body...)
	}
	for len(b) >= handshakeHeader {
		kind, size := b[0], int(binary.BigEndian.Uint32(b)&0xffffff)
		if handshakeName(kind) == "" || size > maxHandshake {
			side.sealed++
			side.pending = nil
			return
		}
		end := handshakeHeader + size
		if len(b) < end {
			break
		}
		t.message(s, at, tlshello.Message{Content: tlshello.HandshakeRecord, Type: tlshello.HandshakeType(kind), Body: b[handshakeHeader:end:end]})
		b = b[end:]
	}
	switch {
	case len(b) == 0:
		side.pending = nil
	case len(side.pending) == 0:
		side.pending = bytes.Clone(b)
	default:
		side.pending = b
	}
}

// retried says whether a record is a ClientHello, which in TLS 1.3 may follow a
// ChangeCipherSpec.
func retried(body []byte) bool {
	return len(body) > handshakeHeader && body[0] == byte(tlshello.TypeClientHello) &&
		int(binary.BigEndian.Uint32(body)&0xffffff) == len(body)-handshakeHeader
}

// message reads one handshake message.
func (t *tls) message(s flow.Side, at flow.Moment, m tlshello.Message) {
	if len(t.said) < maxItems {
		t.said = append(t.said, saidMessage{s, handshakeName(byte(m.Type))})
	}
	switch m.Type {
	case tlshello.TypeClientHello:
		h, err := m.ClientHello() // of a broken one there is a part
		t.clientHello(s, at, h, err == nil)
	case tlshello.TypeServerHello:
		h, _ := m.ServerHello()
		t.serverHello(s, h, m.Body)
		if h != nil && t.out.PseudoSSL {
			t.pseudoHello(t.flow, s, at, "pseudo-SSL server (Skype, libjingle)", h.Random[:])
		}
	case tlshello.TypeCertificate:
		t.certificates(s, at, m)
	case tlshello.TypeCertificateStatus:
		t.out.Stapled = true
		if der, err := m.Staple(); err == nil {
			t.stapled(at, t.flow.Number, der)
		}
	}
}

// clientHello takes over what the first hello says; h may be nil, or the part of a
// hello that stands before its break.
func (t *tls) clientHello(s flow.Side, at flow.Moment, h *tlshello.ClientHello, whole bool) {
	t.flow.Orient(s, flow.ByHello)
	t.out.ClientHellos++
	if t.hello || h == nil {
		return
	}
	t.hello, t.random = true, h.Random
	t.out.Frame = at.Packet
	if h.ServerName != "" {
		t.out.SNI = &h.ServerName
	}
	t.out.ALPN = append(t.out.ALPN, h.ALPN...)
	if whole && !h.SSLv2 {
		t.out.JA3, t.out.JA4 = h.JA3(), h.JA4()
	}
	t.out.OfferedVersion = versionName(offered(h))
	t.note(s, at, journal.HelloSeen{SNI: h.ServerName, ALPN: h.ALPN})
}

// offered is the highest version that a hello offers; drafts and what has no meaning
// count where there is nothing else.
func offered(h *tlshello.ClientHello) (best uint16) {
	for _, v := range h.Versions {
		if v>>8 == 3 && v <= 0x0304 {
			best = max(best, v)
		}
	}
	if best == 0 {
		best = h.Version
	}
	return best
}

// serverHello takes over what the server chose, of a broken hello the version.
func (t *tls) serverHello(s flow.Side, h *tlshello.ServerHello, body []byte) {
	t.flow.Orient(s.Other(), flow.ByAnswer)
	t.out.ServerHellos++
	if h == nil {
		if len(body) >= 2 && t.out.Version == nil {
			t.out.Version = versionName(binary.BigEndian.Uint16(body))
		}
		return
	}
	t.out.HelloRetry = t.out.HelloRetry || h.Retry
	t.version = h.Version
	t.unlock(s.Other(), h)
	cipher := fmt.Sprintf("0x%04x", h.CipherSuite)
	t.out.Version, t.out.Cipher = versionName(h.Version), &cipher
}

// certificates counts a side's certificates and reads its first.
func (t *tls) certificates(s flow.Side, at flow.Moment, m tlshello.Message) {
	side := &t.sides[s]
	chain := certificateList(m.Body)
	if side.certs == 0 && len(chain) > 0 {
		side.leaf = t.certificate(chain[0])
		t.certificateSeen(s, at, side.leaf, chain)
	}
	side.certs += len(chain)
}

// certificateList gives the certificates of a message of TLS 1.2, of a broken one
// those that are whole.
func certificateList(b []byte) [][]byte {
	const width = 3
	length := func(b []byte) int { return int(b[0])<<16 | int(b[1])<<8 | int(b[2]) }
	if len(b) < width {
		return nil
	}
	b = b[width:min(len(b), width+length(b))]
	var list [][]byte
	for len(b) >= width {
		n := length(b)
		if b = b[width:]; n > len(b) {
			break
		}
		list = append(list, b[:n])
		b = b[n:]
	}
	return list
}

// sslv2 reads a record of SSL 2.0, in the form of which a hello may come.
func (t *tls) sslv2(s flow.Side, at flow.Moment, body []byte) {
	if t.out.Frame == 0 {
		t.out.Frame = at.Packet
	}
	if len(body) == 0 || t.sides[s].old {
		return
	}
	t.sides[s].old = true
	switch body[0] {
	case 1:
		t.said = append(t.said, saidMessage{s, "client_hello"})
		head := binary.BigEndian.AppendUint16(nil, uint16(len(body))|0x8000)
		h, _ := tlshello.ParseClientHello(append(head, body...))
		t.clientHello(s, at, h, false)
		t.pseudoSSL(s, at, body)
	case 4:
		t.said = append(t.said, saidMessage{s, "server_hello"})
		t.sslv2Server(s, body)
	}
}

// sslv2Server reads a SERVER-HELLO of SSL 2.0, which has the server's certificate
// in it: a byte each for the type, a session's resumption and the certificate's
// type, then the version and three lengths.
func (t *tls) sslv2Server(s flow.Side, body []byte) {
	const fixed, lengthAt, versionAt = 11, 5, 3
	t.serverHello(s, nil, body[min(versionAt, len(body)):])
	if len(body) < fixed {
		return
	}
	size := int(binary.BigEndian.Uint16(body[lengthAt:]))
	if size > 0 && fixed+size <= len(body) {
		t.sides[s].certs, t.sides[s].leaf = 1, t.certificate(body[fixed:fixed+size])
	}
}
