package msturn

import (
	"bytes"
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"hash"
	"slices"

	"rehearse/proxy/wire"
)

// blockSize is what the signed bytes are padded to.
const blockSize = 64

// Key is what Message Integrity is computed with, by either HMAC.
type Key struct {
	sha1   [md5.Size]byte
	sha256 [sha256.Size]byte
}

// NewKey makes the key of user name, realm and password: for HMAC-SHA1 the MD5 of the
// three with colons between, each without the double quotes around it and without
// NULs at its end. User name and password are the raw bytes, not their base64
// ([MS-TURN] 3.1, digest challenge; the stripping is libnice's and pairs with
// the quoted realm of Microsoft servers).
//
// Modelled: for HMAC-SHA256 the key is the SHA-256 of the same; no source was to be
// had, nor a message whose password is known.
func NewKey(username []byte, realm Realm, password []byte) Key {
	text := bytes.Join([][]byte{bare(username), bare([]byte(realm)), bare(password)}, []byte(":"))
	return Key{sha1: md5.Sum(text), sha256: sha256.Sum256(text)}
}

func bare(b []byte) []byte {
	return bytes.TrimRight(bytes.TrimLeft(b, `"`), "\"\x00")
}

// mac is the HMAC whose values have a size.
func (k Key) mac(size int) hash.Hash {
	if size == sha256.Size {
		return hmac.New(sha256.New, k.sha256[:])
	}
	return hmac.New(sha1.New, k.sha1[:])
}

// Sign makes Message Integrity the message's last attribute, computed with key;
// one that is there already is replaced. It is the HMAC-SHA1 of MS-Version 1 and
// 2, over the message before it, zero-padded to a multiple of 64 bytes, with a
// length in the header that counts the attribute.
func (m *Message) Sign(key Key) { m.sign(key, sha1.Size) }

// SignSHA256 does the same with the HMAC-SHA256 of MS-Version 3 and later.
func (m *Message) SignSHA256(key Key) { m.sign(key, sha256.Size) }

// SignLike signs an answer with the HMAC of the request.
func (m *Message) SignLike(request *Message, key Key) {
	size := sha1.Size
	if mi, ok := Find[MessageIntegrity](request); ok {
		size = len(mi)
	}
	m.sign(key, size)
}

func (m *Message) sign(key Key, size int) {
	m.Attributes = slices.DeleteFunc(m.Attributes, func(a Attribute) bool {
		_, is := a.(MessageIntegrity)
		return is
	})
	m.Attributes = append(m.Attributes, make(MessageIntegrity, size))
	m.Attributes[len(m.Attributes)-1] = m.integrity(key, size)
}

// Verify checks Message Integrity, of either kind, against key. The error is a
// *wire.Error: the attribute is missing, is not last, or has another value.
func (m *Message) Verify(key Key) error {
	fail := func(got, want string) error {
		return &wire.Error{Message: "MS-TURN " + m.Type.String(), Field: "Message Integrity",
			Offset: m.integrityOffset(), Got: got, Want: want}
	}
	have, ok := Find[MessageIntegrity](m)
	if !ok {
		return fail("none", "an HMAC as the last attribute")
	}
	if last, ok := m.Attributes[len(m.Attributes)-1].(MessageIntegrity); !ok || !bytes.Equal(last, have) {
		return fail("an attribute behind it", "Message Integrity as the last attribute")
	}
	if !hmac.Equal(have, m.integrity(key, len(have))) {
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
// Integrity of a size, whatever its value.
func (m *Message) integrity(key Key, size int) MessageIntegrity {
	b := m.Bytes()
	b = b[:max(len(b)-4-size, 0)]
	mac := key.mac(size)
	mac.Write(b)
	mac.Write(make([]byte, -len(b)&(blockSize-1)))
	return mac.Sum(nil)
}
