package audio

import (
	"encoding/binary"
	"time"
)

// The types of RTCP packets (RFC 3550 12.1).
const (
	senderReport   = 200
	receiverReport = 201
)

const (
	blockSize  = 24
	senderSize = 28 // header, source and sender's part
)

// Report is a reception report of RTCP (RFC 3550 6.4): how one side hears the other.
type Report struct {
	From, About uint32        // synchronization sources
	Lost        int           // packets
	Newest      uint32        // sequence number, with turns in its high half
	Jitter      time.Duration // in samples on the wire
}

// block appends the report without the packet around it. Fraction lost and the times
// of sender reports are left at 0: nobody here asks for them.
func (r Report) block(b []byte) []byte {
	const most = 1<<23 - 1
	b = binary.BigEndian.AppendUint32(b, r.About)
	b = binary.BigEndian.AppendUint32(b, uint32(min(max(r.Lost, 0), most)))
	b = binary.BigEndian.AppendUint32(b, r.Newest)
	b = binary.BigEndian.AppendUint32(b, uint32(r.Jitter*Rate/time.Second))
	return append(b, make([]byte, 8)...)
}

// AppendReceiver appends the report as an RTCP packet of who sends no audio, or only
// what others said.
func (r Report) AppendReceiver(b []byte) []byte {
	b = append(b, 0x81, receiverReport, 0, 7)
	b = binary.BigEndian.AppendUint32(b, r.From)
	return r.block(b)
}

// AppendSender appends the report as an RTCP packet of a source that sends audio, at
// a time since it began. Who heard nothing yet has nothing to report.
func (r Report) AppendSender(b []byte, s *Source, at time.Duration) []byte {
	count, words := byte(0), byte(senderSize/4-1)
	if r.About != 0 {
		count, words = 1, words+blockSize/4
	}
	b = append(b, 0x80|count, senderReport, 0, words)
	b = binary.BigEndian.AppendUint32(b, s.ID)
	b = binary.BigEndian.AppendUint32(b, uint32(at/time.Second))
	b = binary.BigEndian.AppendUint32(b, uint32(at%time.Second<<32/time.Second))
	b = binary.BigEndian.AppendUint32(b, uint32(at*Rate/time.Second))
	b = binary.BigEndian.AppendUint32(b, s.sent)
	b = binary.BigEndian.AppendUint32(b, s.sent*uint32(samples))
	if count == 1 {
		b = r.block(b)
	}
	return b
}

// IsRTCP says whether a packet that is no STUN message is RTCP (RFC 5761 4).
func IsRTCP(packet []byte) bool {
	const first, last = 192, 223
	return len(packet) >= 8 && packet[0]>>6 == 2 && packet[1] >= first && packet[1] <= last
}

// ParseReport finds the first report about a source in a compound RTCP packet.
func ParseReport(compound []byte, about uint32) (Report, bool) {
	for len(compound) >= 8 && compound[0]>>6 == 2 {
		size := 4 * (1 + int(binary.BigEndian.Uint16(compound[2:])))
		if size > len(compound) {
			break
		}
		packet := compound[:size]
		compound = compound[size:]
		at := 8
		switch packet[1] {
		case senderReport:
			at = senderSize
		case receiverReport:
		default:
			continue
		}
		for n := int(packet[0] & 0x1f); n > 0 && at+blockSize <= size; n, at = n-1, at+blockSize {
			if r := parseBlock(packet[at:]); r.About == about {
				r.From = binary.BigEndian.Uint32(packet[4:])
				return r, true
			}
		}
	}
	return Report{}, false
}

func parseBlock(b []byte) Report {
	lost := int(int32(binary.BigEndian.Uint32(b[4:])<<8) >> 8) // 24 bits with a sign
	return Report{
		About: binary.BigEndian.Uint32(b), Lost: lost, Newest: binary.BigEndian.Uint32(b[8:]),
		Jitter: time.Duration(binary.BigEndian.Uint32(b[12:])) * time.Second / Rate,
	}
}
