package audio

import (
	"bytes"
	"slices"
	"time"

	"github.com/pion/rtp"
)

const (
	// PCMU is the payload type of G.711 with mu-law (RFC 3551 6).
	PCMU = 0
	// Frame is how much sound one packet has.
	Frame = 20 * time.Millisecond
	// Rate is the clock of PCMU's time stamps, in samples a second.
	Rate = 8000

	samples = int(Rate * Frame / time.Second)
	silence = 0xff
)

// Source numbers the packets of one sender.
type Source struct {
	// ID is the synchronization source of every packet.
	ID   uint32
	sent uint32
}

// Next is the next packet: 20 ms of silence in PCMU.
func (s *Source) Next() []byte {
	return s.packet(rtp.Header{PayloadType: PCMU, Timestamp: s.sent * uint32(samples)}, bytes.Repeat([]byte{silence}, samples))
}

// Again is a packet sent on as a mixer does: with its payload and time, and its
// source as the one that contributed, but as the next packet of this source, for who
// gets it counts by the numbers. What is no RTP gives nil.
func (s *Source) Again(packet []byte) []byte {
	var p rtp.Packet
	if p.Unmarshal(packet) != nil {
		return nil
	}
	return s.packet(rtp.Header{PayloadType: p.PayloadType, Timestamp: p.Timestamp, CSRC: []uint32{p.SSRC}}, p.Payload)
}

func (s *Source) packet(h rtp.Header, payload []byte) []byte {
	h.Version, h.SSRC, h.SequenceNumber = 2, s.ID, uint16(s.sent)
	s.sent++
	b, err := (&rtp.Packet{Header: h, Payload: payload}).Marshal()
	if err != nil {
		return nil // these headers always marshal
	}
	return b
}

// HasFrom says whether a packet is RTP to which a source contributed.
func HasFrom(packet []byte, source uint32) bool {
	var h rtp.Header
	_, err := h.Unmarshal(packet)
	return err == nil && slices.Contains(h.CSRC, source)
}

// Sent is how many packets there were.
func (s *Source) Sent() int { return int(s.sent) }
