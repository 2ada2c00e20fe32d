package audio

import (
	"time"

	"github.com/pion/rtp"
)

// Meter measures how one source's packets arrive (RFC 3550 6.4.1, A.3 and A.8). The
// zero value has heard nothing.
type Meter struct {
	source        uint32
	received      int
	first, newest uint32 // sequence numbers; the newest counts turns in its high half
	began         time.Time
	transit       time.Duration // of the packet before
	jitter        time.Duration
}

// Add takes a packet that arrived at a time; the packets of another source than the
// first one's, and what is no RTP, are passed over.
func (m *Meter) Add(packet []byte, at time.Time) bool {
	var h rtp.Header
	if _, err := h.Unmarshal(packet); err != nil || m.received > 0 && h.SSRC != m.source {
		return false
	}
	if m.received == 0 {
		m.source, m.first, m.newest, m.began = h.SSRC, uint32(h.SequenceNumber), uint32(h.SequenceNumber), at
	}
	m.received++
	if ahead := int16(h.SequenceNumber - uint16(m.newest)); ahead > 0 {
		m.newest += uint32(ahead)
	}
	m.spread(h.Timestamp, at)
	return true
}

// spread follows the jitter: a sixteenth of how much the packet's way took longer,
// or shorter, than that of the one before.
func (m *Meter) spread(stamp uint32, at time.Time) {
	transit := at.Sub(m.began) - time.Duration(stamp)*time.Second/Rate
	if m.received > 1 {
		m.jitter += ((transit - m.transit).Abs() - m.jitter) / 16
	}
	m.transit = transit
}

// Source is whose packets are measured.
func (m *Meter) Source() uint32 { return m.source }

// Received is how many packets came.
func (m *Meter) Received() int { return m.received }

// Lost is how many packets did not come, of those up to the newest; a packet that
// comes twice makes up for a lost one.
func (m *Meter) Lost() int {
	if m.received == 0 {
		return 0
	}
	return max(0, int(m.newest-m.first)+1-m.received)
}

// Jitter is how unevenly the packets came.
func (m *Meter) Jitter() time.Duration { return m.jitter }

// Report is what one side tells the other about its packets.
func (m *Meter) Report(from uint32) Report {
	return Report{From: from, About: m.source, Lost: m.Lost(), Newest: m.newest, Jitter: m.jitter}
}
