package story

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"

	"rehearse/pcaps/flow"
	"rehearse/proxy/wire"
	"rehearse/reports/journal"
)

// HTTP is what was seen of HTTP/1, in clear.
type HTTP struct {
	// Counts are by method, and "resp 200" and the like.
	Counts         map[string]int `json:"counts"`
	ConnectTargets []string       `json:"connect_targets"`
}

// httpStart recognises a request or a response.
func httpStart(b []byte) wire.Verdict {
	if v := wire.HasPrefix(b, "HTTP/1."); v != wire.No {
		return v
	}
	return startsRequest(b, "HTTP/1.")
}

// http reads HTTP/1.
type http struct {
	*conversation
	*Seen
	sides [2]httpSide
	// asked are requests that have not been answered, in order.
	asked []httpRequest
	inner *stream // what a proxy's CONNECT or an upgrade opened
	lines []string
	told  int // exchanges, those that are not among the lines included
	last  string
}

func (h *http) lastWord() string { return h.last }

type httpRequest struct {
	method, target, host string
	kind                 string // content type of its body
	at                   flow.Moment
}

// url is the target with the host, without the scheme.
func (r httpRequest) url() string {
	if strings.HasPrefix(r.target, "/") {
		return r.host + r.target
	}
	_, rest, found := strings.Cut(r.target, "://")
	if !found {
		return r.target
	}
	return rest
}

// full is the target with scheme and host.
func (r httpRequest) full() string {
	if r.method == "CONNECT" {
		return r.target
	}
	return "http://" + r.url()
}

const (
	maxAsked = 256
	maxLines = 8 // of a flow's story
)

func openHTTP(s *stream) protocol { return &http{conversation: s.c, Seen: s.seen} }

func (h *http) data(s flow.Side, at flow.Moment, b []byte) {
	for len(b) > 0 {
		if h.inner != nil {
			h.inner.data(s, at, b)
			return
		}
		b = h.sides[s].data(h, s, at, b)
	}
}

func (h *http) gap(s flow.Side, at flow.Moment, n int64) {
	if h.inner != nil {
		h.inner.gap(s, at, n)
		return
	}
	h.sides[s].gap(h, s, at, n)
}

func (h *http) done() {
	for s := range h.sides {
		if !h.sides[s].tunnel {
			h.sides[s].close(h, flow.Side(s))
		}
	}
	answer, status := "no answer", "offline: no answer"
	if h.flow.Lost[client(h.flow).Other()] > 0 {
		answer, status = "answer not captured", "not captured"
	}
	for _, r := range h.asked {
		h.tell(r, answer)
		h.note(client(h.flow), r.at, journal.HTTPExchanged{Method: r.method, URL: r.full(), Err: answer})
		if asks := r.asks(); asks != "" {
			h.fetched(r.at, r, asks, status)
		}
	}
}

// request takes over a request's head.
func (h *http) request(s flow.Side, at flow.Moment, d head) {
	h.flow.Orient(s, flow.ByHello)
	method, rest, _ := strings.Cut(d.first, " ")
	target, _, _ := strings.Cut(rest, " ")
	r := httpRequest{method: method, target: target, host: d.value("host"), kind: d.value("content-type"), at: at}
	count(&h.HTTP.Counts, method)
	h.last = method
	if method == "CONNECT" {
		keep(&h.HTTP.ConnectTargets, target)
	}
	if len(h.asked) < maxAsked {
		h.asked = append(h.asked, r)
	}
	h.statusAsked(r)
}

// response takes over a response's head and gives the request it answers.
func (h *http) response(s flow.Side, at flow.Moment, d head) (r httpRequest, status int) {
	h.flow.Orient(s.Other(), flow.ByAnswer)
	_, rest, _ := strings.Cut(d.first, " ")
	code, _, _ := strings.Cut(rest, " ")
	status, _ = strconv.Atoi(code)
	count(&h.HTTP.Counts, "resp "+code)
	h.last = "HTTP " + code
	if status/100 == 1 && status != 101 {
		return r, status // more is to come
	}
	if len(h.asked) > 0 {
		r, h.asked = h.asked[0], h.asked[1:]
	}
	h.tell(r, strings.TrimSpace(rest))
	reason := strings.TrimSpace(strings.TrimPrefix(rest, code))
	if r.method == "CONNECT" {
		h.note(s.Other(), at, journal.ConnectAnswered{Target: r.target, Status: status, Reason: reason})
	} else {
		h.note(s.Other(), at, journal.HTTPExchanged{Method: r.method, URL: r.full(), Status: status})
	}
	if asks := r.asks(); asks != "" && status != 200 {
		h.fetched(at, r, asks, fmt.Sprintf("offline: HTTP %d", status))
	}
	if r.method == "CONNECT" && status/100 == 2 || status == 101 {
		h.inner = h.tunnel(h.Seen)
	}
	return r, status
}

