package story

import (
	"bytes"
	"strconv"
	"strings"

	"rehearse/pcaps/flow"
)

// Limits on bodies that are gathered because something is to be read from them.
const (
	maxBody   = 4 << 20
	maxPage   = 8 << 10  // of the page of an error
	maxBodies = 64 << 20 // of all flows together
)

// body is what was gathered of a body; nil for one that is passed over.
type body struct {
	r       *reading
	kind    string // content type
	request httpRequest
	answer  bool // of a response
	status  int
	data    []byte
	cut     bool // bytes are missing, or it is too long
	page    bool // of an error
}

func (b *body) add(p []byte) {
	switch {
	case b == nil || b.cut:
	case b.page && len(b.data)+len(p) > maxPage:
		// What is looked for stands at a page's beginning.
	case len(b.data)+len(p) > maxBody || b.r.held+len(p) > maxBodies:
		b.drop()
	default:
		b.data = append(b.data, p...)
		b.r.held += len(p)
	}
}

func (b *body) drop() {
	if b != nil {
		b.r.held -= len(b.data)
		b.data, b.cut = nil, true
	}
}

// gathered makes a body if its content is of interest.
func (r *reading) gathered(kind string, request httpRequest, answer bool, status int) *body {
	kind, _, _ = strings.Cut(strings.ToLower(kind), ";")
	kind = strings.TrimSpace(kind)
	page := false
	if !isOCSP(kind) && !isCRL(kind, request) {
		if page = status >= 400 && kind == "text/html" && r.wanted; !page {
			return nil
		}
	}
	return &body{r: r, kind: kind, request: request, answer: answer, status: status, page: page}
}

// expect sets what follows a response's head (RFC 9112 6.3).
func (d *httpSide) expect(h *http, m head, r httpRequest, status int, at flow.Moment) {
	if h.inner != nil {
		d.tunnel = true
		h.sides[0].tunnel, h.sides[1].tunnel = true, true
		return
	}
	if r.method == "HEAD" || status/100 == 1 || status == 204 || status == 304 || r.method == "CONNECT" && status/100 == 2 {
		return
	}
	d.body = h.gathered(m.value("content-type"), r, true, status)
	d.follow(h, m, httpRest, at)
}

// expectRequest sets what follows a request's head.
func (d *httpSide) expectRequest(m head, _ flow.Moment) {
	d.body = nil
	d.measure(m, httpHead)
}

// follow sets the state by the length; a body of none is whole at once.
func (d *httpSide) follow(h *http, m head, otherwise httpState, at flow.Moment) {
	d.measure(m, otherwise)
	if d.state == httpHead {
		h.body(d.body, at)
		d.body = nil
	}
}

func (d *httpSide) measure(m head, otherwise httpState) {
	d.state, d.left = otherwise, 0
	if strings.Contains(strings.ToLower(m.value("transfer-encoding")), "chunked") {
		d.state = httpChunkSize
		return
	}
	n, ok := m.length("content-length")
	switch {
	case ok && n > 0:
		d.state, d.left = httpBody, n
	case ok:
		d.state = httpHead
	}
}

// line reads a chunk's length or a line of the trailer (RFC 9112 7.1).
func (d *httpSide) line(h *http, s flow.Side, at flow.Moment, b []byte) []byte {
	i := bytes.IndexByte(b, '\n')
	if i < 0 {
		if d.text = append(d.text, b...); len(d.text) > maxLine {
			d.lost, d.text = true, nil
		}
		return nil
	}
	line := strings.TrimSpace(string(append(d.text, b[:i]...)))
	d.text = nil
	rest := b[i+1:]
	switch {
	case d.state == httpTrailer && line == "":
		d.state = httpHead
		h.body(d.body, at)
		d.body = nil
	case d.state == httpTrailer || line == "":
		// a trailer field, or the line end behind a chunk
	default:
		size, _, _ := strings.Cut(line, ";")
		n, err := strconv.ParseInt(strings.TrimSpace(size), 16, 62)
		switch {
		case err != nil || n < 0:
			d.lose()
			return nil
		case n == 0:
			d.state = httpTrailer
		default:
			d.state, d.left = httpChunk, n
		}
	}
	return rest
}

func (d *httpSide) lose() {
	d.body.drop()
	d.body, d.lost, d.text = nil, true, nil
}

// gap passes over missing bytes, within a body without losing the way.
func (d *httpSide) gap(h *http, s flow.Side, at flow.Moment, n int64) {
	d.body.drop()
	switch {
	case d.state == httpRest:
	case (d.state == httpBody || d.state == httpChunk) && n <= d.left:
		if d.left -= n; d.left == 0 {
			d.ended(h, s, at)
		}
	default:
		d.lose()
	}
}

// close is told that the side says no more.
func (d *httpSide) close(h *http, s flow.Side) {
	if d.state == httpRest {
		h.body(d.body, h.flow.Last)
	} else if d.body != nil {
		d.body.drop()
		h.body(d.body, h.flow.Last)
	}
	d.body = nil
}
