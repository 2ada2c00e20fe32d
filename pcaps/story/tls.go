package story

import (
	"fmt"
	"slices"
	"strings"

	"rehearse/pcaps/flow"
	"rehearse/proxy/wire"
	"rehearse/proxy/wire/tlshello"
	"rehearse/reports/journal"
)

// TLS is what was seen of TLS in one TCP stream, in clear.
type TLS struct {
	Stream      int    `json:"stream"`
	Client      string `json:"client"`
	Server      string `json:"server"`
	DirectionBy string `json:"direction_by"`
	// SNI is null where no ClientHello was seen or it names no server.
	SNI            *string  `json:"sni"`
	ALPN           []string `json:"alpn"`
	OfferedVersion *string  `json:"offered_version"`
	// Version is what the server chose, "TLS1.2"; null without a ServerHello.
	Version      *string `json:"version"`
	Cipher       *string `json:"cipher"` // "0xc02b"
	ClientHellos int     `json:"client_hellos"`
	ServerHellos int     `json:"server_hellos"`
	HelloRetry   bool    `json:"hello_retry"`
	// CertCount counts the certificates in all of the server's Certificate messages.
	CertCount       int          `json:"cert_count"`
	CertsVisible    bool         `json:"certs_visible"`
	LeafHasCDP      *bool        `json:"leaf_has_cdp"`
	LeafHasAIAOCSP  *bool        `json:"leaf_has_aia_ocsp"`
	Leaf            *Certificate `json:"leaf"`
	ClientCertCount int          `json:"client_cert_count"`
	Stapled         bool         `json:"stapled"`
	Alerts          []Alert      `json:"alerts"`
	// Messages are the handshake messages in clear: "C:client_hello".
	Messages      []string `json:"messages"`
	CCS           Counts   `json:"ccs"`
	AppData       Counts   `json:"appdata_records"`
	EncryptedHS   int      `json:"encrypted_handshake_records"`
	HandshakeDone bool     `json:"handshake_complete"`
	FirstClose    *Close   `json:"first_close"`
	// Abort says how far a handshake came that was not completed, and how it ended:
	// "client_alert_after_server_certificate". Null for one that was.
	Abort     *string `json:"abort"`
	PseudoSSL bool    `json:"pseudo_ssl"`
	// PlainAnswer is the first line of an answer in plain HTTP, "" without one.
	PlainAnswer string `json:"plain_answer,omitempty"`
	JA3         string `json:"ja3,omitempty"`
	JA4         string `json:"ja4,omitempty"`
	// Frame is the packet in which the first hello ended, or the first record.
	Frame int `json:"frame"`
}

// Alert is an alert. One that is encrypted has no level and description.
type Alert struct {
	Dir   string  `json:"dir"` // "c2s" or "s2c"
	Level *string `json:"level"`
	Desc  *int    `json:"desc"`
	Name  string  `json:"name"` // "unknown_ca", "encrypted"
	Frame int     `json:"frame"`
}

// Counts counts something by direction.
type Counts struct {
	C2S int `json:"c2s"`
	S2C int `json:"s2c"`
}

// Close is the first ending of a stream.
type Close struct {
	Frame int    `json:"frame"`
	Kind  string `json:"kind"` // "FIN" or "RST"
	By    string `json:"by"`   // "client" or "server"
}

// tls reads TLS.
type tls struct {
	*conversation
	*Seen
	sides   [2]tlsSide
	out     *TLS
	hello   bool // one has been read
	random  [32]byte
	inside  *opened // nil without keys
	version uint16  // that the server chose, 0 without its hello
	alerts  []sidedAlert
	sealed  sealedRecords
	doneAt  flow.Moment // when both sides had ended the handshake, as far as is seen in clear
	// said are the handshake messages of both sides, in order.
	said []saidMessage
}

type sidedAlert struct {
	side flow.Side
	Alert
}

type saidMessage struct {
	side flow.Side
	name string
}

func openTLS(s *stream) protocol {
	return &tls{conversation: s.c, Seen: s.seen, out: &TLS{Stream: s.c.flow.Number, ALPN: []string{}, Alerts: []Alert{}, Messages: []string{}}}
}

func (t *tls) data(s flow.Side, at flow.Moment, b []byte) {
	t.sides[s].data(t, s, at, b)
}

func (t *tls) gap(s flow.Side, at flow.Moment, n int64) { t.sides[s].gap(t, s, at, n) }

// record is told of every record once it is whole. body is nil for those that are
// not gathered.
func (t *tls) record(s flow.Side, at flow.Moment, kind byte, body []byte) {
	side := &t.sides[s]
	if t.out.Frame == 0 {
		t.out.Frame = at.Packet
	}
	t.open(s, at, kind, body)
	switch tlshello.ContentType(kind) {
	case tlshello.ChangeCipherSpec:
		side.ccs++
		side.secret, side.changed = !t.modern(), true
	case tlshello.AlertRecord:
		t.alert(s, at, body)
	case tlshello.HandshakeRecord:
		t.handshake(s, at, body)
	case tlshello.ApplicationData:
		side.app++
		t.sized(s, at)
	}
	t.finishes(at)
}

