package msturn

import (
	"fmt"

	"rehearse/proxy/wire"
)

// Multiplexed is data of one session on a relay port that many sessions share,
// as MS-Version 5 (UDP) and 6 (TCP too) carry it: the payload of a
// FrameMultiplexed frame ([MS-TURN] 2.2.3).
type Multiplexed struct {
	Session SessionID
	Data    []byte
}

// Append appends the whole frame, header included, which over UDP is the
// datagram. Data that does not fit leaves dst as it was.
func (m Multiplexed) Append(dst []byte) []byte {
	payload := append(append(make([]byte, 0, len(m.Session)+len(m.Data)), m.Session[:]...), m.Data...)
	return AppendFrame(dst, FrameMultiplexed, payload)
}

// ParseMultiplexed reads the payload of a FrameMultiplexed frame. Data lies in
// payload. Errors are *wire.Error.
func ParseMultiplexed(payload []byte) (Multiplexed, error) {
	var m Multiplexed
	if len(payload) < len(m.Session) {
		return m, &wire.Error{Message: "MS-TURN multiplexed frame", Field: "session id", Offset: FrameHeaderSize,
			Got: wire.Bytes(len(payload)), Want: fmt.Sprintf("at least %d bytes", len(m.Session))}
	}
	m.Data = payload[copy(m.Session[:], payload):]
	return m, nil
}
