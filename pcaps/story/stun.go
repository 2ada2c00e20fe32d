package story

import (
	"encoding/binary"
	"fmt"
	"strings"

	"rehearse/pcaps/flow"
	"rehearse/proxy/wire"
	"rehearse/proxy/wire/msturn"
	"rehearse/reports/journal"
)

// STUN is what was seen of STUN, TURN (RFC 8489, RFC 8656) and MS-TURN.
type STUN struct {
	// Total counts messages. It leaves out those inside of TURN's indications and
	// channels, and MS-TURN's Data indications, which have no type of STUN's.
	Total       int            `json:"total"`
	Nested      int            `json:"nested"`  // inside of indications and channels
	ByType      map[string]int `json:"by_type"` // "Binding request (0x0001)"
	TCP         int            `json:"tcp"`
	UDP         int            `json:"udp"`
	ChannelData int            `json:"channel_data"`
	MSTURN      int            `json:"ms_turn"`
	ErrorCodes  map[string]int `json:"error_codes"`
}

const (
	stunHeaderSize = 20
	attrData       = 0x0013
	attrErrorCode  = 0x0009
	maxNested      = 3
)

// stunMethods are the methods (IANA, STUN Methods).
var stunMethods = [...]struct {
	method uint16
	name   string
}{
	{1, "Binding"}, {2, "SharedSecret"}, {3, "Allocate"}, {4, "Refresh"}, {6, "Send"}, {7, "Data"},
	{8, "CreatePermission"}, {9, "ChannelBind"}, {10, "Connect"}, {11, "ConnectionBind"}, {12, "ConnectionAttempt"},
}

// stunType names a message type by method and class (RFC 8489 5).
func stunType(t uint16) string {
	class := [...]string{"request", "indication", "success", "error"}[t>>7&2|t>>4&1]
	method := t&0xf | t>>1&0x70 | t>>2&0xf80
	for _, m := range stunMethods {
		if m.method == method {
			return m.name + " " + class
		}
	}
	return fmt.Sprintf("method %#x %s", method, class)
}

// stunTold is the story of a flow of STUN.
type stunTold struct {
	counts map[string]int
	order  []string
	errors []string
	// lastName is the last message's.
	lastName string
}

func (t *stunTold) lastWord() string { return t.lastName }

func (t *stunTold) saw(what string) {
	if t.counts[what] == 0 && len(t.order) < maxLines {
		t.order = append(t.order, what)
	}
	count(&t.counts, what)
}

func (t *stunTold) story() string {
	var parts []string
	for _, what := range t.order {
		if n := t.counts[what]; n > 1 {
			what = fmt.Sprintf("%d %s", n, what)
		}
		parts = append(parts, what)
	}
	if len(t.errors) > 0 {
		parts = append(parts, "error "+strings.Join(t.errors, ", "))
	}
	return strings.Join(parts, ", ")
}

// stunMessage reads the one message that b begins with, if there is one whole, and
// says so.
func (e *Seen) stunMessage(sc *scene, s flow.Side, at flow.Moment, b []byte, t *stunTold, deep int) bool {
	if len(b) < stunHeaderSize || b[0]&0xc0 != 0 {
		return false
	}
	kind, end := binary.BigEndian.Uint16(b), stunHeaderSize+int(binary.BigEndian.Uint16(b[2:]))
	ms := wire.HasPrefix(b[stunHeaderSize:], msturn.Cookie) == wire.Yes && msturn.Type(kind).Known()
	if string(b[4:8]) != stunCookie && !ms || end > len(b) {
		return false
	}
	name := stunType(kind)
	if ms {
		e.STUN.MSTURN++
		name = "MS-TURN " + msturn.Type(kind).String()
	}
	t.saw(name)
	switch {
	case deep > 0:
		e.STUN.Nested++
	case !ms || msturn.Type(kind) != msturn.DataIndication:
		e.stunCount(sc.flow.Transport, kind)
	}
	if deep == 0 && kind&0x0110 == 0 {
		sc.flow.Orient(s, flow.ByHello)
	}
	code := e.stunAttributes(sc, s, at, b[stunHeaderSize:end], t, deep, ms)
	if deep == 0 {
		t.lastName = name
		sc.note(s, at, journal.TURNSent{Message: name, Note: code})
	}
	return true
}

