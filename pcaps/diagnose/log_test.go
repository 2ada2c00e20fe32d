package diagnose_test

import (
	"time"

	"rehearse/pcaps/diagnose"
	"rehearse/reports/journal"
)

// The hosts of a written log.
const (
	alice     = "10.1.0.11"
	bob       = "10.1.0.12"
	frontEnd  = "192.0.2.1:443"
	responder = "192.0.2.80:80"
	name      = "sip.contoso.test"
	crl       = "http://crl.proxy.test/ca.crl"
)

// script writes a log, an event a packet, a millisecond apart.
type script struct {
	log journal.Log
	now time.Duration
}

// wait lets time pass.
func (s *script) wait(d time.Duration) *script {
	s.now += d
	return s
}

// add writes an event of a flow.
func (s *script) add(flow, peer, actor string, body journal.Body) *script {
	s.now += time.Millisecond
	s.log = append(s.log, journal.Event{At: s.now, Flow: flow, Peer: peer, Actor: actor, Body: body, Packet: len(s.log) + 1})
	return s
}

func (s *script) report() diagnose.Report { return diagnose.Diagnose(s.log) }

// causes are the causes found, each with its confidence.
func (s *script) causes() []string {
	var out []string
	for _, f := range s.report().Findings {
		out = append(out, f.Cause+" "+string(f.Confidence))
	}
	return out
}

// line is one connection of a client in a script.
type line struct {
	*script
	client, port, peer string
}

func (s *script) connect(client, port, peer string) *line {
	l := &line{s, client, port, peer}
	return l.does(journal.Connected{To: peer})
}

// does writes what the client did or saw.
func (l *line) does(body journal.Body) *line {
	l.add(l.client+":"+l.port, l.peer, l.client, body)
	return l
}

// answers writes what the server did.
func (l *line) answers(body journal.Body) *line {
	host := l.peer[:len(l.peer)-len(":443")]
	l.add(l.client+":"+l.port, l.peer, host, body)
	return l
}

func (l *line) hello() *line { return l.does(journal.HelloSeen{SNI: name}) }

// gets writes the server's certificate.
func (l *line) gets(cdp []string, flaws ...string) *line {
	return l.does(journal.CertificateSeen{Subject: name, Issuer: "Contoso Proxy CA", CDP: cdp, ChainLen: 1, Flaws: flaws})
}

// fails ends the handshake, and the connection by whom.
func (l *line) fails(how, by string) *line {
	return l.does(journal.HandshakeEnded{Side: "client", Peer: name, Version: "TLS 1.2", Err: how}).closes("FIN", by, "ServerHelloDone")
}

func (l *line) closes(how, by, after string) *line {
	closed := journal.Closed{By: by, How: how, After: after}
	if by == "server" {
		return l.answers(closed)
	}
	return l.does(closed)
}

// finishes ends the handshake well.
func (l *line) finishes() *line {
	return l.does(journal.HandshakeEnded{Side: "client", Peer: name, Version: "TLS 1.2"})
}

// talks is a connection of a client that was used.
func (s *script) talks(client, port string, cdp []string) *script {
	s.connect(client, port, frontEnd).hello().gets(cdp).finishes().does(journal.RecordsSeen{Client: 3, Server: 3})
	return s
}
