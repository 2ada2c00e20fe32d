package scrub

import (
	"bytes"
	"encoding/binary"
	"strconv"
	"strings"
)

// stream overwrites what one side of a connection said, in place.
func (r *renamer) stream(b []byte) {
	encrypted := false
	for len(b) > 0 {
		n := 0
		switch {
		case isRecord(b):
			n = r.record(b, &encrypted)
		case isText(b):
			n = r.message(b)
		default:
			n = r.other(b)
		}
		b = b[min(max(n, 1), len(b)):]
	}
}

const recordHeader = 5

func isRecord(b []byte) bool {
	const largest = 1<<14 + 2048
	return len(b) >= recordHeader && b[0] >= 20 && b[0] <= 23 && b[1] == 3 && b[2] <= 4 && int(binary.BigEndian.Uint16(b[3:])) <= largest
}

// record overwrites a TLS record and gives its length.
func (r *renamer) record(b []byte, encrypted *bool) int {
	n := recordHeader + int(binary.BigEndian.Uint16(b[3:]))
	body := b[recordHeader:min(n, len(b))]
	switch {
	case b[0] == 20:
		*encrypted = true
	case b[0] == 23 || *encrypted:
		r.fill(body)
	case b[0] == 22:
		return r.handshake(b)
	}
	return n
}

// handshake overwrites handshake messages in consecutive records, as they are put
// together, and gives their length.
func (r *renamer) handshake(b []byte) int {
	var whole []byte
	end := 0
	for end < len(b) && isRecord(b[end:]) && b[end] == 22 {
		n := recordHeader + int(binary.BigEndian.Uint16(b[end+3:]))
		whole = append(whole, b[end+recordHeader:min(end+n, len(b))]...)
		end = min(end+n, len(b))
	}
	for m := whole; len(m) >= 4; {
		n := min(4+int(binary.BigEndian.Uint32(m)&0xffffff), len(m))
		r.handshakeMessage(m[0], m[4:n])
		m = m[n:]
	}
	for at := 0; at < end; { // and back
		n := recordHeader + int(binary.BigEndian.Uint16(b[at+3:]))
		whole = whole[copy(b[at+recordHeader:min(at+n, len(b))], whole):]
		at += n
	}
	return end
}

func (r *renamer) handshakeMessage(kind byte, body []byte) {
	switch kind {
	case 1: // ClientHello: server name, in clear text
		for _, m := range hostPattern.FindAllIndex(body, -1) {
			if host := string(body[m[0]:m[1]]); strings.Contains(host, ".") && m[1]-m[0] > 5 && !strings.HasPrefix(host, "http/") {
				r.words(body[m[0]:m[1]])
			}
		}
	case 11:
		r.certificates(body)
	case 22: // CertificateStatus
		if len(body) > 4 {
			r.der(body[4:])
		}
	}
}

// certificates overwrites the list of TLS 1.2 (RFC 5246 7.4.2).
func (r *renamer) certificates(b []byte) {
	for b = b[min(3, len(b)):]; len(b) > 3; {
		n := min(3+(int(b[0])<<16|int(b[1])<<8|int(b[2])), len(b))
		if !r.der(b[3:n]) {
			r.fill(b[3:n])
		}
		b = b[n:]
	}
}

func isText(b []byte) bool {
	for _, word := range []string{"HTTP/1.", "SIP/2.0 ", "GET ", "POST ", "HEAD ", "PUT ", "OPTIONS ", "CONNECT ", "REGISTER ", "INVITE ", "ACK ", "BYE ", "SUBSCRIBE ", "NOTIFY ", "BENOTIFY ", "SERVICE ", "MESSAGE ", "CANCEL ", "INFO "} {
		if bytes.HasPrefix(b, []byte(word)) {
			return true
		}
	}
	return false
}

