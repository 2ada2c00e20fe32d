package story

import (
	"encoding/binary"
	"strings"

	"rehearse/pcaps/flow"
	"rehearse/proxy/wire"
	"rehearse/reports/journal"
)

// datagrams is the reader of a UDP flow. A flow may carry several protocols: STUN
// beside DTLS and RTP.
type datagrams struct {
	*scene
	names []string // of the protocols, in order of appearance
	sipTold
	stunTold
	dnsTold
	rtp [2]rtpSide
}

// OpenUDP implements flow.Opener.
func (r *reading) OpenUDP(f *flow.Flow) flow.DatagramReader {
	return &datagrams{scene: &scene{reading: r, flow: f}}
}

// Datagram implements flow.DatagramReader.
func (d *datagrams) Datagram(s flow.Side, at flow.Moment, b []byte, _ int) {
	if name := d.tell(s, at, b); name != "" {
		d.named(name)
	}
}

func (d *datagrams) named(name string) {
	for _, n := range d.names {
		if n == name {
			return
		}
	}
	d.names = append(d.names, name)
}

// Ports of DNS, and of DNS's cousins that are spoken by multicast.
const (
	portDNS   = 53
	portMDNS  = 5353
	portLLMNR = 5355
)

// tell reads a datagram and gives the protocol's name, "" where none is told.
func (d *datagrams) tell(s flow.Side, at flow.Moment, b []byte) string {
	if len(b) == 0 {
		return ""
	}
	for _, e := range d.flow.Ends {
		if (e.Port == portDNS || e.Port == portMDNS || e.Port == portLLMNR) && d.dns(d.scene, s, at, b, &d.dnsTold) {
			return "dns"
		}
	}
	if first := b[0]; first >= 'A' && first <= 'z' || first == '\r' {
		if name := d.text(s, at, b); name != "" {
			return name
		}
	}
	switch first := b[0]; {
	case first < 0x40 && d.stunMessage(d.scene, s, at, b, &d.stunTold, 0):
		return "stun"
	case first >= 0x40 && first < 0x50 && d.counts != nil && d.channelData(d.scene, s, at, b, &d.stunTold):
		return "stun"
	case first == 0xff && d.counts != nil && wire.HasPrefix(b, "\xff\x10") == wire.Yes:
		d.STUN.ChannelData++
		d.stunTold.saw("MS-TURN multiplexed data")
		return "stun"
	case first >= 20 && first <= 63 && len(b) >= 13 && b[1] == 0xfe && b[2] >= 0xfc:
		return "dtls"
	case first&0xc0 == 0xc0 && len(b) > 6 && isQUIC(binary.BigEndian.Uint32(b[1:])):
		return "quic"
	case first&0xc0 == 0x80:
		return d.rtp[s].saw(b)
	}
	return ""
}

// isQUIC knows the versions of QUIC: 1, 2 and the drafts of 1.
func isQUIC(version uint32) bool {
	return version == 1 || version == 0x6b3343cf || version>>8 == 0xff0000
}

// text reads SIP, and HTTP over UDP as SSDP has it.
func (d *datagrams) text(s flow.Side, at flow.Moment, b []byte) string {
	if d.sipStart(b) == wire.Yes && d.sipMessage(d.scene, s, at, readHead(headOf(b)), "udp", &d.sipTold) {
		return "sip"
	}
	if httpStart(b) == wire.Yes {
		m := readHead(headOf(b))
		word, rest, _ := strings.Cut(m.first, " ")
		if strings.HasPrefix(word, "HTTP/") {
			code, _, _ := strings.Cut(rest, " ")
			word = "resp " + code
		}
		count(&d.HTTP.Counts, word)
		return "ssdp"
	}
	return ""
}

func headOf(b []byte) []byte {
	if end := headEnd(b, 0); end >= 0 {
		return b[:end]
	}
	return b
}

// Done implements flow.DatagramReader.
func (d *datagrams) Done() {
	for _, q := range d.dnsTold.order {
		if kind, name, _ := strings.Cut(q, " "); d.dnsTold.asked[q] == "" {
			d.note(client(d.flow), d.flow.Last, journal.NameResolved{Name: name, Type: kind, Err: "no answer"})
		}
	}
	media := [2]int{}
	for side := range d.rtp {
		if d.rtp[side].sure {
			media[side] = d.rtp[side].packets
		}
	}
	d.mediaSeen("udp", media)
}

func (d *datagrams) told() (name, story string) {
	return strings.Join(d.names, "+"), join(d.dnsTold.story(), d.sipTold.story(), d.stunTold.story(), d.media())
}