// tell adds an exchange to the story.
func (h *http) tell(r httpRequest, answer string) {
	h.told++
	if len(h.lines) >= maxLines {
		return
	}
	asked := r.method + " " + r.url()
	if r.method == "" {
		asked = "a request that was not captured"
	}
	h.lines = append(h.lines, asked+": "+answer)
}

// note adds to the last exchange of the story.
func (h *http) remark(what string) {
	if n := len(h.lines); n > 0 && h.told == n {
		h.lines[n-1] += " (" + what + ")"
	}
}

func (h *http) story() string {
	line := strings.Join(h.lines, "; ")
	if more := h.told - len(h.lines); more > 0 {
		line += fmt.Sprintf("; %d more", more)
	}
	return line
}

// httpSide takes what one side sends apart into messages.
type httpSide struct {
	state  httpState
	text   []byte // of a head or of a chunk's length
	begun  bool   // the head's first line is there
	left   int64  // of a body or chunk
	body   *body
	lost   bool
	tunnel bool
}

type httpState uint8

const (
	httpHead      httpState = iota
	httpBody                // of known length
	httpChunkSize           // the line before a chunk
	httpChunk               // a chunk and the line end behind it
	httpTrailer
	httpRest // a body up to the stream's end
)

const maxHead = 64 << 10

// data takes what it can and gives the rest.
func (d *httpSide) data(h *http, s flow.Side, at flow.Moment, b []byte) []byte {
	if d.lost {
		if httpStart(b) != wire.Yes {
			return nil
		}
		d.lost, d.state, d.text, d.begun = false, httpHead, nil, false
	}
	switch d.state {
	case httpBody, httpChunk:
		n := min(d.left, int64(len(b)))
		d.body.add(b[:n])
		if d.left -= n; d.left == 0 {
			d.ended(h, s, at)
		}
		return b[n:]
	case httpRest:
		d.body.add(b)
		return nil
	case httpHead:
		return d.head(h, s, at, b)
	}
	return d.line(h, s, at, b)
}

// ended is told that a body or chunk is whole.
func (d *httpSide) ended(h *http, s flow.Side, at flow.Moment) {
	if d.state == httpChunk {
		d.state = httpChunkSize
		return
	}
	d.state = httpHead
	h.body(d.body, at)
	d.body = nil
}

// head gathers a head up to its empty line.
func (d *httpSide) head(h *http, s flow.Side, at flow.Moment, b []byte) []byte {
	had := len(d.text)
	if had == 0 {
		b = bytes.TrimLeft(b, "\r\n") // some clients send an empty line after a body
	}
	d.text = append(d.text, b...)
	if !d.begun {
		v := httpStart(d.text)
		if v == wire.No {
			d.stray(h, s, at)
			return nil
		}
		d.begun = v == wire.Yes
	}
	end := headEnd(d.text, max(had-2, 0))
	if end < 0 {
		if len(d.text) > maxHead {
			d.lost, d.text = true, nil
		}
		return nil
	}
	m := readHead(d.text[:end])
	d.text, d.begun = nil, false
	rest := b[end-had:]
	if strings.HasPrefix(m.first, "HTTP/") {
		r, status := h.response(s, at, m)
		d.expect(h, m, r, status, at)
	} else {
		h.request(s, at, m)
		d.expectRequest(m, at)
	}
	return rest
}

// headEnd is where the empty line ends, -1 where there is none yet. It looks from
// an offset on.
func headEnd(b []byte, from int) int {
	for i := from; ; {
		n := bytes.IndexByte(b[i:], '\n')
		if n < 0 {
			return -1
		}
		i += n + 1
		if rest := b[i:]; len(rest) > 0 && rest[0] == '\n' {
			return i + 1
		} else if len(rest) > 1 && rest[0] == '\r' && rest[1] == '\n' {
			return i + 2
		}
	}
}

// stray is told of bytes that are no HTTP. Behind a CONNECT whose answer was not
// captured they are what the tunnel carries.
func (d *httpSide) stray(h *http, s flow.Side, at flow.Moment) {
	b := d.text
	d.lost, d.text = true, nil
	if n := len(h.asked); n > 0 && h.asked[n-1].method == "CONNECT" && h.flow.Packets[s.Other()] == 0 {
		if h.inner = h.tunnel(h.Seen); h.inner != nil {
			h.inner.data(s, at, b)
		}
	}
}
