package story

import (
	"fmt"
	"strconv"
	"strings"

	"rehearse/pcaps/flow"
	"rehearse/proxy/wire"
	"rehearse/reports/journal"
)

// SIP is what was seen of SIP, in clear.
type SIP struct {
	Methods   map[string]int `json:"methods"`
	Responses map[string]int `json:"responses"` // by status
	Calls     int            `json:"calls"`     // different Call-IDs
	Transport map[string]int `json:"transport"` // messages over "tcp", "udp"
}

// sip reads SIP over a stream (RFC 3261 18.3).
type sip struct {
	*conversation
	*Seen
	sipTold
	sides [2]sipSide
}

type sipSide struct {
	text []byte
	skip int64 // of a body
	lost bool
}

func openSIP(s *stream) protocol {
	return &sip{conversation: s.c, Seen: s.seen}
}

func (p *sip) data(s flow.Side, at flow.Moment, b []byte) {
	d := &p.sides[s]
	if d.lost {
		if p.sipStart(b) != wire.Yes {
			return
		}
		d.lost = false
	}
	for len(b) > 0 {
		n := min(d.skip, int64(len(b)))
		d.skip -= n
		if b = b[n:]; len(b) > 0 {
			b = p.head(s, at, b)
		}
	}
}

// head gathers a head; empty lines between messages keep a connection open (RFC
// 5626 4.4.1).
func (p *sip) head(s flow.Side, at flow.Moment, b []byte) []byte {
	d := &p.sides[s]
	had := len(d.text)
	if had == 0 {
		b = []byte(strings.TrimLeft(string(b), "\r\n"))
	}
	d.text = append(d.text, b...)
	end := headEnd(d.text, max(had-2, 0))
	switch {
	case end < 0 && len(d.text) > maxHead, p.sipStart(d.text[:min(len(d.text), maxLine)]) == wire.No:
		p.stray(s.Other(), at, d.text)
		d.lost, d.text = true, nil
		return nil
	case end < 0:
		return nil
	}
	m := readHead(d.text[:end])
	d.text = nil
	p.sipMessage(p.scene, s, at, m, "tcp", &p.sipTold)
	d.skip, _ = m.length("content-length", "l")
	return b[end-had:]
}

func (p *sip) gap(s flow.Side, _ flow.Moment, n int64) {
	d := &p.sides[s]
	if n <= d.skip {
		d.skip -= n
		return
	}
	d.lost, d.text, d.skip = true, nil, 0
}

func (p *sip) done() {}

// sipTold is the story of a flow of SIP.
type sipTold struct {
	lines []string
	more  int
	last  string
}

func (t *sipTold) lastWord() string { return t.last }

func (t *sipTold) story() string {
	line := strings.Join(t.lines, ", ")
	if t.more > 0 {
		line += fmt.Sprintf(" and %d more", t.more)
	}
	return line
}

// isSIP says whether a first line is whole: what a broken one says is not believed.
func isSIP(m head) bool {
	word, rest, _ := strings.Cut(m.first, " ")
	switch {
	case !m.clean:
		return false
	case strings.HasPrefix(word, "SIP/"):
		code, _, _ := strings.Cut(rest, " ")
		n, err := strconv.Atoi(code)
		return err == nil && n >= 100 && n < 700
	}
	return strings.HasSuffix(rest, " SIP/2.0")
}

// sipMessage counts a message and says whether it is one.
func (e *Seen) sipMessage(sc *scene, s flow.Side, at flow.Moment, m head, transport string, t *sipTold) bool {
	if !isSIP(m) {
		return false
	}
	count(&e.SIP.Transport, transport)
	if id := m.value("call-id", "i"); id != "" && len(e.calls) < maxFlows {
		e.calls[id] = struct{}{}
	}
	word, rest, _ := strings.Cut(m.first, " ")
	line, note := word, ""
	if strings.HasPrefix(word, "SIP/") {
		code, _, _ := strings.Cut(rest, " ")
		count(&e.SIP.Responses, code)
		sc.flow.Orient(s.Other(), flow.ByAnswer)
		line = rest
		if why := m.value("ms-diagnostics", "ms-diagnostics-public"); why != "" {
			note = "ms-diagnostics " + why
		}
	} else {
		count(&e.SIP.Methods, word)
		sc.flow.Orient(s, flow.ByHello)
	}
	full := m.first
	if line != word {
		full = line
	}
	sc.note(s, at, journal.SIPSent{Line: strings.TrimSuffix(full, " SIP/2.0"), Note: note})
	t.last = line
	if note != "" {
		line += " (" + note + ")"
	}
	if len(t.lines) >= maxLines {
		t.more++
		return true
	}
	t.lines = append(t.lines, line)
	return true
}
