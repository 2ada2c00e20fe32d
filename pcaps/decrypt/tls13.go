package decrypt

import (
	"bytes"
	"crypto/cipher"
	"crypto/hkdf"
	"encoding/binary"
)

// new13 makes halves that begin with the secrets of the handshake, or, where the
// key log has none, with those of the traffic; then the handshake does not open.
func new13(s suite, secrets *Secrets) (*[2]Half, error) {
	if s.mode == cbc {
		return nil, ErrSuite
	}
	var out [2]Half
	for side := range out {
		o := &open13{suite: s, traffic: secrets.Traffic[side]}
		if secrets.Handshake[side] == nil {
			return nil, ErrNoSecret
		}
		if err := o.use(secrets.Handshake[side]); err != nil {
			return nil, err
		}
		out[side].opener = o
	}
	return &out, nil
}

// Advance says that a side has sent its Finished: its records are under the traffic
// secret from here on. Of TLS 1.2 and before it does nothing.
func (h *Half) Advance() {
	if o, ok := h.opener.(*open13); ok {
		h.renew(o, o.traffic)
	}
}

// Update says that a side has sent a KeyUpdate (RFC 8446 7.2).
func (h *Half) Update() {
	o, ok := h.opener.(*open13)
	if !ok {
		return
	}
	next, err := label(o.suite, o.secret, "traffic upd", o.suite.prf.Size())
	if err != nil {
		h.dead = err
		return
	}
	h.renew(o, next)
}

func (h *Half) renew(o *open13, secret []byte) {
	h.sequence = 0
	if secret == nil {
		h.dead = ErrNoSecret
	} else if err := o.use(secret); err != nil {
		h.dead = err
	}
}

// open13 opens records of TLS 1.3 (RFC 8446 5.2).
type open13 struct {
	suite   suite
	secret  []byte
	traffic []byte // the secret behind the Finished
	aead    cipher.AEAD
	iv      []byte
}

func (o *open13) use(secret []byte) (err error) {
	o.secret = secret
	key, err := label(o.suite, secret, "key", o.suite.key)
	if err != nil {
		return err
	}
	if o.iv, err = label(o.suite, secret, "iv", 12); err != nil {
		return err
	}
	o.aead, err = o.suite.aead(key)
	return err
}

// label is HKDF-Expand-Label with an empty context (RFC 8446 7.1).
func label(s suite, secret []byte, name string, size int) ([]byte, error) {
	name = "tls13 " + name
	info := binary.BigEndian.AppendUint16(nil, uint16(size))
	info = append(append(append(info, byte(len(name))), name...), 0)
	return hkdf.Expand(s.prf.New, secret, string(info), size)
}

func (o *open13) open(sequence uint64, header, body []byte) (byte, []byte, error) {
	nonce := binary.BigEndian.AppendUint64(make([]byte, 4, 12), sequence)
	for i := range nonce {
		nonce[i] ^= o.iv[i]
	}
	plain, err := o.aead.Open(nil, nonce, body, header)
	if err != nil {
		return 0, nil, errRecord
	}
	plain = bytes.TrimRight(plain, "\x00")
	if len(plain) == 0 {
		return 0, nil, errRecord
	}
	return plain[len(plain)-1], plain[:len(plain)-1], nil
}
