package story

import (
	"encoding/binary"
	"strings"
	"time"

	"rehearse/pcaps/flow"
	"rehearse/proxy/wire/tlshello"
	"rehearse/reports/journal"
)

// certificateSeen notes the server's chain; a client's certificate is not noted.
func (t *tls) certificateSeen(s flow.Side, at flow.Moment, leaf *Certificate, chain [][]byte) {
	if !t.wanted || t.flow.IsClient(s) || !leaf.Parsed {
		return
	}
	t.note(s.Other(), at, journal.CertificateSeen{
		Subject: leaf.Name(), Issuer: leaf.IssuerName, CDP: leaf.CDP, OCSP: leaf.OCSP, ChainLen: len(chain), Flaws: t.flaws(leaf, at),
		Pointerless: t.pointerless(chain[1:]),
	})
}

// pointerless names the certificates that have no revocation pointers, roots left
// out.
func (r *reading) pointerless(issuers [][]byte) []string {
	var found []string
	for _, der := range issuers {
		if c := r.certificate(der); c.Parsed && !c.HasCDP && len(c.OCSP) == 0 && c.Subject != c.Issuer {
			found = append(found, c.Name())
		}
	}
	return found
}

// flaws are what is wrong with a leaf whoever signed it, by the capture's clock.
func (t *tls) flaws(leaf *Certificate, at flow.Moment) []string {
	var found []string
	now := time.Unix(0, at.At)
	switch {
	case at.At == 0:
	case now.After(leaf.NotAfter):
		found = append(found, "expired")
	case now.Before(leaf.NotBefore):
		found = append(found, "not yet valid")
	}
	if sni := t.out.SNI; sni != nil && !leaf.covers(*sni) {
		found = append(found, "not for the name asked for")
	}
	return found
}

// covers says whether a certificate is for a name (RFC 6125 6.4.3).
func (c *Certificate) covers(name string) bool {
	names := c.Names
	if len(names) == 0 {
		names = []string{c.common}
	}
	_, parent, _ := strings.Cut(name, ".")
	for _, n := range names {
		wild, ok := strings.CutPrefix(n, "*.")
		if strings.EqualFold(n, name) || ok && parent != "" && strings.EqualFold(wild, parent) {
			return true
		}
	}
	return false
}

// sealedRecords is what is counted of encrypted records of TLS 1.3.
type sealedRecords struct {
	first  int    // length of the client's first
	counts [2]int // by side, those of the handshake and those as long as an alert left out
}

// What TLS 1.3 makes of messages of known length: a byte of type and an
// authentication tag of 16 bytes are added (RFC 8446 5.2).
const (
	sealing       = 1 + 16
	alertSealed   = 2 + sealing
	finishedShort = handshakeHeader + 32 + sealing // SHA-256
	finishedLong  = handshakeHeader + 48 + sealing // SHA-384
)

// sized takes the length of a record of application data that has ended.
func (t *tls) sized(s flow.Side, _ flow.Moment) {
	size := int(binary.BigEndian.Uint16(t.sides[s].head[3:]))
	n := &t.sealed
	switch fromClient := t.flow.IsClient(s); {
	case !t.modern():
		n.counts[s]++
	case fromClient && n.first == 0:
		n.first = size
	case size == alertSealed, n.first == 0: // what comes before the client's first is the server's handshake
	default:
		n.counts[s]++
	}
}

// firstSealed is what the client's first encrypted record is as long as.
func (t *tls) firstSealed() string {
	switch t.sealed.first {
	case alertSealed:
		return "alert"
	case finishedShort, finishedLong:
		return "Finished"
	}
	return ""
}

// finishes looks whether both sides have ended the handshake.
func (t *tls) finishes(at flow.Moment) {
	a, b := &t.sides[0], &t.sides[1]
	if t.doneAt.Packet == 0 && (a.ccs > 0 && b.ccs > 0 && !t.modern() || a.app > 0 && b.app > 0) {
		t.doneAt = at
	}
}

// ended notes how the handshake went, seen from the client, and what was counted.
func (t *tls) ended(client flow.Side) {
	o := t.out
	if o.ClientHellos+o.ServerHellos == 0 || o.PseudoSSL || t.sides[client.Other()].old {
		return // SSL 2.0 does not show when a handshake is through
	}
	e := journal.HandshakeEnded{Side: "client", Peer: t.flow.ServerEnd().String(), Err: t.broken(client)}
	if o.SNI != nil {
		e.Peer = *o.SNI
	}
	if t.version != 0 {
		e.Version = tlshello.VersionName(t.version)
	}
	at := t.flow.Last
	switch {
	case e.Err == "" && t.doneAt.Packet > 0:
		at = t.doneAt
	case o.FirstClose != nil:
		at = t.flow.Endings[0].Moment
	}
	t.note(client, at, e)
	if n := t.carried(); n[0]+n[1] > 0 || t.sealed.first > 0 {
		t.note(client, t.flow.Last, journal.RecordsSeen{Client: n[client], Server: n[client.Other()], First: t.firstSealed()})
	}
}

// carried is how many records of application data each side sent: as counted by
// length, or with keys as they were opened.
func (t *tls) carried() [2]int {
	if in := t.inside; in != nil && in.records > 0 && !in.holed {
		return in.data
	}
	return t.sealed.counts
}

// broken says how a handshake ended that was not completed, "" for one that was.
func (t *tls) broken(client flow.Side) string {
	switch {
	case t.out.Abort != nil:
		return strings.ReplaceAll(*t.out.Abort, "_", " ")
	case t.modern() && t.inside != nil && t.inside.records > 0 && !t.inside.sides[client].finished && t.carried()[client] == 0:
		return "client did not send its Finished"
	case t.modern() && t.firstSealed() == "alert":
		return "client's first encrypted record is as long as an alert"
	}
	return ""
}

// lastWord is the last handshake message, as the RFCs write them, or what followed
// the handshake. A server that sends session tickets has not answered yet.
func (t *tls) lastWord() string {
	client := client(t.flow)
	switch {
	case t.carried()[client] > 0:
		return "application data"
	case t.broken(client) == "" && t.out.HandshakeDone:
		return "Finished"
	case t.inside != nil && t.inside.sides[client.Other()].leaf != nil:
		return "Certificate"
	case len(t.said) == 0:
		return ""
	}
	return rfcName(t.said[len(t.said)-1].name)
}

// rfcName is a handshake message as the RFCs write it: "ServerHelloDone".
func rfcName(message string) string {
	var b strings.Builder
	for word := range strings.SplitSeq(message, "_") {
		b.WriteString(strings.ToUpper(word[:1]) + word[1:])
	}
	return b.String()
}