// modern says that the server chose TLS 1.3 or a draft of it, in which a
// ChangeCipherSpec means nothing.
func (t *tls) modern() bool {
	return t.version >= 0x0304 && t.version < 0x0400 || t.version>>8 == 0x7f
}

// alert reads a record of alerts; what has another form or level is encrypted.
func (t *tls) alert(s flow.Side, at flow.Moment, body []byte) {
	a := Alert{Name: "encrypted", Frame: at.Packet}
	if len(body) == 2 && !t.sides[s].secret && (body[0] == 1 || body[0] == 2) {
		a = clearAlert(at, body)
	}
	if a.Desc != nil {
		t.note(s, at, journal.AlertSent{Code: uint8(*a.Desc), Name: a.Name})
	}
	if len(t.alerts) < maxItems {
		t.alerts = append(t.alerts, sidedAlert{s, a})
	}
}

// plainAnswer looks whether a side that has said nothing yet answers in plain HTTP.
func (t *tls) plainAnswer(s flow.Side, at flow.Moment, b []byte) bool {
	if t.out.PlainAnswer != "" || wire.HasPrefix(b, "HTTP/1.") != wire.Yes {
		return false
	}
	m := readHead(headOf(b))
	t.out.PlainAnswer = m.first
	t.flow.Orient(s.Other(), flow.ByAnswer)
	_, rest, _ := strings.Cut(m.first, " ")
	code, _, _ := strings.Cut(rest, " ")
	count(&t.HTTP.Counts, "resp "+code)
	t.stray(s.Other(), at, b)
	return true
}

// clearAlert is an alert of two bytes.
func clearAlert(at flow.Moment, b []byte) Alert {
	level, desc := "warning", int(b[1])
	if b[0] == 2 {
		level = "fatal"
	}
	return Alert{Level: &level, Desc: &desc, Name: tlshello.AlertName(b[1]), Frame: at.Packet}
}

func direction(fromClient bool) string {
	if fromClient {
		return "c2s"
	}
	return "s2c"
}

// leaf sets what is known of the server's leaf.
func (o *TLS) leaf(c *Certificate) {
	o.Leaf, o.LeafHasCDP, o.LeafHasAIAOCSP = c, nil, nil
	if c != nil && c.Parsed {
		cdp, ocsp := c.HasCDP, len(c.OCSP) > 0
		o.LeafHasCDP, o.LeafHasAIAOCSP = &cdp, &ocsp
	}
}

// done writes the summary.
func (t *tls) done() {
	if t.out.Frame == 0 {
		return // not one record
	}
	client, by := t.flow.Client()
	server := client.Other()
	o := t.out
	o.Client, o.Server, o.DirectionBy = t.flow.Ends[client].String(), t.flow.Ends[server].String(), directionBy(by)
	c, v := &t.sides[client], &t.sides[server]
	o.CertCount, o.CertsVisible, o.ClientCertCount = v.certs, v.certs > 0, c.certs
	o.leaf(v.leaf)
	o.CCS, o.AppData = Counts{c.ccs, v.ccs}, Counts{c.app, v.app}
	o.EncryptedHS = c.sealed + v.sealed
	for _, m := range t.said {
		o.Messages = append(o.Messages, map[bool]string{true: "C:", false: "S:"}[m.side == client]+m.name)
	}
	for _, a := range t.alerts {
		a.Dir = direction(a.side == client)
		o.Alerts = append(o.Alerts, a.Alert)
	}
	slices.SortStableFunc(o.Alerts, func(a, b Alert) int { return a.Frame - b.Frame })
	o.HandshakeDone = c.ccs > 0 && v.ccs > 0 || c.app > 0 && v.app > 0
	o.FirstClose = firstClose(t.flow)
	o.Abort = t.abort(o)
	t.ended(client)
	keep(&t.TLS, o)
	if t.inside != nil && t.inside.records > 0 {
		if t.Decrypted == nil {
			seen := newSeen()
			t.Decrypted = &seen
		}
		t.out = t.openedSummary(o)
		keep(&t.Decrypted.TLS, t.out)
	}
}

func firstClose(f *flow.Flow) *Close {
	if len(f.Endings) == 0 {
		return nil
	}
	e := f.Endings[0]
	by := "server"
	if f.IsClient(e.Side) {
		by = "client"
	}
	return &Close{Frame: e.Packet, Kind: e.String(), By: by}
}

// versionName is a version as Wireshark's truth spells it: "TLS1.2", "SSLv3", else
// its number.
func versionName(v uint16) *string {
	name := fmt.Sprintf("0x%04x", v)
	switch v {
	case 0x0002:
		name = "SSLv2"
	case 0x0300:
		name = "SSLv3"
	case 0x0301, 0x0302, 0x0303, 0x0304:
		name = fmt.Sprintf("TLS1.%d", v-0x0301)
	}
	return &name
}
