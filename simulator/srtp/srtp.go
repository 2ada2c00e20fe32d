// Package srtp protects RTP and RTCP packets as Skype for Business does: the suite
// AES_CM_128_HMAC_SHA1_80 of RFC 3711, with keys that SDP carries (RFC 4568).
//
// In goes a packet and out comes one, the same way in both directions; who sends
// what where is the caller's affair. The one thing to know: a Sender and a Receiver
// belong to one direction each, and both sides of a call make their own key.
package srtp

import "github.com/pion/srtp/v3"

// The sizes of the suite (RFC 3711 8.2).
const (
	keySize  = 16
	saltSize = 14
)

// window is how far behind the newest packet another may come (RFC 3711 3.3.2).
const window = 64

// Master is a master key with its salt, as SDP carries it.
type Master [keySize + saltSize]byte

// context is what is derived from a master key, for one direction.
func (m Master) context() *srtp.Context {
	c, err := srtp.CreateContext(m[:keySize], m[keySize:], srtp.ProtectionProfileAes128CmHmacSha1_80,
		srtp.SRTPReplayProtection(window), srtp.SRTCPReplayProtection(window))
	if err != nil {
		panic(err) // the sizes are right
	}
	return c
}

// Sender protects one direction's packets. It is not safe for concurrent use.
type Sender struct{ context *srtp.Context }

// NewSender is for packets that are protected with the sender's own key.
func NewSender(m Master) *Sender { return &Sender{m.context()} }

// Protect encrypts an RTP packet and appends its tag. The packet is not changed. It
// fails on what is no RTP.
func (s *Sender) Protect(packet []byte) ([]byte, error) {
	return s.context.EncryptRTP(nil, packet, nil)
}

// ProtectRTCP encrypts a compound RTCP packet and appends its index and its tag (RFC
// 3711 3.4). The packet is not changed. It fails on what is no RTCP.
func (s *Sender) ProtectRTCP(packet []byte) ([]byte, error) {
	return s.context.EncryptRTCP(nil, packet, nil)
}

// Receiver opens one direction's packets. It is not safe for concurrent use.
type Receiver struct{ context *srtp.Context }

// NewReceiver is for packets that are protected with the other side's key.
func NewReceiver(m Master) *Receiver { return &Receiver{m.context()} }

// Open checks and decrypts an RTP packet, which is not changed. It refuses what is
// not authentic, and what came before or too late.
func (r *Receiver) Open(packet []byte) ([]byte, error) {
	return r.context.DecryptRTP(nil, packet, nil)
}

// OpenRTCP checks and decrypts a compound RTCP packet, which is not changed. It
// refuses what Open refuses.
func (r *Receiver) OpenRTCP(packet []byte) ([]byte, error) {
	return r.context.DecryptRTCP(nil, packet, nil)
}
