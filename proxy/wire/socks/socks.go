// Package socks reads what a SOCKS client says, and writes the answers: SOCKS 4, its
// extension 4a, and SOCKS 5 (RFC 1928).
//
// In come the bytes so far, out goes a message and how many bytes it took, or an
// error that is wire.ErrShort while more may mend it.
package socks

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"strings"

	"rehearse/proxy/wire"
)

// Versions are the first byte of what a client says.
const (
	Version4 = 4
	Version5 = 5
)

// Command is what is asked for.
type Command uint8

// The commands (RFC 1928 4).
const (
	Connect   Command = 1
	Bind      Command = 2
	Associate Command = 3 // UDP, SOCKS 5 only
)

// Request asks the server to connect somewhere.
type Request struct {
	Version uint8
	Command Command
	// Host is a name, or an address as text.
	Host string
	Port uint16
	// User is the user ID of SOCKS 4.
	User string
}

// The methods of authentication (RFC 1928 3).
const (
	NoAuthentication = 0
	NoneAcceptable   = 0xff
)

// longestText bounds the texts of SOCKS 4, which end with a zero byte only.
const longestText = 255

// reader takes a message apart from the front.
type reader struct {
	message string
	b       []byte
	at      int
	err     error
}

func (r *reader) take(field string, n int) []byte {
	if r.err != nil {
		return make([]byte, n)
	}
	if len(r.b)-r.at < n {
		r.err = &wire.Error{Message: r.message, Field: field, Offset: r.at, Got: wire.Bytes(len(r.b) - r.at), Want: wire.Bytes(n), Short: true}
		return make([]byte, n)
	}
	r.at += n
	return r.b[r.at-n : r.at]
}

func (r *reader) byte(field string) byte { return r.take(field, 1)[0] }

func (r *reader) uint16(field string) uint16 { return binary.BigEndian.Uint16(r.take(field, 2)) }

// text ends with a zero byte.
func (r *reader) text(field string) string {
	var b strings.Builder
	for {
		switch c := r.byte(field); {
		case r.err != nil || c == 0:
			return b.String()
		case b.Len() == longestText:
			r.fail(field, "a longer text", fmt.Sprintf("at most %d bytes", longestText))
			return ""
		default:
			b.WriteByte(c)
		}
	}
}

func (r *reader) fail(field, got, want string) {
	if r.err == nil {
		r.err = &wire.Error{Message: r.message, Field: field, Offset: r.at - 1, Got: got, Want: want}
	}
}

// ParseGreeting reads the first message of SOCKS 5: the methods of authentication
// that the client knows.
func ParseGreeting(b []byte) (methods []byte, n int, err error) {
	r := &reader{message: "SOCKS 5 greeting", b: b}
	if v := r.byte("version"); v != Version5 {
		r.fail("version", fmt.Sprint(v), "5")
	}
	methods = r.take("methods", int(r.byte("number of methods")))
	return methods, r.at, r.err
}

// ParseRequest5 reads the request of SOCKS 5, after the methods were settled.
func ParseRequest5(b []byte) (q Request, n int, err error) {
	r := &reader{message: "SOCKS 5 request", b: b}
	if q.Version = r.byte("version"); q.Version != Version5 {
		r.fail("version", fmt.Sprint(q.Version), "5")
	}
	q.Command = Command(r.byte("command"))
	r.byte("reserved byte")
	switch kind := r.byte("address type"); kind {
	case 1:
		q.Host = netip.AddrFrom4([4]byte(r.take("IPv4 address", 4))).String()
	case 3:
		q.Host = string(r.take("name", int(r.byte("length of the name"))))
	case 4:
		q.Host = netip.AddrFrom16([16]byte(r.take("IPv6 address", 16))).Unmap().String()
	default:
		r.fail("address type", fmt.Sprint(kind), "1, 3 or 4")
	}
	q.Port = r.uint16("port")
	return q, r.at, r.check(q)
}

// ParseRequest4 reads the request of SOCKS 4. An address 0.0.0.x with x other than 0
// says that a name follows (4a).
func ParseRequest4(b []byte) (q Request, n int, err error) {
	r := &reader{message: "SOCKS 4 request", b: b}
	if q.Version = r.byte("version"); q.Version != Version4 {
		r.fail("version", fmt.Sprint(q.Version), "4")
	}
	q.Command = Command(r.byte("command"))
	q.Port = r.uint16("port")
	addr := [4]byte(r.take("address", 4))
	q.User = r.text("user ID")
	q.Host = netip.AddrFrom4(addr).String()
	if addr[0] == 0 && addr[1] == 0 && addr[2] == 0 && addr[3] != 0 {
		q.Host = r.text("name")
	}
	return q, r.at, r.check(q)
}

// check refuses a request that leads nowhere.
func (r *reader) check(q Request) error {
	switch {
	case r.err != nil:
	case q.Host == "" || strings.ContainsAny(q.Host, "\x00\r\n /"):
		r.fail("name", fmt.Sprintf("%q", q.Host), "a host name")
	case q.Port == 0 && q.Command == Connect:
		r.fail("port", "0", "1 to 65535")
	}
	return r.err
}

// Reply is what the server says to a request. Its values are those of SOCKS 5 (RFC
// 1928 6); SOCKS 4 knows yes and no.
type Reply uint8

// The replies.
const (
	Succeeded          Reply = 0
	GeneralFailure     Reply = 1
	NotAllowed         Reply = 2
	NetworkUnreachable Reply = 3
	HostUnreachable    Reply = 4
	Refused            Reply = 5
	NoSuchCommand      Reply = 7
	NoSuchAddressType  Reply = 8
)

// AppendMethod writes the answer to a greeting.
func AppendMethod(dst []byte, method byte) []byte { return append(dst, Version5, method) }

// Append writes the reply as a version has it, with the address that the server
// connects from; an invalid one is written as 0.0.0.0:0.
func (y Reply) Append(dst []byte, version uint8, bound netip.AddrPort) []byte {
	if !bound.IsValid() {
		bound = netip.AddrPortFrom(netip.IPv4Unspecified(), 0)
	}
	if version == Version4 {
		return y.append4(dst, bound)
	}
	kind := byte(1)
	if bound.Addr().Is6() {
		kind = 4
	}
	dst = append(dst, Version5, byte(y), 0, kind)
	dst = append(dst, bound.Addr().AsSlice()...)
	return binary.BigEndian.AppendUint16(dst, bound.Port())
}

// append4 is the reply of SOCKS 4: 90 granted, 91 rejected.
func (y Reply) append4(dst []byte, bound netip.AddrPort) []byte {
	code := byte(91)
	if y == Succeeded {
		code = 90
	}
	addr := [4]byte{}
	if bound.Addr().Is4() {
		addr = bound.Addr().As4()
	}
	dst = binary.BigEndian.AppendUint16(append(dst, 0, code), bound.Port())
	return append(dst, addr[:]...)
}
