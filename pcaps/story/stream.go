package story

import (
	"bytes"

	"rehearse/pcaps/flow"
	"rehearse/proxy/wire"
)

// stream is bytes of two sides whose protocol is to be told by them.
type stream struct {
	c     *conversation
	seen  *Seen // where what it says is counted
	name  string
	proto protocol // nil until it is known
	// held is what came before the protocol could be told, in order.
	held    []chunk
	prefix  [2][]byte // the same by side
	unknown bool      // nothing in what came first tells it
}

type chunk struct {
	side flow.Side
	at   flow.Moment
	data []byte
}

// maxHeld is how many bytes a protocol gets to show itself.
const maxHeld = 8 << 10

func (s *stream) data(side flow.Side, at flow.Moment, b []byte) {
	switch {
	case s.proto != nil:
		s.proto.data(side, at, b)
	case s.unknown:
		s.watch(side, at, b)
	default:
		s.tell(side, at, b)
	}
}

func (s *stream) gap(side flow.Side, at flow.Moment, n int64) {
	if s.proto != nil {
		s.proto.gap(side, at, n)
		return
	}
	s.giveUp()
}

// giveUp stops waiting for more of the stream's beginning.
func (s *stream) giveUp() {
	s.held, s.prefix, s.unknown = nil, [2][]byte{}, true
}

// tell looks at what a side has said so far.
func (s *stream) tell(side flow.Side, at flow.Moment, b []byte) {
	prefix := b
	if len(s.prefix[side]) > 0 {
		s.prefix[side] = append(s.prefix[side], b...)
		prefix = s.prefix[side]
	}
	d, v := s.c.begins(prefix)
	switch {
	case v == wire.Yes:
		s.become(d)
		s.proto.data(side, at, b)
	case v == wire.Maybe && len(prefix) <= maxHeld:
		s.held = append(s.held, chunk{side, at, bytes.Clone(b)})
		if len(s.prefix[side]) == 0 {
			s.prefix[side] = bytes.Clone(b)
		}
	default:
		s.giveUp()
		s.watch(side, at, b)
	}
}

// watch looks at the start of a segment of an unknown stream: TLS may follow a
// STARTTLS or a SOCKS greeting, and a capture may begin in the middle.
func (s *stream) watch(side flow.Side, at flow.Moment, b []byte) {
	if d, v := s.c.begins(b); v == wire.Yes && !d.weak {
		s.become(d)
		s.proto.data(side, at, b)
	}
}

// become sets the protocol and lets it read what was held.
func (s *stream) become(d *dialect) {
	s.name, s.proto = d.name, d.open(s)
	held := s.held
	s.held, s.prefix = nil, [2][]byte{}
	for _, c := range held {
		s.proto.data(c.side, c.at, c.data)
	}
}
