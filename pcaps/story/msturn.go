package story

import (
	"encoding/binary"
	"errors"
	"fmt"

	"rehearse/pcaps/flow"
	"rehearse/proxy/wire"
	ms "rehearse/proxy/wire/msturn"
	"rehearse/proxy/wire/pseudotls"
	"rehearse/reports/journal"
)

// PseudoTLS is a hello of something that is made to look like TLS and is not.
type PseudoTLS struct {
	Frame   int    `json:"frame"`
	Stream  int    `json:"stream"`
	DstPort uint16 `json:"dstport"`
	Kind    string `json:"kind"`
	// RandomHead is the first four bytes of what stands for the random.
	RandomHead string `json:"random_head"`
}

// pseudoHello keeps a hello of a side.
func (e *Seen) pseudoHello(f *flow.Flow, s flow.Side, at flow.Moment, kind string, random []byte) {
	keep(&e.PseudoTLS, PseudoTLS{at.Packet, f.Number, f.Ends[s.Other()].Port, kind, fmt.Sprintf("%x", random[:4])})
}

// turnRelay reads MS-TURN over TCP: pseudo-TLS, then frames ([MS-TURN] 2.1).
type turnRelay struct {
	*conversation
	*Seen
	stunTold
	sides  [2][]byte
	begun  [2]bool
	lost   [2]bool
	pseudo int // hellos
	// media counts the frames of each side that carry media.
	media [2]int
}

func openMSTURN(s *stream) protocol { return &turnRelay{conversation: s.c, Seen: s.seen} }

func (p *turnRelay) data(s flow.Side, at flow.Moment, b []byte) {
	if p.lost[s] {
		if msturnFrame(b) != wire.Yes {
			return
		}
		p.lost[s] = false
	}
	text := append(p.sides[s], b...)
	for len(text) > 0 {
		n := p.next(s, at, text)
		if n < 0 {
			p.stray(s.Other(), at, text)
			p.lost[s], text = true, nil
		}
		if n <= 0 {
			break
		}
		text = text[n:]
	}
	p.sides[s] = text
	if len(text) == 0 {
		p.sides[s] = nil
	}
}

// next reads a hello or frame and gives its size, 0 where more bytes are needed,
// -1 where there is neither.
func (p *turnRelay) next(s flow.Side, at flow.Moment, b []byte) int {
	const randomAt = 11
	if !p.begun[s] {
		switch c, v := pseudotls.MatchClientHello(b), pseudotls.MatchServerHello(b); {
		case c == wire.Yes:
			p.flow.Orient(s, flow.ByHello)
			return p.hello(s, at, "MS-TURN client", b[randomAt:], pseudotls.ClientHelloSize)
		case v == wire.Yes:
			p.flow.Orient(s.Other(), flow.ByAnswer)
			return p.hello(s, at, "MS-TURN server", b[randomAt:], pseudotls.ServerHelloSize)
		case c == wire.Maybe || v == wire.Maybe:
			return 0
		}
	}
	p.begun[s] = true
	f, rest, err := ms.ParseFrame(b)
	switch {
	case errors.Is(err, wire.ErrShort):
		return 0
	case err != nil:
		return -1
	}
	if f.Type == ms.FrameControl {
		p.stunMessage(p.scene, s, at, f.Payload, &p.stunTold, 0)
	} else {
		p.saw(f.Type.String())
		p.media[s]++
	}
	return len(b) - len(rest)
}

func (p *turnRelay) hello(s flow.Side, at flow.Moment, kind string, random []byte, size int) int {
	p.begun[s] = true
	p.pseudoHello(p.flow, s, at, kind, random)
	p.pseudo++
	p.note(s, at, journal.TURNSent{Message: "pseudo-TLS hello"})
	return size
}

func (p *turnRelay) gap(s flow.Side, _ flow.Moment, _ int64) {
	p.sides[s], p.lost[s], p.begun[s] = nil, true, true
}

func (p *turnRelay) done() { p.mediaSeen("tcp-relay", p.media) }

func (p *turnRelay) story() string {
	hellos := ""
	switch p.pseudo {
	case 0:
	case 1:
		hellos = "pseudo-TLS hello without the other side's"
	default:
		hellos = "pseudo-TLS hellos"
	}
	return join(hellos, p.stunTold.story())
}

// skypeHello is what a ClientHello in SSL 2.0 form of Skype and of libjingle begins
// with. Neither is followed by TLS.
const skypeHello = "\x01\x03\x01\x00\x2d\x00\x00\x00\x10"

// pseudoSSL looks at a hello in SSL 2.0 form, without its two bytes of header.
func (t *tls) pseudoSSL(s flow.Side, at flow.Moment, body []byte) {
	const size, randomAt = 0x46, 9
	if len(body) == size && wire.HasPrefix(body, skypeHello) == wire.Yes && binary.BigEndian.Uint16(body[1:]) == 0x0301 {
		t.out.PseudoSSL = true
		t.pseudoHello(t.flow, s, at, "pseudo-SSL client (SSL 2.0 form; Skype, libjingle)", body[randomAt:])
	}
}
