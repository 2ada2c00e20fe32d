package sipauth

import (
	"bytes"
	"crypto/hmac"
	"crypto/md5"
	"crypto/rc4"
	"encoding/binary"
	"strings"
	"unicode/utf16"

	//lint:ignore SA1019 NTLM is defined on MD4
	"golang.org/x/crypto/md4"
)

// sequence is the number in every NTLM signature of SIP, [MS-SIPAE] 3.1.4.1.
const sequence = 100

// utf16le is a string as NTLM carries it.
func utf16le(s string) []byte {
	var b []byte
	for _, u := range utf16.Encode([]rune(s)) {
		b = binary.LittleEndian.AppendUint16(b, u)
	}
	return b
}

// fromUTF16LE reads what utf16le wrote; a half unit at the end is dropped.
func fromUTF16LE(b []byte) string {
	units := make([]uint16, len(b)/2)
	for i := range units {
		units[i] = binary.LittleEndian.Uint16(b[2*i:])
	}
	return string(utf16.Decode(units))
}

func hmacMD5(key []byte, parts ...[]byte) []byte {
	h := hmac.New(md5.New, key)
	for _, p := range parts {
		h.Write(p)
	}
	return h.Sum(nil)
}

func rc4Once(key, data []byte) []byte {
	c, err := rc4.NewCipher(key)
	if err != nil {
		return nil // only for a key of 0 or more than 256 bytes; ours have 16
	}
	out := make([]byte, len(data))
	c.XORKeyStream(out, data)
	return out
}

// ntowfv2 is the key that a password gives, [MS-NLMP] 3.3.2.
func ntowfv2(password, user, domain string) []byte {
	h := md4.New()
	h.Write(utf16le(password))
	return hmacMD5(h.Sum(nil), utf16le(strings.ToUpper(user)+domain))
}

// blob is the "temp" of [MS-NLMP] 3.3.2: what the NTLMv2 response covers beside
// the server's challenge, and what follows the proof in the response.
func blob(filetime uint64, clientChallenge, targetInfo []byte) []byte {
	b := []byte{1, 1, 0, 0, 0, 0, 0, 0}
	b = binary.LittleEndian.AppendUint64(b, filetime)
	b = append(b, clientChallenge...)
	b = append(b, 0, 0, 0, 0)
	b = append(b, targetInfo...)
	return append(b, 0, 0, 0, 0)
}

// proof is NTProofStr; the session base key follows from it.
func proof(key, serverChallenge, blob []byte) (proof, sessionBaseKey []byte) {
	proof = hmacMD5(key, serverChallenge, blob)
	return proof, hmacMD5(key, proof)
}

// lmv2 is the LMv2 response.
func lmv2(key, serverChallenge, clientChallenge []byte) []byte {
	return append(hmacMD5(key, serverChallenge, clientChallenge), clientChallenge...)
}

// sessionKeys sign what one side sends, [MS-NLMP] 3.4.5.
type sessionKeys struct{ sign, seal []byte }

// keysOf derives the keys of the client's or the server's direction from the
// exported session key.
func keysOf(exported []byte, flags uint32, direction string) sessionKeys {
	sealing := exported
	switch {
	case flags&flag128 != 0:
	case flags&flag56 != 0:
		sealing = exported[:7]
	default:
		sealing = exported[:5]
	}
	sum := func(key []byte, what string) []byte {
		s := md5.Sum(append(bytes.Clone(key), "session key to "+direction+" "+what+" key magic constant\x00"...))
		return s[:]
	}
	return sessionKeys{sign: sum(exported, "signing"), seal: sum(sealing, "sealing")}
}

const (
	toServer = "client-to-server"
	toClient = "server-to-client"
)

// mac is the 16-byte signature of a text with extended session security,
// [MS-NLMP] 3.4.4.2. In datagram mode each message has a sealing key of its own.
func (k sessionKeys) mac(flags uint32, seq uint32, text []byte) []byte {
	num := binary.LittleEndian.AppendUint32(nil, seq)
	sum := hmacMD5(k.sign, num, text)[:8]
	if flags&flagKeyExchange != 0 {
		seal := k.seal
		if flags&flagDatagram != 0 {
			s := md5.Sum(append(bytes.Clone(seal), num...))
			seal = s[:]
		}
		sum = rc4Once(seal, sum)
	}
	out := append([]byte{1, 0, 0, 0}, sum...)
	return append(out, num...)
}
