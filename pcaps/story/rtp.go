package story

import (
	"encoding/binary"
	"fmt"
)

// rtpSide follows the RTP that one side of a flow sends (RFC 3550 5.1), one source
// at a time.
type rtpSide struct {
	source   uint32
	first    uint16
	next     uint16
	packets  int
	expected int
	sure     bool
}

// enough is how many packets in a row make RTP believed: two bits are all that
// marks it.
const enough = 3

// saw takes a datagram that may be RTP or RTCP.
func (r *rtpSide) saw(b []byte) string {
	const header = 12
	if len(b) < header {
		return ""
	}
	if b[1] >= 200 && b[1] <= 207 {
		if r.sure {
			return "rtcp"
		}
		return ""
	}
	source, number := binary.BigEndian.Uint32(b[8:]), binary.BigEndian.Uint16(b[2:])
	switch ahead := number - r.next; {
	case r.packets > 0 && source == r.source && ahead < 1<<10:
		r.packets++
		r.expected += int(ahead) + 1
		r.next = number + 1
	case r.sure && source == r.source:
		r.packets++ // late, or out of order
	default:
		if r.sure {
			return "rtp" // another source beside it
		}
		*r = rtpSide{source: source, first: number, next: number + 1, packets: 1, expected: 1}
	}
	if r.sure = r.sure || r.packets >= enough; r.sure {
		return "rtp"
	}
	return ""
}

// media is the story of a flow's RTP.
func (d *datagrams) media() string {
	client := client(d.flow)
	c, s := &d.rtp[client], &d.rtp[client.Other()]
	if !c.sure && !s.sure {
		return ""
	}
	return "RTP: client " + c.sent() + ", server " + s.sent()
}

func (r *rtpSide) sent() string {
	if !r.sure {
		return "none"
	}
	if lost := r.expected - r.packets; lost > 0 {
		return fmt.Sprintf("%d packets, %d lost", r.packets, lost)
	}
	return fmt.Sprintf("%d packets", r.packets)
}