// message overwrites a message of HTTP or SIP and gives its length.
func (r *renamer) message(b []byte) int {
	end := bytes.Index(b, []byte("\r\n\r\n"))
	if end < 0 {
		r.text(b)
		return len(b)
	}
	head, body := b[:end+4], b[end+4:]
	length, packed := -1, false
	for line := range bytes.Lines(head) {
		name, value, ok := bytes.Cut(line, []byte(":"))
		if !ok {
			continue
		}
		switch strings.ToLower(string(name)) {
		case "content-length":
			if n, err := strconv.Atoi(strings.TrimSpace(string(value))); err == nil {
				length = n
			}
		case "content-encoding":
			packed = true
		case "authorization", "proxy-authorization", "cookie", "set-cookie", "authentication-info", "www-authenticate", "proxy-authenticate":
			r.secret(value)
		}
	}
	r.text(head)
	if line := bytes.IndexByte(head, '\n'); !bytes.HasPrefix(head, []byte("HTTP/1.")) {
		r.again(head[:line])
	}
	if bytes.HasPrefix(head, []byte("HTTP/1.")) && length < 0 {
		if next := nextMessage(body); next >= 0 {
			length = next
		} else {
			length = len(body)
		}
	}
	body = body[:min(max(length, 0), len(body))]
	r.body(body, packed)
	return len(head) + len(body)
}

// again renames the words of a request's target that are in no host's name; those that
// have another name already begin with x.
func (r *renamer) again(line []byte) {
	for len(line) > 0 {
		part, rest, _ := bytes.Cut(line, []byte("/"))
		line = rest
		if len(part) >= longPart {
			continue
		}
		for _, m := range wordPattern.FindAllIndex(part, -1) {
			word := part[unescaped(part, m[0], m[1]):m[1]]
			if !r.given[string(word)] {
				copy(word, r.label(string(word)))
			}
		}
	}
}

// longPart is how long parts of a path are that are no names but something encoded.
const longPart = 80

// nextMessage is where TLS or another message begins, -1 for nowhere.
func nextMessage(b []byte) int {
	if isRecord(b) || isText(b) {
		return 0
	}
	return -1
}

// secret overwrites credentials, and leaves the scheme.
func (r *renamer) secret(value []byte) {
	value = bytes.TrimLeft(value, " ")
	_, rest, _ := bytes.Cut(value, []byte(" "))
	r.same(bytes.TrimRight(rest, "\r\n"), 'x')
}

func (r *renamer) body(b []byte, packed bool) {
	switch {
	case packed:
		r.fill(b)
	case len(b) > 0 && b[0] == 0x30:
		if !r.der(b) {
			r.fill(b)
		}
	case bytes.IndexByte(b, 0) >= 0:
		r.fill(b)
	default:
		r.text(b)
	}
}

var (
	stunCookie   = []byte{0x21, 0x12, 0xa4, 0x42}
	msTURNCookie = []byte{0, 15, 0, 4, 0x72, 0xc6, 0x4b, 0xc6}
)

// other overwrites what is neither TLS nor text: STUN and TURN but for their heads, and
// all of the rest. It gives how much that is.
func (r *renamer) other(b []byte) int {
	for at := 0; at <= 4 && at+20 <= len(b); at++ {
		plain := bytes.HasPrefix(b[at+4:], stunCookie)
		ms := at+28 <= len(b) && bytes.HasPrefix(b[at+20:], msTURNCookie)
		if b[at]&0xc0 == 0 && (plain || ms) {
			end := min(at+20+int(binary.BigEndian.Uint16(b[at+2:])), len(b))
			r.attributes(b[at+20:end], plain)
			return end
		}
	}
	if len(b) > 4 && b[0]&0xc0 == 0x40 || len(b) > 4 && (b[0] == 2 || b[0] == 3) { // ChannelData, a TURN frame with media
		n := min(4+int(binary.BigEndian.Uint16(b[2:])), len(b))
		r.fill(b[min(16, n):n])
		return n
	}
	r.fill(b[min(12, len(b)):]) // what RTP is told by stays
	return len(b)
}

// attributes overwrites attributes of STUN: users, realms, keys and data; those that
// say how it went stay. MS-TURN does not pad them.
func (r *renamer) attributes(b []byte, padded bool) {
	for len(b) >= 4 {
		kind, n := binary.BigEndian.Uint16(b), int(binary.BigEndian.Uint16(b[2:]))
		body := b[4:min(4+n, len(b))]
		switch kind {
		case 0x0006, 0x0008, 0x0013, 0x0014, 0x0015, 0x0017, 0x8022: // USERNAME, MESSAGE-INTEGRITY, DATA, REALM, NONCE, SOFTWARE
			r.fill(body)
		case 0x0001, 0x0011, 0x0012, 0x0016, 0x0020, 0x8020, 0x000e, 0x0002: // addresses
			if len(body) > 4 {
				r.fill(body[4:])
			}
		}
		if padded {
			n = (n + 3) &^ 3
		}
		b = b[min(4+n, len(b)):]
	}
}
