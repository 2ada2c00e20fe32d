package story

import (
	"encoding/binary"
	"fmt"
	"slices"

	"rehearse/pcaps/decrypt"
	"rehearse/pcaps/flow"
	"rehearse/proxy/wire/tlshello"
	"rehearse/reports/journal"
)

// opened is what was read inside of a TLS connection whose keys are known.
type opened struct {
	halves  *[2]decrypt.Half // the client's, the server's
	client  flow.Side
	records int
	sides   [2]openedSide
	alerts  []sidedAlert
	plain   *stream // of application data
	data    [2]int  // records of application data that were opened, by side
	holed   bool    // some could not be
}

type openedSide struct {
	pending  []byte // handshake messages that are not whole
	finished bool
	certs    int
	leaf     *Certificate
}

// extEncryptThenMAC is the extension of RFC 7366.
const extEncryptThenMAC = 22

// unlock looks for the keys once both hellos are known.
func (t *tls) unlock(client flow.Side, h *tlshello.ServerHello) {
	if t.keys.Len() == 0 || !t.hello || h.Retry || t.inside != nil {
		return
	}
	version := h.Version
	if t.modern() {
		version = 0x0304 // the drafts since number 20 have the same keys
	}
	halves, err := decrypt.New(decrypt.Hello{
		Version: version, Suite: h.CipherSuite, Client: t.random, Server: h.Random,
		EncryptThenMAC: slices.Contains(h.Extensions, extEncryptThenMAC),
	}, t.keys.Find(t.random))
	if err == nil {
		t.inside = &opened{halves: halves, client: client}
	}
}

// half is a side's; nil where the keys are not known.
func (t *tls) half(s flow.Side) *decrypt.Half {
	if t.inside == nil {
		return nil
	}
	if s == t.inside.client {
		return &t.inside.halves[0]
	}
	return &t.inside.halves[1]
}

// open reads an encrypted record.
func (t *tls) open(s flow.Side, at flow.Moment, kind byte, body []byte) {
	h := t.half(s)
	switch {
	case h == nil:
		return
	case t.modern() && tlshello.ContentType(kind) != tlshello.ApplicationData:
		return
	case !t.modern() && !t.sides[s].changed:
		return
	}
	if body == nil {
		t.missed(s, at)
		return
	}
	kind, plain, err := h.Open(t.sides[s].head[:], body)
	if err != nil {
		return
	}
	t.inside.records++
	switch tlshello.ContentType(kind) {
	case tlshello.HandshakeRecord:
		t.openedHandshake(s, at, plain)
	case tlshello.AlertRecord:
		t.openedAlert(s, at, plain)
	case tlshello.ApplicationData:
		t.openedData(s, at, plain)
	case tlshello.ChangeCipherSpec:
		h.Lose() // renegotiated: its keys are others
	}
}

// missed says that bytes of a side are missing.
func (t *tls) missed(s flow.Side, at flow.Moment) {
	if h := t.half(s); h != nil {
		t.inside.holed = true
		h.Lose()
		if t.inside.plain != nil {
			t.inside.plain.gap(s, at, 1<<32)
		}
	}
}

func (t *tls) openedAlert(s flow.Side, at flow.Moment, plain []byte) {
	if len(plain) != 2 || len(t.inside.alerts) >= maxItems {
		return
	}
	a := clearAlert(at, plain)
	t.note(s, at, journal.AlertSent{Code: uint8(*a.Desc), Name: a.Name})
	t.inside.alerts = append(t.inside.alerts, sidedAlert{s, a})
}

func (t *tls) openedData(s flow.Side, at flow.Moment, plain []byte) {
	o := t.inside
	if o.plain == nil {
		if t.Decrypted == nil {
			seen := newSeen()
			t.Decrypted = &seen
		}
		if o.plain = t.tunnel(t.Decrypted); o.plain == nil {
			o.plain = &stream{c: t.conversation, seen: t.Decrypted}
		}
	}
	if len(plain) > 0 {
		o.data[s]++
		o.plain.data(s, at, plain)
	}
}

// openedHandshake reads the messages that matter: certificates of TLS 1.3, and
// those behind which the keys are others.
func (t *tls) openedHandshake(s flow.Side, at flow.Moment, plain []byte) {
	side := &t.inside.sides[s]
	b := append(side.pending, plain...)
	for len(b) >= handshakeHeader {
		size := int(binary.BigEndian.Uint32(b) & 0xffffff)
		if size > maxHandshake {
			b = nil
			break
		}
		end := handshakeHeader + size
		if len(b) < end {
			break
		}
		t.openedMessage(s, at, b[0], b[handshakeHeader:end])
		b = b[end:]
	}
	side.pending = b
}

// Handshake messages that are only seen decrypted.
const (
	typeFinished  = 20
	typeKeyUpdate = 24
)

func (t *tls) openedMessage(s flow.Side, at flow.Moment, kind byte, body []byte) {
	side := &t.inside.sides[s]
	switch kind {
	case typeFinished:
		side.finished = true
		t.half(s).Advance()
	case typeKeyUpdate:
		t.half(s).Update()
	case byte(tlshello.TypeCertificate):
		if chain := certificateList13(body); len(chain) > 0 && t.modern() {
			side.certs += len(chain)
			side.leaf = t.certificate(chain[0])
			t.certificateSeen(s, at, side.leaf, chain)
		}
	}
}

// certificateList13 gives the certificates of a message of TLS 1.3 (RFC 8446
// 4.4.2), whose entries have extensions.
func certificateList13(b []byte) [][]byte {
	if len(b) < 1 || len(b) < 1+int(b[0])+3 {
		return nil
	}
	b = b[1+int(b[0])+3:]
	var list [][]byte
	for len(b) >= 3 {
		n := int(b[0])<<16 | int(b[1])<<8 | int(b[2])
		if b = b[3:]; n+2 > len(b) {
			break
		}
		list = append(list, b[:n])
		skip := n + 2 + int(binary.BigEndian.Uint16(b[n:]))
		b = b[min(skip, len(b)):]
	}
	return list
}

// openedSummary is what is known with the keys.
func (t *tls) openedSummary(o *TLS) *TLS {
	d, in := *o, t.inside
	client, server := &in.sides[in.client], &in.sides[in.client.Other()]
	if t.modern() {
		d.CertCount, d.CertsVisible, d.ClientCertCount = server.certs, server.certs > 0, client.certs
		d.leaf(server.leaf)
		d.HandshakeDone = client.finished && server.finished
	}
	d.Alerts = []Alert{}
	for _, a := range o.Alerts {
		if a.Desc != nil {
			d.Alerts = append(d.Alerts, a)
		}
	}
	for _, a := range in.alerts {
		a.Dir = direction(a.side == in.client)
		d.Alerts = append(d.Alerts, a.Alert)
	}
	slices.SortStableFunc(d.Alerts, func(a, b Alert) int { return a.Frame - b.Frame })
	d.Abort = t.abort(&d)
	return &d
}

// openedStory says what the keys have shown besides.
func (t *tls) openedStory() string {
	if t.inside == nil || t.inside.records == 0 {
		return ""
	}
	return fmt.Sprintf("decrypted, %d records", t.inside.records)
}
