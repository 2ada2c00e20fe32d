package diagnose

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"rehearse/reports/journal"
)

// patience is how long an answer may take before its lack is a failure.
const patience = 3 * time.Second

// sipFailures finds SIP requests that were refused.
func sipFailures(s *scene) {
	for _, c := range s.conns {
		if c.explained {
			continue
		}
		last, challenges, ok := c.sipEnd()
		status := status(last.body.Line)
		switch {
		case !ok:
		case status >= 500 && status < 600, status >= 400 && strings.Contains(last.body.Note, "ms-diagnostics") && status != 401 && status != 407:
			confidence := Medium
			if last.body.Note != "" {
				confidence = High
			}
			f := s.begin(SIPFailed, confidence, c, last.packet)
			f.For = []Evidence{saw(last)}
			s.found(f)
		case (status == 401 || status == 407) && challenges >= 3, status == 403:
			f := s.begin(SignInRefused, High, c, last.packet)
			f.For = []Evidence{saw(last)}
			if challenges > 0 {
				f.For = append(f.For, said(last.packet, fmt.Sprintf("challenged %d times, never accepted", challenges)))
			}
			s.found(f)
		}
	}
}

// sipEnd is the last final answer to a client, and how often it was challenged; not
// ok where the last is a success or a call that merely found nobody.
func (c *conn) sipEnd() (last at[journal.SIPSent], challenges int, ok bool) {
	for _, m := range each[journal.SIPSent](c) {
		n := status(m.body.Line)
		if n < 200 || c.byClient(m.actor) {
			continue
		}
		if n == 401 || n == 407 {
			challenges++
		}
		if n < 300 {
			challenges = 0
		}
		last, ok = m, n >= 300
		if ok && n >= 400 && m.body.Note != "" {
			return last, challenges, true
		}
	}
	return last, challenges, ok
}

// status is the status of a SIP answer's line, 0 for a request.
func status(line string) int {
	word, _, _ := strings.Cut(line, " ")
	n, err := strconv.Atoi(word)
	if err != nil {
		return 0
	}
	return n
}

// noRelay finds allocations at a media relay that were refused or not answered.
func noRelay(s *scene) {
	for _, c := range s.conns {
		if c.explained {
			continue
		}
		asked, refused, allocated := c.allocation()
		switch {
		case allocated || len(asked) == 0 || s.relayed(c):
		case len(refused) > 0 && (refused[len(refused)-1].body.Note != "error 401" || len(refused) >= 3):
			last := refused[len(refused)-1]
			f := s.begin(NoRelay, High, c, last.packet)
			f.For = []Evidence{saw(asked[0]), saw(last)}
			s.found(f)
		case len(refused) == 0 && (len(asked) >= 3 || c.last()-asked[0].time >= patience):
			f := s.begin(NoRelay, Medium, c, asked[0].packet)
			f.For = []Evidence{saw(asked[0]), absent(fmt.Sprintf("none of %d requests for an allocation is answered", len(asked)), filterOf([]string{c.flow})+" && stun")}
			s.found(f)
		}
	}
}

// relayed says whether the client tried the same relay another way, which tells
// more: audio goes by UDP or by TCP, whichever gets through.
func (s *scene) relayed(c *conn) bool {
	return slices.ContainsFunc(s.relays[c.client], func(o *conn) bool {
		_, _, granted := o.allocation()
		return o != c && (granted || o.explained)
	})
}

// allocation are the requests for one, their refusals, and whether one was granted.
func (c *conn) allocation() (asked, refused []at[journal.TURNSent], granted bool) {
	for _, t := range each[journal.TURNSent](c) {
		m := strings.ToLower(t.body.Message)
		switch {
		case !strings.Contains(m, "allocate"):
		case strings.HasSuffix(m, "request"):
			asked = append(asked, t)
		case strings.HasSuffix(m, "error"), strings.Contains(m, "error"):
			refused = append(refused, t)
		case strings.Contains(m, "success"), strings.Contains(m, "response"):
			granted = true
		}
	}
	return asked, refused, granted
}

// relayClosed finds relays that hang up on a client which still uses them.
func relayClosed(s *scene) {
	for _, c := range s.conns {
		closed, ended := c.closed()
		turn := each[journal.TURNSent](c)
		if c.explained || !ended || closed.body.By != "server" || len(turn) == 0 || !c.granted() {
			continue
		}
		f := s.begin(RelayClosed, Medium, c, closed.packet)
		f.For = []Evidence{saw(turn[len(turn)-1]), said(closed.packet, "the relay's end closes first: "+closed.body.String())}
		s.found(f)
	}
}

// relaying says whether the other end is a media relay.
func (c *conn) relaying() bool {
	return slices.ContainsFunc(each[journal.TURNSent](c), func(t at[journal.TURNSent]) bool {
		return strings.Contains(t.body.Message, "MS-TURN") || strings.Contains(t.body.Message, "Allocate") || strings.HasPrefix(t.body.Message, "pseudo-TLS")
	})
}

func (c *conn) granted() bool {
	_, _, granted := c.allocation()
	return granted
}

// enoughMedia is how many packets make media.
const enoughMedia = 20

// oneWay finds media of which only one direction is there.
func oneWay(s *scene) {
	for _, c := range s.conns {
		for _, m := range each[journal.MediaFlowed](c) {
			if c.explained || max(m.body.Sent, m.body.Received) < enoughMedia || min(m.body.Sent, m.body.Received) > 0 || s.returns(c, m.body) {
				continue
			}
			f := s.begin(OneWay, Medium, c, m.packet)
			f.For = []Evidence{saw(m)}
			if m.body.Received > 0 {
				f.Confidence = Low // a listener sends nothing
			}
			s.found(f)
		}
	}
}

// returns says whether the other direction goes between other ports.
func (s *scene) returns(c *conn, m journal.MediaFlowed) bool {
	if len(s.heard[c.client]) > 0 {
		return true // somebody else's begins there
	}
	return slices.ContainsFunc(s.hearing[c.client], func(o *conn) bool {
		return o != c && slices.ContainsFunc(each[journal.MediaFlowed](o), func(e at[journal.MediaFlowed]) bool {
			return (m.Received == 0) == (e.body.Sent == 0)
		})
	})
}
