package ice

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// The older dialect, [MS-ICE], is that of draft 6 of ICE: each candidate has a user
// name and a password of its own, and connectivity checks are STUN messages of RFC
// 3489, without a cookie.

// ParseDraft6 reads the value of an "a=candidate" line in the form of [MS-ICE]: user
// name, component, password, transport, priority, address, port. Over TCP it stands
// for two candidates, one that connects and one that listens.
func ParseDraft6(value string) ([]Candidate, error) {
	f := strings.Fields(strings.TrimPrefix(value, "candidate:"))
	const words = 7
	if len(f) < words {
		return nil, fmt.Errorf("candidate %q: want user name, component, password, transport, priority, address, port", value)
	}
	var c Candidate
	for i, part := range map[int]*string{0: &c.User, 2: &c.Password} {
		b, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(f[i], "="))
		if err != nil || len(b) == 0 {
			return nil, fmt.Errorf("candidate %q: %q, want base64", value, f[i])
		}
		*part = string(b)
	}
	component, err := strconv.ParseUint(f[1], 10, 8)
	if err != nil || component < RTP || component > RTCP {
		return nil, fmt.Errorf("candidate %q: component %q, want 1 or 2", value, f[1])
	}
	c.Component = int(component)
	fraction, ok := strings.CutPrefix(f[4], "0.")
	priority, err := strconv.ParseUint(fraction, 10, 32)
	if !ok || err != nil {
		return nil, fmt.Errorf("candidate %q: priority %q, want 0. and a number of 32 bits", value, f[4])
	}
	c.Priority = uint32(priority)
	if c.Addr, err = parseAddr(f[5], f[6]); err != nil {
		return nil, fmt.Errorf("candidate %q: %w", value, err)
	}
	switch f[3] {
	case UDP:
		c.Transport = UDP
		return []Candidate{c}, nil
	case "TCP":
		active, passive := c, c
		active.Transport, passive.Transport = TCPActive, TCPPassive
		return []Candidate{active, passive}, nil
	}
	return nil, fmt.Errorf("candidate %q: transport %q, want UDP or TCP", value, f[3])
}

// Draft6 is the value of the candidate's line in the form of [MS-ICE].
func (c Candidate) Draft6() string {
	transport := "TCP"
	if c.Transport == UDP {
		transport = UDP
	}
	text := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf("%s %d %s %s 0.%d %s %d ", text([]byte(c.User)), c.Component, text([]byte(c.Password)), transport, c.Priority, c.Addr.Addr(), c.Addr.Port())
}

// Draft6Check is a connectivity check of [MS-ICE], or the answer to one. The request's
// user name stands in both; they are signed with the password of who is asked.
type Draft6Check struct {
	Response    bool
	Transaction [16]byte
	Username    string // as on the wire; see Draft6Username
	// Mapped is, in a response, where the request came from.
	Mapped netip.AddrPort
}

// Draft6Username is the user name of a check of a component: that of who is asked, of
// who asks, and zeros, one to four, up to a multiple of four bytes (libnice's way).
func Draft6Username(asked, asking string, component int) string {
	name := fmt.Sprintf("%s:%d:%s:%d", asked, component, asking, component)
	return name + strings.Repeat("\x00", 4-len(name)%4)
}

// What a message of RFC 3489 is made of.
const (
	oldHeader    = 20
	oldRequest   = 0x0001
	oldResponse  = 0x0101
	oldMapped    = 0x0001
	oldUsername  = 0x0006
	oldIntegrity = 0x0008
)

// IsDraft6 says whether a packet may be a check of [MS-ICE] and is not RTP.
func IsDraft6(packet []byte) bool {
	if len(packet) < oldHeader || int(binary.BigEndian.Uint16(packet[2:])) != len(packet)-oldHeader {
		return false
	}
	kind := binary.BigEndian.Uint16(packet)
	return kind == oldRequest || kind == oldResponse
}

// Append appends the check, signed with a password.
func (c Draft6Check) Append(dst []byte, password string) []byte {
	kind := uint16(oldRequest)
	var body []byte
	add := func(number uint16, value []byte) {
		body = binary.BigEndian.AppendUint16(body, number)
		body = binary.BigEndian.AppendUint16(body, uint16(len(value)))
		body = append(body, value...)
	}
	if c.Response {
		kind = oldResponse
		ip := c.Mapped.Addr().Unmap().AsSlice()
		family := byte(1)
		if len(ip) == 16 {
			family = 2
		}
		add(oldMapped, append(binary.BigEndian.AppendUint16([]byte{0, family}, c.Mapped.Port()), ip...))
	}
	add(oldUsername, []byte(c.Username))
	add(oldIntegrity, make([]byte, sha1.Size))
	m := binary.BigEndian.AppendUint16(nil, kind)
	m = binary.BigEndian.AppendUint16(m, uint16(len(body)))
	m = append(append(m, c.Transaction[:]...), body...)
	copy(m[len(m)-sha1.Size:], draft6Integrity(m, password))
	return append(dst, m...)
}

// draft6Integrity is that of a message whose last attribute it is: of what stands
// before it, and zeros.
func draft6Integrity(m []byte, password string) []byte {
	return integrity(m[:len(m)-4-sha1.Size], 4+sha1.Size, password)
}

// ParseDraft6Check reads a check whose password is given by its user name, and
// verifies it.
func ParseDraft6Check(packet []byte, password func(username string) (string, bool)) (Draft6Check, error) {
	if !IsDraft6(packet) {
		return Draft6Check{}, errors.New("connectivity check: want a Binding request or response of RFC 3489")
	}
	c := Draft6Check{Response: binary.BigEndian.Uint16(packet) == oldResponse, Transaction: [16]byte(packet[4:])}
	at, kind := oldHeader, 0
	for at < len(packet) {
		if len(packet)-at < 4 || len(packet)-at-4 < int(binary.BigEndian.Uint16(packet[at+2:])) {
			return c, fmt.Errorf("connectivity check: attribute at byte %d is cut short", at)
		}
		kind = int(binary.BigEndian.Uint16(packet[at:]))
		end := at + 4 + int(binary.BigEndian.Uint16(packet[at+2:]))
		c.take(kind, packet[at+4:end])
		if at = end; kind == oldIntegrity {
			break
		}
	}
	if kind != oldIntegrity || at != len(packet) || len(packet) < oldHeader+4+sha1.Size {
		return c, ErrIntegrity
	}
	key, known := password(c.Username)
	if !known {
		return c, fmt.Errorf("connectivity check: user name %q is not of this call", c.Username)
	}
	if !hmac.Equal(packet[len(packet)-sha1.Size:], draft6Integrity(packet, key)) {
		return c, ErrIntegrity
	}
	return c, nil
}

// take notes an attribute's value.
func (c *Draft6Check) take(kind int, value []byte) {
	switch kind {
	case oldUsername:
		c.Username = string(bytes.Clone(value))
	case oldMapped:
		if len(value) < 8 {
			return
		}
		if a, ok := netip.AddrFromSlice(value[4:]); ok {
			c.Mapped = netip.AddrPortFrom(a, binary.BigEndian.Uint16(value[2:]))
		}
	}
}
