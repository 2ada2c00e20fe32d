package ice

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"strings"

	"github.com/pion/stun/v2"
)

// ErrIntegrity says that a check was not made with the expected password.
var ErrIntegrity = errors.New("connectivity check: message integrity is wrong")

// attrImplementation is the version of the sender's ICE, [MS-ICE2] 2.2.
const attrImplementation = stun.AttrType(0x8070)

// implementation is the version sent here, that of libnice.
const implementation = 2

// Check is a connectivity check, or the answer to one: a STUN Binding request or
// success response.
//
// In the dialect of Microsoft the message integrity is
// computed with the length of the whole message in the header, FINGERPRINT
// included, over a text that zeros fill up to a multiple of 64 bytes. Checks that
// name an implementation version (0x8070) are of that dialect. Parse takes both.
type Check struct {
	Response    bool
	Transaction [12]byte
	// Username is, in a request, the receiver's fragment, a colon, the sender's.
	Username string
	// Priority is of the peer-reflexive candidate that the check may reveal.
	Priority uint32
	// Controlling says which role the sender of a request has; TieBreaker decides
	// where both have one.
	Controlling  bool
	TieBreaker   uint64
	UseCandidate bool
	// Mapped is, in a response, where the request came from.
	Mapped netip.AddrPort
	// Microsoft chooses the dialect of the message integrity.
	Microsoft bool
}

// IsSTUN says whether a packet is a STUN message and not RTP: both share a path.
func IsSTUN(packet []byte) bool { return stun.IsMessage(packet) }

// IsRTP says whether a packet is RTP, version 2, and not RTCP (RFC 5761 4).
func IsRTP(packet []byte) bool {
	const firstRTCP, lastRTCP = 192, 223
	return len(packet) >= 12 && packet[0]>>6 == 2 && (packet[1] < firstRTCP || packet[1] > lastRTCP)
}

// Append appends the check, signed with the receiver's password (of a response:
// with the sender's own).
func (c Check) Append(dst []byte, password string) []byte {
	m := stun.New()
	m.TransactionID = c.Transaction
	m.Type = stun.BindingRequest
	if c.Response {
		m.Type = stun.BindingSuccess
	}
	m.WriteHeader()
	if c.Response {
		x := stun.XORMappedAddress{IP: c.Mapped.Addr().Unmap().AsSlice(), Port: int(c.Mapped.Port())}
		_ = x.AddTo(m) // fails only on an address of no family
	} else {
		c.addRequest(m)
	}
	if c.Microsoft {
		m.Add(attrImplementation, binary.BigEndian.AppendUint32(nil, implementation))
		m.Add(stun.AttrMessageIntegrity, integrity(m.Raw, 24+8, password))
	} else {
		_ = stun.NewShortTermIntegrity(password).AddTo(m) // fails only behind a fingerprint
	}
	_ = stun.Fingerprint.AddTo(m) // never fails
	return append(dst, m.Raw...)
}

func (c Check) addRequest(m *stun.Message) {
	m.Add(stun.AttrUsername, []byte(c.Username))
	m.Add(stun.AttrPriority, binary.BigEndian.AppendUint32(nil, c.Priority))
	role := stun.AttrICEControlled
	if c.Controlling {
		role = stun.AttrICEControlling
	}
	m.Add(role, binary.BigEndian.AppendUint64(nil, c.TieBreaker))
	if c.UseCandidate {
		m.Add(stun.AttrUseCandidate, nil)
	}
}

// integrity is Microsoft's: the message so far, with a length in its header that
// counts what is still to come, and zeros.
func integrity(message []byte, toCome int, password string) []byte {
	text := append([]byte(nil), message...)
	binary.BigEndian.PutUint16(text[2:], uint16(len(message)-20+toCome))
	if rest := len(text) % 64; rest != 0 {
		text = append(text, make([]byte, 64-rest)...)
	}
	h := hmac.New(sha1.New, []byte(password))
	h.Write(text)
	return h.Sum(nil)
}

// Parse reads a check whose password is given by its user name (of a response: ""),
// and verifies it.
func Parse(packet []byte, password func(username string) (string, bool)) (Check, error) {
	m := &stun.Message{Raw: append([]byte(nil), packet...)}
	if err := m.Decode(); err != nil {
		return Check{}, fmt.Errorf("connectivity check: %w", err)
	}
	c := Check{Transaction: m.TransactionID, Response: m.Type == stun.BindingSuccess}
	if !c.Response && m.Type != stun.BindingRequest {
		return c, fmt.Errorf("connectivity check: got %v, want a Binding request or success response", m.Type)
	}
	if v, err := m.Get(stun.AttrUsername); err == nil {
		// libnice in its dialect OC2007R2 counts the padding towards the length.
		c.Username = strings.TrimRight(string(v), "\x00")
	}
	if v, err := m.Get(stun.AttrPriority); err == nil && len(v) == 4 {
		c.Priority = binary.BigEndian.Uint32(v)
	}
	if v, err := m.Get(stun.AttrICEControlling); err == nil && len(v) == 8 {
		c.Controlling, c.TieBreaker = true, binary.BigEndian.Uint64(v)
	} else if v, err := m.Get(stun.AttrICEControlled); err == nil && len(v) == 8 {
		c.TieBreaker = binary.BigEndian.Uint64(v)
	}
	c.UseCandidate = m.Contains(stun.AttrUseCandidate)
	var x stun.XORMappedAddress
	if x.GetFrom(m) == nil {
		if a, ok := netip.AddrFromSlice(x.IP); ok {
			c.Mapped = netip.AddrPortFrom(a.Unmap(), uint16(x.Port))
		}
	}
	key, known := password(c.Username)
	if !known {
		return c, fmt.Errorf("connectivity check: user name %q is not of this call", c.Username)
	}
	var ok bool
	c.Microsoft, ok = verify(m, key)
	if !ok {
		return c, ErrIntegrity
	}
	return c, nil
}

// verify tries both dialects, first the one that the message names.
func verify(m *stun.Message, password string) (microsoft, ok bool) {
	got, err := m.Get(stun.AttrMessageIntegrity)
	if err != nil {
		return false, false
	}
	at := 20
	for _, a := range m.Attributes {
		if a.Type == stun.AttrMessageIntegrity {
			break
		}
		at += 4 + (int(a.Length)+3)/4*4
	}
	if at <= len(m.Raw) && hmac.Equal(got, integrity(m.Raw[:at], len(m.Raw)-at, password)) {
		return true, true
	}
	return m.Contains(attrImplementation), stun.NewShortTermIntegrity(password).Check(m) == nil
}
