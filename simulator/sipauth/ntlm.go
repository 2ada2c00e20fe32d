package sipauth

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"rehearse/proxy/wire"
)

// The NTLM negotiation flags in use, [MS-NLMP] 2.2.2.5.
const (
	flagUnicode       = 0x00000001
	flagRequestTarget = 0x00000004
	flagSign          = 0x00000010
	flagDatagram      = 0x00000040
	flagNTLM          = 0x00000200
	flagAlwaysSign    = 0x00008000
	flagExtended      = 0x00080000 // extended session security
	flagIdentify      = 0x00100000
	flagTargetInfo    = 0x00800000
	flagVersion       = 0x02000000
	flag128           = 0x20000000
	flagKeyExchange   = 0x40000000
	flag56            = 0x80000000

	// flagsNeeded must all be there for connectionless NTLMv2.
	flagsNeeded = flagUnicode | flagSign | flagDatagram | flagNTLM | flagAlwaysSign |
		flagExtended | flagIdentify | flagTargetInfo | flagKeyExchange
	flagsOffered = flagsNeeded | flagRequestTarget | flagVersion | flag128 | flag56
)

const (
	signature       = "NTLMSSP\x00"
	typeNegotiate   = 1
	typeChallenge   = 2
	typeAuth        = 3
	challengeHeader = 56
	authHeader      = 72
	micLength       = 16
)

// version is the VERSION structure of both messages: Windows Server 2008 R2,
// NTLM revision 15.
func version() []byte { return []byte{6, 1, 0xb1, 0x1d, 0, 0, 0, 15} }

// challenge is a CHALLENGE_MESSAGE, [MS-NLMP] 2.2.1.2.
type challenge struct {
	flags      uint32
	nonce      [8]byte
	targetName string
	targetInfo []byte // AV pairs
	version    []byte // 8 bytes
}

func (c challenge) append(dst []byte) []byte {
	name := utf16le(c.targetName)
	dst = append(dst, signature...)
	dst = binary.LittleEndian.AppendUint32(dst, typeChallenge)
	dst = appendField(dst, len(name), challengeHeader)
	dst = binary.LittleEndian.AppendUint32(dst, c.flags)
	dst = append(dst, c.nonce[:]...)
	dst = append(dst, make([]byte, 8)...)
	dst = appendField(dst, len(c.targetInfo), challengeHeader+len(name))
	dst = append(dst, c.version...)
	dst = append(dst, name...)
	return append(dst, c.targetInfo...)
}

func parseChallenge(b []byte) (c challenge, err error) {
	r := reader{message: "NTLM CHALLENGE", b: b}
	r.header(typeChallenge, challengeHeader-8) // the version is optional
	if r.err != nil {
		return c, r.err
	}
	c.flags = binary.LittleEndian.Uint32(b[20:])
	copy(c.nonce[:], b[24:32])
	c.targetName = fromUTF16LE(r.field("target name", 12))
	c.targetInfo = r.field("target info", 40)
	return c, r.err
}

// negotiate is a NEGOTIATE_MESSAGE, [MS-NLMP] 2.2.1.1, without domain and workstation.
func negotiate(flags uint32) []byte {
	b := binary.LittleEndian.AppendUint32([]byte(signature), typeNegotiate)
	b = binary.LittleEndian.AppendUint32(b, flags)
	b = append(b, make([]byte, 16)...)
	return append(b, version()...)
}

// parseNegotiate gives the flags.
func parseNegotiate(b []byte) (flags uint32, err error) {
	r := reader{message: "NTLM NEGOTIATE", b: b}
	r.header(typeNegotiate, 16)
	if r.err != nil {
		return 0, r.err
	}
	return binary.LittleEndian.Uint32(b[12:]), nil
}

// authenticate is an AUTHENTICATE_MESSAGE, [MS-NLMP] 2.2.1.3.
type authenticate struct {
	lm, nt                    []byte
	domain, user, workstation string
	sessionKey                []byte // the exported key, encrypted
	flags                     uint32
	version                   []byte // 8 bytes
}

