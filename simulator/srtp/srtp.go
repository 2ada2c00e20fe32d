// Package srtp protects RTP and RTCP packets as Skype for Business does: the suite
// AES_CM_128_HMAC_SHA1_80 of RFC 3711, with keys that SDP carries (RFC 4568).
//
// In goes a packet and out comes one, the same way in both directions; who sends
// what where is the caller's affair. The one thing to know: a Sender and a Receiver
// belong to one direction each, and both sides of a call make their own key.
package srtp

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"

	"github.com/pion/rtp"
)

// The sizes of the suite (RFC 3711 8.2).
const (
	keySize  = 16
	saltSize = 14
	authSize = 20
	// TagSize is how much an RTP packet grows.
	TagSize = 10
)

// Master is a master key with its salt, as SDP carries it.
type Master [keySize + saltSize]byte

// The errors of Open, beside those of packets that are no RTP.
var (
	ErrTag    = errors.New("SRTP: the authentication tag is wrong")
	ErrReplay = errors.New("SRTP: the packet came before")
)

// The labels of key derivation (RFC 3711 4.3.2); RTCP's follow RTP's.
const (
	labelRTP  = 0
	labelRTCP = 3
)

// session is what is derived from a master key, for RTP or for RTCP.
type session struct {
	block cipher.Block
	salt  [saltSize]byte
	mac   hash.Hash
}

// derive makes the session keys; the key derivation rate is 0, as SDP has it.
func derive(m Master, label byte) *session {
	var key [keySize]byte
	var auth [authSize]byte
	s := &session{}
	m.stream(label, key[:])
	m.stream(label+1, auth[:])
	m.stream(label+2, s.salt[:])
	s.block, _ = aes.NewCipher(key[:]) // the size is right
	s.mac = hmac.New(sha1.New, auth[:])
	return s
}

// stream fills out with the key stream of a label.
func (m Master) stream(label byte, out []byte) {
	const labelAt = 7
	var iv [aes.BlockSize]byte
	copy(iv[:], m[keySize:])
	iv[labelAt] ^= label
	block, _ := aes.NewCipher(m[:keySize]) // the size is right
	clear(out)
	cipher.NewCTR(block, iv[:]).XORKeyStream(out, out)
}

// crypt encrypts or decrypts in place what a source sent as its packet of an index
// (RFC 3711 4.1.1).
func (s *session) crypt(b []byte, source uint32, index uint64) {
	var iv [aes.BlockSize]byte
	copy(iv[:], s.salt[:])
	binary.BigEndian.PutUint32(iv[4:], binary.BigEndian.Uint32(iv[4:])^source)
	binary.BigEndian.PutUint64(iv[6:], binary.BigEndian.Uint64(iv[6:])^index)
	cipher.NewCTR(s.block, iv[:]).XORKeyStream(b, b)
}

// tag authenticates a packet and what stands behind it only in thought.
func (s *session) tag(packet []byte, rest ...byte) []byte {
	s.mac.Reset()
	s.mac.Write(packet)
	s.mac.Write(rest)
	return s.mac.Sum(nil)[:TagSize]
}

func rollover(index uint64) []byte {
	return binary.BigEndian.AppendUint32(nil, uint32(index>>16))
}

// header reads an RTP packet as far as it stays in the clear.
func header(packet []byte) (h rtp.Header, size int, err error) {
	if size, err = h.Unmarshal(packet); err != nil {
		return h, 0, fmt.Errorf("SRTP: %w", err)
	}
	return h, size, nil
}

// Sender protects one direction's packets. It is not safe for concurrent use.
type Sender struct {
	rtp, rtcp *session
	sent      map[uint32]*counter // by source
	reports   uint32
}

// NewSender is for packets that are protected with the sender's own key.
func NewSender(m Master) *Sender {
	return &Sender{rtp: derive(m, labelRTP), rtcp: derive(m, labelRTCP), sent: make(map[uint32]*counter)}
}

// Protect encrypts an RTP packet and appends its tag. The packet is not changed.
func (s *Sender) Protect(packet []byte) ([]byte, error) {
	h, size, err := header(packet)
	if err != nil {
		return nil, err
	}
	c := s.sent[h.SSRC]
	if c == nil {
		c = &counter{}
		s.sent[h.SSRC] = c
	}
	index := c.estimate(h.SequenceNumber)
	c.take(index)
	out := append(make([]byte, 0, len(packet)+TagSize), packet...)
	s.rtp.crypt(out[size:], h.SSRC, index)
	return append(out, s.rtp.tag(out, rollover(index)...)...), nil
}

// Receiver opens one direction's packets. It is not safe for concurrent use.
type Receiver struct {
	rtp, rtcp *session
	seen      map[uint32]*counter // by source
	reports   counter
}

// NewReceiver is for packets that are protected with the other side's key.
func NewReceiver(m Master) *Receiver {
	return &Receiver{rtp: derive(m, labelRTP), rtcp: derive(m, labelRTCP), seen: make(map[uint32]*counter)}
}

// Open checks and decrypts an RTP packet, which is not changed. It refuses with
// ErrTag what is not authentic and with ErrReplay what came before or too late.
func (r *Receiver) Open(packet []byte) ([]byte, error) {
	h, size, err := header(packet)
	if err != nil {
		return nil, err
	}
	end := len(packet) - TagSize
	if end < size {
		return nil, fmt.Errorf("SRTP: got %d bytes, want at least %d", len(packet), size+TagSize)
	}
	c := r.seen[h.SSRC]
	if c == nil {
		c = &counter{}
	}
	index := c.estimate(h.SequenceNumber)
	if !hmac.Equal(packet[end:], r.rtp.tag(packet[:end], rollover(index)...)) {
		return nil, ErrTag
	}
	if !c.take(index) {
		return nil, ErrReplay
	}
	r.seen[h.SSRC] = c // an authentic source is remembered
	out := append([]byte(nil), packet[:end]...)
	r.rtp.crypt(out[size:], h.SSRC, index)
	return out, nil
}
