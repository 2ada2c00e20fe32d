package decrypt

import (
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha1"
	"encoding/binary"
	"hash"
)

// new12 derives the keys of TLS 1.0 to 1.2 (RFC 5246 6.3).
func new12(h Hello, s suite, master []byte) (*[2]Half, error) {
	mac, iv := 0, 4
	switch {
	case s.mode == cbc:
		mac, iv = s.mac.Size(), 0
		if h.Version < 0x0302 {
			iv = aes.BlockSize
		}
	case s.mode == chacha:
		iv = 12
	}
	seed := append([]byte("key expansion"), append(h.Server[:], h.Client[:]...)...)
	block := prf(h.Version, s.prf, master, seed, 2*(mac+s.key+iv))
	take := func(n int) []byte {
		b := block[:n]
		block = block[n:]
		return b
	}
	macs := [2][]byte{take(mac), take(mac)}
	keys := [2][]byte{take(s.key), take(s.key)}
	ivs := [2][]byte{take(iv), take(iv)}
	var out [2]Half
	for side := range out {
		o, err := open12(h, s, macs[side], keys[side], ivs[side])
		if err != nil {
			return nil, err
		}
		out[side].opener = o
	}
	return &out, nil
}

func open12(h Hello, s suite, mac, key, iv []byte) (opener, error) {
	if s.mode == cbc {
		block, err := aes.NewCipher(key)
		if err != nil {
			return nil, err
		}
		return &openCBC{block: block, hash: s.mac, mac: mac, iv: iv, chained: h.Version < 0x0302, late: h.EncryptThenMAC}, nil
	}
	a, err := s.aead(key)
	if err != nil {
		return nil, err
	}
	return &openAEAD12{a, iv, s.mode == gcm}, nil
}

// prf is the pseudorandom function of TLS 1.2 (RFC 5246 5), or of those before
// (RFC 2246 5).
func prf(version uint16, h crypto.Hash, secret, seed []byte, size int) []byte {
	if version >= 0x0303 {
		return expand(h.New, secret, seed, size)
	}
	half := (len(secret) + 1) / 2
	a := expand(md5.New, secret[:half], seed, size)
	for i, b := range expand(sha1.New, secret[len(secret)-half:], seed, size) {
		a[i] ^= b
	}
	return a
}

// expand is P_hash.
func expand(h func() hash.Hash, secret, seed []byte, size int) []byte {
	sum := func(parts ...[]byte) []byte {
		m := hmac.New(h, secret)
		for _, p := range parts {
			m.Write(p)
		}
		return m.Sum(nil)
	}
	var out []byte
	for a := sum(seed); len(out) < size; a = sum(a) {
		out = append(out, sum(a, seed)...)
	}
	return out[:size]
}

// openAEAD12 opens records of AES-GCM (RFC 5288 3), where a part of the nonce
// stands in the record, and of ChaCha20-Poly1305 (RFC 7905 2), where none does.
type openAEAD12 struct {
	aead     cipher.AEAD
	iv       []byte
	explicit bool
}

func (o *openAEAD12) open(sequence uint64, header, body []byte) (byte, []byte, error) {
	const explicit = 8
	nonce := binary.BigEndian.AppendUint64(make([]byte, 4, 12), sequence)
	if o.explicit {
		if len(body) < explicit {
			return 0, nil, errRecord
		}
		copy(nonce[4:], body)
		body = body[explicit:]
		copy(nonce, o.iv)
	} else {
		for i := range nonce {
			nonce[i] ^= o.iv[i]
		}
	}
	size := len(body) - o.aead.Overhead()
	if size < 0 {
		return 0, nil, errRecord
	}
	plain, err := o.aead.Open(nil, nonce, body, additional(sequence, header, size))
	if err != nil {
		return 0, nil, errRecord
	}
	return header[0], plain, nil
}

// openCBC opens records of AES in CBC mode (RFC 5246 6.2.3.2).
type openCBC struct {
	block   cipher.Block
	hash    crypto.Hash
	mac, iv []byte
	chained bool // the IV is the end of the record before, as in TLS 1.0
	late    bool // the MAC is over the ciphertext (RFC 7366)
}

func (o *openCBC) open(sequence uint64, header, body []byte) (byte, []byte, error) {
	size := o.hash.Size()
	if o.late {
		if len(body) < size {
			return 0, nil, errRecord
		}
		if !o.right(sequence, header, body[:len(body)-size], body[len(body)-size:]) {
			return 0, nil, errRecord
		}
		body = body[:len(body)-size]
	}
	iv := o.iv
	if !o.chained {
		if len(body) < aes.BlockSize {
			return 0, nil, errRecord
		}
		iv, body = body[:aes.BlockSize], body[aes.BlockSize:]
	}
	if len(body) == 0 || len(body)%aes.BlockSize != 0 {
		return 0, nil, errRecord
	}
	plain := make([]byte, len(body))
	cipher.NewCBCDecrypter(o.block, iv).CryptBlocks(plain, body)
	if o.chained {
		o.iv = append([]byte(nil), body[len(body)-aes.BlockSize:]...)
	}
	pad := int(plain[len(plain)-1]) + 1
	if pad > len(plain) {
		return 0, nil, errRecord
	}
	plain = plain[:len(plain)-pad]
	if o.late {
		return header[0], plain, nil
	}
	if len(plain) < size {
		return 0, nil, errRecord
	}
	plain, sum := plain[:len(plain)-size], plain[len(plain)-size:]
	if !o.right(sequence, header, plain, sum) {
		return 0, nil, errRecord
	}
	return header[0], plain, nil
}

// right checks a MAC.
func (o *openCBC) right(sequence uint64, header, b, sum []byte) bool {
	m := hmac.New(o.hash.New, o.mac)
	m.Write(additional(sequence, header, len(b)))
	m.Write(b)
	return hmac.Equal(m.Sum(nil), sum)
}
