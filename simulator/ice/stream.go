package ice

import (
	"encoding/binary"
	"fmt"
	"io"
)

// MaxPacket is the largest packet on a TCP path.
const MaxPacket = 0xffff

// AppendPacket frames a packet for a TCP path: two bytes of length in front (RFC
// 4571). Inside an MS-TURN allocation over TCP the same frames are the data of
// Send requests and Data indications: the relay copies a stream and frames
// nothing. A packet larger than MaxPacket leaves dst as it was.
func AppendPacket(dst, packet []byte) []byte {
	if len(packet) > MaxPacket {
		return dst
	}
	dst = binary.BigEndian.AppendUint16(dst, uint16(len(packet)))
	return append(dst, packet...)
}

// ReadPacket reads one framed packet from a TCP path.
func ReadPacket(r io.Reader) ([]byte, error) {
	var size [2]byte
	if _, err := io.ReadFull(r, size[:]); err != nil {
		return nil, err
	}
	packet := make([]byte, binary.BigEndian.Uint16(size[:]))
	if _, err := io.ReadFull(r, packet); err != nil {
		return nil, fmt.Errorf("packet of %d bytes: %w", len(packet), io.ErrUnexpectedEOF)
	}
	return packet, nil
}

// Packets takes a stream apart that arrives in pieces of any size. The zero value
// is ready.
type Packets struct{ buf []byte }

// Add takes a piece of the stream and gives the packets that are whole now.
func (p *Packets) Add(piece []byte) (whole [][]byte) {
	p.buf = append(p.buf, piece...)
	for len(p.buf) >= 2 {
		n := int(binary.BigEndian.Uint16(p.buf))
		if len(p.buf) < 2+n {
			break
		}
		whole = append(whole, append([]byte(nil), p.buf[2:2+n]...))
		p.buf = p.buf[2+n:]
	}
	return whole
}
