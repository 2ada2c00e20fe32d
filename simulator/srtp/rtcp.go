package srtp

import (
	"crypto/hmac"
	"encoding/binary"
	"fmt"
)

const (
	clearRTCP = 8       // header and source stay in the clear
	encrypted = 1 << 31 // the flag before the index
)

// ProtectRTCP encrypts a compound RTCP packet and appends its index and its tag (RFC
// 3711 3.4). The packet is not changed.
func (s *Sender) ProtectRTCP(packet []byte) ([]byte, error) {
	if len(packet) < clearRTCP {
		return nil, fmt.Errorf("SRTCP: got %d bytes, want at least %d", len(packet), clearRTCP)
	}
	s.reports++
	out := append([]byte(nil), packet...)
	s.rtcp.crypt(out[clearRTCP:], binary.BigEndian.Uint32(out[4:]), uint64(s.reports))
	out = binary.BigEndian.AppendUint32(out, s.reports|encrypted)
	return append(out, s.rtcp.tag(out)...), nil
}

// OpenRTCP checks and decrypts a compound RTCP packet. Its errors are those of Open.
func (r *Receiver) OpenRTCP(packet []byte) ([]byte, error) {
	end := len(packet) - TagSize
	if end < clearRTCP+4 {
		return nil, fmt.Errorf("SRTCP: got %d bytes, want at least %d", len(packet), clearRTCP+4+TagSize)
	}
	if !hmac.Equal(packet[end:], r.rtcp.tag(packet[:end])) {
		return nil, ErrTag
	}
	index := binary.BigEndian.Uint32(packet[end-4:])
	if !r.reports.take(uint64(index &^ encrypted)) {
		return nil, ErrReplay
	}
	out := append([]byte(nil), packet[:end-4]...)
	if index&encrypted != 0 {
		r.rtcp.crypt(out[clearRTCP:], binary.BigEndian.Uint32(out[4:]), uint64(index&^encrypted))
	}
	return out, nil
}
