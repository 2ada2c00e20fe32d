package story

import (
	"encoding/binary"

	"rehearse/pcaps/flow"
	"rehearse/proxy/wire"
	"rehearse/proxy/wire/tlshello"
)

const (
	tlsHeader    = 5
	sslv2Header  = 2
	maxTLSRecord = 1<<14 + 2048 // RFC 5246 6.2.3
	// maxHandshake is the longest handshake message that is gathered.
	maxHandshake = 1 << 18

	// sslv2Record is the kind that is given to records of SSL 2.0.
	sslv2Record = 0
)

// tlsSide takes what one side sends apart into records.
type tlsSide struct {
	head    [tlsHeader]byte
	have    int  // bytes of head
	inside  bool // a record's body
	left    int  // bytes that its body still lacks
	kind    byte
	gather  bool
	body    []byte
	pending []byte // handshake messages that are not whole

	old    bool // speaks SSL 2.0, or began in its form
	new    bool // has sent a record that is not of SSL 2.0
	lost   bool // no record is known to begin here
	secret bool // handshake messages are encrypted from here on
	// changed says that it has sent a ChangeCipherSpec.
	changed bool

	ccs, app, sealed int
	certs            int
	leaf             *Certificate
}

func (d *tlsSide) data(t *tls, s flow.Side, at flow.Moment, b []byte) {
	if d.lost {
		if tlsRecord(b) != wire.Yes {
			return
		}
		d.lost = false
	}
	if !d.new && !d.inside && d.have == 0 && t.plainAnswer(s, at, b) {
		d.lose()
		return
	}
	for all := b; len(b) > 0 || d.inside && d.left == 0; {
		if !d.inside {
			stale := d.have > 0 && len(b) == len(all)
			if b = d.header(t, b); d.lost && stale && tlsRecord(all) == wire.Yes {
				// What the segment before ended with was no part of a header.
				d.lost, b = false, d.header(t, all)
			}
			if d.lost {
				t.missed(s, at)
				return
			}
			if !d.inside {
				return // the header is not whole
			}
		}
		b = d.take(t, s, at, b)
	}
}

// take takes bytes of a record's body and gives what is left. A body that lies in
// one segment is not copied.
func (d *tlsSide) take(t *tls, s flow.Side, at flow.Moment, b []byte) []byte {
	n := min(d.left, len(b))
	switch {
	case d.gather && n == d.left && len(d.body) == 0:
		d.body = b[:n:n]
	case d.gather:
		if d.body == nil {
			d.body = make([]byte, 0, d.left)
		}
		d.body = append(d.body, b[:n]...)
	}
	if d.left -= n; d.left == 0 {
		d.end(t, s, at)
		d.body = nil
	}
	return b[n:]
}

// header takes bytes of a record's header and gives what is left.
func (d *tlsSide) header(t *tls, b []byte) []byte {
	size := tlsHeader
	if first := d.first(b); first&0x80 != 0 && !d.new {
		size = sslv2Header
	}
	n := copy(d.head[d.have:size], b)
	d.have += n
	if d.have < size {
		return b[n:]
	}
	if size == sslv2Header {
		d.begin(sslv2Record, int(binary.BigEndian.Uint16(d.head[:])&0x7fff), true)
		return b[n:]
	}
	if tlsRecord(d.head[:]) != wire.Yes {
		d.lose()
		return nil
	}
	kind := d.head[0]
	d.new = true
	gather := kind == byte(tlshello.HandshakeRecord) || kind == byte(tlshello.AlertRecord) || t.inside != nil
	d.begin(kind, int(binary.BigEndian.Uint16(d.head[3:])), gather)
	return b[n:]
}

func (d *tlsSide) first(b []byte) byte {
	if d.have > 0 {
		return d.head[0]
	}
	return b[0]
}

func (d *tlsSide) begin(kind byte, size int, gather bool) {
	d.inside, d.have, d.kind, d.left, d.gather, d.body = true, 0, kind, size, gather, nil
}

// end is told that a record is whole.
func (d *tlsSide) end(t *tls, s flow.Side, at flow.Moment) {
	d.inside = false
	if d.kind == sslv2Record {
		t.sslv2(s, at, d.body)
		return
	}
	var body []byte
	if d.gather {
		body = d.body
	}
	t.record(s, at, d.kind, body)
}

// lose forgets where records begin.
func (d *tlsSide) lose() {
	d.lost, d.inside, d.have, d.pending = true, false, 0, nil
}

// gap passes over bytes that are missing. Inside of a record that is passed over as
// well the way is not lost.
func (d *tlsSide) gap(t *tls, s flow.Side, at flow.Moment, n int64) {
	d.pending = nil
	t.missed(s, at)
	if !d.inside || int64(d.left) < n {
		d.lose()
		return
	}
	d.left -= int(n)
	d.gather = false
	if d.left == 0 {
		d.end(t, s, at)
	}
}