func (e *Seen) stunCount(t flow.Transport, kind uint16) {
	e.STUN.Total++
	count(&e.STUN.ByType, fmt.Sprintf("%s (0x%04x)", stunType(kind), kind))
	if t == flow.TCP {
		e.STUN.TCP++
	} else {
		e.STUN.UDP++
	}
}

// stunAttributes looks for error codes and nested data. MS-TURN does not pad its
// attributes.
func (e *Seen) stunAttributes(sc *scene, s flow.Side, at flow.Moment, b []byte, t *stunTold, deep int, ms bool) (failure string) {
	for len(b) >= 4 {
		kind, size := binary.BigEndian.Uint16(b), int(binary.BigEndian.Uint16(b[2:]))
		if b = b[4:]; size > len(b) {
			return failure
		}
		switch value := b[:size]; {
		case kind == attrData && deep < maxNested:
			e.stunMessage(sc, s, at, value, t, deep+1)
		case kind == attrErrorCode && size >= 4:
			code := fmt.Sprint(int(value[2]&7)*100 + int(value[3]))
			count(&e.STUN.ErrorCodes, code)
			failure = "error " + code
			if len(t.errors) < maxLines {
				t.errors = append(t.errors, strings.TrimSpace(code+" "+printable(value[4:])))
			}
		}
		if !ms {
			size = min((size+3)&^3, len(b))
		}
		b = b[size:]
	}
	return failure
}

// channelData reads a ChannelData message (RFC 8656 12.4) at the start of b.
func (e *Seen) channelData(sc *scene, s flow.Side, at flow.Moment, b []byte, t *stunTold) bool {
	if len(b) < 4 || b[0] < 0x40 || b[0] > 0x4f {
		return false
	}
	size := int(binary.BigEndian.Uint16(b[2:]))
	if 4+size > len(b) {
		return false
	}
	e.STUN.ChannelData++
	t.saw("channel data")
	e.stunMessage(sc, s, at, b[4:4+size], t, 1)
	return true
}

// stun reads STUN and TURN over TCP, message after message, perhaps each behind a
// length of two bytes (RFC 4571).
type stun struct {
	*conversation
	*Seen
	stunTold
	sides [2]stunSide
}

type stunSide struct {
	text   []byte
	framed bool
	told   bool // framed is known
	lost   bool
}

func openSTUN(s *stream) protocol { return &stun{conversation: s.c, Seen: s.seen} }

func (p *stun) data(s flow.Side, at flow.Moment, b []byte) {
	d := &p.sides[s]
	if d.lost {
		if stunHeader(b) != wire.Yes && framedSTUN(b) != wire.Yes {
			return
		}
		d.lost, d.told = false, false
	}
	d.text = append(d.text, b...)
	for len(d.text) >= 4 {
		if !d.told {
			d.told, d.framed = true, stunHeader(d.text) == wire.No && framedSTUN(d.text) != wire.No
		}
		n := d.next()
		if n < 0 {
			d.lost, d.text = true, nil
			return
		}
		if n > len(d.text) {
			break
		}
		p.one(s, at, d.text[:n], d.framed)
		d.text = d.text[n:]
	}
	if len(d.text) == 0 {
		d.text = nil
	}
}

// next is the size of the message at the start of text, -1 where there is none.
func (d *stunSide) next() int {
	b := d.text
	switch {
	case d.framed:
		return 2 + int(binary.BigEndian.Uint16(b))
	case b[0]&0xc0 == 0 && stunHeader(b) != wire.No:
		return stunHeaderSize + int(binary.BigEndian.Uint16(b[2:]))
	case b[0]&0xc0 == 0x40:
		return 4 + (int(binary.BigEndian.Uint16(b[2:]))+3)&^3
	}
	return -1
}

func (p *stun) one(s flow.Side, at flow.Moment, b []byte, framed bool) {
	if framed {
		b = b[2:]
	}
	if !p.stunMessage(p.scene, s, at, b, &p.stunTold, 0) {
		p.channelData(p.scene, s, at, b, &p.stunTold)
	}
}

func (p *stun) gap(s flow.Side, _ flow.Moment, _ int64) {
	p.sides[s].lost, p.sides[s].text = true, nil
}

func (p *stun) done() {}
