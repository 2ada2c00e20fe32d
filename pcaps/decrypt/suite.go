package decrypt

import (
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	_ "crypto/sha1"
	_ "crypto/sha256"
	_ "crypto/sha512"

	"golang.org/x/crypto/chacha20poly1305"
)

// mode is how a suite encrypts.
type mode uint8

const (
	gcm mode = iota
	chacha
	cbc
)

// suite is what decryption has to know of a cipher suite. Which key exchange it
// has does not matter.
type suite struct {
	mode mode
	key  int         // bytes
	mac  crypto.Hash // of CBC
	prf  crypto.Hash // of TLS 1.2 and 1.3
}

// suites are the cipher suites that can be opened (IANA, TLS Cipher Suites).
var suites = [...]struct {
	suite
	ids []uint16
}{
	{suite{gcm, 16, 0, crypto.SHA256}, []uint16{0x1301, 0x009c, 0x009e, 0x00a0, 0x00a2, 0xc02b, 0xc02d, 0xc02f, 0xc031}},
	{suite{gcm, 32, 0, crypto.SHA384}, []uint16{0x1302, 0x009d, 0x009f, 0x00a1, 0x00a3, 0xc02c, 0xc02e, 0xc030, 0xc032}},
	{suite{chacha, 32, 0, crypto.SHA256}, []uint16{0x1303, 0xcca8, 0xcca9, 0xccaa}},
	{suite{cbc, 16, crypto.SHA1, crypto.SHA256}, []uint16{0x002f, 0x0032, 0x0033, 0xc004, 0xc009, 0xc00e, 0xc013}},
	{suite{cbc, 32, crypto.SHA1, crypto.SHA256}, []uint16{0x0035, 0x0038, 0x0039, 0xc005, 0xc00a, 0xc00f, 0xc014}},
	{suite{cbc, 16, crypto.SHA256, crypto.SHA256}, []uint16{0x003c, 0x0040, 0x0067, 0xc023, 0xc025, 0xc027, 0xc029}},
	{suite{cbc, 32, crypto.SHA256, crypto.SHA256}, []uint16{0x003d, 0x006a, 0x006b}},
	{suite{cbc, 32, crypto.SHA384, crypto.SHA384}, []uint16{0xc024, 0xc026, 0xc028, 0xc02a}},
}

func suiteOf(id uint16) (suite, bool) {
	for _, s := range suites {
		for _, n := range s.ids {
			if n == id {
				return s.suite, true
			}
		}
	}
	return suite{}, false
}

// aead makes the cipher of an AEAD suite.
func (s suite) aead(key []byte) (cipher.AEAD, error) {
	if s.mode == chacha {
		return chacha20poly1305.New(key)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}
