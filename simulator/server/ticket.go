package server

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"encoding/binary"
	"slices"
	"time"
)

// tickets makes and checks the credentials for the A/V edge: what MRAS and the
// edge share. A user name says until when it is good and proves that MRAS made
// it; the password follows from the user name.
//
// The user name has the form that a real relay's was seen to have: 02 00, the
// length of what is signed, a FILETIME as two big-endian words with the low one
// first, 24 bytes of identity, and 20 bytes of HMAC-SHA1. Modelled: the keys, and
// how the password is made.
type tickets struct{ userKey, passKey []byte }

func newTickets() *tickets { return &tickets{random(20), random(20)} }

const (
	ticketSigned  = 36
	ticketSize    = ticketSigned + sha1.Size
	ticketMinutes = 480 // the longest, and what a client gets that does not ask
)

// ticket is one pair of credentials.
type ticket struct {
	username, password []byte
	minutes            int
}

// issue makes credentials that are good for so many minutes from now.
func (t *tickets) issue(now time.Time, minutes int) ticket {
	if minutes <= 0 || minutes > ticketMinutes {
		minutes = ticketMinutes
	}
	b := []byte{2, 0, 0, ticketSigned}
	expiry := filetime(now.Add(time.Duration(minutes) * time.Minute))
	b = binary.BigEndian.AppendUint32(b, uint32(expiry))
	b = binary.BigEndian.AppendUint32(b, uint32(expiry>>32))
	for {
		name := append(slices.Clip(b), random(24)...)
		name = append(name, t.sign(name)...)
		password := t.password(name)
		if whole(name) && whole(password) {
			return ticket{username: name, password: password, minutes: minutes}
		}
	}
}

// whole says whether bytes mean the same to everybody: some clients and servers
// take quotes off both ends and NULs off the end before they compute with them.
func whole(b []byte) bool {
	return len(bytes.Trim(b, `"`)) == len(b) && b[len(b)-1] != 0
}

func (t *tickets) sign(b []byte) []byte {
	h := hmac.New(sha1.New, t.userKey)
	h.Write(b)
	return h.Sum(nil)
}

func (t *tickets) password(username []byte) []byte {
	h := hmac.New(sha1.New, t.passKey)
	h.Write(username)
	return h.Sum(nil)
}

// check gives the password of a user name that MRAS made and that is still good.
func (t *tickets) check(username []byte, now time.Time) (password []byte, ok bool) {
	if len(username) != ticketSize || !hmac.Equal(username[ticketSigned:], t.sign(username[:ticketSigned])) {
		return nil, false
	}
	low, high := binary.BigEndian.Uint32(username[4:]), binary.BigEndian.Uint32(username[8:])
	if filetime(now) > uint64(high)<<32|uint64(low) {
		return nil, false
	}
	return t.password(username), true
}

// filetime counts units of 100 ns since 1601.
func filetime(t time.Time) uint64 {
	const epoch, unit = 11644473600, 100
	return uint64(t.Unix()+epoch)*(1e9/unit) + uint64(t.Nanosecond()/unit)
}

func base64Of(b []byte) string { return base64.StdEncoding.EncodeToString(b) }