func (a authenticate) append(dst []byte) []byte {
	domain, user, host := utf16le(a.domain), utf16le(a.user), utf16le(a.workstation)
	at := authHeader - 8 + len(a.version)
	payload := [][]byte{domain, user, host, a.lm, a.nt, a.sessionKey}
	offsets := make([]int, len(payload))
	for i, p := range payload {
		offsets[i] = at
		at += len(p)
	}
	dst = append(dst, signature...)
	dst = binary.LittleEndian.AppendUint32(dst, typeAuth)
	for _, i := range []int{3, 4, 0, 1, 2, 5} { // LM, NT, domain, user, workstation, key
		dst = appendField(dst, len(payload[i]), offsets[i])
	}
	dst = binary.LittleEndian.AppendUint32(dst, a.flags)
	dst = append(dst, a.version...)
	for _, p := range payload {
		dst = append(dst, p...)
	}
	return dst
}

func parseAuthenticate(b []byte) (a authenticate, err error) {
	r := reader{message: "NTLM AUTHENTICATE", b: b}
	r.header(typeAuth, authHeader-8)
	if r.err != nil {
		return a, r.err
	}
	a.flags = binary.LittleEndian.Uint32(b[60:])
	a.lm = r.field("LM response", 12)
	a.nt = r.field("NT response", 20)
	a.domain = fromUTF16LE(r.field("domain", 28))
	a.user = fromUTF16LE(r.field("user", 36))
	a.workstation = fromUTF16LE(r.field("workstation", 44))
	a.sessionKey = r.field("session key", 52)
	return a, r.err
}

// mic is the integrity code of an AUTHENTICATE over the NEGOTIATE (connectionless:
// none), the CHALLENGE and itself, with its own 16 bytes zeroed, [MS-NLMP] 3.1.5.1.2.
func mic(exported, negotiate, challenge, auth []byte) (got, want []byte) {
	if len(auth) < authHeader+micLength {
		return nil, hmacMD5(exported)
	}
	zeroed := bytes.Clone(auth)
	clear(zeroed[authHeader : authHeader+micLength])
	return auth[authHeader : authHeader+micLength], hmacMD5(exported, negotiate, challenge, zeroed)
}

// appendField writes length, maximum length and offset of a payload part.
func appendField(dst []byte, length, offset int) []byte {
	dst = binary.LittleEndian.AppendUint16(dst, uint16(length))
	dst = binary.LittleEndian.AppendUint16(dst, uint16(length))
	return binary.LittleEndian.AppendUint32(dst, uint32(offset))
}

// reader takes an NTLM message apart and keeps the first error.
type reader struct {
	message string
	b       []byte
	err     error
}

func (r *reader) fail(field string, offset int, got, want string) {
	if r.err == nil {
		r.err = &wire.Error{Message: r.message, Field: field, Offset: offset, Got: got, Want: want}
	}
}

func (r *reader) header(kind uint32, least int) {
	switch {
	case len(r.b) < least:
		r.fail("message", 0, fmt.Sprintf("%d bytes", len(r.b)), fmt.Sprintf("at least %d", least))
	case string(r.b[:8]) != signature:
		r.fail("signature", 0, fmt.Sprintf("%q", r.b[:8]), fmt.Sprintf("%q", signature))
	case binary.LittleEndian.Uint32(r.b[8:]) != kind:
		r.fail("type", 8, fmt.Sprint(binary.LittleEndian.Uint32(r.b[8:])), fmt.Sprint(kind))
	}
}

// field is the payload part whose length and offset stand at byte at.
func (r *reader) field(name string, at int) []byte {
	length := int(binary.LittleEndian.Uint16(r.b[at:]))
	offset := int(binary.LittleEndian.Uint32(r.b[at+4:]))
	if length == 0 {
		return nil
	}
	if offset > len(r.b) || length > len(r.b)-offset {
		r.fail(name, at, fmt.Sprintf("%d bytes at %d", length, offset), fmt.Sprintf("within %d bytes", len(r.b)))
		return nil
	}
	return r.b[offset : offset+length]
}
