package msturn

import (
	"bytes"
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha1"
	"slices"

	"rehearse/proxy/wire"
)

// blockSize is what the signed bytes are padded to.
const blockSize = 64

// Key is the key of the HMAC: MD5 of user name, realm and password with colons
// between, each without the double quotes around it and without NULs at its end.
// User name and password are the raw bytes, not their base64
// ([MS-TURN] 3.1, digest challenge; the stripping is libnice's and pairs with
// the quoted realm of Microsoft servers).
func Key(username []byte, realm Realm, password []byte) []byte {
	sum := md5.Sum(bytes.Join([][]byte{bare(username), bare([]byte(realm)), bare(password)}, []byte(":")))
	return sum[:]
}

func bare(b []byte) []byte {
	return bytes.TrimRight(bytes.TrimLeft(b, `"`), "\"\x00")
}

// Sign makes Message Integrity the message's last attribute, computed with key;
// one that is there already is replaced. It is the HMAC-SHA1 of MS-Version 1 and
// 2, over the message before it, zero-padded to a multiple of 64 bytes, with a
// length in the header that counts the attribute.
func (m *Message) Sign(key []byte) {
	m.Attributes = slices.DeleteFunc(m.Attributes, func(a Attribute) bool {
		_, is := a.(MessageIntegrity)
		return is
	})
	m.Attributes = append(m.Attributes, make(MessageIntegrity, sha1.Size))
	m.Attributes[len(m.Attributes)-1] = m.integrity(key)
}

// Verify checks Message Integrity against key. The error is a *wire.Error: the
// attribute is missing, is not last, is an HMAC-SHA256, or has another value.
func (m *Message) Verify(key []byte) error {
	fail := func(got, want string) error {
		return &wire.Error{Message: "MS-TURN " + m.Type.String(), Field: "Message Integrity",
			Offset: m.integrityOffset(), Got: got, Want: want}
	}
	have, ok := Find[MessageIntegrity](m)
	if !ok {
		return fail("none", "an HMAC-SHA1 as the last attribute")
	}
	if len(have) != sha1.Size {
		return fail(have.String(), "HMAC-SHA1, that of MS-Version 1 and 2")
	}
	if last, ok := m.Attributes[len(m.Attributes)-1].(MessageIntegrity); !ok || !bytes.Equal(last, have) {
		return fail("an attribute behind it", "Message Integrity as the last attribute")
	}
	if !hmac.Equal(have, m.integrity(key)) {
		return fail("another HMAC", "that of the key for this user, realm and password")
	}
	return nil
}

// integrityOffset is where Message Integrity begins, or the message ends.
func (m *Message) integrityOffset() int {
	before := *m
	i := slices.IndexFunc(m.Attributes, func(a Attribute) bool { return a.Number() == MessageIntegrity(nil).Number() })
	if i >= 0 {
		before.Attributes = m.Attributes[:i]
	}
	return len(before.Bytes())
}

// integrity computes the HMAC of a message whose last attribute is a Message
// Integrity of 20 bytes, whatever its value.
func (m *Message) integrity(key []byte) MessageIntegrity {
	b := m.Bytes()
	b = b[:max(len(b)-4-sha1.Size, 0)]
	mac := hmac.New(sha1.New, key)
	mac.Write(b)
	mac.Write(make([]byte, -len(b)&(blockSize-1)))
	return mac.Sum(nil)
}
